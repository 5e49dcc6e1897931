"""Names: made from class names, taken by our columns, and the closest known one to a name that doesn't exist."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# What an author may choose. Folders of the lake have room for longer names (lake/paths.py), so that each fits.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_LISTED = 12
_LONG_NAME = 7
_SHORT_NAME = 4
_SHORTEST_NAME = 3
OUR_COLUMNS = frozenset({"connection", "fingerprint", "inputs", "integration", "parser", "window_start"})
"""Columns that the lake adds to domain and quarantine tables: no model may have a field with one of these names."""


def snake_case(class_name: str, suffix: str = "") -> str:
    """A class name in snake case, without a suffix: `DependabotAlertsStream` gives `dependabot_alerts`."""
    stem = class_name.removesuffix(suffix) or class_name
    return _WORD_START.sub("_", stem).lower()


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean 'x'?` if a known name is close, otherwise a list of the known names."""
    names = sorted(known)
    if closest := closest_name(name, names):
        return f"; did you mean {closest!r}?"
    return f"; there are: {list_names(names)}" if names else ""


def closest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a name, or None. A path with the same last part is close: `attributes.id` for `id`."""
    names = sorted(known)
    by_normalised = {_normalise(item): item for item in names}
    if same := by_normalised.get(_normalise(name)):
        return same
    last_part = _normalise(name.rpartition(".")[2])
    same_last_part = [item for item in names if _normalise(item.rpartition(".")[2]) == last_part]
    return next(iter([*same_last_part, *get_close_matches(name, names, n=1)]), None)


def is_near(name: str, other: str) -> bool:
    """Whether a name may be another one misspelt: one letter wrong, missing, too many or swapped; in long ones, two.

    Short names differ in one letter by chance, as `game` and `name` do; the shortest, as `ip` and `id`, are never near.
    """
    one, two = _normalise(name), _normalise(other)
    shortest = min(len(one), len(two))
    is_other_letter = len(one) == len(two) <= _SHORT_NAME and sorted(one) != sorted(two)
    if shortest < _SHORTEST_NAME or is_other_letter:
        return one == two
    return _count_edits(one, two) <= (2 if shortest > _LONG_NAME else 1)


def _count_edits(one: str, two: str) -> int:
    """How many letters have to be changed, added, removed, or swapped with the next, to make a name another one."""
    before: list[int] = []
    last = list(range(len(two) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(two, 1):
            edits = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and (letter, one[row - 2]) == (two[column - 2], wanted):
                edits = min(edits, before[column - 2] + 1)
            current.append(edits)
        before, last = last, current
    return last[-1]


def list_names(names: Iterable[str]) -> str:
    """Names as text for a message; only the first 12 of a long list."""
    all_names = list(names)
    return ", ".join(all_names[:_MAX_LISTED]) + (", ..." if len(all_names) > _MAX_LISTED else "")


def _normalise(name: str) -> str:
    """Make `updatedAt`, `updated-at` and `updated_at` equal."""
    return name.replace("_", "").replace("-", "").lower()
