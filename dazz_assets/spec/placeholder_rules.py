"""Checks of templates: every placeholder can be filled, and braces that look like a mistyped placeholder are refused.

Vendors' own texts (GraphQL, JSON in a parameter, a filter language) hold braces that are not placeholders. Braces are
taken for a mistyped placeholder if they begin like one (`{ config.org }`), or if they hold a name that a placeholder
could mean (`{org}`) and are not inside other braces: in `query{viewer{org}}` they are the vendor's.
"""

import re
from collections.abc import Iterator, Mapping

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders, find_texts
from dazz_assets.names import closest_name, suggest
from dazz_assets.spec.cursor_bounds import BOUNDS
from dazz_assets.spec.specs import StreamSpec

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_BEGINS_LIKE_A_PLACEHOLDER = re.compile(r"\{\s*(?:config|parent|cursor)\s*\.[^{}]*\}?")
_KINDS = ("config", "parent", "cursor")


def check_stream_templates(where: str, stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """Check the placeholders and the other braces in a stream's path, params, headers and body.

    Raises DefinitionError.
    """
    for setting, value in stream.request.items():
        for kind, name in find_placeholders(value):
            subject = f"{where}: `{setting}` uses {{{kind}.{name}}}"
            if kind == "parent" and stream.parent is None:
                raise DefinitionError(f"{subject}, but the stream has no parent; set `parent`")
            if kind == "cursor":
                _check_bound(subject, name, stream)
            if kind == "config":
                check_config_field(subject, name, config)
        _check_names(where, setting, value)
        _check_braces(where, setting, value, stream, config)
    _check_url_braces(where, "path", stream.path, config)


def check_base_url_template(where: str, base_url: str, config: type[ConnectionConfig]) -> None:
    """Check that all braces in a base URL are fields of the config. Raises DefinitionError."""
    for kind, name in find_placeholders(base_url):
        subject = f"{where}: `base_url` uses {{{kind}.{name}}}"
        if kind != "config":
            raise DefinitionError(
                f"{subject}, but it is the same for all requests; write it in the `path`, `params`, `headers` or "
                "`body` of a stream"
            )
        check_config_field(subject, name, config)
    _check_url_braces(where, "base_url", base_url, config)


def check_config_field(subject: str, name: str, config: type[ConnectionConfig]) -> None:
    """Check that a config has a field. `subject` says where it is used. Raises DefinitionError."""
    if name not in config.model_fields:
        raise DefinitionError(f"{subject}, but {config.__name__} has no such field{suggest(name, config.model_fields)}")


def find_other_braces(text: str) -> Iterator[str]:
    """What stands in braces without being a placeholder, with its braces."""
    yield from _BRACES.findall(PLACEHOLDER.sub("", text))


def _check_bound(subject: str, name: str, stream: StreamSpec) -> None:
    if name not in BOUNDS:
        close = closest_name(name, BOUNDS)
        fix = f"did you mean {{cursor.{close}}}?" if close else "write {cursor.since} or {cursor.until}"
        raise DefinitionError(f"{subject}, which is not a bound; {fix}")
    if stream.cursor is None:
        raise DefinitionError(
            f'{subject}, but the stream has no cursor; set `cursor`, for example `cursor = Cursor("updated_at")`'
        )


def _check_names(where: str, setting: str, value: object) -> None:
    for name in _find_names(value):
        if found := PLACEHOLDER.search(name):
            raise DefinitionError(
                f"{where}: `{setting}` has {found[0]} in the name {name!r}, but names are sent as they are; use "
                "placeholders in values only"
            )


def _find_names(value: object) -> Iterator[str]:
    """The names in mappings, at any depth."""
    if isinstance(value, Mapping):
        yield from map(str, value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for item in inner:
        yield from _find_names(item)


def _check_braces(where: str, setting: str, value: object, stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """Refuse braces that look like a mistyped placeholder, in texts at any depth."""
    suspects = {*config.model_fields, *_KINDS, *(BOUNDS if stream.cursor else ())}
    for text in find_texts(value):
        rest = PLACEHOLDER.sub("", text)
        if found := _BEGINS_LIKE_A_PLACEHOLDER.search(rest):
            raise _not_a_placeholder(where, setting, found[0], config)
        for inside in _find_outermost_braces(rest):
            if inside in suspects:
                raise _not_a_placeholder(where, setting, f"{{{inside}}}", config)


def _check_url_braces(where: str, setting: str, url: str, config: type[ConnectionConfig]) -> None:
    """Refuse all braces that are not placeholders: a URL has none of its own."""
    for found in find_other_braces(url):
        raise _not_a_placeholder(where, setting, found, config)


def _find_outermost_braces(text: str) -> Iterator[str]:
    """Yield the texts inside the outermost braces."""
    depth = start = 0
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
            start = index + 1 if depth == 1 else start
        elif character == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start:index]


def _not_a_placeholder(where: str, setting: str, found: str, config: type[ConnectionConfig]) -> DefinitionError:
    written_kind, _, name = found.strip("{} ").rpartition(".")
    knows_name = {"config": name in config.model_fields, "cursor": name in BOUNDS and setting != "base_url"}
    kind = next((kind for kind, knows in knows_name.items() if knows and written_kind.strip() in (kind, "")), "")
    guess = f"; did you mean {{{kind}.{name}}}?" if kind else ""
    or_parent = "" if setting == "base_url" else ", or {parent.x} for one of the parent's record"
    return DefinitionError(
        f"{where}: `{setting}` holds {found}, which is not a placeholder; write {{config.x}} for a field of "
        f"{config.__name__}{or_parent}{guess}"
    )
