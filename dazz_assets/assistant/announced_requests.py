"""The first requests of a stream's syncs, built without a connection by the code that builds the real ones.

Values that only a connection or a response can supply appear by name: `{config.org}`, `{facts.me.id}`, `{parent.id}`,
`<start>` for the connection's start, `<mark>` for the high-water mark and `<now>` for the time of the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from dazz_assets.connections import Connection
from dazz_assets.declare.config import ConnectionConfig, config_texts
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import PART_WINDOWS, SyncPlan, SyncRange
from dazz_assets.extract.stream_requests import build_request, parent_fields, sent_bounds
from dazz_assets.http import (
    Auth,
    AuthConnection,
    CredentialError,
    CursorToken,
    FetchError,
    LinkHeader,
    NextLink,
    Request,
)
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.auth.authenticator import Authenticator, is_signed
from dazz_assets.http.mask import HIDDEN
from dazz_assets.http.paging.author_code import first_request
from dazz_assets.http.paging.pagination import keeps_place
from dazz_assets.http.prepared import Preparer, read_prepared
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.secret_rules import is_list_of_secrets, is_secret_field
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.spec.summary import format_duration
from dazz_assets.windows import to_microseconds

# A Wednesday, a start in the same week, a start more than 26 windows of any size earlier, and a mark in between.
_NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
_RECENT_START = date(2026, 1, 5)
_EARLY_START = date(2020, 1, 6)
_MARK = to_microseconds(datetime(2026, 1, 6, tzinfo=UTC))
_STEPS_NOTE = "each step after it goes on where the last one ended, until <now>"
_FIRST_STAND_IN = 7_310_000_000_000_001


@dataclass(frozen=True, slots=True)
class AnnouncedRequest:
    """A request as it would be sent, with names in place of values that are not known yet.

    sync: the kind of sync that begins with this request. headers: the author's and those that the auth adds.
    body: as text. note: what the request alone does not show.
    """

    sync: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    note: str = ""


def announce_requests(spec: IntegrationSpec, stream: StreamSpec) -> list[AnnouncedRequest]:
    """The first requests of a first and of an incremental sync; a snapshot stream has one for every sync.

    Raises FetchError for params that the paginator can't start from.
    """
    if stream.cursor is None:
        return [_announce("every sync", spec, stream, _RECENT_START, None)]
    first = _announce("first sync", spec, stream, _RECENT_START, None)
    long = _announce("first sync", spec, stream, _EARLY_START, None)
    incremental = _announce("incremental sync", spec, stream, _EARLY_START, _MARK)
    if (first.url, first.body) == (long.url, long.body):
        return [first, incremental]
    if stream.cursor.step is not None and long.note == _STEPS_NOTE:
        step = format_duration(stream.cursor.step)
        first = replace(first, sync=f"first sync over less than {step}")
        return [first, replace(long, sync=f"first sync over more than {step}, in steps"), incremental]
    in_parts = replace(long, sync=f"first sync over more than {PART_WINDOWS} {spec.window}s, in parts")
    return [first, in_parts, incremental]


def _announce(sync: str, spec: IntegrationSpec, stream: StreamSpec, start: date, mark: int | None) -> AnnouncedRequest:
    stand_ins = _StandIns()
    session = _UnconnectedSession(spec, start, stand_ins)
    source = Source(
        fields={
            path: stand_ins.value_for(f"{{{'parents' if path == stream.asked_parent_field else 'parent'}.{path}}}")
            for path in parent_fields(stream)
        },
        mark=mark,
        position=None if mark is None else _kept_position(stream, stand_ins),
    )
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), None)
    whole = next(found for part in plan.parts([source]) if (found := plan.bounds(source, part)) is not None)
    bounds, *further_steps = plan.steps(whole)
    since, until = _name_bounds(session, stream, bounds, is_step=bool(further_steps))
    sent = sent_bounds(session, stream, bounds)
    if sent is not None:
        sent = replace(
            sent, since=stand_ins.value_like(sent.since, since), until=stand_ins.value_like(sent.until, until)
        )
    request = build_request(session, stream, [source.fields], sent)
    reading = _describe_reading(stream, since, is_first=mark is None)
    if stream.pages is not None:
        code_notes = filter(None, (reading, _STEPS_NOTE if further_steps else ""))
        arguments = ", ".join(f"{name}={value!r}" for name, value in request.params.items())
        call = stand_ins.restore_names(f"{request.url}({arguments})")
        return AnnouncedRequest(sync, request.method, call, {}, None, "; ".join(code_notes))
    request = _find_first(session, stream, request, source.position, stand_ins)
    signed, auth_note = _sign(session, request)
    named = {name: stand_ins.restore_names(value) for name, value in signed.headers.items()}
    # A stand-in that the auth encoded (Basic, say) can't be turned back into a name, so mask the header.
    shown = {
        name: HIDDEN if value == signed.headers[name] and name not in request.headers else value
        for name, value in named.items()
    }
    notes = (
        stand_ins.restore_names(auth_note),
        reading,
        _STEPS_NOTE if further_steps else "",
    )
    body = stand_ins.restore_names(signed.body.decode()) if signed.body else None
    return AnnouncedRequest(
        sync,
        signed.method,
        stand_ins.restore_names(read_prepared(Preparer().prepare(signed)).url),
        shown,
        body,
        "; ".join(filter(None, notes)),
    )


def _kept_position(stream: StreamSpec, stand_ins: "_StandIns") -> str | None:
    """A stand-in for what a feed keeps of its last walk: a link or a token; None for any other list."""
    if not keeps_place(stream.paginator):
        return None
    if isinstance(stream.paginator, CursorToken):
        return stand_ins.value_for("<token kept by the last sync>")
    return stand_ins.link_for("<link kept by the last sync>")


def _find_first(
    session: Session, stream: StreamSpec, request: Request, position: str | None, stand_ins: "_StandIns"
) -> Request:
    """The paginator's first request, or the one from its kept position. Raises FetchError."""
    paginator = stream.paginator
    try:
        request = first_request(paginator, request)
        if position is not None and isinstance(paginator, LinkHeader | NextLink | CursorToken):
            return paginator.go_on(request, position)
        return request
    except FetchError as error:
        failed = error
    # Raised out here, as the author's exception may show stand-ins.
    raise failed.add_context(f"{session.spec.name}, stream {stream.name}", "", stand_ins.restore_names)


