"""Finds the fields that can be a cursor."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dazz_assets.assistant.infer.json_values import list_scalar_paths, read_texts, split_words, value_kind
from dazz_assets.field_paths import join_path
from dazz_assets.spec.timestamps import parse_timestamp

TimeMeaning = Literal["changed", "seen", "created", "other"]

# Words around the one that says what happened, in names without their separators: `lastmodifieddatetime`.
_FILLER = (
    "last|latest|most|recently|recent|datetime|date|timestamp|time|stamp|epoch|unix|utc|gmt|when|was|at|on|ts|dt|"
    "millis|ms|seconds|secs|system|sys|record|object|entity|item|row"
)


def _name_of(happened: str) -> re.Pattern[str]:
    """A name that says that this happened to the record, and to no part of it, as `status_changed_at` does."""
    return re.compile(f"(?:{_FILLER})*(?:{happened})(?:{_FILLER})*")


_NAMES: Mapping[TimeMeaning, re.Pattern[str]] = {
    "changed": _name_of("updated?|modified|modify|modification|changed?|edited|edit|revised|mtime|mod"),
    "seen": _name_of("(?:last|latest)(?:seen|activity|active|observed|detected|found|event|occurrence|occurred)"),
    "created": _name_of(
        "created?|creation|published|opened|ctime|inserted|added|reported|logged|occurred|"
        "(?:first|initially)(?:seen|observed|detected|found|event|occurrence)"
    ),
}
# Objects that hold fields of the record itself. A time in another one is that of another thing: `project.updated_at`.
_HOLDERS = frozenset(
    {"attributes", "fields", "properties", "meta", "metadata", "sys", "system", "audit", "timestamps", "times", "dates"}
    | {"info", "details", "data", "node", "record", "resource", "header", "history", "lifecycle", "state", "core"}
)
# A number is a time only if a word of its name says so, or what happened.
_TIMES = frozenset({"at", "time", "date", "on", "timestamp", "ts", "datetime", "epoch", "seconds", "ms", "millis"})
# Only numbers in these years are taken as epochs: 7 would be a time in 1970.
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1990, 2100))
_MAX_FOUND = 8


@dataclass(frozen=True, slots=True)
class CursorField:
    """A field whose values are times.

    says: what happened to the record at these times, by the field's name. "seen": the vendor met again what the record
    is about. is_always: whether every record has it. direction: the order of the page by this field; None if there is
    none, or too few different values to tell.
    """

    path: str
    says: TimeMeaning
    is_always: bool
    direction: Literal["asc", "desc"] | None


def find_cursor_fields(records: Sequence[Any], noun: str = "") -> list[CursorField]:
    """The candidates for a stream's cursor, the likeliest first: times of change, of being seen, of creation, others.

    noun: what one record is called, which may stand in names: `issue_updated_at`.
    """
    all_names = dict.fromkeys(names for record in records for names in list_scalar_paths(record))
    found = [(len(names), item) for names in all_names for item in _find_cursor(records, names, noun)]
    likelihood = [*_NAMES, "other"]
    ranked = sorted(found, key=lambda pair: (likelihood.index(pair[1].says), not pair[1].is_always, pair[0]))
    return [item for _, item in ranked][:_MAX_FOUND]


def _find_cursor(records: Sequence[Any], names: tuple[str, ...], noun: str) -> Iterator[CursorField]:
    texts = read_texts(records, names)
    moments = [None if text is None else parse_timestamp(text) for text in texts]
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < sum(text is not None for text in texts) or not _are_times(names, texts, known):
        return
    yield CursorField(join_path(names), _time_meaning(names, noun), len(known) == len(records), sort_direction(known))


def _are_times(names: tuple[str, ...], texts: Sequence[str | None], moments: Sequence[int]) -> bool:
    """Whether values are times: by their format, or for numbers by the field's name and their size."""
    kinds = {value_kind(text) for text in texts if text is not None}
    if kinds <= {"time", "time without zone", "date"}:
        return True
    is_named_time = bool(_TIMES & set(split_words(names[-1]))) or _time_meaning(names[-1:], "") != "other"
    return is_named_time and all(_EARLIEST <= moment < _LATEST for moment in moments)


def _time_meaning(names: tuple[str, ...], noun: str) -> TimeMeaning:
    """What a name says, unless it is that of another thing's field."""
    holders = _HOLDERS | set(split_words(noun))
    if not all(holders & set(split_words(name)) for name in names[:-1]):
        return "other"
    name = _join_words(names[-1])
    name = name.removeprefix(_join_words(noun)) or name
    return next((says for says, pattern in _NAMES.items() if pattern.fullmatch(name)), "other")


def _join_words(name: str) -> str:
    return "".join(split_words(name))


def sort_direction(moments: Sequence[int]) -> Literal["asc", "desc"] | None:
    """The order of times (microseconds since 1970); None if unordered, or if fewer than three differ."""
    if len(set(moments)) < 3:
        return None
    if list(moments) == sorted(moments):
        return "asc"
    return "desc" if list(moments) == sorted(moments, reverse=True) else None
