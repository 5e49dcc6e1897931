"""Compares two JSON-like values, or two collections of them, and shows the differences to a reviewer."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from itertools import zip_longest
from typing import Any, Final

from dazz_assets.http.json.json_fields import LiteralText

# Show at most this many characters of a value, and this many before a difference further on.
_MOST_CHARACTERS = 80
_LEAD = 20


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


# Stands for a value that one side does not have; null is a value.
MISSING: Final = _Missing.MISSING


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs. `str()` gives one line of limited length.

    path: as `attributes.severity` or `cves.0`; empty for the value itself.
    before, after: MISSING if that side does not have the field.
    """

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        change = _format_list_change(self.before, self.after) or " -> ".join(
            _shorten_both(_format_value(self.before), _format_value(self.after))
        )
        return f"{self.path}: {change}" if self.path else change


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two collections, by key. False if nothing does."""

    added: dict[str, object]
    gone: dict[str, object]
    changed: dict[str, list[Difference]]

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)


def diff_values(before: object, after: object) -> list[Difference]:
    """The fields in which two JSON-like values differ, in order. 1, 1.0 and True are different values.

    Lists are compared item by item. If a list of plain values grew or shrank, that is one difference.
    """
    return list(_iterate_differences("", before, after))


def diff_collections(before: Mapping[str, object], after: Mapping[str, object]) -> Changes:
    """Compare two collections of values by key."""
    common = ((key, diff_values(value, after[key])) for key, value in before.items() if key in after)
    return Changes(
        added={key: value for key, value in after.items() if key not in before},
        gone={key: value for key, value in before.items() if key not in after},
        changed={key: found for key, found in common if found},
    )


def _iterate_differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _iterate_differences(_join_path(path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif _is_list(before) and _is_list(after) and not (len(before) != len(after) and _is_plain(before, after)):
        for index, (one, other) in enumerate(zip_longest(before, after, fillvalue=MISSING)):
            yield from _iterate_differences(_join_path(path, index), one, other)
    elif not _is_same(before, after):
        yield Difference(path, before, after)


def _join_path(path: str, key: object) -> str:
    name = str(key)
    if not name or "." in name or not name.isprintable():
        name = json.dumps(name, ensure_ascii=not name.isprintable())
    return f"{path}.{name}" if path else name


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_plain(*lists: Sequence[object]) -> bool:
    return not any(isinstance(item, Mapping | list | tuple) for items in lists for item in items)


def _is_same(before: object, after: object) -> bool:
    if type(before) is not type(after):
        return False
    # NaN does not equal itself.
    return before == after or (before != before and after != after)


def _format_list_change(before: Any, after: Any) -> str:
    """Show which items two lists of plain values gained (+) and lost (-); empty for other values or a new order."""
    if not (_is_list(before) and _is_list(after) and _is_plain(before, after)):
        return ""
    old, new = Counter(map(_format_value, before)), Counter(map(_format_value, after))
    texts = [f"+{text}" for text in (new - old).elements()] + [f"-{text}" for text in (old - new).elements()]
    return _shorten(", ".join(texts))


def _shorten_both(before: str, after: str) -> tuple[str, str]:
    """Shorten two texts so that their first difference shows."""
    at = next((index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = at - _LEAD if at > _MOST_CHARACTERS - _LEAD else 0
    lead = "…" if start else ""
    return lead + _shorten(before[start:]), lead + _shorten(after[start:])


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _format_value(value: object) -> str:
    if value is MISSING:
        return "(missing)"
    if isinstance(value, LiteralText):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=_format_scalar)


def _format_scalar(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return _format_decimal(value) if isinstance(value, Decimal) else str(value)


def _format_decimal(value: Decimal) -> str:
    """Format without trailing zeros, which a table's decimals have."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
