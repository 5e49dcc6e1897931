"""A session: an integration, one of its connections and the lake, at work."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from threading import Semaphore
from typing import Any

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.declare.config import config_secrets, config_texts, secret_list, secrets_by_field
from dazz_assets.declare.integration import Integration
from dazz_assets.http import ClientEvent, Limiter, Mask
from dazz_assets.http.authenticator import Authenticator
from dazz_assets.http.client import Client
from dazz_assets.http.credential import Credential, CredentialSet
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.placeholders import fill_placeholders, path_segment
from dazz_assets.lake import Lake, Table
from dazz_assets.reports import Progress
from dazz_assets.spec.placeholder_rules import find_other_braces
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.windows import Windows, to_microseconds


def _now() -> datetime:
    return datetime.now(UTC)


class Session:
    """The integration, connection and lake that a sync or parse works with.

    Sessions share nothing: each has its own rate limits and HTTP connections.

    now, sleep: replace the clock and the waiting, for tests and recordings.
    max_pages: read at most this many pages of each list, for recordings, which need not be complete.
    is_repeatable: the same requests are sent each time, as recordings and replays need it: no page of a list before its
        turn, and all with the first of several tokens.
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
    ) -> None:
        self.spec = spec
        self.connection = connection
        self.lake = lake
        self.progress = progress or Progress()
        self.now = now
        self.max_pages = max_pages
        self.looks_ahead = max_pages is None and not is_repeatable
        self._is_repeatable = is_repeatable
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Integration and connection for messages: `snyk/acme`."""
        return f"{self.spec.name}/{self.connection.id}"

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

    @property
    def parsing_integration(self) -> Integration[Any]:
        """The integration for parsers. It has no config if the connection's is wrong, as most parsers need none."""
        try:
            return self.integration
        except BadConnection:
            return self.spec.integration(None, connection=self.connection.id)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets of the connection's config; none if it is wrong, as nothing is then sent."""
        try:
            return config_secrets(self.integration.config)
        except BadConnection:
            return ()

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
        config, auth, rate = self.integration.config, self.integration.auth, self.integration.rate
        field, tokens = secret_list(config)
        mask = Mask(config_secrets(config))
        return CredentialSet(
            [
                Credential(
                    Authenticator(auth, config_texts(config, place), mask=mask),
                    Limiter(rate),
                    f"number {place + 1} of the {tokens} in `config.{field}`" if tokens > 1 else "",
                )
                for place in range(1 if self._is_repeatable else max(tokens, 1))
            ]
        )

    def client(self, stream: str) -> Client:
        """A client for one stream's requests. All streams of the connection share credentials and rate limits.

        Raises BadConnection if the config is wrong.
        """
        integration = self.integration
        return Client(
            self.base_url,
            hosts=integration.hosts,
            credentials=self._credentials,
            slots=self._slots,
            where=f"{self.name}, stream {stream}",
            clock=lambda: self.now().timestamp(),
            sleep=self._sleep,
            on_event=self._report_waiting,
        )

    @property
    def base_url(self) -> str:
        """The base URL of the API, without a slash at the end: from the config, otherwise from the integration.

        Raises BadConnection if the config's values don't make it a valid URL, or would show a secret in it.
        """
        config = self.integration.config
        values, secrets = config_texts(config), secrets_by_field(config)
        connection = f"connection {self.connection.id!r} of {self.spec.name}"
        template = config.base_url or self.integration.base_url
        setting = "`config.base_url`" if config.base_url else "the integration's base_url with this config"
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
                return path_segment(values[name])
            except ValueError as error:
                raise BadConnection(
                    f"{connection}: `config.{name}` is part of the base URL: {error}; correct it"
                ) from None

        url = str(fill_placeholders(template, look_up)).rstrip("/")
        if parse_origin(url) is None:
            raise BadConnection(
                f"{connection}: {setting} must begin with http:// or https:// and have a host and no user name, for "
                "example `https://api.vendor.com`"
            )
        return url

    def _report_waiting(self, event: ClientEvent) -> None:
        if event.kind in {"waiting", "retry"}:
            self.progress.waiting(self.name, event.seconds, event.text)
