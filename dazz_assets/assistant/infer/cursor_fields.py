"""Finds the fields that can be a cursor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dazz_assets.assistant.infer.json_values import join_path, list_scalar_paths, read_texts, split_words, value_kind
from dazz_assets.spec.timestamps import parse_timestamp

TimeMeaning = Literal["changed", "created", "other"]

_CHANGED = frozenset({"updated", "update", "modified", "modification", "changed", "change", "edited", "mtime"})
_CREATED = frozenset({"created", "create", "creation", "published", "opened", "ctime", "inserted", "added", "reported"})
_TIMES = frozenset({"at", "time", "date", "on", "timestamp", "ts", "datetime", "epoch", "seconds", "ms", "millis"})
# Only numbers in these years are taken as epochs: 7 would be a time in 1970.
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1990, 2100))
_BY_LIKELIHOOD: tuple[TimeMeaning, ...] = ("changed", "created", "other")
_MAX_FOUND = 8


@dataclass(frozen=True, slots=True)
class CursorField:
    """A field whose values are times.

    says: what happened at these times, by the field's name. is_always: whether every record has it. direction: the
    order of the page by this field; None if there is none, or too few different values to tell.
    """

    path: str
    says: TimeMeaning
    is_always: bool
    direction: Literal["asc", "desc"] | None


def find_cursor_fields(records: Sequence[Any]) -> list[CursorField]:
    """The candidates for a stream's cursor, the likeliest first: times of change, then times of creation."""
    all_names = dict.fromkeys(names for record in records for names in list_scalar_paths(record))
    found = [(len(names), item) for names in all_names for item in _find_cursor(records, names)]
    ranked = sorted(found, key=lambda pair: (not pair[1].is_always, _BY_LIKELIHOOD.index(pair[1].says), pair[0]))
    return [item for _, item in ranked][:_MAX_FOUND]


def _find_cursor(records: Sequence[Any], names: tuple[str, ...]) -> Iterator[CursorField]:
    texts = read_texts(records, names)
    moments = [None if text is None else parse_timestamp(text) for text in texts]
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < sum(text is not None for text in texts) or not _are_times(names, texts, known):
        return
    yield CursorField(join_path(names), _time_meaning(names[-1]), len(known) == len(records), sort_direction(known))


def _are_times(names: tuple[str, ...], texts: Sequence[str | None], moments: Sequence[int]) -> bool:
    """Whether values are times: by their format, or for numbers by the field's name and their size."""
    kinds = {value_kind(text) for text in texts if text is not None}
    if kinds <= {"time", "time without zone", "date"}:
        return True
    name = set(split_words(names[-1]))
    return bool(name & (_TIMES | _CHANGED | _CREATED)) and all(_EARLIEST <= moment < _LATEST for moment in moments)


def _time_meaning(name: str) -> TimeMeaning:
    named = set(split_words(name))
    return "changed" if named & _CHANGED else "created" if named & _CREATED else "other"


def sort_direction(moments: Sequence[int]) -> Literal["asc", "desc"] | None:
    """The order of times (microseconds since 1970); None if unordered, or if fewer than three differ."""
    if len(set(moments)) < 3:
        return None
    if list(moments) == sorted(moments):
        return "asc"
    return "desc" if list(moments) == sorted(moments, reverse=True) else None
