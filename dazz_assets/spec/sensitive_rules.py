"""Checks of sensitive fields: none is where it would be shown, as a key, as a cursor or in a request."""

from collections.abc import Collection, Mapping
from typing import Any

from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError
from dazz_assets.field_paths import split_path
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.http.responses.concealed import record_path
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import StreamSpec


def check_sensitive(
    integration: type[Integration[Any]], streams: Collection[StreamSpec], facts: Mapping[str, StreamSpec]
) -> None:
    """Refuse sensitive fields whose values are columns of raw tables or parts of requests. Raises DefinitionError."""
    by_name = {stream.name: stream for stream in streams}
    for stream in streams:
        where = f"{integration.__name__}: {stream.stream.__name__}"
        fields = SensitiveFields(stream.sensitive)
        for path in stream.key_paths:
            _refuse_if(fields, path, where, "`primary_key`", "keys are shown in tables, logs and messages")
        if stream.cursor is not None:
            for path in filter(None, (stream.cursor.field, stream.cursor.nulls)):
                _refuse_if(fields, path, where, "`cursor`", "its values are shown in tables, metadata and messages")
        _check_paginator(where, stream)
        _check_placeholders(where, stream, by_name, facts)


def _check_paginator(where: str, stream: StreamSpec) -> None:
    """Refuse a place in a record from which the next request is made."""
    path, above = getattr(stream.paginator, "path", None), record_path(stream.rules)
    if stream.sensitive and isinstance(path, str) and len(split_path(path)) > len(above):
        fields = SensitiveFields(stream.sensitive, above=above)
        _refuse_if(fields, path, where, "`paginator`", "requests are shown in messages")


def _check_placeholders(
    where: str, stream: StreamSpec, by_name: Mapping[str, StreamSpec], facts: Mapping[str, StreamSpec]
) -> None:
    """Refuse `{parent.secret}` and `{facts.me.secret}`: requests are shown, and so are the keys of children."""
    reason = "requests and keys are shown in messages and tables"
    settings: dict[str, object] = {**stream.request, "primary_key": stream.primary_key}
    for setting, value in settings.items():
        for kind, field in find_placeholders(value):
            source, path = _find_source(stream, kind, field, by_name, facts)
            if source is not None and path:
                of = f" of {source.stream.__name__}"
                _refuse_if(SensitiveFields(source.sensitive), path, where, f"`{setting}`", reason, of)


def _find_source(
    stream: StreamSpec, kind: str, field: str, by_name: Mapping[str, StreamSpec], facts: Mapping[str, StreamSpec]
) -> tuple[StreamSpec | None, str]:
    """The stream whose record a placeholder names a field of, and the field; None for another placeholder."""
    if kind == "facts":
        name, _, path = field.partition(".")
        return facts.get(name), path
    source: StreamSpec | None = stream if kind in ("parent", "parents") else None
    while source is not None:
        source = by_name[source.parent] if source.parent is not None else None
        if not field.startswith("parent."):
            break
        field = field.removeprefix("parent.")
    return source, field


def _refuse_if(fields: SensitiveFields, path: str, where: str, setting: str, reason: str, of: str = "") -> None:
    if fields.touch(split_path(path)):
        raise DefinitionError(
            f"{where}: {setting} uses `{path}`{of}, which `sensitive` says must never be shown, but {reason}; use "
            "another field, or take it out of `sensitive`"
        )
