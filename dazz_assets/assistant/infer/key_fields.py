"""Which fields tell records apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from dazz_assets.assistant.infer.json_values import join_path, scalar_places, split_words, texts_at, value_kind

# By these names records are known, the most telling first; then names that end like them.
_NAMES = (
    "id",
    "uuid",
    "guid",
    "uid",
    "key",
    "number",
    "gid",
    "arn",
    "urn",
    "pk",
    "sha",
    "iid",
    "code",
    "slug",
    "login",
)
_ADDRESSES = ("url", "href", "self", "name", "email")
_NO_KEY = frozenset({"time", "time without zone", "date", "boolean", "number"})
_LONGEST_KEY = 200
# Pairs are looked for among so many fields.
_MOST_IN_PAIRS = 12
_MOST = 6


@dataclass(frozen=True, slots=True)
class KeyFields:
    """A field, or a pair of them, that is in every record and different in each.

    is_likely: whether its name says that it identifies records; a title may be unique by chance.
    """

    paths: tuple[str, ...]
    is_likely: bool


def find_key_fields(records: Sequence[Any]) -> list[KeyFields]:
    """What can be the records' key, the likeliest first. Pairs only where no single field's name is likely."""
    always = sorted(_always(records), key=lambda place: _rank(place))
    single = [place for place in always if _is_unique(records, place)]
    likely = [place for place in single if _rank(place)[0] < _UNLIKELY]
    pairs = [] if likely else list(_pairs(records, [place for place in always if place not in single]))
    found = [
        *(KeyFields((join_path(place),), is_likely=True) for place in likely),
        *(KeyFields(tuple(map(join_path, pair)), is_likely=True) for pair in pairs),
        *(KeyFields((join_path(place),), is_likely=False) for place in single if place not in likely),
    ]
    return found[:_MOST]


def _always(records: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """The places of scalars that are in every record, and can be part of a key."""
    for place in scalar_places(records[0]) if records else ():
        texts = texts_at(records, place)
        if all(text is not None and text != "" and len(text) <= _LONGEST_KEY for text in texts) and not (
            {value_kind(_value(record, place)) for record in records} & _NO_KEY
        ):
            yield place


def _value(record: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        record = record[name]
    return record


def _is_unique(records: Sequence[Any], *places: tuple[str, ...]) -> bool:
    columns = [texts_at(records, place) for place in places]
    return len(set(zip(*columns, strict=True))) == len(records)


def _pairs(
    records: Sequence[Any], places: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    telling = [place for place in places if _rank(place)[0] < _UNLIKELY][:_MOST_IN_PAIRS]
    for one, other in combinations(telling, 2):
        if _is_unique(records, one, other):
            # The wider one first: a repository, then a number in it.
            yield (other, one) if len(other) > len(one) else (one, other)


_UNLIKELY = 3 * len(_NAMES)


def _rank(place: tuple[str, ...]) -> tuple[int, int]:
    """By name, then by depth: the record's own fields before those of what it belongs to."""
    name = split_words(place[-1])
    last = name[-1] if name else ""
    depth = len(place) - 1
    if last in _NAMES:
        return _NAMES.index(last) + (0 if len(name) == 1 else len(_NAMES)) + (len(_NAMES) if depth else 0), depth
    return _UNLIKELY + (0 if last in _ADDRESSES else 1), depth
