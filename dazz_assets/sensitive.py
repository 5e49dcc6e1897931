"""Hides the fields of records that a stream declares sensitive, wherever records are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from dazz_assets.field_paths import ANY_MEMBER, Path, split_path, without_indexes

HIDDEN = "(hidden: sensitive)"
"""What stands for a value that is never shown."""

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_AS_SENT = json.JSONDecoder(parse_int=str, parse_float=str)
_HIDDEN_JSON = json.dumps(HIDDEN).encode()
# What stands for a value where its kind is kept, by how its JSON begins; numbers are 0.
_EMPTY = {b'"': _HIDDEN_JSON, b"{": b"{}", b"[": b"[]", b"t": b"false", b"f": b"false"}

Fields = frozenset[Path]


class SensitiveFields:
    """The fields that a stream declares sensitive, by paths from the record.

    What lies below such a field is sensitive too. In a declared path, `*` stands for each member of an object; where a
    path ends with it, the names of the members are sensitive as well, so that the object is hidden whole. Lists are
    passed through, and members with a number for a name as well.

    above: the path of the records, if it is a page that is asked about and not a record.
    anywhere: the fields are looked for below any object, where it is not known which of them is a record.
    """

    def __init__(self, sensitive: Iterable[str], *, above: Path = (), anywhere: bool = False) -> None:
        declared = (without_indexes(split_path(field)) for field in sensitive)
        fields = (field[:-1] if field[-1:] == (ANY_MEMBER,) else field for field in declared)
        self._fields: Fields = frozenset(without_indexes(above) + field for field in fields)
        self._always: Fields = self._fields if anywhere else frozenset()

    def __bool__(self) -> bool:
        return bool(self._fields)

    @property
    def paths(self) -> Fields:
        """The paths of the fields, without indexes and without a `*` at the end."""
        return self._fields

    def touch(self, path: Path) -> bool:
        """Whether the value at a path is sensitive, or holds something that is."""
        plain = without_indexes(path)
        return any(_is_above(field, plain) or field[: len(plain)] == plain for field in self._fields)

    def hold(self, path: Path) -> bool:
        """Whether a path leads to what is below a sensitive field."""
        plain = without_indexes(path)
        return any(len(field) < len(plain) and _is_above(field, plain) for field in self._fields)

    def hide(self, text: str) -> str:
        """A JSON text with `HIDDEN` in the place of sensitive values, except for null; all of it if it is no JSON."""
        return self.hide_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def hide_bytes(self, text: bytes) -> bytes:
        """As `hide`, for JSON in UTF-8."""
        return self._hide(text, lambda raw: raw if raw == b"null" else _HIDDEN_JSON) or _HIDDEN_JSON

    def prune(self, value: Any) -> Any:
        """A parsed value whose sensitive lists and objects are empty, for those who look at names and kinds alone.

        One that is nested too deep to be searched is empty.
        """
        if not self._fields:
            return value
        try:
            return self._prune(value, self._fields)
        except RecursionError:
            return type(value)()

    def hide_keeping_kinds(self, text: str) -> str:
        """As `hide`, but a number becomes 0, a truth value false, and a list or an object empty, so that models fit.

        Raises ValueError if the text is not JSON.
        """
        hidden = self._hide(text.encode("utf-8", "surrogatepass"), _hide_keeping_kind)
        if hidden is None:
            raise ValueError("it is not JSON, so its sensitive fields can't be found")
        return hidden.decode("utf-8", "surrogatepass")

    def find_texts(self, text: bytes, *, with_names: bool) -> list[str]:
        """The texts and numbers that are hidden in a JSON text; none if it is no JSON.

        with_names: the names of members in hidden objects, too.
        """
        found: list[bytes] = []

        def note(raw: bytes) -> bytes:
            found.append(raw)
            return raw

        self._hide(text, note)
        return list(dict.fromkeys(leaf for raw in found for leaf in _leaves(_AS_SENT.decode(raw.decode()), with_names)))

    def _hide(self, text: bytes, change: Callable[[bytes], bytes]) -> bytes | None:
        """A JSON text with each sensitive value changed; None if it is no JSON."""
        if not self._fields:
            return text
        try:
            text = text.strip()
            if () in self._fields:
                msgspec.json.decode(text)
            return self._change(text, self._fields, change)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None

    def _change(self, raw: bytes, fields: Fields, change: Callable[[bytes], bytes]) -> bytes:
        """The JSON of a value, changed where the fields lead. Raises DecodeError if it is none."""
        if () in fields:
            return change(raw)
        if raw[:1] == b"{":
            members = _OBJECT.decode(raw)
            changed = (
                json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")
                + b":"
                + self._change_below(name, bytes(value), fields, change)
                for name, value in members.items()
            )
            return b"{" + b",".join(changed) + b"}"
        if raw[:1] == b"[":
            return (
                b"[" + b",".join(self._change(bytes(item).strip(), fields, change) for item in _LIST.decode(raw)) + b"]"
            )
        msgspec.json.decode(raw)
        return raw

    def _prune(self, value: Any, fields: Fields) -> Any:
        if isinstance(value, dict):
            members = {} if () in fields else value
            return {name: self._prune(item, self._find_below(name, fields)) for name, item in members.items()}
        if isinstance(value, list):
            return [] if () in fields else [self._prune(item, fields) for item in value]
        return value

    def _find_below(self, name: str, fields: Fields) -> Fields:
        """Where the fields lead from a member of an object on."""
        below = frozenset(field[1:] for field in fields if field[0] in (name, ANY_MEMBER))
        return below | self._always | (fields if name.isdecimal() else frozenset())

    def _change_below(self, name: str, raw: bytes, fields: Fields, change: Callable[[bytes], bytes]) -> bytes:
        below = self._find_below(name, fields)
        return self._change(raw.strip(), below, change) if below else raw


def _is_above(field: Path, path: Path) -> bool:
    """Whether a path leads to a declared field, or below it."""
    names = zip(field, path, strict=False)
    return len(field) <= len(path) and all(name in (other, ANY_MEMBER) for name, other in names)


def _hide_keeping_kind(raw: bytes) -> bytes:
    return raw if raw == b"null" else _EMPTY.get(raw[:1], b"0")


def _leaves(value: Any, with_names: bool) -> Iterator[str]:
    """The texts and numbers in a value, and the names of its members."""
    if isinstance(value, dict):
        if with_names:
            yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item, with_names)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
