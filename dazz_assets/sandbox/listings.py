"""Lists that are served page by page."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class CursorPage:
    """Records in listing order, with the cursors of the pages after and before, if any."""

    records: Sequence[Record]
    after: str | None
    before: str | None


class Listing:
    """Records in a total order, paged by opaque cursors that name a position in that order rather than a count.

    A record that changes while a client pages moves to its new position; no other is skipped or repeated.
    """

    def __init__(self, records: Iterable[Record], key: Callable[[Record], Key], *, descending: bool = False) -> None:
        pairs = sorted(((key(record), record) for record in records), key=lambda pair: pair[0])
        self._keys = [pair[0] for pair in pairs]
        self._records = [pair[1] for pair in pairs]
        self._descending = descending

    def page(self, size: int, *, after: str | None = None, before: str | None = None) -> CursorPage:
        """The `size` records that follow `after`, or precede `before`. Raises ValueError for a foreign cursor."""
        low, high = self._bounds(size, after, before)
        records = self._records[low:high]
        if not records:
            return CursorPage([], None, None)
        lower = encode_cursor(self._keys[low]) if low > 0 else None
        upper = encode_cursor(self._keys[high - 1]) if high < len(self._keys) else None
        if self._descending:
            return CursorPage(records[::-1], lower, upper)
        return CursorPage(records, upper, lower)

    def _bounds(self, size: int, after: str | None, before: str | None) -> tuple[int, int]:
        upward = self._descending if before else not self._descending
        cursor = before or after
        if upward:
            low = bisect_right(self._keys, decode_cursor(cursor)) if cursor else 0
            return low, min(low + size, len(self._keys))
        high = bisect_left(self._keys, decode_cursor(cursor)) if cursor else len(self._keys)
        return max(high - size, 0), high


def numbered_page(records: Sequence[Record], number: int, size: int) -> tuple[Sequence[Record], int]:
    """Page `number`, counted from 1, and the number of the last page."""
    last = max(1, -(-len(records) // size))
    return records[(number - 1) * size : number * size], last


def encode_cursor(key: Key) -> str:
    """An opaque text that names `key`."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Key:
    """The key that `encode_cursor` named. Raises ValueError for any other text."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not a cursor of this list: {cursor!r}") from error
    if not isinstance(key, list) or not all(isinstance(part, str | int) for part in key):
        raise ValueError(f"not a cursor of this list: {cursor!r}")
    return tuple(key)
