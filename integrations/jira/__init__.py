"""Jira Cloud: projects, users, issues and their comments."""
