"""A session: an integration, one of its connections and the lake, at work."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock, Semaphore
from typing import Any

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.declare.config import config_secrets, config_texts, secret_list, secrets_by_field
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration
from dazz_assets.errors import SyncError
from dazz_assets.http import Auth, AuthConnection, ClientEvent, Limiter, Mask
from dazz_assets.http.auth.access import Permissions
from dazz_assets.http.auth.auth import auth_config_fields
from dazz_assets.http.auth.auth_choice import NoAuthError, choose_auth
from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.http.auth.credential import Credential, CredentialSet
from dazz_assets.http.client import Client
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.json.json_slices import value_at
from dazz_assets.http.paging.code_walk import Code, call_code
from dazz_assets.http.placeholders import fill_address, fill_placeholders, find_placeholders, path_segment
from dazz_assets.http.responses.version_end import VersionWatch
from dazz_assets.lake import Lake, Table
from dazz_assets.lake.queries.hidden_fields import store_sensitive
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar
from dazz_assets.reports import Progress
from dazz_assets.secret_store import SecretStore, open_secret_store
from dazz_assets.spec.placeholder_rules import find_other_braces
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.spec.timestamps import is_zone
from dazz_assets.windows import Windows, to_microseconds

# A declared host that does not exist, where an SDK sends all requests and none is ours.
_NO_HOST = "https://sdk.invalid"


def _now() -> datetime:
    return datetime.now(UTC)


class Session:
    """The integration, connection and lake that a sync or parse works with.

    Sessions share nothing: each has its own rate limits and HTTP connections.

    now, sleep: replace the clock and the waiting, for tests and recordings.
    max_pages: read at most this many pages of each list, for recordings, which need not be complete.
    is_repeatable: the same requests are sent each time, as recordings and replays need it: no page of a list before its
        turn, all with the first of several tokens, and none with a token that an earlier session fetched.
    looks_ahead: whether pages may be requested before their turn. asks_again: whether the vendor is asked once more if
        a list lacks what it should have; the lists of a recording are cut, and lack much.
    open_secret_store: opens the store of the tokens that a vendor replaces, when one is needed.
    """

    def __init__(
        self,
        spec: IntegrationSpec,
        connection: Connection,
        lake: Lake,
        *,
        progress: Progress | None = None,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] | None = None,
        max_pages: int | None = None,
        is_repeatable: bool = False,
        open_secret_store: Callable[[], SecretStore] = open_secret_store,
    ) -> None:
        self.spec = spec
        self.connection = connection
        self.lake = lake
        self.progress = progress or Progress()
        self.now = now
        self.max_pages = max_pages
        self.looks_ahead = self.asks_again = max_pages is None and not is_repeatable
        self._is_repeatable = is_repeatable
        self._sleep = sleep
        self._open_secret_store = open_secret_store
        self._narrowed: dict[str, CredentialSet] = {}
        self.facts: dict[str, Any] = {}
        """The values of the integration's facts that this session fetched, by name."""
        self._versions = VersionWatch(spec.integration.version_headers)
        self._sdk: list[Any] = []
        self._sdk_lock = Lock()
        self._has_stored_sensitive = False

    def close(self) -> None:
        """Close the client of the vendor's SDK, if one was made."""
        with self._sdk_lock:
            while self._sdk:
                close = getattr(self._sdk.pop(), "close", None)
                if callable(close):
                    close()

    @property
    def name(self) -> str:
        """Integration and connection for messages: `desk/acme`."""
        return f"{self.spec.name}/{self.connection.id}"

    def place(self, stream: StreamSpec) -> str:
        """The connection and a stream for messages: `desk/acme, stream tickets`."""
        return f"{self.name}, stream {stream.name}"

    @contextmanager
    def at_work(self, node: str, *, action: str = "synced") -> Iterator[None]:
        """Hold the connection's lock during the work on a stream or parser, and report its begin and end.

        action: what others that have to wait are told, as in `Lake.lock`.
        """

        def tell(whom: str) -> None:
            self.progress.waiting(self.name, 0, whom)

        lock = self.lake.lock(self.spec.name, self.connection.id, tell, action=action)
        with lock, self.progress.during(self.name, node):
            yield

    @property
    def windows(self) -> Windows:
        """The windows of the integration."""
        return Windows(self.spec.window)

    @property
    def start(self) -> int:
        """The connection's start, in microseconds since the epoch."""
        return to_microseconds(datetime.combine(self.connection.start, datetime.min.time(), UTC))

    @cached_property
    def integration(self) -> Integration[Any]:
        """The integration with the connection's config. Raises BadConnection if the config is wrong."""
        config = self.connection.load(self.spec.config)
        return self.spec.integration(config, connection=self.connection.id)

    def make_parsing_integration(self, facts: Mapping[str, Any]) -> Integration[Any]:
        """The integration for parsers. facts: those of the last sync, `read_facts()`.

        It has no config if the connection's is wrong, as most parsers need none.
        """
        try:
            config = self.integration.config
        except BadConnection:
            config = None
        return self.spec.integration(config, connection=self.connection.id, facts=facts)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets of the connection's config; none if it is wrong, as nothing is then sent."""
        try:
            return config_secrets(self.integration.config)
        except BadConnection:
            return ()

    def fact(self, path: str) -> str | int:
        """The value at a path in the facts, for a template: `me.timeZone`. Raises SyncError if there is none."""
        value = value_at(self.facts, path)
        if isinstance(value, bool | float):
            return json.dumps(value)
        if isinstance(value, str | int):
            return value
        found = "no value" if value is None else "several values"
        raise SyncError(
            f"{self.name}: {{facts.{path}}} has {found} in what the vendor answered; correct the placeholder"
        )

    def cursor_of(self, stream: StreamSpec) -> Cursor | None:
        """A stream's cursor with its templates filled. Raises SyncError."""
        return None if stream.cursor is None else self.fill_cursor(stream.cursor)

    def fill_cursor(self, cursor: Cursor) -> Cursor:
        """A cursor with the templates of its format and its zone filled. Raises SyncError."""
        if not any(find_placeholders([cursor.format, cursor.zone])):
            return cursor
        values = config_texts(self.integration.config)

        def look_up(kind: str, name: str) -> str:
            if kind == "config" and name not in values:
                raise SyncError(f"{self.name}: a Cursor needs `config.{name}`, which is not set; set it")
            return values[name] if kind == "config" else str(self.fact(name))

        filled = replace(
            cursor,
            # What is filled in is no part of the format.
            format=fill_placeholders(cursor.format, lambda kind, name: look_up(kind, name).replace("%", "%%")),
            zone=fill_placeholders(cursor.zone, look_up),
        )
        if filled.zone is not None and not is_zone(filled.zone):
            raise SyncError(f"{self.name}: {cursor.zone} is {filled.zone!r}, which is no time zone; correct `zone`")
        return filled

    def store_facts(self) -> None:
        """Store the facts that this session fetched, so that parsers have them without a request."""
        if self.facts != self.read_facts():
            write_sidecar(self.lake, self._facts_path, json.dumps(self.facts).encode())

    def store_sensitive_fields(self) -> None:
        """Store which fields of records are never shown, so that queries hide them. Call it before records are stored.

        Once in a session is enough.
        """
        if not self._has_stored_sensitive:
            fields = {name: stream.sensitive for name, stream in self.spec.streams.items()}
            store_sensitive(self.lake, self.spec.name, self.connection.id, fields)
            self._has_stored_sensitive = True

    def read_facts(self) -> dict[str, Any]:
        """The facts that were stored last; none if there were none."""
        if not self.spec.facts:
            return {}
        stored: dict[str, Any] = json.loads(read_sidecar(self.lake, self._facts_path) or b"{}")
        return stored

    @property
    def _facts_path(self) -> str:
        return f"facts/{self.spec.name}/connection={self.connection.id}.json"

    def pause(self, seconds: float) -> None:
        """Wait, by the session's clock."""
        (self._sleep or time.sleep)(seconds)

    def raw(self, stream: StreamSpec) -> Table:
        """The raw table of one of the integration's streams."""
        windowed = stream.windowed
        return self.lake.raw(self.spec.name, stream.name, self.connection.id, windowed=windowed)

    @cached_property
    def _slots(self) -> Semaphore:
        return Semaphore(self.integration.concurrency)

    @cached_property
    def _credentials(self) -> CredentialSet:
        """One credential, or one for each token if the config has a list of them."""
        config, auth, rate = self.integration.config, self.auth, self.integration.rate
        field, tokens = secret_list(config)
        if isinstance(self.integration.auth, tuple) and field not in auth_config_fields(auth):
            tokens = 1
        mask = Mask(config_secrets(config))
        return CredentialSet(
            [
                Credential(
                    Authenticator(auth, config_texts(config, place), mask=mask, connection=self.auth_connection),
                    Limiter(rate),
                    f"number {place + 1} of the {tokens} in `config.{field}`" if tokens > 1 else "",
                )
                for place in range(1 if self._is_repeatable else max(tokens, 1))
            ]
        )

    @property
    def auth(self) -> Auth | None:
        """What signs the connection's requests. Raises BadConnection if its config fits none of the choices."""
        config = self.integration.config
        try:
            return choose_auth(self.integration.auth, config_texts(config), secrets_by_field(config))
        except NoAuthError as error:
            raise BadConnection(f"connection {self.connection.id!r} of {self.spec.name}: {error}") from None

    def _credentials_of(self, stream: str) -> CredentialSet:
        """The credentials of a stream's requests, which keep the rates that it has of its own besides."""
        rates = self.spec.streams[stream].rates
        if not rates:
            return self._credentials
        return self._narrowed.setdefault(stream, self._credentials.narrow(rates))

    @property
    def _api_url(self) -> str:
        return self.base_url if self.spec.sends_requests else _NO_HOST

    @property
    def auth_connection(self) -> AuthConnection:
        """What an auth that fetches tokens must know of the connection. Raises BadConnection."""
        return AuthConnection(
            name=self.name,
            base_url=self._api_url,
            clock=lambda: self.now().timestamp(),
            open_secret_store=self._open_secret_store,
            is_repeatable=self._is_repeatable,
        )

    def client(self, stream: str, *, backoff_seconds: float | None = None) -> Client:
        """A client for one stream's requests. All streams of the connection share credentials and rate limits.

        backoff_seconds: for how long each request is tried again, see `Client`.

        Raises BadConnection if the config is wrong.
        """
        integration = self.integration
        return Client(
            self._api_url,
            hosts=integration.hosts,
            other_urls=[self.base_url_of(item) for item in self.spec.fetched if item.base_url],
            credentials=self._credentials_of(stream),
            slots=self._slots,
            base_fields=self._base_fields,
            permissions=Permissions(integration.permissions_url, integration.permissions_header),
            versions=self._versions,
            backoff_seconds=backoff_seconds,
            where=f"{self.name}, stream {stream}",
            clock=lambda: self.now().timestamp(),
            sleep=self._sleep,
            on_event=self._report_waiting,
        )

    def sdk(self, client: Client) -> Any:
        """The client of the vendor's SDK that the integration's `connect` makes, once for all streams.

        client: waits between attempts. Raises FetchError if it can't be made; BadConnection.
        """
        with self._sdk_lock:
            if not self._sdk:
                integration = self.integration
                name = f"{type(integration).__name__}.connect"
                code = Code(name, integration.connect, integration.error_response)
                self._sdk.append(call_code(client, code, integration.connect))
            return self._sdk[0]

    @property
    def base_url(self) -> str:
        """The base URL of the API, without a slash at the end: from the config, otherwise from the integration.

        Raises BadConnection if the config's values don't make it a valid URL, or would show a secret in it.
        """
        if own := self.integration.config.base_url:
            return self._fill_url(own, "`config.base_url`")
        return self._fill_url(self.integration.base_url, "the integration's base_url with this config")

    @property
    def _base_fields(self) -> tuple[str, ...]:
        """The fields of the config that the base URL of the API is made of; not those that are computed from others."""
        config = self.integration.config
        named = [name for kind, name in find_placeholders(config.base_url or self.integration.base_url)]
        set_ = [name for name in named if name in type(config).model_fields]
        return tuple(dict.fromkeys(["base_url", *set_] if config.base_url else set_))

    def base_url_of(self, stream: StreamSpec) -> str:
        """The base URL of a stream's requests: its own, or that of the API. Raises BadConnection."""
        if not stream.base_url:
            return self.base_url
        url = getattr(self.integration.config, stream.base_url)
        return self._fill_url(url, f"`config.{stream.base_url}`")

    def _fill_url(self, template: str, setting: str) -> str:
        """A base URL with its placeholders filled. setting: where it is from, for messages. Raises BadConnection."""
        config = self.integration.config
        values, secrets = config_texts(config), secrets_by_field(config)
        connection = f"connection {self.connection.id!r} of {self.spec.name}"
        for braces in find_other_braces(template):
            raise BadConnection(
                f"{connection}: {setting} holds {braces}, which is not a placeholder; write {{config.x}} for a field "
                f"of {self.spec.config.__name__}"
            )

        def look_up(kind: str, name: str) -> str:
            if kind != "config":
                raise BadConnection(
                    f"{connection}: the base URL contains {{{kind}.{name}}}; use only {{config.x}} there"
                )
            if name in secrets or name == secret_list(config)[0]:
                raise BadConnection(
                    f"{connection}: {setting} holds {{config.{name}}}, a secret, but URLs end up in logs everywhere; "
                    "take it out, as the integration's auth sends it"
                )
            if name not in values:
                raise BadConnection(f"{connection}: `config.{name}` is part of the base URL but is not set; set it")
            try:
                path_segment(values[name])
            except ValueError as error:
                raise BadConnection(
                    f"{connection}: `config.{name}` is part of the base URL: {error}; correct it"
                ) from None
            return values[name]

        url = fill_address(template, look_up)
        if "?" in url or "#" in url:
            raise BadConnection(f"{connection}: {setting} has a `?` or `#`, which no path can follow; leave it out")
        if parse_origin(url) is None:
            raise BadConnection(
                f"{connection}: {setting} must begin with http:// or https:// and have a host and no user name, for "
                "example `https://api.vendor.com`"
            )
        return url

    def _report_waiting(self, event: ClientEvent) -> None:
        if event.kind in {"waiting", "retry"}:
            self.progress.waiting(self.name, event.seconds, event.text)
