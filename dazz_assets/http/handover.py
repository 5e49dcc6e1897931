"""Hands items over from the threads that make them to the one that handles them, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

# How long to wait for more items, in seconds: those of a slower maker are handed over one by one.
_GATHER_SECONDS = 0.01


class Handover(Generic[T]):
    """A queue whose reader takes all that is ready. Writers wait while it is full, until it is closed.

    most, most_size: it is full at so many items, or at so much of their sizes.
    gathers: whether the reader waits a little for the queue to fill.
    """

    def __init__(self, most: int, *, most_size: float = float("inf"), gathers: bool = False) -> None:
        self._most, self._most_size = most, most_size
        self._gathers = gathers
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._size = 0
        self._has_last = self._is_closed = False
        self._error: BaseException | None = None

    def put(self, item: T, *, size: int = 0, is_last: bool = False) -> bool:
        """Add an item, once there is room for it; return False if the reader has stopped. is_last: none follows."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self._is_full())
            if self._is_closed:
                return False
            self._items.append(item)
            self._size += size
            self._has_last = self._has_last or is_last
            if len(self._items) == 1 or self._is_whole():
                self._changed.notify_all()
            return True

    def fail(self, error: BaseException) -> None:
        """Let the reader raise an error after the items before it."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def take(self) -> Sequence[T]:
        """The items that are ready, one at least. Raises what a writer failed with."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._error is not None)
            if not self._items and self._error is not None:
                raise self._error
            if self._gathers:
                self._changed.wait_for(self._is_whole, timeout=_GATHER_SECONDS)
            items, self._items, self._size = self._items, [], 0
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Let nothing wait for room: nobody reads any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._items) >= self._most or self._size >= self._most_size

    def _is_whole(self) -> bool:
        """Whether the reader need not wait for more items."""
        return self._is_full() or self._error is not None or self._has_last
