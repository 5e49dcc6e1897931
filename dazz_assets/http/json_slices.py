"""JSON without building it: values as spans of a body's bytes, found by dotted paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NoReturn

import msgspec
from msgspec import Raw

_SPACE = " \t\n\r"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


# Numbers stay texts: of no interest here, and long integers would be refused.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=str, parse_float=str)


def object_members(body: bytes) -> dict[str, Raw]:
    """The values of an object by key, as they were sent; of a repeated key the last. ValueError: no JSON."""
    text = body.decode()
    found: dict[str, Raw] = {}
    at = _opened(text, "{", "}")
    while at >= 0:
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise ValueError("a key of an object is no string")
        start = _skip(text, at, ":")
        _, end = _DECODER.raw_decode(text, start)
        found[key] = Raw(text[start:end].encode())
        at = _following(text, end, "}")
    return found


def list_items(body: bytes) -> list[Raw]:
    """The values of an array, as they were sent. ValueError: no JSON."""
    text = body.decode()
    found: list[Raw] = []
    at = _opened(text, "[", "]")
    while at >= 0:
        _, end = _DECODER.raw_decode(text, at)
        found.append(Raw(text[at:end].encode()))
        at = _following(text, end, "]")
    return found


def _opened(text: str, opening: str, closing: str) -> int:
    """Where the first value of a container begins, or -1 if it is empty."""
    at = _skip(text, _space(text, 0), opening)
    if text[at : at + 1] == closing:
        return _ended(text, at + 1)
    return at


def _following(text: str, end: int, closing: str) -> int:
    """Where the value after the one that ended begins, or -1 after the last."""
    at = _space(text, end)
    if text[at : at + 1] == closing:
        return _ended(text, at + 1)
    return _skip(text, at, ",")


def _ended(text: str, at: int) -> int:
    if _space(text, at) != len(text):
        raise ValueError("there is text after the end of the JSON")
    return -1


def _skip(text: str, at: int, expected: str) -> int:
    at = _space(text, at)
    if text[at : at + 1] != expected:
        raise ValueError(f"expected {expected!r} at character {at}")
    return _space(text, at + 1)


def _space(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE and at < len(text):
        at += 1
    return at


_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_LISTED_KEYS = 12
_DEEPEST_LIST = 4


class NoListError(ValueError):
    """A path leads to no list; the text says how far it led, and to what."""


@lru_cache(maxsize=1024)
def split_path(path: str) -> tuple[str, ...]:
    """The names of a path; none for the empty one."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)) if path else ()


class Document:
    """A body in JSON, opened once at its top level. ValueError: it is no JSON in UTF-8."""

    def __init__(self, body: bytes) -> None:
        self._whole = Raw(body)
        self.is_empty = not body or body.isspace()
        self._members: dict[str, Raw] | None = None
        self._items: list[Raw] | None = None
        if not self.is_empty:
            self._open(body)

    def _open(self, body: bytes) -> None:
        if not body.isascii():
            body.decode()
        try:
            if _starts(body, b"{"):
                self._members = _members(self._whole)
            elif _starts(body, b"["):
                self._items = _items(self._whole)
            else:
                json.loads(body)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None

    def find(self, path: str) -> Raw | None:
        """The value at a path as it was sent, `null` included; None where there is none."""
        names = split_path(path)
        if not names:
            return None if self.is_empty else self._whole
        top = self._step(names[0])
        return top if top is None or len(names) == 1 else _descend(top, names[1:])

    def value(self, path: str) -> Any:
        """The value at a path as a Python value; None where there is none."""
        raw = self.find(path)
        return None if raw is None else json.loads(bytes(raw))

    def records(self, path: str) -> Sequence[Raw]:
        """The items of the list at a path, byte for byte; none where it, or what holds it, is null.

        NoListError: the path leads to nothing, or to no list.
        """
        names = split_path(path)
        if self.is_empty:
            return []
        if not names and self._items is not None:
            return self._items
        if len(names) > 1 and (top := self._step(names[0])) is not None:
            quick = _nested(names[1:], list[Raw])
            try:
                if quick is not None and (found := _dig(quick.decode(top), len(names) - 1)) is not None:
                    return found  # type: ignore[no-any-return]
            except (msgspec.DecodeError, RecursionError):
                pass  # Not of that shape; the careful way finds out what it is.
        return self._records_step_by_step(names)

    def names(self) -> list[str]:
        """The names at the top level, for messages."""
        return list(self._members or ())

    def _step(self, name: str) -> Raw | None:
        if self._members is not None:
            return self._members.get(name)
        return _item(self._items, name) if self._items is not None else None

    def _records_step_by_step(self, names: Sequence[str]) -> Sequence[Raw]:
        here = self._whole
        for depth, name in enumerate(names):
            if bytes(here) == b"null":
                return []
            below = self._step(name) if depth == 0 else _step(here, name)
            if below is None:
                place = f"`{'.'.join(names[:depth])}`" if depth else "the page"
                raise NoListError(f"nothing is at `{'.'.join(names)}`: {place} is {_described(here)}{self._lists()}")
            here = below
        if _starts(here, b"["):
            return _items(here)
        if bytes(here).strip() == b"null":
            return []
        place = f"what is at `{'.'.join(names)}`" if names else "the page"
        raise NoListError(f"{place} is no list but {_described(here)}{self._lists()}")

    def _lists(self) -> str:
        """Where there are lists of objects in the body, for messages."""
        if self._members is None:
            return ""
        found = [f"`{path}`" for path in _paths_of_lists(json.loads(bytes(self._whole)), ())][:_LISTED_KEYS]
        return f"; there {'is a list' if len(found) == 1 else 'are lists'} at {', '.join(found)}" if found else ""


