"""Builds the first request of a walk: fills the placeholders of a stream with config, parent and bounds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dazz_assets.declare.config import config_texts
from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import Bounds, floor_bound, format_bound, round_up_bound, step_out_of_repeated_hour
from dazz_assets.extract.drift import shape_from_json, shape_path
from dazz_assets.http import Request
from dazz_assets.http.paging.pagination import resume_path
from dazz_assets.http.placeholders import fill_placeholders, find_placeholders, join_values, path_segment
from dazz_assets.lake.sidecar import read_sidecar
from dazz_assets.names import closest_name, list_names
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

ANCESTOR = "parent."
"""Begins a field of a parent that is one of its own parent's record: `{parent.parent.name}`."""


# Many servers take a line of 8,190 characters, with the method and the version of HTTP.
_LONGEST_URL = 8_000


class UnusableParentError(SyncError):
    """A parent's record can't fill the placeholders of a request, or those of several parents can't together."""


@dataclass(frozen=True, slots=True)
class SentBounds:
    """The values of `{cursor.since}` and `{cursor.until}` in a walk's requests, formatted for the API.

    Both always have a value, for texts that can't do without one: for a missing bound, one that excludes nothing.
    has_since, has_until: whether the walk has the bound; a missing one is sent only inside a longer text.
    lowest, highest: what is listed lies in [lowest, highest), if the API filters by the cursor; in microseconds, None
    for a bound that is not sent. ends_at: the time that `until` stands for, in microseconds.
    """

    since: str | int
    until: str | int
    has_since: bool
    has_until: bool
    lowest: int | None
    highest: int | None
    ends_at: int

    def value(self, name: str) -> str | int:
        """`since` or `until` by name."""
        return self.since if name == "since" else self.until


def sent_bounds(session: Session, stream: StreamSpec, bounds: Bounds) -> SentBounds | None:
    """The bounds of a walk as they are sent; None for a stream without a cursor.

    A since other than the start is sent one unit earlier, so that the API returns records that share its value.
    A missing since becomes the connection's start; a missing until, the end of the current second (minute or day, as
    the format resolves). What a feed goes on with stands for both, unless it leads on in the list that they began.
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
    is_sent = not (bounds.resumes and resume_path(stream.paginator))
    return SentBounds(
        since=format_bound(since, cursor, inclusive=inclusive),
        until=format_bound(until, cursor),
        has_since=is_sent and bounds.since is not None,
        has_until=is_sent and (bounds.until is not None or cursor.both or cursor.step is not None),
        lowest=None if bounds.since is None or bounds.resumes else floor_bound(since, cursor, inclusive=inclusive),
        highest=None if bounds.until is None else until,
        ends_at=until,
    )


def parent_fields(stream: StreamSpec) -> list[str]:
    """The paths in a parent's record that requests and the key need; `parent.x` is `x` of the grandparent's."""
    requested = {field for kind, field in find_placeholders(stream.request) if kind in ("parent", "parents")}
    return sorted({*requested, *stream.key_parent_fields})


def split_generations(fields: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split fields of a parent: those of its own record, and those of its parent's, as that one's own fields.

    `["id", "parent.name"]` are `["id"]` and `["name"]`.
    """
    listed = list(fields)
    own = [field for field in listed if not field.startswith(ANCESTOR)]
    return own, [field.removeprefix(ANCESTOR) for field in listed if field.startswith(ANCESTOR)]


def build_request(
    session: Session, stream: StreamSpec, parents: Sequence[Mapping[str, str]], bounds: SentBounds | None
) -> Request:
    """Build the first request of a walk; for a stream from code, the call that it stands for, which is not sent.

    parents: the values of each parent's record; several for `{parents.x}`, none for a stream without a parent.
    bounds: None for a stream without a cursor. Raises SyncError.
    """
    try:
        request = _fill_request(session, stream, _RequestValues(session, stream, parents, bounds))
    except ValueError as error:
        raise UnusableParentError(f"{{parents.{stream.asked_parent_field}}}: {error}") from None
    if len(parents) > 1 and len(request.full_address()) > _LONGEST_URL:
        raise UnusableParentError(f"the URL for {len(parents)} of {stream.parent} is too long")
    return replace(request, source=request_source(stream, parents))


