"""GitHub: the repositories of an organisation, alerts about them, work on them, and its members."""
