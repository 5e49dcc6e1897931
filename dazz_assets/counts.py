"""Counts in texts, with the noun in the right number."""


def format_count(count: int, noun: str) -> str:
    """A count with its noun: `1 record`, `0 records`, `1,234 records`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
