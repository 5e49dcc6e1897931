"""JSON values, and the ways into them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from dazz_assets.authoring.inference.kinds import is_id
from dazz_assets.http.paths import split

# Python refuses integers of more digits than it would read in a reasonable time.
_MOST_DIGITS = 4_000


def decoded(text: bytes | str) -> Any:
    """The value of a JSON text. ValueError: it is none, or is nested too deeply."""
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def joined(names: Sequence[str]) -> str:
    """Names as a path, which `dazz_assets.http.paths.split` takes apart again."""
    return ".".join(name.replace(".", "\\.") for name in names)


def is_addressable(names: tuple[str, ...]) -> bool:
    """Whether a path leads to these names: to one that is empty, or that ends in a backslash, none does."""
    return split(joined(names)) == names and all(map(is_writable, names))


def is_writable(name: str) -> bool:
    """Whether a name can stand in a file: one with a lone surrogate can't."""
    return name.encode("utf-8", "ignore").decode() == name


def texts_at(records: Sequence[Any], names: Sequence[str]) -> list[str | None]:
    """The scalar at these names of each record, as text; None where there is none, or null."""
    return [_text(_at(record, names)) for record in records]


def scalar_places(record: Any, names: tuple[str, ...] = (), depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The names of each scalar in a record that can be reached without a list, or a map's key."""
    if not isinstance(record, dict) or depth > 4:
        return
    for name, value in record.items():
        if is_id(name):
            continue
        if isinstance(value, dict):
            yield from scalar_places(value, (*names, name), depth + 1)
        elif not isinstance(value, list) and is_addressable((*names, name)):
            yield *names, name


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `lastUpdatedAt` is last, updated, at; `HTTPServer` is http, server."""
    spaced = "".join(f" {letter}" if _begins_word(name, at) else letter for at, letter in enumerate(name))
    return tuple("".join(letter if letter.isalnum() else " " for letter in spaced).lower().split())


def _begins_word(name: str, at: int) -> bool:
    """Whether a letter is the first of a word: `S` in `lastSeen`, and in `HTTPServer`."""
    if at == 0 or not name[at].isupper():
        return False
    return not name[at - 1].isupper() or name[at + 1 : at + 2].islower()


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _at(record: Any, names: Sequence[str]) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
