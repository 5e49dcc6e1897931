"""Finds a filter by creation under a cursor that grows with changes: it would leave out changes of older records."""

import re
from collections.abc import Iterator, Mapping, Sequence

from dazz_assets.http.placeholders import walk_values
from dazz_assets.spec.specs import StreamSpec

_SINCE = "{cursor.since}"
_WORD_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_CHANGE = re.compile(r"(?:^|[^a-z]|last|date|time|when)(?:updat|modif|chang)")
_OF_CREATION = re.compile(
    r"(?:^|[^a-z]|date|time|when)creat(?:ed|ion|e_?(?:time|date|at|on|after|since|from|start|min|ts)(?![a-z]))"
)
# What ends an expression and begins another one.
_NEXT_TERM = re.compile(r"\b(?:and|or|order by|where)\b|[,;&(]", re.I)
# Names that say how a bound is compared, and not with what.
_COMPARES = re.compile(r"\$?(?:gte?|ge|from|start|since|after|min|begin|values?|\d+)", re.I)


def find_filter_by_creation(stream: StreamSpec) -> str | None:
    """What is wrong with a stream that asks for what was created since a time, and has a cursor of changes."""
    cursor = stream.cursor
    if cursor is None or cursor.reread is not None or (cursor.nulls is not None and not cursor.nulls_listed):
        return None  # Changes are brought by a re-read, or by each sync.
    field = cursor.field.rpartition(".")[2]
    if not _tells(_OF_CHANGE, field) or _tells(_OF_CREATION, field):
        return None
    named = next(filter(None, map(_find_creation, _named_by_bound(stream.request))), None)
    if named is None:
        return None
    return (
        f"its cursor, {cursor.field!r}, grows when a record changes, but {named!r} asks for what was created since "
        "then, so changes of older records would never come; name the vendor's parameter for changes, or, if it has "
        "none, leave out `since` (each sync then lists all), or set `reread` (such as `reread=timedelta(days=1)`)"
    )


def _find_creation(names: Sequence[str]) -> str | None:
    """The name that tells of creation; None if there is none, or if one that tells of changes is beside it."""
    if any(_tells(_OF_CHANGE, name) for name in names):
        return None
    return next((name for name in names if _tells(_OF_CREATION, name)), None)


def _named_by_bound(request: Mapping[str, object]) -> Iterator[Sequence[str]]:
    """What each lower bound in a request is compared with: in an expression, by its key, or by a text beside it."""
    for path, value in walk_values(request):
        if not isinstance(value, str) or _SINCE not in value:
            continue
        term = _NEXT_TERM.split(value.partition(_SINCE)[0])[-1].strip()
        if not all(map(_COMPARES.fullmatch, re.findall(r"[A-Za-z]+", term))):
            yield [] if _tells(_OF_CHANGE, value) else [term]
            continue
        *above, name = path[1:] or path
        while above and _COMPARES.fullmatch(name):
            *above, name = above
        yield [name, *_texts_beside(request, path)]


def _texts_beside(request: object, path: tuple[str, ...]) -> list[str]:
    """The other texts of an object with a value, such as `created` in `{"field": "created", "value": ...}`."""
    if len(path) < 3 or not _COMPARES.fullmatch(path[-1]):
        return []
    for key in path[:-1]:
        request = request[key] if isinstance(request, Mapping) else request[int(key)]  # type: ignore[index]
    return [text for text in request.values() if isinstance(text, str)] if isinstance(request, Mapping) else []


def _tells(words: re.Pattern[str], name: str) -> bool:
    return words.search(_WORD_JOINT.sub("_", name).lower()) is not None
