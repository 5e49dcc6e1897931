"""Dotted paths of fields, as authors write them."""

import re
from collections.abc import Iterable
from functools import lru_cache

Path = tuple[str, ...]

ANY_MEMBER = "*"
"""In a declared path: each member of an object."""


@lru_cache(maxsize=1024)
def split_path(path: str) -> Path:
    """The names in a dotted path, in which `\\.` is a dot within a name; empty for an empty path.

    A number is an index where the value is a list; a negative one counts from the end.
    """
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)) if path else ()


def escape_name(name: str) -> str:
    """A name as it stands in a dotted path."""
    return name.replace(".", "\\.")


def join_path(names: Iterable[str]) -> str:
    """The dotted path of some names; what `split_path` takes apart."""
    return ".".join(map(escape_name, names))


def without_indexes(path: Path) -> Path:
    """The path without what may be an index of a list."""
    return tuple(name for name in path if not name.removeprefix("-").isdecimal())
