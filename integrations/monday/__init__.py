"""Monday: workspaces, boards, users, teams, items and updates."""
