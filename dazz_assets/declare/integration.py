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
from dazz_assets.http import Absence, Accept, Auths, Budget, FetchError, Format, Paginator, Rates, Response, Seam, Shape
from dazz_assets.http.json.json_slices import value_at
from dazz_assets.names import snake_case

WindowKind = Literal["day", "week", "month"]


class Integration(Generic[Config]):
    """A vendor's API: subclass it, name its streams, and say what holds for all of them.

    ```python
    class DeskIntegration(Integration[DeskConfig]):
        base_url = "https://api.desk.example"
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
    `DeskIntegration().findings(Incremental([...]))`.

    name: of the integration, in assets and tables. By default the class name without `Integration`, in snake case.
    streams: the `Stream` classes to fetch.
    base_url: where the API is. May hold `{config.x}`; a connection's own `base_url` replaces it. A stream elsewhere has
        its own.
    auth: how requests are signed: `BearerToken`, `ApiKey`, `Basic`; `ClientCredentials`, `RefreshToken`, `SignedJwt`,
        `JwtGrant` or `TokenExchange`, which fetch tokens; or your own `Auth`. Where connections sign in in different
        ways, a tuple: the first whose config fields are all set is used.
    hosts: other hosts (on https) that requests, and with them the secret, may go to.
    rate: the rate limit that the vendor documents, `Rate(1600, per=60)`; requests stay a little below it. Several that
        hold together are a tuple, `(Rate(50, per=1), Rate(900, per=60))`: requests are spaced by the one with the
        shortest period, and no period of another gets more than it allows. Each of several tokens has them for itself.
        Without one, a refusal teaches how many requests the vendor takes. `pause=60` sends nothing for 60 seconds after
        a refusal that names no wait.
    concurrency: how many requests one connection may have in flight: for sub-streams, and for pages of lists that
        `PageNumber` or `Offset` counts, which are then requested before their turn.
    window: the length of an incremental stream's partitions: `"day"`, `"week"` or `"month"`.
    facts: what must be known before anything else is asked for: by a name of your own, the path of what tells it, or a
        `Stream` of which the first record does. `facts = {"me": "/myself"}` is fetched once a sync, before the streams;
        templates name its values, `{facts.me.timeZone}`, and parsers read them, `self.fact("me.timeZone")`.
    check: the stream that a check tries first, so that a wrong token is told by it. By default the first of `streams`.
    seams: where requests leave through a vendor's SDK instead of the library `requests`, so that they can be recorded;
        see `Seam`.
    permissions_url: where the permissions that streams need are explained or given; named where a request is refused.
    permissions_header: the header of a refusal that names the permission that the request needs.
    version_headers: headers that tell when the version of the API ends, beside the standard `Sunset` and `Deprecation`:
        a date, or a word such as `deprecated`, is a warning of the sync.
    params, headers, method, records, record, shape, empty, data_fields, format, total, primary_key, paginator, accept,
        budget, max_invalid, max_shrink, max_pages, max_time, max_idle_pages, personal, sensitive, permissions: defaults
        for all streams. A stream's `params` and `headers` are merged with these; its other settings replace them. See
        `Stream`.

    Constants of your own have names in capitals, or that begin with `_`, or are declared as `ClassVar`; any other
    attribute is refused, as it may be a misspelt setting.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[type[Stream[Any]], ...]] = ()
    base_url: ClassVar[str] = ""
    auth: ClassVar[Auths] = None
    hosts: ClassVar[tuple[str, ...]] = ()
    rate: ClassVar[Rates] = None
    concurrency: ClassVar[int] = 1
    window: ClassVar[WindowKind] = "week"
    facts: ClassVar[Mapping[str, str | type[Stream[Any]]]] = {}
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
    budget: ClassVar[Budget | None] = None
    max_invalid: ClassVar[float] = 0.1
    max_shrink: ClassVar[float] = 0.5
    max_pages: ClassVar[int] = 100_000
    max_time: ClassVar[timedelta] = timedelta(hours=24)
    max_idle_pages: ClassVar[int] = 20
    personal: ClassVar[str | tuple[str, ...]] = ()
    sensitive: ClassVar[str | tuple[str, ...]] = ()
    permissions: ClassVar[tuple[str, ...]] = ()
    permissions_url: ClassVar[str | None] = None
    permissions_header: ClassVar[str | None] = None
    version_headers: ClassVar[tuple[str, ...]] = ()
    seams: ClassVar[tuple[Seam, ...]] = ()

    def __init__(
        self,
        config: Config | None = None,
        *,
        connection: str = "test",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Make one by hand, for a test: without a config unless a parser reads `self.config`, and so for `facts`.

        facts: the values of the facts by name, `{"me": {"timeZone": "Europe/Berlin"}}`.
        """
        self._config = config
        self._facts = facts or {}
        self.connection = connection

    @property
    def config(self) -> Config:
        """The connection's config. Raises RuntimeError if the integration was made without one."""
        if self._config is None:
            raise RuntimeError(
                f"{type(self).__name__} was made without a config; pass one: {type(self).__name__}(config)"
            )
        return self._config

    def fact(self, path: str) -> Any:
        """The value at a path in a fact as of the last sync, such as `"me.timeZone"`; None if it is missing or null.

        Raises RuntimeError if the fact is not known, since there was no sync or the integration was made without it.
        """
        name = path.partition(".")[0]
        if name not in self._facts:
            raise RuntimeError(
                f"{type(self).__name__} has no fact {name!r}: declare it in `facts`, and sync; or in a test pass it: "
                f"{type(self).__name__}(facts={{{name!r}: ...}})"
            )
        return value_at(self._facts, path)

    def connect(self) -> Any:
        """The client of the vendor's SDK, for streams with `pages`: made from `self.config`, once for a connection.

        If it has a method `close`, that is called at the end.
        """
        raise NotImplementedError

    def error_response(self, error: Exception) -> Response | FetchError | None:
        """The vendor's response behind an exception that the SDK raised; None if there is none.

        ```python
        def error_response(self, error: Exception) -> Response | None:
            return Response(error.status, error.headers, error.body) if isinstance(error, VendorError) else None
        ```

        It means what it means without an SDK: what may pass is tried again, a wait that it asks for is kept, and
        `accept` finds its status and its text. An exception because of a broken connection is tried again without it;
        any other fails the stream.

        Where no response says what to do, return an error that does (`dazz_assets.http`): a `CredentialError` for
        credentials that the SDK does not find, a `RefusedError` for what it was refused besides what the stream asks,
        with the status that it counts as, and the permissions in `needs`.
        """
        return None

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
