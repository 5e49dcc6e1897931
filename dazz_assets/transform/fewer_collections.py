"""Python's search for cyclic garbage, held back while records and objects are made by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# The search looks at all that was made since the last one. With Python's own 700 that is every 50 records, of which
# none is garbage that only the search would find: a quarter of a parse's time, measured.
_OBJECTS_BETWEEN = 50_000
_lock = Lock()
_before: list[tuple[int, int, int]] = []


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Search less often, in the whole process, until the last of those who asked for it is done."""
    with _lock:
        _before.append(gc.get_threshold())
        if 0 < _before[0][0] < _OBJECTS_BETWEEN:
            gc.set_threshold(_OBJECTS_BETWEEN, *_before[0][1:])
    try:
        yield
    finally:
        with _lock:
            first = _before[0]
            _before.pop()
            if not _before:
                gc.set_threshold(*first)