def _fill_request(session: Session, stream: StreamSpec, values: "_RequestValues") -> Request:
    params = fill_placeholders(stream.params, values.look_up, values.is_absent)
    if stream.pages is not None:
        return Request(stream.code_name, "CALL", params)
    headers = fill_placeholders(stream.headers, values.look_up, values.is_absent)
    return Request(
        method=stream.method,
        url=session.base_url_of(stream) + str(fill_placeholders(stream.path, values.as_segment)),
        params={name: _as_param(value, stream.params[name]) for name, value in params.items()},
        headers={name: join_values(value) for name, value in headers.items()},
        body=fill_placeholders(stream.body, values.look_up, values.is_absent),
    )


class _RequestValues:
    """What the placeholders in a stream's request stand for."""

    def __init__(
        self, session: Session, stream: StreamSpec, parents: Sequence[Mapping[str, str]], bounds: SentBounds | None
    ) -> None:
        self._session = session
        self._stream = stream
        self._parents = parents
        self._bounds = bounds

    def look_up(self, kind: str, name: str) -> str | int | list[str]:
        """The value of a placeholder; of `{parents.x}` the list of values. Raises SyncError."""
        session, stream = self._session, self._stream
        if kind == "cursor" and self._bounds is not None:
            return self._bounds.value(name)
        if kind == "facts":
            return session.fact(name)
        if kind == "parents":
            return list(dict.fromkeys(self._value_of(parent, name) for parent in self._parents))
        if kind == "parent":
            return self._value_of(self._parents[0], name)
        config = config_texts(session.integration.config)
        if name not in config:
            raise SyncError(f"{session.place(stream)}: {_describe_missing_config(session, name)}")
        return config[name]

    def as_segment(self, kind: str, name: str) -> str:
        """The same as a segment of a path; several values are encoded each, and joined with commas."""
        value = self.look_up(kind, name)
        try:
            return ",".join(path_segment(each) for each in ([str(value)] if isinstance(value, str | int) else value))
        except ValueError as error:
            problem = f"{{{kind}.{name}}} in its path: {error}"
            if kind in ("parent", "parents"):
                raise UnusableParentError(problem) from None
            raise SyncError(f"{self._session.place(self._stream)}: {problem}") from None

    def is_absent(self, kind: str, name: str) -> bool:
        """Whether a placeholder names a bound that the walk does not have."""
        if kind != "cursor" or self._bounds is None:
            return False
        return not (self._bounds.has_since if name == "since" else self._bounds.has_until)

    def _value_of(self, parent: Mapping[str, str], name: str) -> str:
        if name not in parent:
            raise UnusableParentError(_describe_missing_field(self._session, self._stream, name))
        return parent[name]


def _as_param(value: Any, template: object) -> Any:
    """A parameter's value: of a text, several values are one text; a list repeats the parameter."""
    return join_values(value) if isinstance(template, str) and isinstance(value, list) else value


def request_source(stream: StreamSpec, parents: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """What the requests of a walk list (`Request.source`), from the values of the parents' records.

    Several parents go by the first one, so that another one more does not make it another list.
    """
    return stream.name, *(parents[0].values() if parents else ())


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
    if field in fields:
        return f"{{parent.{name}}} has no value in a record of {parent}, though others have one"
    close = closest_name(field, fields)
    return (
        f"{{parent.{name}}} has no value in a record of {parent}"
        + (f"; they have {list_names(fields)}" if fields else "; correct the placeholder")
        + (f"; did you mean {{{above}{close}}}?" if close else "")
    )
