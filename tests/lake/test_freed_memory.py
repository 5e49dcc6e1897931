"""What was freed goes back to the system, also after larger blocks were freed."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

# Whether a large block has its own place, apart from small ones, once a larger one was freed.
PROGRAM = """
import ctypes
from dazz_assets.lake.freed_memory import return_large_blocks

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks apart more fast used free keep".split()]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
library.malloc.restype, library.malloc.argtypes, library.free.argtypes = (
    ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
)
return_large_blocks()
library.free(library.malloc(24 * 2**20))
before = library.mallinfo2().apart
library.malloc(8 * 2**20)
print(library.mallinfo2().apart - before >= 8 * 2**20)
"""

needs_glibc = pytest.mark.skipif(
    not hasattr(ctypes.pythonapi, "mallinfo2"), reason="another C library tells nothing of its blocks"
)


@needs_glibc
@pytest.mark.parametrize(("given", "apart"), [({}, "True"), ({"MALLOC_MMAP_THRESHOLD_": str(2**24)}, "False")])
def test_a_large_block_goes_back_when_it_is_freed_unless_the_environment_says_otherwise(
    given: dict[str, str], apart: str
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | given
    result = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == apart
