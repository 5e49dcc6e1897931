"""The class that an author writes for each vendor."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, ClassVar, Generic, Literal, cast

from dazz_assets.declare.config import Config
from dazz_assets.declare.stream import Scalar, Stream
from dazz_assets.http import Absence, Accept, Auth, Format, Paginator, Rate, Seam, Shape
from dazz_assets.names import snake_case

WindowKind = Literal["day", "week", "month"]


class Integration(Generic[Config]):
    """A vendor's API: subclass it, name its streams, and say what holds for all of them.

    ```python
    class SnykIntegration(Integration[SnykConfig]):
        base_url = "https://api.snyk.io"
        auth = ApiKey(format="token {config.token}")
        records = "data"
        paginator = NextLink("links.next")
        streams = (OrgsStream, IssuesStream)

        @parser
        def findings(self, issues: Incremental[IssuesStream]) -> Iterator[Finding]:
            for issue in issues:
                yield Finding(id=self.object_id(issue.id), ...)
    ```

    The type in brackets is the integration's `ConnectionConfig`. Methods marked with `@parser` turn records into domain
    objects. Nothing runs until a connection is synced; a test makes an instance by hand,
    `SnykIntegration().findings(Incremental([...]))`.

    name: of the integration, in assets and tables. By default the class name without `Integration`, in snake case.
    streams: the `Stream` classes to fetch.
    base_url: where the API is. May hold `{config.x}`; a connection's own `base_url` replaces it.
    auth: how requests are signed: `BearerToken`, `ApiKey`, `Basic`, or your own `Auth`.
    hosts: other hosts (on https) that requests, and with them the secret, may go to.
    rate: the rate limit that the vendor documents, `Rate(1600, per=60)`; requests stay a little below it. Each of
        several tokens has it for itself. Without it, a refusal teaches how many requests the vendor takes.
    concurrency: how many requests one connection may have in flight: for sub-streams, and for pages of lists that
        `PageNumber` or `Offset` counts, which are then requested before their turn.
    window: the length of an incremental stream's partitions: `"day"`, `"week"` or `"month"`.
    check: the stream whose first page proves that a connection works. By default the first of `streams`.
    seams: where requests leave through a vendor's SDK instead of the library `requests`, so that they can be recorded;
        see `Seam`.
    params, headers, method, records, record, shape, empty, data_fields, format, total, primary_key, paginator, accept,
        max_invalid, max_shrink, max_pages, max_time, max_idle_pages, personal: defaults for all streams.
        A stream's `params` and `headers` are merged with these; its other settings replace them. See `Stream`.

    Constants of your own have names in capitals, or that begin with `_`, or are declared as `ClassVar`; any other
    attribute is refused, as it may be a misspelt setting.
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
    params: ClassVar[Mapping[str, Scalar | Sequence[Scalar]]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    method: ClassVar[str] = "GET"
    records: ClassVar[str] = ""
    record: ClassVar[str] = ""
    shape: ClassVar[Shape] = "list"
    empty: ClassVar[tuple[Absence, ...]] = ()
    data_fields: ClassVar[tuple[str, ...]] = ()
    format: ClassVar[Format | None] = None
    total: ClassVar[str | None] = ""
    primary_key: ClassVar[str | tuple[str, ...] | None] = None
    paginator: ClassVar[Paginator | None] = None
    accept: ClassVar[Accept] = {}
    max_invalid: ClassVar[float] = 0.1
    max_shrink: ClassVar[float] = 0.5
    max_pages: ClassVar[int] = 100_000
    max_time: ClassVar[timedelta] = timedelta(hours=24)
    max_idle_pages: ClassVar[int] = 20
    personal: ClassVar[str | tuple[str, ...]] = ()
    seams: ClassVar[tuple[Seam, ...]] = ()

    def __init__(self, config: Config | None = None, *, connection: str = "test") -> None:
        """Make one by hand, for a test: without a config unless a parser reads `self.config`."""
        self._config = config
        self.connection = connection

    @property
    def config(self) -> Config:
        """The connection's config. Raises RuntimeError if the integration was made without one."""
        if self._config is None:
            raise RuntimeError(
                f"{type(self).__name__} was made without a config; pass one: {type(self).__name__}(config)"
            )
        return self._config

    def object_id(self, *vendor_id: str | int) -> str:
        """A stable id for a domain object: 32 hex digits that depend on integration, connection and vendor id alone.

        Give several parts where the vendor's id has several: `self.object_id(repository.id, alert.number)`.
        """
        identity = ", ".join([self._identity, *map(encode_basestring, map(str, vendor_id))]) + "]"
        return sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @cached_property
    def _identity(self) -> str:
        """How the JSON list begins that an id is the hash of."""
        return json.dumps([integration_name(type(self)), self.connection], ensure_ascii=False).removesuffix("]")


def integration_name(integration: type[Integration[Any]]) -> str:
    """An integration's `name`, or its class name without `Integration` in snake case."""
    given = getattr(integration, "name", None)
    return cast("str", given) if given else snake_case(integration.__name__, suffix="Integration")
