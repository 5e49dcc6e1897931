"""One connection of an integration at work."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.declare.config import config_secrets, config_texts
from dazz_assets.declare.integration import Integration
from dazz_assets.http import Authenticator, Client, ClientEvent, Limiter
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.placeholders import fill_placeholders, path_segment
from dazz_assets.lake import Lake, Table
from dazz_assets.reports import Progress
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.windows import Windows, to_microseconds


def _now() -> datetime:
    return datetime.now(UTC)


class Session:
    """An integration, one of its connections, and the lake: what a sync or a parse works with.

    Nothing is shared between sessions: each has its own limits and connections.

    now, sleep: the time, and how to wait for so many seconds; given by tests and recordings.
    most_pages: of each list no more are read; given by recordings, which need not hold all that there is.
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
        most_pages: int | None = None,
    ) -> None:
        self.spec = spec
        self.connection = connection
        self.lake = lake
        self.progress = progress or Progress()
        self.now = now
        self.most_pages = most_pages
        self._sleep = sleep

    @property
    def where(self) -> str:
        """`snyk/acme`, for messages."""
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
        """The integration with the connection's config. Raises BadConnection where the config is wrong."""
        config = self.connection.load(self.spec.config)
        return self.spec.integration(config, connection=self.connection.id)

    @property
    def parsing_integration(self) -> Integration[Any]:
        """The integration for parsers: without a config where the connection's can't be read, as most need none."""
        try:
            return self.integration
        except BadConnection:
            return self.spec.integration(None, connection=self.connection.id)

    def raw(self, stream: StreamSpec) -> Table:
        """The raw table of one of the integration's streams."""
        windowed = stream.cursor is not None
        return self.lake.raw(self.spec.name, stream.name, self.connection.id, windowed=windowed)

    @cached_property
    def _limiter(self) -> Limiter:
        return Limiter(self.integration.rate)

    @cached_property
    def _authenticator(self) -> Authenticator:
        config = self.integration.config
        return Authenticator(self.integration.auth, config_texts(config), config_secrets(config))

    def client(self, stream: str) -> Client:
        """A client for one stream's requests, with the credentials and the limits that the connection's streams share.

        Raises BadConnection.
        """
        integration = self.integration
        where = f"{self.where}, stream {stream}"
        return Client(
            self.base_url,
            hosts=integration.hosts,
            authenticator=self._authenticator,
            limiter=self._limiter,
            where=where,
            clock=lambda: self.now().timestamp(),
            sleep=self._sleep,
            on_event=self._tell,
        )

    @property
    def base_url(self) -> str:
        """Where the API is: the config's `base_url`, else the integration's; without a slash at the end.

        Raises BadConnection where the config's fields don't make it a URL.
        """
        config = self.integration.config
        values = config_texts(config)
        where = f"connection {self.connection.id!r} of {self.spec.name}"

        def look_up(kind: str, name: str) -> str:
            if kind != "config":
                raise BadConnection(f"{where}: the base URL holds {{{kind}.{name}}}; only {{config.x}} can stand in it")
            if name not in values:
                raise BadConnection(f"{where}: `config.{name}` is part of the base URL and is not set; set it")
            try:
                return path_segment(values[name])
            except ValueError as error:
                raise BadConnection(f"{where}: `config.{name}` is part of the base URL: {error}; correct it") from None

        url = str(fill_placeholders(config.base_url or self.integration.base_url, look_up)).rstrip("/")
        if parse_origin(url) is None:
            setting = "`config.base_url`" if config.base_url else "the integration's base_url with this config"
            raise BadConnection(
                f"{where}: {setting} must be http:// or https:// with a host and without a user name, as "
                "`https://api.vendor.com`"
            )
        return url

    def _tell(self, event: ClientEvent) -> None:
        if event.kind in {"waiting", "retry"}:
            self.progress.waiting(self.where, event.seconds, event.text)
