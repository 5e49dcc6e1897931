"""Checks of sensitive fields: none is where it would be shown, as a key, as a cursor or in the request of a child."""

from collections.abc import Collection
from typing import Any

from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError
from dazz_assets.http.json_slices import split_path
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.privacy.record_paths import SensitiveFields
from dazz_assets.spec.specs import StreamSpec


def check_sensitive(integration: type[Integration[Any]], streams: Collection[StreamSpec]) -> None:
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
        _check_parents(where, stream, by_name)


def _check_parents(where: str, stream: StreamSpec, by_name: dict[str, StreamSpec]) -> None:
    """Refuse `{parent.secret}`: addresses and bodies of requests are shown, and keys of children too."""
    settings: dict[str, object] = {**stream.request, "primary_key": stream.primary_key}
    for setting, value in settings.items():
        for kind, field in find_placeholders(value):
            above: StreamSpec | None = stream
            while kind == "parent" and above is not None and above.parent is not None:
                above = by_name[above.parent]
                if field.startswith("parent."):
                    field = field.removeprefix("parent.")
                    continue
                fields, reason = SensitiveFields(above.sensitive), "requests and keys are shown in messages and tables"
                _refuse_if(fields, field, where, f"`{setting}`", reason, of=f" of {above.stream.__name__}")
                break


def _refuse_if(fields: SensitiveFields, path: str, where: str, setting: str, reason: str, of: str = "") -> None:
    if fields.touch(split_path(path)):
        raise DefinitionError(
            f"{where}: {setting} uses `{path}`{of}, which `sensitive` says must never be shown, but {reason}; use "
            "another field, or take it out of `sensitive`"
        )
