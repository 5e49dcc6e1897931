"""GitHub: repositories and Dependabot alerts of an organisation."""
