"""Warnings that records of a list may be missing."""

from __future__ import annotations

from collections.abc import Sequence

from dazz_assets.http.client import Client


class ListDoubts:
    """What is told of a list that may not be whole; some of it turns out to be needless when other lists are read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._keys: list[str] = []

    def add(self, key: str, text: str) -> None:
        """Warn, once for each key in a sync."""
        self._client.warn(key, text)
        self._keys.append(key)

    def take(self) -> Sequence[str]:
        """The keys that were added since the last call."""
        keys, self._keys = self._keys, []
        return keys