def _name_bounds(session: Session, stream: StreamSpec, bounds: Bounds, *, is_step: bool) -> tuple[str, str]:
    """Name the bounds of a request: `<mark>`, `<start + 26 weeks>`, `<start + 31 days - 1 second>`."""
    if stream.cursor is None or bounds.since is None:
        return "", ""
    since = "start"
    if bounds.since != session.start:
        back = timedelta(microseconds=_MARK - bounds.since)
        since = f"mark - {format_duration(back)}" if back else "mark"
    if bounds.until is None:
        return f"<{since}>", "<now>"
    length = f"{PART_WINDOWS} {session.spec.window}s"
    if is_step:
        length = _name_length(timedelta(microseconds=bounds.until - bounds.since), stream.cursor.step)
    return f"<{since}>", f"<{since} + {length}>"


def _name_length(length: timedelta, step: timedelta | None) -> str:
    """The length of a step, which is a unit shorter than declared: the next one begins a unit before its end."""
    if step is None or not length % timedelta(days=1):
        return format_duration(length)
    return f"{format_duration(step)} - {format_duration(step - length)}" if step > length else format_duration(step)


def _describe_reading(stream: StreamSpec, since: str, *, is_first: bool) -> str:
    cursor = stream.cursor
    if cursor is None:
        return ""
    if cursor.order == "desc":
        return f"newest first, until a page reaches below {since}"
    if not stream.takes_since and not is_first:
        return "the API has no filter for changes: the whole list is read, and what is new of it stored"
    return ""


