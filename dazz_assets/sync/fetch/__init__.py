"""Fetching: from pages to rows, from rows to slices, and the commits that make a pass visible."""
