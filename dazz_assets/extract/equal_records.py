"""Tells records apart that have no key and are equal: lines of a receipt, each of which counts."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np

from dazz_assets.counts import format_count
from dazz_assets.extract.batch import RowBatch, content_key
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.http import CursorToken
from dazz_assets.spec.specs import StreamSpec

_HASH_BYTES = 8


class EqualRecords:
    """Numbers the records of one list that are equal, so that each is stored: the second and later ones of a content
    get a hash and a key of their own. In whatever order they come, a list that is read again has the same ones.

    Only snapshots have records without a key. Where the next page begins with a value of the last record, it may have
    that record again, so equal ones count once there, and `uncounted` says of how many on one page.
    """

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        paginator = stream.paginator
        self._may_overlap = isinstance(paginator, CursorToken) and not paginator.is_page_token
        self._seen = SeenHashes()
        self._numbers: dict[int, int] = {}
        self.uncounted = 0

    def number(self, rows: RowBatch) -> RowBatch:
        """The next rows of the list, those that equal earlier ones numbered."""
        if self._may_overlap:
            pages = np.stack([rows.content_hashes, rows.origin_of])
            self.uncounted += len(rows) - np.unique(pages, axis=1).shape[1]
            return rows
        repeated = np.flatnonzero(~self._seen.add_new(rows.content_hashes)).tolist()
        if not repeated:
            return rows
        keys, hashes = list(rows.keys), rows.content_hashes.copy()
        for place in repeated:
            content = int(hashes[place])
            number = self._numbers[content] = self._numbers.get(content, 1) + 1
            hashes[place] = _hash_numbered(content, number)
            keys[place] = content_key(int(hashes[place]))
        return replace(rows, keys=keys, content_hashes=hashes)

    def describe_uncounted(self) -> str:
        """Say that equal records count once, and which setting settles it."""
        name = self._stream.stream.__name__
        return (
            f"{format_count(self.uncounted, 'record')} of {self._stream.name} had an equal one on the same page, and "
            "equal ones are stored once: the stream has no `primary_key`, and as each page begins at a value of the "
            "last record, one that comes again could not be told from another one. Set `primary_key` on "
            f"{name} to what is different in each, or read the list by another paginator"
        )


def is_keyless(stream: StreamSpec) -> bool:
    """Whether a stream's records have nothing but their content to tell them apart."""
    return not stream.primary_key and stream.shape != "by_id"


def _hash_numbered(content: int, number: int) -> int:
    text = f"{content}:{number}".encode()
    return int.from_bytes(blake2b(text, digest_size=_HASH_BYTES).digest(), "little", signed=True)
