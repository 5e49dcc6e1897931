"""What syncs of a connection stored and published, and how what a recording shows of it is held against the real."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from dazz_assets.privacy.json_tokens import compact_json
from dazz_assets.recording.lake_snapshots import published_objects
from dazz_assets.session import Session
from dazz_assets.transform.published_tables import PublishedTables

_ROW = ("parent", "key", "window_start", "sequence", "page", "position", "problem", "record")
_STAND_IN = re.compile(r"https://example\.com/person-[0-9a-f]{8}|person-[0-9a-f]{8}(?:@example\.com)?")
_NUMBER = re.compile(r"[1-9][0-9]{8}")
# Fields of objects that are made of the id of a person.
_OF_PEOPLE = ("owner_id", "assignee_id", "creator_id")


class Digits(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass
class Found:
    """Raw rows by stream, in the order in which they came, and objects by parser and id."""

    rows: dict[str, list[dict[str, Any]]]
    objects: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, session: Session) -> Found:
        rows = {name: list(_rows(session, name)) for name in session.spec.streams}
        objects: dict[str, dict[str, Any]] = {}
        for name, parser in session.spec.parsers.items():
            published = PublishedTables(session, parser)
            objects[name] = {
                id_: item for model in parser.models for id_, item in published_objects(published, model).items()
            }
        return cls(rows, objects)


def _rows(session: Session, stream: str) -> Iterator[dict[str, Any]]:
    stored = session.raw(session.spec.streams[stream]).open()
    assert stored is not None
    columns = [name for name in _ROW if name in stored.schema.names]
    rows = [row for batch in stored.read(columns) for row in batch.to_pylist()]
    # Which write it was counts, not when.
    sequences = sorted({row["sequence"] for row in rows})
    for row in sorted(rows, key=lambda row: (row["sequence"], row["parent"] or "", row["page"], row["position"])):
        yield {**row, "sequence": sequences.index(row["sequence"]), "record": compact_json(row["record"])}


class People:
    """The pseudonyms of a recording, and what each was found to stand for.

    numbers: paths of fields whose numbers are personal, written as numbers or as texts.
    """

    def __init__(self, numbers: Collection[str] = ()) -> None:
        self._numbers = frozenset(numbers)
        self.pairs: set[tuple[str, str]] = set()

    def rows(self, shown: list[dict[str, Any]], real: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Raw rows with what pseudonyms stand for, their records read; all that is not personal stays."""
        assert len(shown) == len(real)
        return [
            {
                **row,
                "key": self._real_key(row["key"], other["key"]),
                "record": self.real(read(row["record"]), read(other["record"])),
            }
            for row, other in zip(shown, real, strict=True)
        ]

    def _real_key(self, shown: str | None, real: str | None) -> str | None:
        """The key for which one stands that is the id of a person."""
        is_number = shown != real and shown is not None and _NUMBER.fullmatch(shown)
        return self._paired([shown or ""], [real or ""], real) if is_number else shown

    def with_real_ids(self, objects: Any, make_id: Callable[[int], str]) -> Any:
        """Objects with the ids that are made of people's numbers, and these numbers, as they really are."""
        numbers = {shown: real for shown, real in self.pairs if _NUMBER.fullmatch(shown) and real.isdecimal()}
        words = numbers | {make_id(int(shown)): make_id(int(real)) for shown, real in numbers.items()}

        def translate(value: Any) -> Any:
            if isinstance(value, dict):
                return {words.get(name, name): translate(item) for name, item in value.items()}
            if isinstance(value, list):
                return [translate(item) for item in value]
            return words.get(value, value) if isinstance(value, str) else value

        return translate(objects)

    def real(self, shown: Any, real: Any, path: tuple[str, ...] = ()) -> Any:
        """A value of a recording with each pseudonym replaced with what stands in its place in the real one."""
        if isinstance(shown, Mapping) and isinstance(real, Mapping):
            return {name: self.real(item, real.get(name), (*path, name)) for name, item in shown.items()}
        if isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
            return [self.real(item, other, path) for item, other in zip(shown, real, strict=True)]
        is_personal = ".".join(path) in self._numbers and isinstance(shown, str) and _NUMBER.fullmatch(shown)
        if is_personal and isinstance(real, str):
            return self._paired([shown], [real], real)
        if isinstance(shown, Digits) and isinstance(real, Digits):
            return shown
        if path[-1:] and path[-1] in _OF_PEOPLE and isinstance(shown, str) and shown != real:
            return self._paired([shown], [real], real)
        if isinstance(shown, str) and isinstance(real, str) and (stand_ins := _STAND_IN.findall(shown)):
            pattern = "(.+?)".join(map(re.escape, _STAND_IN.split(shown)))
            if match := re.fullmatch(pattern, real, re.DOTALL):
                return self._paired(stand_ins, list(match.groups()), real)
        return shown

    def _paired(self, stand_ins: list[str], originals: list[str], real: Any) -> Any:
        self.pairs |= set(zip(map(str, stand_ins), map(str, originals), strict=True))
        return real

    @property
    def has_one_pseudonym_each(self) -> bool:
        """Whether each stands for one value, and each value has one."""
        return len({shown for shown, _ in self.pairs}) == len({real for _, real in self.pairs}) == len(self.pairs)


def read(text: str) -> Any:
    """A JSON text, its numbers with their digits."""
    return json.loads(text, parse_int=Digits, parse_float=Digits)


@contextmanager
def no_network() -> Iterator[None]:
    """Whoever opens a connection, or looks for a host, fails."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a replay needs no network")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield
