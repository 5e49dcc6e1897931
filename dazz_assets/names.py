"""Names made from class names, and the closest known name to one that does not exist."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MOST_NAMES = 12


def snake_case(class_name: str, without: str = "") -> str:
    """`DependabotAlertsStream` without `Stream` is `dependabot_alerts`."""
    stem = class_name.removesuffix(without) or class_name
    return _WORD_START.sub("_", stem).lower()


def suggest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is close, else the known names (some of many), else nothing."""
    names = sorted(known)
    if found := closest_name(name, names):
        return f"; did you mean {found!r}?"
    return f"; there are: {list_names(names)}" if names else ""


def closest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is close; of paths also one that ends alike, as `attributes.id` for `id`."""
    names = sorted(known)
    spelt = {_plain(item): item for item in names}
    if same := spelt.get(_plain(name)):
        return same
    below = [item for item in names if _plain(item.rpartition(".")[2]) == _plain(name.rpartition(".")[2])]
    return next(iter([*below, *get_close_matches(name, names, n=1)]), None)


def list_names(names: Iterable[str]) -> str:
    """Names for a message, the first of them where there are many."""
    given = list(names)
    return ", ".join(given[:_MOST_NAMES]) + (", ..." if len(given) > _MOST_NAMES else "")


def _plain(name: str) -> str:
    """A name without what distinguishes `updatedAt` from `updated_at`."""
    return name.replace("_", "").replace("-", "").lower()
