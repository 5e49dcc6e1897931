"""Builds the first request of a walk: fills the placeholders of a stream with config, parent and bounds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dazz_assets.declare.config import config_texts
from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import Bounds, floor_bound, format_bound, round_up_bound, step_out_of_repeated_hour
from dazz_assets.extract.drift import shape_from_json, shape_path
from dazz_assets.http import Request
from dazz_assets.http.placeholders import fill_placeholders, find_placeholders, path_segment
from dazz_assets.lake.sidecar import read_sidecar
from dazz_assets.names import closest_name, list_names
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

ANCESTOR = "parent."
"""Begins a field of a parent that is one of its own parent's record: `{parent.parent.name}`."""


class UnusableParentError(SyncError):
    """A parent's record can't fill the placeholders of a request, so what belongs to it can't be listed."""


@dataclass(frozen=True, slots=True)
class SentBounds:
    """The values of `{cursor.since}` and `{cursor.until}` in a walk's requests, formatted for the API.

    Both always have a value, for texts that can't do without one: for a missing bound, one that excludes nothing.
    has_since, has_until: whether the walk has the bound; a missing one is sent only inside a longer text.
    lowest, highest: what is listed lies in [lowest, highest), if the API filters by the cursor; in microseconds, None
    for a bound that is not sent.
    """

    since: str | int
    until: str | int
    has_since: bool
    has_until: bool
    lowest: int | None
    highest: int | None

    def value(self, name: str) -> str | int:
        """`since` or `until` by name."""
        return self.since if name == "since" else self.until

    def is_absent(self, kind: str, name: str) -> bool:
        """Whether a placeholder names a bound that the walk does not have."""
        return kind == "cursor" and not (self.has_since if name == "since" else self.has_until)


def sent_bounds(session: Session, stream: StreamSpec, bounds: Bounds) -> SentBounds | None:
    """The bounds of a walk as they are sent; None for a stream without a cursor.

    A since other than the start is sent one unit earlier, so that the API returns records that share its value.
    A missing since becomes the connection's start; a missing until, the end of the current second (minute or day, as
    the format resolves).
    """
    if stream.cursor is None:
        return None
    cursor = session.fill_cursor(stream.cursor)
    since = session.start if bounds.since is None else bounds.since
    now = to_microseconds(session.now())
    if bounds.until is None:
        until = round_up_bound(now, cursor)
    else:
        # Rounded outwards: what the vendor lists beyond the bound is left out when it arrives.
        is_exact = format_bound(bounds.until, cursor) != format_bound(bounds.until - 1, cursor)
        until = bounds.until if is_exact else round_up_bound(bounds.until, cursor)
    inclusive = bounds.since is not None and not bounds.exact
    if cursor.zone is not None:
        floored, inclusive = floor_bound(since, cursor, inclusive=inclusive), False
        since = step_out_of_repeated_hour(floored, cursor, is_since=True)
        until = step_out_of_repeated_hour(until, cursor, is_since=False)
    return SentBounds(
        since=format_bound(since, cursor, inclusive=inclusive),
        until=format_bound(until, cursor),
        has_since=bounds.since is not None,
        has_until=bounds.until is not None or cursor.both or cursor.step is not None,
        lowest=None if bounds.since is None or bounds.resumes else floor_bound(since, cursor, inclusive=inclusive),
        highest=None if bounds.until is None else until,
    )


def parent_fields(stream: StreamSpec) -> list[str]:
    """The paths in a parent's record that requests and the key need; `parent.x` is `x` of the grandparent's."""
    requested = {field for kind, field in find_placeholders(stream.request) if kind == "parent"}
    return sorted({*requested, *stream.key_parent_fields})


def split_generations(fields: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split fields of a parent: those of its own record, and those of its parent's, as that one's own fields.

    `["id", "parent.name"]` are `["id"]` and `["name"]`.
    """
    listed = list(fields)
    own = [field for field in listed if not field.startswith(ANCESTOR)]
    return own, [field.removeprefix(ANCESTOR) for field in listed if field.startswith(ANCESTOR)]


def build_request(
    session: Session, stream: StreamSpec, parent: Mapping[str, str], bounds: SentBounds | None
) -> Request:
    """Build the first request of a walk; for a stream from code, the call that it stands for, which is not sent.

    bounds: None for a stream without a cursor. Raises SyncError.
    """

    def look_up(kind: str, name: str) -> str | int:
        if kind == "cursor" and bounds is not None:
            return bounds.value(name)
        if kind == "facts":
            return session.fact(name)
        values = parent if kind == "parent" else config_texts(session.integration.config)
        if name not in values:
            if kind == "config":
                raise SyncError(f"{session.name}, stream {stream.name}: {_describe_missing_config(session, name)}")
            raise UnusableParentError(_describe_missing_field(session, stream, name))
        return values[name]

    def as_segment(kind: str, name: str) -> str:
        try:
            return path_segment(str(look_up(kind, name)))
        except ValueError as error:
            problem = f"{{{kind}.{name}}} in its path: {error}"
            if kind == "parent":
                raise UnusableParentError(problem) from None
            raise SyncError(f"{session.name}, stream {stream.name}: {problem}") from None

    def is_absent(kind: str, name: str) -> bool:
        return bounds is not None and bounds.is_absent(kind, name)

    params = fill_placeholders(stream.params, look_up, is_absent)
    if stream.pages is not None:
        return Request(stream.code_name, "CALL", params, source=request_source(stream, parent))
    headers = fill_placeholders(stream.headers, look_up, is_absent)
    return Request(
        method=stream.method,
        url=session.base_url_of(stream) + str(fill_placeholders(stream.path, as_segment)),
        params=params,
        headers={name: str(value) for name, value in headers.items()},
        body=fill_placeholders(stream.body, look_up, is_absent),
        source=request_source(stream, parent),
    )


def request_source(stream: StreamSpec, parent: Mapping[str, str]) -> tuple[str, ...]:
    """What the requests of a walk list (`Request.source`), from the values of the parent's record."""
    return stream.name, *parent.values()


def _describe_missing_config(session: Session, name: str) -> str:
    return (
        f"{{config.{name}}} has no value in this connection's config; set it there, or give "
        f"{session.spec.config.__name__}.{name} a default"
    )


def _describe_missing_field(session: Session, stream: StreamSpec, name: str) -> str:
    """Say which fields the parent's records do have, by the shape stored at its last sync."""
    above = "parent."
    owner, field = session.spec.streams[stream.parent or ""], name
    while field.startswith(ANCESTOR) and owner.parent is not None:
        owner, field, above = session.spec.streams[owner.parent], field.removeprefix(ANCESTOR), f"{above}parent."
    parent = owner.name
    shape = read_sidecar(session.lake, shape_path(session.spec.name, parent, session.connection.id))
    fields = [
        path for path, found in shape_from_json(shape).items() if "[]" not in path and found.types - {"object", "list"}
    ]
    close = closest_name(field, fields)
    return (
        f"{{parent.{name}}} has no value in a record of {parent}"
        + (f"; they have {list_names(fields)}" if fields else "; correct the placeholder")
        + (f"; did you mean {{{above}{close}}}?" if close else "")
    )
