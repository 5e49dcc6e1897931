"""Finds values in a JSON body by dotted paths, as slices of its bytes, without building Python objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Raw

from dazz_assets.field_paths import join_path, split_path
from dazz_assets.http.json.body_bytes import is_utf8, locate

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_MAX_LISTED = 12
_MAX_LIST_DEPTH = 4
# Objects beside the list that are larger are no words of the page about itself.
_LARGEST_BESIDE = 4_096
_ESCAPED_DOT = "\\."
_BLANKS = b" \t\r\n"
_LEADING = (b" ", b"\t", b"\r", b"\n")


T = TypeVar("T")


class NoListError(ValueError):
    """A path does not lead to a list. The text says how far it leads, and what is there."""


class DepthError(ValueError):
    """A body is nested too deeply to be read."""


class Document:
    """A JSON body, opened once at its top level. ValueError: it is not JSON in UTF-8.

    list_path: where a list may be that makes up most of the body: it is then read in the same go.
    is_text: the body is known to be UTF-8.
    is_strict: whether all of it is JSON. Otherwise some value may be `NaN` or the like.
    """

    def __init__(self, body: bytes, list_path: str = "", *, is_text: bool = False) -> None:
        body = body.lstrip(_BLANKS) if body[:1] in _LEADING else body  # Some send blanks while they make the list.
        self._whole = Raw(body)
        self.is_empty = not body
        self._members: dict[str, Raw] | None = None
        self._members_text: bytes | Raw = body
        self._items: list[Raw] | None = None
        # The bytes from the first item to the last.
        self._items_text: memoryview | None = None
        self._list_path: tuple[str, ...] = ()
        self.is_strict = False
        if not (is_text or is_utf8(body)):
            raise ValueError("it is not UTF-8")
        if not self.is_empty:
            self._open(body, split_path(list_path))

    def _open(self, body: bytes, list_path: tuple[str, ...]) -> None:
        try:
            if list_path and self._open_around_list(body, list_path):
                return
            if _starts_with(body, b"{"):
                members, self.is_strict = _read(self._whole, _OBJECT, object_members)
                self._members = members
            elif _starts_with(body, b"["):
                items, self.is_strict = _read(self._whole, _LIST, list_items)
                self._items = items
            else:
                json.loads(body)
        except RecursionError:
            raise DepthError("it is nested too deeply") from None

    def _open_around_list(self, body: bytes, path: tuple[str, ...]) -> bool:
        """Read the items of the list at a path, and the members of the object without them; whether that succeeded."""
        decoder = _build_path_decoder(path, list[Raw])
        try:
            items = None if decoder is None else _unwrap(decoder.decode(body), len(path))
            if not items:
                return False
            start, end = locate(body, items[0]), locate(body, items[-1]) + len(items[-1])
            around = body[:start] + b"0" + body[end:]
            members = _OBJECT.decode(around)
        except msgspec.DecodeError:
            return False  # The body has another shape, or is not strict JSON.
        self._members, self._items, self._list_path, self.is_strict = members, items, path, True
        self._items_text = memoryview(body)[start:end]
        self._members_text = around
        return True

    def find(self, path: str) -> Raw | None:
        """The value at a path as it was sent, even `null`; None if there is none."""
        names = split_path(path)
        if not names:
            return None if self.is_empty else self._whole
        top = self._get_child(names[0])
        return top if top is None or len(names) == 1 else descend(top, names[1:])

    def value(self, path: str) -> Any:
        """The value at a path as a Python value; None if there is none."""
        raw = self.find(path)
        return None if raw is None else read_value(raw)

    def records(self, path: str) -> Sequence[Raw]:
        """The items of the list at a path, byte for byte; empty if the list or a value on the way to it is null.

        NoListError: the path leads to nothing, or to a value that is not a list.
        """
        names = split_path(path)
        if self.is_empty:
            return []
        if self._items is not None and names == self._list_path:
            return self._items
        if len(names) > 1 and (top := self._get_child(names[0])) is not None:
            quick = _build_path_decoder(names[1:], list[Raw])
            try:
                if quick is not None and (found := _unwrap(quick.decode(top), len(names) - 1)) is not None:
                    return found  # type: ignore[no-any-return]
            except (msgspec.DecodeError, RecursionError):
                pass  # The body has another shape: go step by step.
        return self._records_step_by_step(names)

    def has_items(self, path: str) -> bool:
        """Whether a list with items at this path was read when the body was opened."""
        return bool(self._items) and split_path(path) == self._list_path

    def text_of(self, items: Sequence[Raw]) -> memoryview | None:
        """The text from the first item to the last, with what is between them, if they are those of the list that was
        read when the body was opened."""
        return self._items_text if items is self._items else None

    def members(self) -> Mapping[str, Raw]:
        """The values at the top level, as they were sent; empty if the body is no object.

        A list that was read in the same go has one item only here.
        """
        return self._members or {}

    def find_repeated_name(self, list_path: str) -> str | None:
        """The path of a name that has two values, in the objects that lead to a list and in those beside it.

        JSON has no rule for which of them counts (RFC 8259, section 4).
        """
        return find_repeated_name(self._members_text, self._members or {}, split_path(list_path))

    def names(self) -> list[str]:
        """The names at the top level, for messages."""
        return list(self._members or ())

    def _get_child(self, name: str) -> Raw | None:
        if self._list_path[:1] == (name,):  # The member has the list, or leads to it.
            return _OBJECT.decode(self._whole).get(name)
        if self._members is not None:
            return self._members.get(name)
        return _get_item(self._items, name) if self._items is not None else None

    def _records_step_by_step(self, names: Sequence[str]) -> Sequence[Raw]:
        here = self._whole
        for depth, name in enumerate(names):
            if bytes(here) == b"null":
                return []
            below = self._get_child(name) if depth == 0 else _get_child(here, name)
            if below is None:
                place = f"`{'.'.join(names[:depth])}`" if depth else "the page"
                found = f"{place} is {_describe_value(here)}{self._format_list_paths()}"
                raise NoListError(f"nothing is at `{'.'.join(names)}`: {found}")
            here = below
        if _starts_with(here, b"["):
            return _items(here)
        if bytes(here).strip() == b"null":
            return []
        place = f"the value at `{'.'.join(names)}`" if names else "the page"
        raise NoListError(f"{place} is not a list but {_describe_value(here)}{self._format_list_paths()}")

    def _format_list_paths(self) -> str:
        """The paths of lists of objects in the body, for messages."""
        if self._members is None:
            return ""
        found = [f"`{path}`" for path in _find_list_paths(read_value(self._whole), ())][:_MAX_LISTED]
        return f"; there {'is a list' if len(found) == 1 else 'are lists'} at {', '.join(found)}" if found else ""


def _find_list_paths(value: Any, above: tuple[str, ...]) -> Iterator[str]:
    """The paths of outermost lists whose items may be records."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value[:1]):
        yield join_path(above)
    elif isinstance(value, dict) and len(above) < _MAX_LIST_DEPTH:
        for name, member in value.items():
            yield from _find_list_paths(member, (*above, name))


