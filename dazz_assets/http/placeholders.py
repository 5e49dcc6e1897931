"""The template language of requests: `{config.x}`, `{facts.a.b}`, `{parent.a.b}`, `{parents.a.b}`, `{cursor.since}`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

PLACEHOLDER = re.compile(r"\{(config|facts|parents?|cursor)\.([A-Za-z_][\w.\-]*)\}")


def find_placeholders(value: object) -> Iterator[tuple[str, str]]:
    """The placeholders in a text, mapping or list, each as (kind, field).

    Kinds: `"config"`, `"facts"`, `"parent"`, `"parents"`, `"cursor"`.
    """
    for text in find_texts(value):
        yield from ((match[1], match[2]) for match in PLACEHOLDER.finditer(text))


def parent_field(text: str) -> str | None:
    """The field of `{parent.a.b}`; None for a text that is not this placeholder alone."""
    whole = PLACEHOLDER.fullmatch(text)
    return whole[2] if whole is not None and whole[1] == "parent" else None


def find_texts(value: object) -> Iterator[str]:
    """The text itself, or the texts in a mapping or list at any depth, without the keys of mappings."""
    return (leaf for _, leaf in walk_values(value) if isinstance(leaf, str))


def walk_values(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values in mappings and lists at any depth, each after the keys and positions that lead to it.

    An empty mapping or list counts as a value, and so does anything that is neither.
    """
    inner: Sequence[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list | tuple):
        inner = list(enumerate(value))
    if not inner:
        yield path, value
    for key, item in inner:
        yield from walk_values(item, (*path, str(key)))


def fill_placeholders(
    value: Any,
    look_up: Callable[[str, str], str | int | list[str]],
    is_absent: Callable[[str, str], bool] = lambda *_: False,
) -> Any:
    """The value with each placeholder replaced with `look_up(kind, field)`.

    A text that is one placeholder and nothing else becomes the looked-up value, which may be a number or a list. A list
    in place of an item of a list gives it several items, and inside a longer text it is joined with commas. If
    `is_absent` says that this value is missing, the entry of the mapping is left out, and so is a mapping or list that
    becomes empty thereby. In a list that is kept, the place of an item may have a meaning (`["{cursor.since}",
    "{cursor.until}"]`), so placeholders must have a value there, as in longer texts.
    """
    if isinstance(value, str):
        if whole := PLACEHOLDER.fullmatch(value):
            return look_up(whole[1], whole[2])
        return PLACEHOLDER.sub(lambda match: join_values(look_up(match[1], match[2])), value)
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if not _is_left_out(item, is_absent)}
        return {key: fill_placeholders(item, look_up, is_absent) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        kept_items = [item for item in value if isinstance(item, str) or not _is_left_out(item, is_absent)]
        filled = [(item, fill_placeholders(item, look_up, is_absent)) for item in kept_items]
        # Only a placeholder makes a list of a text.
        return [
            each for item, new in filled for each in (new if isinstance(item, str) and isinstance(new, list) else [new])
        ]
    return value


def join_values(value: str | int | Sequence[str]) -> str:
    """A looked-up value as a text: several are joined with commas. ValueError: one of them has a comma itself."""
    if isinstance(value, str | int):
        return str(value)
    if (divided := next((text for text in value if "," in text), None)) is not None:
        raise ValueError(f"{divided!r} has a comma, so it would be read as two values")
    return ",".join(value)


def path_segment(text: str) -> str:
    """The text, percent-encoded as one segment of a path (RFC 3986, section 3.3). ValueError: "", "." or ".."."""
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} can't be a segment of a path")
    return quote(text, safe="")


def _is_left_out(value: object, is_absent: Callable[[str, str], bool]) -> bool:
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        return whole is not None and is_absent(whole[1], whole[2])
    if isinstance(value, Mapping):
        return bool(value) and all(_is_left_out(item, is_absent) for item in value.values())
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_left_out(item, is_absent) for item in value)
    return False
