"""Checks of settings in combination: some need another, and some are without effect because of another."""

from collections.abc import Iterable
from typing import Any

from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.http import ApiKey, Auth, Basic, BearerToken, GraphQLCursor, Offset, PageNumber, TokenAuth
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.http.request_values import goes_in_query
from dazz_assets.spec.creation_filter import find_filter_by_creation
from dazz_assets.spec.graphql_rules import VARIABLES
from dazz_assets.spec.paginator_rules import find_doubled_param, find_misnamed_param, find_misread_more
from dazz_assets.spec.secret_rules import secret_fields
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec


def check_stream(where: str, stream: StreamSpec, integration: type[Integration[Any]]) -> None:
    """Check that a stream's settings fit each other and the integration's. Raises DefinitionError."""
    if stream.cursor and not stream.primary_key:
        raise DefinitionError(
            f"{where} has a cursor but no primary key, so changed records can't be told from new ones; set "
            "`primary_key`"
        )
    problem = (
        _find_missing_body(stream)
        or _find_unused_format(stream)
        or _find_unused_cursor_setting(stream)
        or find_filter_by_creation(stream)
        or _find_setting_replaced_by_auth(stream, integration)
        or _find_setting_replaced_by_paginator(stream, integration)
        or find_doubled_param(stream)
        or find_misnamed_param(stream)
        or find_misread_more(stream)
    )
    if problem is not None:
        raise DefinitionError(f"{where}: {problem}")


def check_integration(integration: type[Integration[Any]]) -> None:
    """Check that an integration has the streams that its settings are for. Raises DefinitionError."""
    where, streams = integration.__name__, integration.streams
    if integration.concurrency > 1 and not any(_may_be_concurrent(stream, integration) for stream in streams):
        raise DefinitionError(
            f"{where}: `concurrency` does nothing: only requests for sub-streams, and for pages that are counted, are "
            "sent concurrently, and no stream has a `parent`, or a PageNumber or Offset as `paginator`; remove it"
        )
    if "window" in vars(integration) and not any(stream.cursor for stream in streams):
        raise DefinitionError(
            f"{where}: `window` does nothing: only incremental streams have windows, and no stream has a `cursor`; "
            "remove it"
        )


def _may_be_concurrent(stream: type[Stream[Any]], integration: type[Integration[Any]]) -> bool:
    paginator = getattr(stream, "paginator", integration.paginator)
    return stream.parent is not None or isinstance(paginator, PageNumber | Offset)


def check_max_invalid(
    integration: type[Integration[Any]], streams: Iterable[StreamSpec], parsers: Iterable[ParserSpec]
) -> None:
    """Check that a parser reads each stream that sets `max_invalid`."""
    read = {item.stream for parser in parsers for item in parser.inputs}
    for stream in streams:
        if "max_invalid" in vars(stream.stream) and stream.name not in read:
            raise DefinitionError(
                f"{integration.__name__}: {stream.stream.__name__}: `max_invalid` does nothing: records are validated "
                "when a parser reads them, and no parser reads this stream; remove it"
            )


def find_unused_secrets(spec: IntegrationSpec) -> list[str]:
    """Warnings for secrets of the config that no request sends, as the integration has no `auth`."""
    # An SDK's client may be given any of them.
    has_client = any(stream.pages is not None for stream in spec.fetched)
    if spec.integration.auth is not None or spec.integration.seams or has_client:
        return []
    sent = {name for stream in spec.fetched for _, name in find_placeholders(stream.request)}
    return [
        f"{spec.config.__name__}.{name} is a secret that no request sends: set `auth`, for example "
        f'`auth = BearerToken("{{config.{name}}}")`'
        for name in secret_fields(spec.config)
        if name not in sent
    ]


def find_lists_without_key(spec: IntegrationSpec) -> list[str]:
    """Warnings for lists of records that can be told apart by their content alone."""
    return [
        f"{stream.stream.__name__} has no `primary_key`, so a record that changes while its list is read may be stored "
        "in both states, and which records left the list is not known; set it to the path of what is different in each "
        "record (`dazz preview` shows candidates)"
        for stream in spec.streams.values()
        if not stream.primary_key and stream.shape == "list"
    ]


def check_refresh(where: str, parser: ParserSpec) -> None:
    """Check that a parser with `refresh` has windows, and an input whose change leaves them behind."""
    if parser.refresh is not None and {item.kind for item in parser.inputs} != {"incremental", "full_refresh"}:
        raise DefinitionError(
            f"{where}: @parser(refresh={parser.refresh!r}) does nothing: it is for a parser with both an Incremental "
            "and a FullRefresh input; remove it"
        )