def _paths_of_lists(value: Any, above: tuple[str, ...]) -> Iterator[str]:
    """Of lists whose items may be records, the outer ones only."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value[:1]):
        yield ".".join(name.replace(".", "\\.") for name in above)
    elif isinstance(value, dict) and len(above) < _DEEPEST_LIST:
        for name, member in value.items():
            yield from _paths_of_lists(member, (*above, name))


def _described(raw: Raw) -> str:
    if _starts(raw, b"{"):
        keys = list(_members(raw))
        named = ", ".join(keys[:_LISTED_KEYS]) + (", ..." if len(keys) > _LISTED_KEYS else "")
        return f"an object with the keys {named}" if keys else "an object without keys"
    if _starts(raw, b"["):
        return "a list"
    text = bytes(raw)[:60].decode(errors="replace")
    return f"the value {text}"


def _starts(raw: bytes | Raw, opening: bytes) -> bool:
    return bytes(memoryview(raw)[:64]).lstrip(b" \t\r\n").startswith(opening)


def _members(raw: Raw) -> dict[str, Raw]:
    try:
        return _OBJECT.decode(raw)
    except msgspec.DecodeError:
        return object_members(bytes(raw))


def _items(raw: Raw) -> list[Raw]:
    try:
        return _LIST.decode(raw)
    except msgspec.DecodeError:
        return list_items(bytes(raw))


def _item(items: Sequence[Raw], name: str) -> Raw | None:
    return items[int(name)] if name.isdecimal() and int(name) < len(items) else None


def _step(raw: Raw, name: str) -> Raw | None:
    if _starts(raw, b"{"):
        return _members(raw).get(name)
    return _item(_items(raw), name) if _starts(raw, b"[") else None


def _descend(raw: Raw, names: Sequence[str]) -> Raw | None:
    quick = _nested(tuple(names), Raw)
    try:
        if quick is not None:
            return _dig(quick.decode(raw), len(names))  # type: ignore[no-any-return]
    except (msgspec.DecodeError, RecursionError):
        pass  # Not an object at each step: a list, null, or a text that msgspec refuses.
    here: Raw | None = raw
    for name in names:
        here = None if here is None else _step(here, name)
    return here


@lru_cache(maxsize=1024)
def _nested(names: tuple[str, ...], leaf: type) -> msgspec.json.Decoder[Any] | None:
    """A decoder that reads one path of nested objects in one go; None for names that it can't be told."""
    shape: Any = leaf
    for name in reversed(names):
        try:
            shape = msgspec.defstruct("Level", [("below", shape, None)], rename={"below": name})
        except ValueError:
            return None
    return msgspec.json.Decoder(shape)


def _dig(found: Any, depth: int) -> Any:
    for _ in range(depth):
        if found is None:
            return None
        found = found.below
    return found