def _sign(session: Session, request: Request) -> tuple[Request, str]:
    """A request with its auth applied and without default headers, and a note on what the auth leaves unseen."""
    plain = read_prepared(Preparer().prepare(request))
    integration = session.integration
    note = ""
    try:
        connection = AuthConnection(session.name, session.base_url)
        authenticator = Authenticator(session.auth, config_texts(integration.config), connection=connection)
        signed = authenticator.preview_signing(plain)
    except CredentialError:  # For example, a stand-in is not a key that the auth can sign with.
        signed, note = plain, "what the auth adds shows only with a connection's config"
    if not is_signed(signed, plain):
        note = f"the auth asks {signed.method} {signed.url.partition('?')[0]} before it"
        signed = plain
    ours = {name: value for name, value in signed.headers.items() if plain.headers.get(name) != value}
    return replace(signed, headers={**request.headers, **ours}), note


class _StandIns:
    """Stand-ins for unknown values, replaced with names once the request is built.

    They are numbers, which stay unchanged in URLs, headers and bodies, and where a paginator counts.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def value_for(self, name: str) -> str:
        """A new stand-in for a name."""
        value = str(_FIRST_STAND_IN + len(self._names))
        self._names[value] = name
        return value

    def url_for(self, name: str) -> str:
        """A stand-in that is a valid URL."""
        url = f"https://{self.value_for(name)}.test"
        self._names[url] = name
        return url

    def link_for(self, name: str) -> str:
        """A stand-in that is a valid URL with a path, which is sent as it is."""
        link = f"{self.url_for(name)}/"
        self._names[link] = name
        return link

    def value_like(self, value: str | int, name: str) -> str | int:
        """A stand-in of the same type as a value."""
        return int(self.value_for(name)) if isinstance(value, int) else self.value_for(name)

    def restore_names(self, text: str) -> str:
        """Replace the stand-ins in a text with their names."""
        for value in sorted(self._names, key=len, reverse=True):
            text = text.replace(value, self._names[value])
        return text


class _UnconnectedSession(Session):
    """A session without a connection: stand-ins take the place of its config."""

    def __init__(self, spec: IntegrationSpec, start: date, stand_ins: _StandIns) -> None:
        connection = Connection(id="any", integration=spec.name, start=start)
        super().__init__(spec, connection, Lake("/nowhere"), now=lambda: _NOW)
        self._stand_ins = stand_ins

    @cached_property
    def integration(self) -> Integration[Any]:
        return self.spec.integration(self._config(), connection=self.connection.id)

    @property
    def auth(self) -> Auth | None:
        """The first, where connections choose: the stand-ins would be complete for each."""
        return next(iter(list_auths(self.spec.integration.auth)), None)

    def fill_cursor(self, cursor: Cursor) -> Cursor:
        return replace(cursor, zone=None)  # Bounds go by names.

    def fact(self, path: str) -> str | int:
        return self._stand_ins.value_for(f"{{facts.{path}}}")

    def _config(self) -> ConnectionConfig:
        """Build the config without validation, as no stand-in fits all types. Defaults are used, except for secrets."""
        values: dict[str, Any] = {}
        for name, field in self.spec.config.model_fields.items():
            label = f"{{config.{name}}}"
            if is_secret_field(self.spec.config, name):
                secret = SecretStr(self._stand_ins.value_for(label))
                values[name] = (secret,) if is_list_of_secrets(self.spec.config, name) else secret
            elif field.default not in (None, PydanticUndefined):
                values[name] = field.default
            elif name == "base_url":
                values[name] = None if self.spec.integration.base_url else self._stand_ins.url_for(label)
            else:
                values[name] = self._stand_in_for(name)
        config = self._compute_nothing(self.spec.config).model_construct()
        config.__dict__.update(values)
        return config

    def _compute_nothing(self, config: type[ConnectionConfig]) -> type[ConnectionConfig]:
        """The config with stand-ins for what is computed, as the author's code expects real values."""
        plain = type(config.__name__, (config,), {"__module__": config.__module__})
        for name in config.model_computed_fields:
            value = self._stand_in_for(name)
            setattr(plain, name, SecretStr(value) if is_secret_field(config, name) else value)
        return plain

    def _stand_in_for(self, field: str) -> str:
        """A stand-in for a field: an address, if the base URL begins with it."""
        label = f"{{config.{field}}}"
        is_address = (self.spec.integration.base_url or "").startswith(label)
        return self._stand_ins.url_for(label) if is_address else self._stand_ins.value_for(label)
