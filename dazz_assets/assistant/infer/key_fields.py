"""Finds the fields that can be a primary key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from dazz_assets.assistant.infer.json_values import list_scalar_paths, read_texts, split_words, value_kind
from dazz_assets.field_paths import join_path

# Common names of identifiers, the likeliest first. Names that end in one of these rank below.
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
_NON_KEY_KINDS = frozenset({"time", "time without zone", "date", "boolean", "number"})
_MAX_KEY_LENGTH = 200
# Search for pairs among at most this many fields.
_MAX_IN_PAIRS = 12
_MAX_FOUND = 6


@dataclass(frozen=True, slots=True)
class KeyFields:
    """A field, or a pair of fields, that every record has and whose value is unique in the page.

    is_likely: whether the name suggests an identifier; a title may be unique by chance.
    """

    paths: tuple[str, ...]
    is_likely: bool


def find_key_fields(records: Sequence[Any]) -> list[KeyFields]:
    """The candidates for a key, the likeliest first; pairs only if no single field has a likely name."""
    candidates = sorted(_find_candidates(records), key=lambda names: _rank(names))
    single = [names for names in candidates if _is_unique(records, names)]
    likely = [names for names in single if _rank(names)[0] < _UNLIKELY]
    pairs = [] if likely else list(_find_pairs(records, [names for names in candidates if names not in single]))
    found = [
        *(KeyFields((join_path(names),), is_likely=True) for names in likely),
        *(KeyFields(tuple(map(join_path, pair)), is_likely=True) for pair in pairs),
        *(KeyFields((join_path(names),), is_likely=False) for names in single if names not in likely),
    ]
    return found[:_MAX_FOUND]


def _find_candidates(records: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """The paths of scalars that every record has and that can be part of a key."""
    for names in list_scalar_paths(records[0]) if records else ():
        texts = read_texts(records, names)
        if all(text is not None and text != "" and len(text) <= _MAX_KEY_LENGTH for text in texts) and not (
            {value_kind(_read_value(record, names)) for record in records} & _NON_KEY_KINDS
        ):
            yield names


def _read_value(record: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        record = record[name]
    return record


def _is_unique(records: Sequence[Any], *candidates: tuple[str, ...]) -> bool:
    columns = [read_texts(records, names) for names in candidates]
    return len(set(zip(*columns, strict=True))) == len(records)


def _find_pairs(
    records: Sequence[Any], candidates: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    likely = [names for names in candidates if _rank(names)[0] < _UNLIKELY][:_MAX_IN_PAIRS]
    for one, other in combinations(likely, 2):
        if _is_unique(records, one, other):
            # The longer path comes first: a repository, then a number in it.
            yield (other, one) if len(other) > len(one) else (one, other)


_UNLIKELY = 3 * len(_NAMES)


def _rank(names: tuple[str, ...]) -> tuple[int, int]:
    """Rank by name, then by depth: the record's own fields before those of nested objects."""
    # `sys_id` is the record's own id, as `id` is.
    name = tuple(word for word in split_words(names[-1]) if word != "sys")
    last = name[-1] if name else ""
    depth = len(names) - 1
    if last in _NAMES:
        return _NAMES.index(last) + (0 if len(name) == 1 else len(_NAMES)) + (len(_NAMES) if depth else 0), depth
    return _UNLIKELY + (0 if last in _ADDRESSES else 1), depth
