"""Settings that would do nothing beside the others that a class has: a mistake of their author, told at load."""

from collections.abc import Iterable
from typing import Any

from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.spec import ParserSpec, StreamSpec
from dazz_assets.http import ApiKey, Basic, BearerToken, Offset, PageNumber
from dazz_assets.http.placeholders import placeholders


def demand_effect(integration: type[Integration[Any]], streams: Iterable[StreamSpec]) -> None:
    """What an integration and its streams set has an effect beside the rest. Raises DefinitionError."""
    known = list(streams)
    where = integration.__name__
    if integration.concurrency > 1 and not any(spec.parent for spec in known):
        raise DefinitionError(
            f"{where}: `concurrency` does nothing: only requests of sub-streams are sent side by side, and no stream "
            "has a `parent`; remove it"
        )
    if "window" in vars(integration) and not any(spec.cursor for spec in known):
        raise DefinitionError(
            f"{where}: `window` does nothing: only incremental streams have windows, and no stream has a `cursor`; "
            "remove it"
        )
    for spec in known:
        problem = (
            _unused_parent(spec)
            or _unused_format(spec)
            or _replaced_by_auth(integration, spec)
            or _replaced_by_paginator(integration, spec)
        )
        if problem is not None:
            raise DefinitionError(f"{where}: {spec.stream.__name__}: {problem}")


def demand_readers(
    integration: type[Integration[Any]], streams: Iterable[StreamSpec], parsers: Iterable[ParserSpec]
) -> None:
    """Each stream that says how many of its records may be invalid has a parser that finds out."""
    read = {item.stream for parser in parsers for item in parser.inputs}
    for spec in streams:
        if "max_invalid" in vars(spec.stream) and spec.name not in read:
            raise DefinitionError(
                f"{integration.__name__}: {spec.stream.__name__}: `max_invalid` does nothing: records are validated "
                "when a parser reads them, and none reads this stream; remove it"
            )


def _unused_parent(spec: StreamSpec) -> str | None:
    if spec.parent is None or "parent" in _named(spec):
        return None
    return (
        f"it is fetched once for each record of {spec.parent}, and its requests are all the same; write {{parent.id}}, "
        "or another field of the parent's record, in `path` or `params`, or remove `parent`"
    )


def _unused_format(spec: StreamSpec) -> str | None:
    cursor = spec.cursor
    if cursor is None or cursor.format is None or cursor.since or cursor.until or "cursor" in _named(spec):
        return None
    return (
        "Cursor(format=...) does nothing: it is how bounds are sent, and none is; name the vendor's parameter, as "
        '`since="updated_after"`, or remove it'
    )


def _replaced_by_auth(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    auth = integration.auth
    if not isinstance(auth, ApiKey | BearerToken | Basic):
        return None
    setting, name = "headers", "Authorization"
    if isinstance(auth, ApiKey):
        setting, name = ("params", auth.param) if auth.param is not None else (setting, auth.header or name)
    for given in getattr(spec, setting):
        if given == name or (setting == "headers" and given.lower() == name.lower()):
            return (
                f"`{setting}` gives {given!r} a value, which the integration's `auth` replaces in each request; "
                "remove one of them"
            )
    return None


def _replaced_by_paginator(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    paginator = spec.paginator
    if not isinstance(paginator, PageNumber | Offset) or paginator.size_param is None:
        return None
    place: str = "params"
    given: dict[str, Any] = dict(spec.stream.params)
    if spec.body is not None:
        place, given = "body", dict(spec.stream.body or {})
    elif not hasattr(spec.stream, "paginator"):
        # Of the integration's params those count that stand beside its paginator; others are for other streams.
        given |= integration.params
    if paginator.size_param not in given:
        return None
    return (
        f"`{place}` gives {paginator.size_param!r} a value, which its paginator replaces in each request by "
        f"{paginator.size}; say the size once, as the paginator's `size`"
    )


def _named(spec: StreamSpec) -> set[str]:
    """What the placeholders of a stream's requests are of: the config, the parent."""
    return {kind for kind, _ in placeholders([spec.path, spec.params, spec.headers, spec.body])}
