"""What pyarrow tells of a page's bytes without copying them, and without holding the interpreter's lock."""

from __future__ import annotations

import struct

from msgspec import Raw

# pyarrow is imported where it is used, since commands such as `dazz list` need none.


def is_utf8(body: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    if body.isascii():
        return True
    import pyarrow as pa

    buffers = [None, pa.py_buffer(struct.pack("qq", 0, len(body))), pa.py_buffer(body)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def locate(body: bytes, part: Raw) -> int:
    """Where a slice of a body begins in it."""
    import pyarrow as pa

    return int(pa.py_buffer(part).address - pa.py_buffer(body).address)
