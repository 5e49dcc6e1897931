"""Gives the system back what was freed, where the C library can do so (glibc)."""

import ctypes
import os

import pyarrow as pa

# With glibc's own number, which grows to 32 MB, or with 2 MB, a sync of a million records took 4 to 10 MB more.
_APART_FROM = 2**20
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Return each large block as soon as it is freed, in this process from now on, unless the environment says when.

    glibc does so until the first one is freed. From then on it keeps blocks of that size among small ones, and of what
    lies between them less and less could be used: the longer a sync, the more memory it took.
    """
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ and (mallopt := getattr(ctypes.pythonapi, "mallopt", None)):
        mallopt(_M_MMAP_THRESHOLD, _APART_FROM)


def return_free_memory() -> None:
    """Return what Arrow and the C library have freed and keep, so that it is not held twice."""
    pa.default_memory_pool().release_unused()
    if (trim := getattr(ctypes.pythonapi, "malloc_trim", None)) is not None:
        trim(0)
