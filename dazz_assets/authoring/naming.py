"""Names of integrations, streams and tables, made from class names."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def snake_case(class_name: str, without: str = "") -> str:
    """`DependabotAlertsStream` without `Stream` is `dependabot_alerts`."""
    stem = class_name.removesuffix(without) or class_name
    return _WORD_START.sub("_", stem).lower()


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is close, else the known names, else nothing."""
    names = sorted(known)
    if close := get_close_matches(name, names, n=1):
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names)}" if names else ""