def _find_missing_body(stream: StreamSpec) -> str | None:
    if not isinstance(stream.paginator, GraphQLCursor) or (stream.body is not None and stream.method != "GET"):
        return None
    return '`paginator` is a GraphQLCursor, which sends its cursor as a variable of a query; set `query = "..."`'


def _find_unused_format(stream: StreamSpec) -> str | None:
    cursor = stream.cursor
    if cursor is None or cursor.format is None or "cursor" in _placeholder_kinds(stream):
        return None
    if cursor.strftime_format is not None and cursor.zone is None:  # Values may be written so.
        return None
    return (
        "Cursor(format=...) does nothing: it says how bounds are written, and none is sent; name the vendor's "
        'parameter, for example `since="updated_after"`, or remove it'
    )


def _find_unused_cursor_setting(stream: StreamSpec) -> str | None:
    cursor = stream.cursor
    if cursor is None:
        return None
    if (cursor.step is not None or cursor.both) and not stream.takes_both_bounds:
        name = "step" if cursor.step is not None else "both"
        return f"Cursor({name}=...) does nothing: it needs both bounds; name their parameters in `since` and `until`"
    if cursor.zone is not None and cursor.strftime_format is None:
        return (
            "Cursor(zone=...) does nothing: it is for bounds that a strftime format writes, as others name an instant; "
            'set `format`, for example `format="%Y-%m-%d %H:%M"`, or remove it'
        )
    is_limited = stream.takes_since or cursor.order == "desc"
    if cursor.nulls_listed and (cursor.nulls is None or not is_limited):
        return (
            "Cursor(nulls_listed=True) does nothing: it needs `nulls`, and what limits a list: `since`, or "
            '`order="desc"`; set both, or remove it'
        )
    if cursor.reread is not None and _lists_all(stream, cursor):
        return "Cursor(reread=...) does nothing: each sync of this stream lists all records anyway; remove it"
    return None


def _lists_all(stream: StreamSpec, cursor: Cursor) -> bool:
    """Whether each sync lists all records: nothing limits a list, or the limit would leave out some that count."""
    if cursor.nulls is not None and not cursor.nulls_listed:
        return True
    return not stream.takes_since and cursor.order != "desc"


def _find_setting_replaced_by_auth(stream: StreamSpec, integration: type[Integration[Any]]) -> str | None:
    found = (_find_setting_replaced_by(auth, stream) for auth in list_auths(integration.auth))
    return next(filter(None, found), None)


def _find_setting_replaced_by(auth: Auth, stream: StreamSpec) -> str | None:
    if not isinstance(auth, ApiKey | BearerToken | Basic | TokenAuth):
        return None
    setting, name = "headers", auth.header if isinstance(auth, TokenAuth) else "Authorization"
    if isinstance(auth, ApiKey):
        setting, name = ("params", auth.param) if auth.param is not None else (setting, auth.header or name)
    for given in getattr(stream, setting):
        if given == name or (setting == "headers" and given.lower() == name.lower()):
            return (
                f"`{setting}` gives {given!r} a value, but the integration's `auth` replaces it in each request; "
                "remove one of them"
            )
    return None


def _find_setting_replaced_by_paginator(stream: StreamSpec, integration: type[Integration[Any]]) -> str | None:
    paginator = stream.paginator
    if not isinstance(paginator, PageNumber | Offset) or paginator.size_param is None:
        return None
    setting: str = "params"
    given: dict[str, Any] = dict(stream.stream.params)
    if stream.stream.query is not None:
        setting, given = "variables", {f"{VARIABLES}{name}": value for name, value in stream.stream.variables.items()}
    elif not goes_in_query(paginator.param, stream.params, stream.body):
        setting, given = "body", dict(stream.stream.body or {})
    elif not hasattr(stream.stream, "paginator"):
        # The integration's params count only with its own paginator: otherwise they are for other streams.
        given |= integration.params
    if paginator.size_param not in given:
        return None
    name = paginator.size_param.removeprefix(VARIABLES) if setting == "variables" else paginator.size_param
    return (
        f"`{setting}` gives {name!r} a value, but its paginator replaces it in each request with "
        f"{paginator.size}; set the size once, as the paginator's `size`"
    )


def _placeholder_kinds(stream: StreamSpec) -> set[str]:
    """What the placeholders in a stream's request refer to: `config`, `parent`, `cursor`."""
    return {kind for kind, _ in find_placeholders(stream.request)}
