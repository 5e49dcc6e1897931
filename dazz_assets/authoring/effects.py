"""Settings that would do nothing beside the others that a class has: a mistake of their author, told at load."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.spec import ParserSpec, StreamSpec
from dazz_assets.http import Offset, PageNumber
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
        for problem in _idle(integration, spec):
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


def _idle(integration: type[Integration[Any]], spec: StreamSpec) -> Iterator[str]:
    named = {kind for kind, _ in placeholders([spec.path, spec.params, spec.headers, spec.body])}
    if spec.parent and "parent" not in named:
        yield (
            f"it is fetched once for each record of {spec.parent}, and its requests are all the same; write "
            "{parent.id}, or another field of the parent's record, in `path` or `params`, or remove `parent`"
        )
    cursor = spec.cursor
    if cursor and cursor.format and not cursor.since and not cursor.until and "cursor" not in named:
        yield (
            "Cursor(format=...) does nothing: it is how bounds are sent, and none is; name the vendor's parameter, "
            'as `since="updated_after"`, or remove it'
        )
    if cursor and cursor.since in _own(spec):
        yield (
            f"`{_place(spec)}` gives {cursor.since!r} a value, which Cursor(since={cursor.since!r}) replaces in each "
            "request; remove one of them"
        )
    paginator = spec.paginator
    if isinstance(paginator, PageNumber | Offset) and paginator.size_param is not None:
        # What the integration says may hold for streams with other paginators.
        is_inherited = not hasattr(spec.stream, "paginator") and spec.body is None
        if paginator.size_param in (integration.params if is_inherited else {}) or paginator.size_param in _own(spec):
            yield (
                f"`{_place(spec)}` gives {paginator.size_param!r} a value, which its paginator replaces in each "
                f"request by {paginator.size}; say the size once, as the paginator's `size`"
            )


def _place(spec: StreamSpec) -> str:
    """Where bounds and what pages need are written: in the body where the request has one."""
    return "params" if spec.body is None else "body"


def _own(spec: StreamSpec) -> Mapping[str, Any]:
    """What the stream itself says in that place."""
    return spec.stream.params if spec.body is None else spec.body
