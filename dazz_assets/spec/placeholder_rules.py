"""Braces in what a stream sends: placeholders of the template language, of fields that there are, or the vendor's own.

Texts of a vendor's (GraphQL, JSON in a parameter, a filter language) hold braces that are no placeholders. A text in
braces is taken for a mistaken one where it begins as they do (`{ config.org }`), or is a name that a placeholder could
mean (`{org}`) and stands in no other braces: in `query{viewer{org}}` it is the vendor's.
"""

import re
from collections.abc import Iterator, Mapping

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders, find_texts
from dazz_assets.names import closest_name, suggest
from dazz_assets.spec.cursor_bounds import BOUNDS

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_BEGUN = re.compile(r"\{\s*(?:config|parent|cursor)\s*\.[^{}]*\}?")
_KINDS = ("config", "parent", "cursor")


def check_placeholders(
    where: str,
    setting: str,
    value: object,
    config: type[ConnectionConfig],
    *,
    has_parent: bool = False,
    has_cursor: bool = False,
) -> None:
    """Each placeholder names a field of the config, of a parent that there is, or a bound of a cursor that there is.

    Raises DefinitionError.
    """
    for kind, name in find_placeholders(value):
        uses = f"{where}: `{setting}` uses {{{kind}.{name}}}"
        if kind == "parent" and not has_parent:
            raise DefinitionError(f"{uses}, but it has no parent; set `parent`")
        if kind == "cursor" and name not in BOUNDS:
            close = closest_name(name, BOUNDS)
            meant = f"did you mean {{cursor.{close}}}?" if close else "write {cursor.since} or {cursor.until}"
            raise DefinitionError(f"{uses}, which is no bound; {meant}")
        if kind == "cursor" and not has_cursor:
            raise DefinitionError(f'{uses}, but it has no cursor; set `cursor`, as `cursor = Cursor("updated_at")`')
        if kind == "config" and name not in config.model_fields:
            raise DefinitionError(
                f"{uses}, a field that {config.__name__} does not have{suggest(name, config.model_fields)}"
            )


def check_fixed_setting(where: str, setting: str, text: str | None) -> None:
    """A setting that is the same for all requests names no parent and no bound. Raises DefinitionError."""
    for kind, name in find_placeholders(text):
        if kind != "config":
            raise DefinitionError(
                f"{where}: `{setting}` uses {{{kind}.{name}}}, and is the same for all requests; write it in the "
                "`path`, `params`, `headers` or `body` of a stream"
            )


def check_url_braces(where: str, setting: str, text: str, config: type[ConnectionConfig]) -> None:
    """Whatever is in braces is a placeholder. Raises DefinitionError."""
    if found := _BRACES.search(PLACEHOLDER.sub("", text)):
        raise _no_placeholder(where, setting, found[0], config)


def check_text_braces(
    where: str, setting: str, value: object, config: type[ConnectionConfig], *, has_cursor: bool = False
) -> None:
    """No text, at any depth, holds a mistaken placeholder, and no name holds any. Raises DefinitionError."""
    meant = {*config.model_fields, *_KINDS, *(BOUNDS if has_cursor else ())}
    for name in _names(value):
        if found := PLACEHOLDER.search(name):
            raise DefinitionError(
                f"{where}: `{setting}` has {found[0]} in the name {name!r}; names are sent as they are, and "
                "placeholders stand in values only"
            )
    for text in find_texts(value):
        rest = PLACEHOLDER.sub("", text)
        if begun := _BEGUN.search(rest):
            raise _no_placeholder(where, setting, begun[0], config)
        for inside in _outermost(rest):
            if inside in meant:
                raise _no_placeholder(where, setting, f"{{{inside}}}", config)


def _names(value: object) -> Iterator[str]:
    """The names in mappings, at any depth."""
    if isinstance(value, Mapping):
        yield from map(str, value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for item in inner:
        yield from _names(item)


def _outermost(text: str) -> Iterator[str]:
    """What stands in braces that stand in no other braces."""
    depth = start = 0
    for at, character in enumerate(text):
        if character == "{":
            depth += 1
            start = at + 1 if depth == 1 else start
        elif character == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start:at]


def _no_placeholder(where: str, setting: str, found: str, config: type[ConnectionConfig]) -> DefinitionError:
    written, _, name = found.strip("{} ").rpartition(".")
    kinds = {"config": name in config.model_fields, "cursor": name in BOUNDS and setting != "base_url"}
    kind = next((kind for kind, has_it in kinds.items() if has_it and written.strip() in (kind, "")), "")
    meant = f"; did you mean {{{kind}.{name}}}?" if kind else ""
    or_parent = "" if setting == "base_url" else ", or {parent.x} for one of the parent's record"
    return DefinitionError(
        f"{where}: `{setting}` holds {found}, which is no placeholder; write {{config.x}} for a field of "
        f"{config.__name__}{or_parent}{meant}"
    )
