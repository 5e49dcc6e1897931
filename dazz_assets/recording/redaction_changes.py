"""What redaction changed or left that a parser may depend on: the names of members, and values that were left where
another field has a pseudonym.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from dazz_assets.assistant.infer.coverage import declared_names
from dazz_assets.field_paths import ANY_MEMBER, without_indexes
from dazz_assets.privacy.json_tokens import rewrite_json
from dazz_assets.privacy.personal_data import replace_people
from dazz_assets.privacy.pseudonyms import NUMBER, PERSON
from dazz_assets.privacy.record_paths import PersonalFields, RecordPaths
from dazz_assets.recording.exchange_file import Exchange
from dazz_assets.spec.specs import StreamSpec

_PERSON = re.compile(PERSON)
_STAND_IN = re.compile(f"{PERSON}|{NUMBER}")
_MOST_FIELDS = 5
"""Fields to name in one warning."""


class Field(NamedTuple):
    """A field of a stream's records, as `personal` names it."""

    stream: str
    path: str


class Twin(NamedTuple):
    """A field that still holds values which have pseudonyms in another, declared field.

    numbers_only: whether all of them are numbers, which may be alike by chance.
    """

    left: Field
    replaced: Field
    numbers_only: bool


class _Token(NamedTuple):
    """A key, string or number in a page, with its path."""

    kind: str
    path: tuple[str, ...]
    value: str


class RedactionChanges:
    """Compares pages as they were sent with what the recording has, and tells what a parser may see differently."""

    def __init__(self) -> None:
        self._renamed: defaultdict[str, set[str]] = defaultdict(set)
        self._replaced: defaultdict[str, set[str]] = defaultdict(set)
        self._declared: dict[str, Field] = {}
        """By the original of a pseudonym: the declared field that held it first."""

    def add(self, stream: StreamSpec, before: str, after: str) -> None:
        """Compare a page with its redacted text. Both are JSON with the same tokens in the same order."""
        if before == after:
            return
        paths, fields = _paths(stream), PersonalFields(stream.personal)
        for (kind, sent_path, old), (_, path, new) in zip(_read_tokens(before), _read_tokens(after), strict=True):
            if old == new:
                continue
            if _is_declared(kind, sent_path, paths, fields):
                if _STAND_IN.fullmatch(new):
                    self._declared.setdefault(old, Field(stream.name, _format_path(stream, kind, path)))
            elif kind == "key":
                if not paths.is_id(path):
                    self._renamed[stream.name].add(_format_path(stream, kind, path))
            elif _PERSON.fullmatch(new) and replace_people(old, lambda _: ""):
                self._replaced[stream.name].add(_format_path(stream, kind, path))

    def warnings(self, streams: Collection[StreamSpec], exchanges: Iterable[Exchange]) -> Iterator[str]:
        """What to check in a finished recording, a sentence each."""
        twins = [twin for twin in self.find_twins(streams, exchanges) if not twin.numbers_only]
        for stream in streams:
            if names := self._renamed.get(stream.name):
                yield (
                    f"stream {stream.name}: names of members were replaced at {_join(names)}, as they hold a secret or "
                    "a person; check that no parser reads such a member by its name"
                )
            if fields := self._replaced.get(stream.name):
                yield (
                    f"stream {stream.name}: values of {_join(fields)} were replaced, as they are personal in another "
                    "field; if they name people, add the field to `personal`, and else take the other field out of it"
                )
            yield from describe_twins(stream, twins)

    def find_twins(self, streams: Iterable[StreamSpec], exchanges: Iterable[Exchange]) -> list[Twin]:
        """The fields in which values were left that have pseudonyms elsewhere, so that the two no longer agree."""
        by_name = {stream.name: stream for stream in streams}
        found: dict[tuple[Field, Field], bool] = {}
        for exchange in exchanges if self._declared else ():
            if (stream := by_name.get(exchange.stream)) is None:
                continue
            for left, value in self._find_left(stream, exchange):
                pair = (left, self._declared[value])
                found[pair] = found.get(pair, True) and value.isdecimal()
        return [Twin(*pair, numbers_only) for pair, numbers_only in found.items()]

    def _find_left(self, stream: StreamSpec, exchange: Exchange) -> Iterator[tuple[Field, str]]:
        """The fields of a page, and their values that have pseudonyms elsewhere."""
        try:
            tokens = _read_tokens(exchange.response.body.decode())
        except ValueError:  # another format, or another charset
            return
        paths, fields = _paths(stream), PersonalFields(stream.personal)
        own_names = declared_names(stream.model) if stream.model else frozenset()
        for kind, path, value in tokens:
            if value not in self._declared or _is_declared(kind, path, paths, fields):
                continue
            # The names of a record's own members are fields; further inside, those that no model declares are data.
            if kind == "key" and (paths.is_id(path) or value in own_names or len(paths.find(path) or ()) < 2):
                continue
            yield Field(stream.name, _format_path(stream, kind, path)), value


def describe_twins(stream: StreamSpec, twins: Iterable[Twin]) -> Iterator[str]:
    """What to do about the twins of a stream, a sentence for each field with which they no longer agree."""
    by_replaced: defaultdict[Field, set[str]] = defaultdict(set)
    for twin in twins:
        if twin.left.stream == stream.name:
            by_replaced[twin.replaced].add(twin.left.path)
    for replaced, paths in by_replaced.items():
        them = "it" if len(paths) == 1 else "them"
        yield (
            f"{_join(paths)} of {stream.name} {'holds' if len(paths) == 1 else 'hold'} values "
            f"that are replaced as `{replaced.path}` of {replaced.stream}, and were left, so that the two no longer "
            f"agree; if they name people, add {them} to `personal` of {stream.stream.__name__}"
        )


def _is_declared(kind: str, path: tuple[str, ...], paths: RecordPaths, fields: PersonalFields) -> bool:
    if kind == "key":
        return fields.are_names_at(paths.find(path[:-1]))
    return fields.are(paths.find(path)) if kind == "number" else fields.hold(paths.find(path))


def _read_tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []

    def note(kind: str, path: tuple[str, ...], value: str) -> str:
        tokens.append(_Token(kind, path, value))
        return value

    rewrite_json(text, note)
    return tokens


def _paths(stream: StreamSpec) -> RecordPaths:
    return RecordPaths(stream.records, keyed_by_id=stream.shape == "by_id")


def _format_path(stream: StreamSpec, kind: str, path: tuple[str, ...]) -> str:
    """A path as `personal` is written: from the record where it lies in one, with `*` for the name of a member."""
    paths, above = _paths(stream), path[:-1] if kind == "key" else path
    in_record = paths.find(above)
    names = without_indexes(above if in_record is None else in_record)
    return ".".join((*names, ANY_MEMBER) if kind == "key" else names)


def _join(paths: set[str]) -> str:
    shown = [f"`{path}`" for path in sorted(paths)]
    more = len(shown) - _MOST_FIELDS
    return ", ".join(shown[:_MOST_FIELDS]) + (f" and {more} more" if more > 0 else "")
