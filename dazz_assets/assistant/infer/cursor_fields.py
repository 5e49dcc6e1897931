"""Which fields say when a record changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dazz_assets.assistant.infer.json_values import join_path, scalar_places, split_words, texts_at, value_kind
from dazz_assets.spec.timestamps import parse_timestamp

Says = Literal["changed", "created", "other"]

_CHANGED = frozenset({"updated", "update", "modified", "modification", "changed", "change", "edited", "mtime"})
_CREATED = frozenset({"created", "create", "creation", "published", "opened", "ctime", "inserted", "added", "reported"})
_TIMES = frozenset({"at", "time", "date", "on", "timestamp", "ts", "datetime", "epoch", "seconds", "ms", "millis"})
# Numbers are epochs only where they lie in these years: 7 is a moment of 1970 as well.
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1990, 2100))
_ORDER: tuple[Says, ...] = ("changed", "created", "other")
_MOST = 8


@dataclass(frozen=True, slots=True)
class CursorField:
    """A field of whose values an order in time can be made.

    says: what its name tells of these times. is_always: whether it is in every record. direction: how the page is
    ordered by it, None where it isn't, or where two values are too few to tell.
    """

    path: str
    says: Says
    is_always: bool
    direction: Literal["asc", "desc"] | None


def find_cursor_fields(records: Sequence[Any]) -> list[CursorField]:
    """What can be the stream's cursor, the likeliest first: times of change before those of creation."""
    places = dict.fromkeys(place for record in records for place in scalar_places(record))
    found = [(len(place), item) for place in places for item in _cursor(records, place)]
    ranked = sorted(found, key=lambda pair: (not pair[1].is_always, _ORDER.index(pair[1].says), pair[0]))
    return [item for _, item in ranked][:_MOST]


def _cursor(records: Sequence[Any], place: tuple[str, ...]) -> Iterator[CursorField]:
    texts = texts_at(records, place)
    moments = [None if text is None else parse_timestamp(text) for text in texts]
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < sum(text is not None for text in texts) or not _are_times(place, texts, known):
        return
    yield CursorField(join_path(place), _says(place[-1]), len(known) == len(records), direction_of(known))


def _are_times(place: tuple[str, ...], texts: Sequence[str | None], moments: Sequence[int]) -> bool:
    """Whether the values are times by how they are written, or numbers by their name and size."""
    kinds = {value_kind(text) for text in texts if text is not None}
    if kinds <= {"time", "time without zone", "date"}:
        return True
    name = set(split_words(place[-1]))
    return bool(name & (_TIMES | _CHANGED | _CREATED)) and all(_FIRST <= moment < _LAST for moment in moments)


def _says(name: str) -> Says:
    named = set(split_words(name))
    return "changed" if named & _CHANGED else "created" if named & _CREATED else "other"


def direction_of(moments: Sequence[int]) -> Literal["asc", "desc"] | None:
    """How moments are ordered; None where they aren't, or where fewer than three differ."""
    if len(set(moments)) < 3:
        return None
    if list(moments) == sorted(moments):
        return "asc"
    return "desc" if list(moments) == sorted(moments, reverse=True) else None
