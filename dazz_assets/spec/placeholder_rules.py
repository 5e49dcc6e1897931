"""Checks of templates: every placeholder can be filled, and braces that look like a mistyped placeholder are refused.

Vendors' own texts (GraphQL, JSON in a parameter, a filter language) hold braces that are not placeholders. Braces are
taken for a mistyped placeholder if they begin like one (`{ config.org }`), or if they hold a name that a placeholder
could mean (`{org}`) and are not inside other braces: in `query{viewer{org}}` they are the vendor's.
"""

import re
from collections.abc import Collection, Container, Iterable, Iterator

from dazz_assets.declare.config import ConnectionConfig, config_field_types
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders, parent_field, walk_values
from dazz_assets.names import closest_name, suggest
from dazz_assets.spec.cursor_bounds import BOUNDS
from dazz_assets.spec.specs import StreamSpec

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_NESTED_BRACES = re.compile(r"(\{[^{}]*)\{[^{}]*\}")
_BEGINS_LIKE_A_PLACEHOLDER = re.compile(r"\{\s*(?:config|fact|parent|cursor)s?\s*\.[^{}]*\}?", re.IGNORECASE)
_KINDS = ("config", "parent", "cursor")


def check_stream_templates(
    where: str, stream: StreamSpec, config: type[ConnectionConfig], facts: Collection[str] = ()
) -> None:
    """Check the placeholders and the other braces in a stream's path, params, headers and body.

    facts: those that are known when its requests are made. Raises DefinitionError.
    """
    meant = {*config_field_types(config), *_KINDS, *(BOUNDS if stream.cursor else ())}
    for setting, template in stream.request.items():
        for kind, name in find_placeholders(template):
            _check_placeholder(f"{where}: `{setting}` uses {{{kind}.{name}}}", kind, name, stream, config, facts)
        for path, value in walk_values(template):
            _check_keys(where, setting, path)
            if isinstance(value, str) and (found := _find_mistyped_placeholder(value, meant)):
                raise _not_a_placeholder(where, setting, found, config)
    check_url_braces(where, "path", stream.path, config)
    _check_cursor(where, stream, config, facts)
    _check_key(where, stream)


def check_config_placeholders(
    where: str, setting: str, templates: object, config: type[ConnectionConfig], fix: str
) -> None:
    """Check that all placeholders are fields of the config. fix: what to say of others after "but"."""
    for kind, name in find_placeholders(templates):
        subject = f"{where}: `{setting}` uses {{{kind}.{name}}}"
        if kind != "config":
            raise DefinitionError(f"{subject}, but {fix}")
        _check_config_field(subject, name, config)


def check_url_braces(where: str, setting: str, url: str, config: type[ConnectionConfig]) -> None:
    """Refuse all braces that are not placeholders: a URL has none of its own."""
    for found in find_other_braces(url):
        raise _not_a_placeholder(where, setting, found, config)


def find_other_braces(text: str) -> Iterator[str]:
    """What stands in braces without being a placeholder, with its braces."""
    yield from _BRACES.findall(PLACEHOLDER.sub("", text))


def _check_placeholder(
    subject: str,
    kind: str,
    name: str,
    stream: StreamSpec,
    config: type[ConnectionConfig],
    facts: Collection[str],
) -> None:
    if kind == "config":
        _check_config_field(subject, name, config)
    elif kind == "facts":
        _check_fact(subject, name, facts)
    elif kind == "cursor":
        _check_bound(subject, name, stream)
    else:
        _check_parent_field(subject, name, stream)


def _check_fact(subject: str, path: str, facts: Collection[str]) -> None:
    name = path.partition(".")[0]
    if name not in facts:
        known = suggest(name, facts) if facts else '; declare it: `facts = {"' + name + '": "/..."}` on the integration'
        raise DefinitionError(f"{subject}, but no such fact is known by then{known}")


def _check_cursor(where: str, stream: StreamSpec, config: type[ConnectionConfig], facts: Collection[str]) -> None:
    """Check the placeholders in how a cursor's bounds are written."""
    for setting in ("format", "zone"):
        for kind, name in find_placeholders(getattr(stream.cursor, setting, None)):
            subject = f"{where}: `{setting}` of its Cursor uses {{{kind}.{name}}}"
            if kind not in ("config", "facts"):
                raise DefinitionError(f"{subject}; only {{config.x}} and {{facts.x}} can be part of it")
            _check_placeholder(subject, kind, name, stream, config, facts)