def read_integer(digits: str) -> int | float:
    """The integer that digits write; a float if they are more than Python reads as one."""
    return int(digits) if len(digits) < 4_300 else float(digits)


_VALUES = json.JSONDecoder(parse_int=read_integer)


def read_value(raw: Raw) -> Any:
    """A JSON value as a Python value. A number that is too long for an integer is a float."""
    return _VALUES.decode(bytes(raw).decode("utf-8", "surrogatepass"))


def is_null(raw: Raw) -> bool:
    """Whether a value is `null`."""
    return bytes(memoryview(raw)[:64]).strip() == b"null"


def object_members_at(raw: Raw) -> Mapping[str, Raw] | None:
    """The values of an object, as they were sent; None if it is not an object."""
    return _members(raw) if _starts_with(raw, b"{") else None


def _describe_value(raw: Raw) -> str:
    if _starts_with(raw, b"{"):
        keys = list(_members(raw))
        listed = ", ".join(keys[:_MAX_LISTED]) + (", ..." if len(keys) > _MAX_LISTED else "")
        return f"an object with the keys {listed}" if keys else "an object without keys"
    if _starts_with(raw, b"["):
        return "a list"
    text = bytes(raw)[:60].decode(errors="replace")
    return f"the value {text}"


def _starts_with(raw: bytes | Raw, opening: bytes) -> bool:
    return bytes(memoryview(raw)[:64]).lstrip(b" \t\r\n").startswith(opening)


def _members(raw: Raw) -> dict[str, Raw]:
    return _read(raw, _OBJECT, object_members)[0]


def _items(raw: Raw) -> list[Raw]:
    return _read(raw, _LIST, list_items)[0]


def _read(raw: Raw, decoder: msgspec.json.Decoder[T], read_leniently: Callable[[bytes], T]) -> tuple[T, bool]:
    """What a decoder reads, and whether it could: it reads strict JSON only."""
    try:
        return decoder.decode(raw), True
    except msgspec.DecodeError:
        return read_leniently(bytes(raw)), False


def value_at(value: Any, path: str) -> Any:
    """The value at a dotted path in a Python value, as `Document.value` finds it in JSON; None if it is missing."""
    for name in split_path(path):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.removeprefix("-").isdecimal() and -len(value) <= int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _get_item(items: Sequence[Raw], name: str) -> Raw | None:
    """The item at an index; a negative one counts from the end."""
    if not name.removeprefix("-").isdecimal():
        return None
    index = int(name)
    return items[index] if -len(items) <= index < len(items) else None


def _get_child(raw: Raw, name: str) -> Raw | None:
    if _starts_with(raw, b"{"):
        return _members(raw).get(name)
    return _get_item(_items(raw), name) if _starts_with(raw, b"[") else None


