"""Snyk: organisations, projects and issues."""
