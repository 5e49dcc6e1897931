"""`{config.x}` and `{parent.a.b}` in what a stream sends."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

PLACEHOLDER = re.compile(r"\{(config|parent)\.([A-Za-z_][\w.\-]*)\}")


def placeholders(value: object) -> Iterator[tuple[str, str]]:
    """Each (`"config"` or `"parent"`, field) that a text, or the texts in a mapping or list, name."""
    if isinstance(value, str):
        yield from ((match[1], match[2]) for match in PLACEHOLDER.finditer(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from placeholders(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from placeholders(item)


def fill(value: Any, look_up: Callable[[str, str], str]) -> Any:
    """The value with each placeholder replaced by what `look_up(kind, field)` gives."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: look_up(match[1], match[2]), value)
    if isinstance(value, Mapping):
        return {key: fill(item, look_up) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, look_up) for item in value]
    return value


def segment(text: str) -> str:
    """The text as one segment of a path (RFC 3986, section 3.3). Raises ValueError for "", "." and ".."."""
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} can't be a segment of a path")
    return quote(text, safe="")