def _check_parent_field(subject: str, name: str, stream: StreamSpec) -> None:
    """Check that a stream has the ancestor that `{parent.x}` or `{parent.parent.x}` names."""
    ancestor = stream.stream.parent
    if ancestor is None:
        raise DefinitionError(f"{subject}, but the stream has no parent; set `parent`")
    generations = name.split(".")[:-1]
    while generations[:1] == ["parent"]:
        if ancestor.parent is None:
            raise DefinitionError(
                f"{subject}, but {ancestor.__name__} has no parent; {{parent.x}} is a field of the record of "
                f"{stream.stream.parent.__name__ if stream.stream.parent else ''}, and each further `parent` is one "
                "generation up: leave one out, or set `parent` there"
            )
        ancestor, generations = ancestor.parent, generations[1:]


def _check_key(where: str, stream: StreamSpec) -> None:
    for term in stream.primary_key:
        field = parent_field(term)
        if field is None and ("{" in term or "}" in term):
            raise DefinitionError(
                f"{where}: `primary_key` has the term {term!r}; give paths of the record, and whole terms such as "
                '"{parent.id}" for fields of its parent\'s'
            )
        if field is not None:
            _check_parent_field(f"{where}: `primary_key` uses {term}", field, stream)
    if stream.primary_key and not stream.key_paths:
        key = ", ".join(f'"{term}"' for term in stream.primary_key)
        raise DefinitionError(
            f"{where}: `primary_key` names only the parent, so all records of one parent would have the same key; add "
            f'a path of the record: `primary_key = ({key}, "id")`'
        )


def _check_config_field(subject: str, name: str, config: type[ConnectionConfig]) -> None:
    fields = config_field_types(config)
    if name not in fields:
        raise DefinitionError(f"{subject}, but {config.__name__} has no such field{suggest(name, fields)}")


def _check_bound(subject: str, name: str, stream: StreamSpec) -> None:
    if name not in BOUNDS:
        close = closest_name(name, BOUNDS)
        fix = f"did you mean {{cursor.{close}}}?" if close else "write {cursor.since} or {cursor.until}"
        raise DefinitionError(f"{subject}, which is not a bound; {fix}")
    if stream.cursor is None:
        raise DefinitionError(
            f'{subject}, but the stream has no cursor; set `cursor`, for example `cursor = Cursor("updated_at")`'
        )


def _check_keys(where: str, setting: str, path: Iterable[str]) -> None:
    for name in path:
        if found := PLACEHOLDER.search(name):
            raise DefinitionError(
                f"{where}: `{setting}` has {found[0]} in the name {name!r}, but names are sent as they are; use "
                "placeholders in values only"
            )


def _find_mistyped_placeholder(text: str, meant: Container[str]) -> str | None:
    """The first braces that look like a mistyped placeholder. meant: the names that a placeholder could mean."""
    rest = PLACEHOLDER.sub("", text)
    if found := _BEGINS_LIKE_A_PLACEHOLDER.search(rest):
        return found[0]
    while (flat := _NESTED_BRACES.sub(r"\1 ", rest)) != rest:
        rest = flat
    return next((braces for braces in _BRACES.findall(rest) if braces.endswith("}") and braces[1:-1] in meant), None)


def _not_a_placeholder(where: str, setting: str, found: str, config: type[ConnectionConfig]) -> DefinitionError:
    before, _, name = found.strip("{} ").rpartition(".")
    written_kind = before.strip().lower().removesuffix("s")
    knows_name = {"config": name in config_field_types(config), "cursor": name in BOUNDS and setting != "base_url"}
    kind = next((kind for kind, knows in knows_name.items() if knows and written_kind in (kind, "")), "")
    guess = f"; did you mean {{{kind}.{name}}}?" if kind else ""
    or_parent = "" if setting == "base_url" else ", or {parent.x} for one of the parent's record"
    return DefinitionError(
        f"{where}: `{setting}` holds {found}, which is not a placeholder; write {{config.x}} for a field of "
        f"{config.__name__}{or_parent}{guess}"
    )
