"""Parts of the sentences that checks say."""

from collections.abc import Collection, Iterable
from datetime import date

MOST_LISTED = 10


def join_texts(texts: Iterable[str]) -> str:
    """Texts as one, of which the first ten are told."""
    listed = list(texts)
    more = f"; and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    return "; ".join(listed[:MOST_LISTED]) + more


def in_windows(windows: Collection[date | None]) -> str:
    """Where something is: ` in window 2026-01-05`, or nothing if it lies in no window. The newest are named."""
    dated = sorted((window for window in windows if window is not None), reverse=True)
    if not dated:
        return ""
    named = ", ".join(window.isoformat() for window in dated[:MOST_LISTED])
    more = f" and {len(dated) - MOST_LISTED} older ones" if len(dated) > MOST_LISTED else ""
    return f" in window{'s' if len(dated) > 1 else ''} {named}{more}"
