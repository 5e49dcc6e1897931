"""What a stream's stored rows were told apart and ordered by: where its author changes that, they are fetched anew."""

import hashlib
import json

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.lake import Snapshot

IDENTITY = "identity"
"""The application transaction of a raw table that holds it."""


def identity_of(stream: StreamSpec) -> int:
    """Of the paths of its key and cursor; 63 bits, so that it fits a version of Delta's application transactions."""
    text = json.dumps([stream.primary_key, stream.cursor and stream.cursor.field])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def is_other(stored: Snapshot | None, stream: StreamSpec) -> bool:
    """Whether rows are stored that were made with another key or cursor."""
    known = None if stored is None else stored.transaction(IDENTITY)
    return known is not None and known != identity_of(stream)
