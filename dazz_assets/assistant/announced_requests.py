"""The requests that syncs of a stream begin with, without a connection: made by what makes the real ones.

What only a connection or a vendor's answer gives is shown by its name: `{config.org}`, `{parent.id}`, `<start>` for the
connection's start, `<mark>` for the high-water mark and `<now>` for the time of the request.
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
from dazz_assets.declare.integration import Integration
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import PART_WINDOWS, SyncPlan, SyncRange
from dazz_assets.extract.stream_requests import first_request, parent_fields, sent_bounds
from dazz_assets.http import Authenticator, CredentialError, Request
from dazz_assets.http.authenticator import is_signed
from dazz_assets.http.mask import HIDDEN
from dazz_assets.http.transport import prepare_request, read_prepared
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.secret_rules import is_secret_field
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.spec.summary import format_duration
from dazz_assets.windows import to_microseconds

# A Wednesday; a start in its week, one that is more than 26 windows of any kind before it, and a mark between.
_NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
_RECENT_START = date(2026, 1, 5)
_EARLY_START = date(2020, 1, 6)
_MARK = to_microseconds(datetime(2026, 1, 6, tzinfo=UTC))
_FIRST_STAND_IN = 7_310_000_000_000_001


@dataclass(frozen=True, slots=True)
class AnnouncedRequest:
    """A request as it would be sent, with names for values that are not known yet.

    sync: of which it is the first request. headers: the author's, and those of the auth. body: as text.
    note: what the request does not show.
    """

    sync: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    note: str = ""


def first_requests(spec: IntegrationSpec, stream: StreamSpec) -> list[AnnouncedRequest]:
    """What a first and an incremental sync of a stream begin with. A snapshot is always fetched in the same way.

    Raises FetchError for params that the paginator can't begin with.
    """
    if stream.cursor is None:
        return [_announced("every sync", spec, stream, _RECENT_START, None)]
    first = _announced("first sync", spec, stream, _RECENT_START, None)
    of_long = f"first sync over more than {PART_WINDOWS} {spec.window}s, in parts"
    in_parts = _announced(of_long, spec, stream, _EARLY_START, None)
    incremental = _announced("incremental sync", spec, stream, _EARLY_START, _MARK)
    differs = (first.url, first.body) != (in_parts.url, in_parts.body)
    return [first, *([in_parts] if differs else []), incremental]


def _announced(sync: str, spec: IntegrationSpec, stream: StreamSpec, start: date, mark: int | None) -> AnnouncedRequest:
    stand_ins = _StandIns()
    session = _Unconnected(spec, start, stand_ins)
    source = Source(fields={path: stand_ins.of(f"{{parent.{path}}}") for path in parent_fields(stream)}, mark=mark)
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), None)
    bounds = next(found for part in plan.parts([source]) if (found := plan.bounds(source, part)) is not None)
    since, until = _named(session, stream, bounds)
    sent = sent_bounds(session, stream, bounds)
    if sent is not None:
        sent = replace(sent, since=stand_ins.like(sent.since, since), until=stand_ins.like(sent.until, until))
    request = first_request(session, stream, source.fields, sent)
    if stream.paginator is not None:
        request = stream.paginator.first(request)
    signed, of_auth = _sent(session, request)
    named = {name: stand_ins.named(value) for name, value in signed.headers.items()}
    # Of what an auth encodes nothing would be read.
    shown = {
        name: HIDDEN if value == signed.headers[name] and name not in request.headers else value
        for name, value in named.items()
    }
    note = "; ".join(filter(None, (stand_ins.named(of_auth), _note(stream, since, is_first=mark is None))))
    body = stand_ins.named(signed.body.decode()) if signed.body else None
    return AnnouncedRequest(
        sync, signed.method, stand_ins.named(read_prepared(prepare_request(signed)).url), shown, body, note
    )


def _named(session: Session, stream: StreamSpec, bounds: Bounds) -> tuple[str, str]:
    """The names of the bounds."""
    if stream.cursor is None or bounds.since is None:
        return "", ""
    since = "start"
    if bounds.since != session.start:
        back = timedelta(microseconds=_MARK - bounds.since)
        since = f"mark - {format_duration(back)}" if back else "mark"
    return f"<{since}>", "<now>" if bounds.until is None else f"<{since} + {PART_WINDOWS} {session.spec.window}s>"


def _note(stream: StreamSpec, since: str, *, is_first: bool) -> str:
    cursor = stream.cursor
    if cursor is None:
        return ""
    if cursor.order == "desc":
        return f"newest first, until a page reaches below {since}"
    if not stream.takes_since and not is_first:
        return "the API has no filter for changes: the whole list is read, and what is new of it stored"
    return ""


def _sent(session: Session, request: Request) -> tuple[Request, str]:
    """A request as it goes out, of its headers those that are not of every request, and what its auth hides of it."""
    plain = read_prepared(prepare_request(request))
    integration = session.integration
    note = ""
    try:
        signed = Authenticator(integration.auth, config_texts(integration.config)).first_request(plain)
    except CredentialError:  # What stands for the config's values is no key that it can sign with, say.
        signed, note = plain, "what the auth adds shows only with a connection's config"
    if not is_signed(signed, plain):
        note = f"the auth asks {signed.method} {signed.url.partition('?')[0]} before it"
        signed = plain
    ours = {name: value for name, value in signed.headers.items() if plain.headers.get(name) != value}
    return replace(signed, headers={**request.headers, **ours}), note


class _StandIns:
    """Values that stand for what is not known, and are found again in what is sent: numbers pass everywhere as they
    are, in URLs, headers, bodies, and where a paginator counts."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, name: str) -> str:
        """A value that stands for a name."""
        value = str(_FIRST_STAND_IN + len(self._names))
        self._names[value] = name
        return value

    def url_of(self, name: str) -> str:
        """A URL that stands for a name."""
        url = f"https://{self.of(name)}.test"
        self._names[url] = name
        return url

    def like(self, value: str | int, name: str) -> str | int:
        """One of the type of a value that would be sent."""
        return int(self.of(name)) if isinstance(value, int) else self.of(name)

    def named(self, text: str) -> str:
        """A text with the names in place of the values."""
        for value in sorted(self._names, key=len, reverse=True):
            text = text.replace(value, self._names[value])
        return text


class _Unconnected(Session):
    """A session of a connection that there isn't: what its config would hold is stood in for."""

    def __init__(self, spec: IntegrationSpec, start: date, stand_ins: _StandIns) -> None:
        connection = Connection(id="any", integration=spec.name, start=start)
        super().__init__(spec, connection, Lake("/nowhere"), now=lambda: _NOW)
        self._stand_ins = stand_ins

    @cached_property
    def integration(self) -> Integration[Any]:
        return self.spec.integration(self._config(), connection=self.connection.id)

    def _config(self) -> ConnectionConfig:
        """Not validated: no stand-in fits all types. What has a default has it, but for secrets."""
        values: dict[str, Any] = {}
        for name, field in self.spec.config.model_fields.items():
            label = f"{{config.{name}}}"
            if is_secret_field(self.spec.config, name):
                values[name] = SecretStr(self._stand_ins.of(label))
            elif field.default not in (None, PydanticUndefined):
                values[name] = field.default
            elif name == "base_url":
                values[name] = None if self.spec.integration.base_url else self._stand_ins.url_of(label)
            else:
                values[name] = self._stand_ins.of(label)
        config = self.spec.config.model_construct()
        config.__dict__.update(values)
        return config