def descend(raw: Raw, names: Sequence[str]) -> Raw | None:
    """The value that some names lead to from another one; None if there is none."""
    quick = _build_path_decoder(tuple(names), Raw)
    try:
        if quick is not None:
            return _unwrap(quick.decode(raw), len(names))  # type: ignore[no-any-return]
    except (msgspec.DecodeError, RecursionError):
        pass  # Some step is a list or null, or msgspec rejects a text: go step by step.
    here: Raw | None = raw
    for name in names:
        here = None if here is None else _get_child(here, name)
    return here


@lru_cache(maxsize=1024)
def _build_path_decoder(names: tuple[str, ...], leaf: type) -> msgspec.json.Decoder[Any] | None:
    """A decoder that reads one path of nested objects in one go; None for names that msgspec rejects."""
    shape: Any = leaf
    for name in reversed(names):
        try:
            shape = msgspec.defstruct("Level", [("below", shape, None)], rename={"below": name})
        except ValueError:
            return None
    return msgspec.json.Decoder(shape)


def _unwrap(found: Any, depth: int) -> Any:
    for _ in range(depth):
        if found is None:
            return None
        found = found.below
    return found


_SPACE = " \t\n\r"


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Numbers stay texts: their values don't matter here, and Python would reject long integers. NaN and Infinity are let
# through, since they are the fault of one record and not of its page: see `find_problem`.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_STRICT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_reject_constant)


def find_problem(value: bytes) -> str | None:
    """Why a value is not JSON (`NaN is not JSON`), or None."""
    try:
        _STRICT.decode(value.decode())
    except ValueError as error:
        return str(error)
    return None


def object_members(body: bytes) -> dict[str, Raw]:
    """The values of an object by key, as they were sent; the last one of a repeated key. ValueError: not JSON."""
    return dict(member_pairs(body))


def member_pairs(body: bytes) -> Iterator[tuple[str, Raw]]:
    """The keys and values of an object, as they were sent, a repeated key each time. ValueError: not JSON."""
    text = body.decode()
    at = _first_item_start(text, "{", "}")
    while at >= 0:
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise ValueError("a key of an object is not a string")
        start = _skip_character(text, at, ":")
        _, end = _DECODER.raw_decode(text, start)
        yield key, Raw(text[start:end].encode())
        at = _next_item_start(text, end, "}")


def find_repeated_name(
    text: bytes | Raw, members: Mapping[str, Raw], data: Sequence[str], depth: int = 0
) -> str | None:
    """The path of a name that has two values, in an object and in those below it; None if there is none.

    members: what was read from the text. data: where below it the records are, which are not looked into.
    """
    if (repeated := _find_repeated(text, members)) is not None:
        return repeated.replace(".", _ESCAPED_DOT)
    for name, raw in members.items() if depth < _MAX_LIST_DEPTH else ():
        is_way = data[:1] == (name,)
        if (is_way and len(data) == 1) or (not is_way and len(raw) > _LARGEST_BESIDE):
            continue
        below = object_members_at(raw)
        found = find_repeated_name(raw, below, data[1:] if is_way else (), depth + 1) if below else None
        if found is not None:
            return f"{name.replace('.', _ESCAPED_DOT)}.{found}"
    return None


def _find_repeated(text: bytes | Raw, members: Mapping[str, Raw]) -> str | None:
    """A name of an object that has two values. What was read of it tells by its length, mostly."""
    written = sum(map(len, members)) + sum(map(len, members.values())) + 4 * len(members) + 1
    if len(text) == written or not members:
        return None
    quotes = sum(bytes(raw).count(b'"') for raw in members.values()) + 2 * len(members)
    if bytes(text).count(b'"') == quotes:
        return None  # What is not read are blanks.
    first: dict[str, bytes] = {}
    for name, raw in member_pairs(bytes(text)):
        if first.setdefault(name, bytes(raw)) != bytes(raw):
            return name
    return None


def list_items(body: bytes) -> list[Raw]:
    """The values of an array, as they were sent. ValueError: not JSON."""
    text = body.decode()
    found: list[Raw] = []
    at = _first_item_start(text, "[", "]")
    while at >= 0:
        _, end = _DECODER.raw_decode(text, at)
        found.append(Raw(text[at:end].encode()))
        at = _next_item_start(text, end, "]")
    return found


def _first_item_start(text: str, opening: str, closing: str) -> int:
    """The index where the first value of an object or array begins, or -1 if it is empty."""
    at = _skip_character(text, _skip_space(text, 0), opening)
    if text[at : at + 1] == closing:
        return _check_end(text, at + 1)
    return at


def _next_item_start(text: str, end: int, closing: str) -> int:
    """The index where the next value begins after one that ended, or -1 after the last."""
    at = _skip_space(text, end)
    if text[at : at + 1] == closing:
        return _check_end(text, at + 1)
    return _skip_character(text, at, ",")


def _check_end(text: str, at: int) -> int:
    if _skip_space(text, at) != len(text):
        raise ValueError("there is text after the end of the JSON")
    return -1


def _skip_character(text: str, at: int, expected: str) -> int:
    at = _skip_space(text, at)
    if text[at : at + 1] != expected:
        raise ValueError(f"expected {expected!r} at character {at}")
    return _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE and at < len(text):
        at += 1
    return at
