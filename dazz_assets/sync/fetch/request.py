"""The first request of a walk over a stream."""

from collections.abc import Mapping
from typing import Any

from dazz_assets.authoring.config import text_of
from dazz_assets.authoring.naming import close_to, listed
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import Request
from dazz_assets.http.placeholders import fill, placeholders, segment
from dazz_assets.lake.notes import read_note
from dazz_assets.sync.errors import SyncError
from dazz_assets.sync.fetch.cursors import sent
from dazz_assets.sync.fetch.shape import from_json, note_of
from dazz_assets.sync.session import Session


def parent_fields(stream: StreamSpec) -> list[str]:
    """The paths in a parent's record that the stream's requests need."""
    named = placeholders([stream.path, stream.params, stream.headers, stream.body])
    return sorted({field for kind, field in named if kind == "parent"})


def first_request(
    session: Session, stream: StreamSpec, parent: Mapping[str, str], since: str | int | None, until: str | int | None
) -> Request:
    """The request that a walk begins with; since and until are bounds as they are sent. Raises SyncError."""

    def look_up(kind: str, name: str) -> str:
        values = parent if kind == "parent" else text_of(session.integration.config)
        if name not in values:
            missing = _not_in_config(session, name) if kind == "config" else _not_in_parent(session, stream, name)
            raise SyncError(f"{session.where}, stream {stream.name}: {missing}")
        return values[name]

    def as_segment(kind: str, name: str) -> str:
        try:
            return segment(look_up(kind, name))
        except ValueError as error:
            raise SyncError(f"{session.where}, stream {stream.name}: {{{kind}.{name}}} in its path: {error}") from None

    cursor = stream.cursor
    bounds = {
        name: value
        for name, value in ((cursor and cursor.since, since), (cursor and cursor.until, until))
        if name and value is not None
    }
    params, body = dict(fill(stream.params, look_up)), fill(stream.body, look_up)
    if body is None:
        params |= bounds
    for name, value in bounds.items() if body is not None else ():
        _set(body, name.split("."), value)
    return Request(
        method=stream.method,
        url=session.base_url + fill(stream.path, as_segment),
        params=params,
        headers=fill(stream.headers, look_up),
        body=body,
        source=(stream.name, *parent.values()),
    )


def _not_in_config(session: Session, name: str) -> str:
    return (
        f"{{config.{name}}} has no value in this connection's config; set it there, or give "
        f"{session.spec.config.__name__}.{name} a default"
    )


def _not_in_parent(session: Session, stream: StreamSpec, name: str) -> str:
    """The fields that records of the parent have are known from its last sync."""
    parent = stream.parent or ""
    note = read_note(session.lake, note_of(session.spec.name, parent, session.connection.id))
    fields = [path for path, field in from_json(note).items() if "[]" not in path and field.types - {"object", "list"}]
    close = close_to(name, fields)
    return (
        f"{{parent.{name}}} has no value in a record of {parent}"
        + (f"; they have {listed(fields)}" if fields else "; correct it, or the path of the parent's field")
        + (f"; did you mean {{parent.{close}}}?" if close else "")
    )


def sent_bound(stream: StreamSpec, value: int | None, *, inclusive: bool) -> str | int | None:
    """A bound as the stream's API wants it, or None where there is none or it takes none."""
    if value is None or stream.cursor is None:
        return None
    return sent(value, stream.cursor, inclusive=inclusive)


def _set(body: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = value
