"""Sets of contents told apart by one number."""

import hashlib
from collections.abc import Iterable


class Fingerprint:
    """Of a set of 64-bit content hashes, whatever their order; each is added once."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._count = self._sum = self._xor = 0
        for value in hashes:
            self.add(value)

    def add(self, value: int) -> None:
        """Add a content hash that is not in the set yet."""
        self._count += 1
        self._sum += value
        self._xor ^= value

    def include(self, other: "Fingerprint") -> None:
        """Add the contents of another set, none of which is in this one yet."""
        self._count += other._count
        self._sum += other._sum
        self._xor ^= other._xor

    def value(self) -> int:
        """63 bits, so that it fits a version of Delta's application transactions."""
        text = f"{self._count}:{self._sum}:{self._xor}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
