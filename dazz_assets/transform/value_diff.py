"""What differs between two values, or two collections of them, in the words of a reviewer."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from itertools import zip_longest
from typing import Any, Final

from dazz_assets.http.json_fields import Literal

# Of a shown value, so many characters; of a long one that differs late, so many before the difference.
_SHOWN = 80
_LEAD = 20


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


# Where one side has no value at all; null is a value.
MISSING: Final = _Missing.MISSING


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: its path, as `attributes.severity` or `cves.0` (empty for the value itself), and what it
    was and is; MISSING where there is none. As text it is one line of limited length."""

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        shown = _items(self.before, self.after) or " -> ".join(_both(_text(self.before), _text(self.after)))
        return f"{self.path}: {shown}" if self.path else shown


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two collections, by key. False where nothing does."""

    added: dict[str, object]
    gone: dict[str, object]
    changed: dict[str, list[Difference]]

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)


def diff_values(before: object, after: object) -> list[Difference]:
    """The fields in which two JSON-like values differ, in their order. 1, 1.0 and True are different values.

    Lists are compared item by item; one of plain values that grew or shrank is one difference.
    """
    return list(_differences("", before, after))


def diff_collections(before: Mapping[str, object], after: Mapping[str, object]) -> Changes:
    """What differs between two collections of values by key."""
    both = ((key, diff_values(value, after[key])) for key, value in before.items() if key in after)
    return Changes(
        added={key: value for key, value in after.items() if key not in before},
        gone={key: value for key, value in before.items() if key not in after},
        changed={key: found for key, found in both if found},
    )


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _differences(_joined(path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif _is_list(before) and _is_list(after) and not (len(before) != len(after) and _is_plain(before, after)):
        for index, (one, other) in enumerate(zip_longest(before, after, fillvalue=MISSING)):
            yield from _differences(_joined(path, index), one, other)
    elif not _same(before, after):
        yield Difference(path, before, after)


def _joined(path: str, key: object) -> str:
    name = str(key)
    name = json.dumps(name, ensure_ascii=False) if not name or "." in name else name
    return f"{path}.{name}" if path else name


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_plain(*lists: Sequence[object]) -> bool:
    return not any(isinstance(item, Mapping | list | tuple) for items in lists for item in items)


def _same(before: object, after: object) -> bool:
    if type(before) is not type(after):
        return False
    # What is not a number does not equal itself.
    return before == after or (before != before and after != after)


def _items(before: Any, after: Any) -> str:
    """Of two lists of plain values, what came (+) and went (-); empty where that doesn't tell it."""
    if not (_is_list(before) and _is_list(after) and _is_plain(before, after)):
        return ""
    was, now = Counter(map(_text, before)), Counter(map(_text, after))
    texts = [f"+{text}" for text in (now - was).elements()] + [f"-{text}" for text in (was - now).elements()]
    return _cut(", ".join(texts))


def _both(before: str, after: str) -> tuple[str, str]:
    """Two texts, cut so that it is seen where they differ."""
    at = next((index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = at - _LEAD if at > _SHOWN - _LEAD else 0
    lead = "…" if start else ""
    return lead + _cut(before[start:]), lead + _cut(after[start:])


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _text(value: object) -> str:
    if value is MISSING:
        return "(missing)"
    if isinstance(value, Literal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=_scalar)


def _scalar(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return _decimal(value) if isinstance(value, Decimal) else str(value)


def _decimal(value: Decimal) -> str:
    """Without the zeros that a table's decimals have behind the point."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
