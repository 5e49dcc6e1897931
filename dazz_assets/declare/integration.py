"""The class that an author writes for a vendor."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, cast

from dazz_assets.declare.config import Config
from dazz_assets.declare.stream import Accept, Scalar, Stream
from dazz_assets.http import Auth, Paginator, Rate, Seam
from dazz_assets.names import snake_case

WindowKind = Literal["day", "week", "month"]


class Integration(Generic[Config]):
    """Declare one by subclassing: `class SnykIntegration(Integration[SnykConfig])`.

    streams: what it fetches, each a `Stream` class. Parsers are its methods marked with `@parser`.
    base_url: where the API is, as `"https://api.snyk.io"`; may hold `{config.x}`; a connection's own replaces it.
    auth: how requests prove who they are; see `Auth`.
    hosts: further hosts (https) that requests, and so the secret, may go to.
    rate: what the vendor documents; requests stay a little below it.
    concurrency: how many requests of one connection's sub-streams may be under way at once.
    window: length of the partitions of incremental streams.
    check: the stream whose first page proves a connection; the first of `streams` by default.
    params, headers, method, records, primary_key, paginator, accept, max_invalid, personal: hold for all streams that
        don't say otherwise; see `Stream`.
    seams: where requests leave that don't go through the library `requests` (a vendor's SDK), for recordings; see
        `Seam`.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[type[Stream[Any]], ...]] = ()
    base_url: ClassVar[str] = ""
    auth: ClassVar[Auth | None] = None
    hosts: ClassVar[tuple[str, ...]] = ()
    rate: ClassVar[Rate | None] = None
    concurrency: ClassVar[int] = 1
    window: ClassVar[WindowKind] = "week"
    check: ClassVar[type[Stream[Any]] | None] = None
    params: ClassVar[Mapping[str, Scalar]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    method: ClassVar[str] = "GET"
    records: ClassVar[str] = ""
    primary_key: ClassVar[str | tuple[str, ...] | None] = None
    paginator: ClassVar[Paginator | None] = None
    accept: ClassVar[Accept] = {}
    max_invalid: ClassVar[float] = 0.1
    personal: ClassVar[str | tuple[str, ...]] = ()
    seams: ClassVar[tuple[Seam, ...]] = ()

    def __init__(self, config: Config | None = None, *, connection: str = "test") -> None:
        self._config = config
        self.connection = connection

    @property
    def config(self) -> Config:
        """The settings of the connection. Raises RuntimeError where the integration was made without one."""
        if self._config is None:
            raise RuntimeError(
                f"{type(self).__name__} was made without a config: pass one, {type(self).__name__}(config)"
            )
        return self._config

    def object_id(self, *vendor_id: str | int) -> str:
        """A stable id (32 hex digits) from integration, connection and the vendor's own id, and nothing else."""
        identity = json.dumps([integration_name(type(self)), self.connection, *map(str, vendor_id)], ensure_ascii=False)
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def integration_name(integration: type[Integration[Any]]) -> str:
    """Its `name`, or the class name without `Integration` in snake case."""
    given = getattr(integration, "name", None)
    return cast("str", given) if given else snake_case(integration.__name__, suffix="Integration")
