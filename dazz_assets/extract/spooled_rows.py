"""Rows of numbers that wait until a list or a sync has ended: a few in memory, more on the disk."""

import tempfile
import weakref
from collections.abc import Iterator
from os import SEEK_END

import numpy as np
from numpy.typing import NDArray

# Rows of more bytes wait on the disk, and so many are read at once.
_MOST_BYTES = 1024 * 1024


class SpooledRows:
    """Rows of a structured NumPy type, in the order in which they were added, in the system's temporary folder.

    The file has no name, and goes with this object. Every method raises OSError if the disk does.
    """

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._dtype = dtype
        self._file = tempfile.SpooledTemporaryFile(_MOST_BYTES)  # noqa: SIM115  (closed with this object)
        weakref.finalize(self, self._file.close)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: NDArray[np.void]) -> None:
        """Add rows behind the others."""
        self._file.seek(0, SEEK_END)
        self._file.write(rows.tobytes())
        self._count += len(rows)

    def read(self, begin: int = 0) -> Iterator[NDArray[np.void]]:
        """The rows from a place on, some at a time. A view of a column keeps all columns of these in memory."""
        size = self._dtype.itemsize
        self._file.seek(begin * size)
        while part := self._file.read(_MOST_BYTES // size * size):
            yield np.frombuffer(part, self._dtype)
