"""Plain descriptions of an integration, its streams and parsers: what the rest of the framework works from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration, WindowKind
from dazz_assets.declare.parser import Refresh
from dazz_assets.declare.stream import Parents, RecordModel, Scalar, Stream
from dazz_assets.domain import DomainObject
from dazz_assets.http import Absence, Accept, Budget, Format, Paginator, Rate, Request, ResponseRules, Shape
from dazz_assets.http.paging.pagination import records_path
from dazz_assets.http.placeholders import fill_placeholders, find_placeholders, parent_field

InputKind = Literal["full_refresh", "incremental"]


@dataclass(frozen=True)
class StreamSpec:
    """A stream with its integration's settings merged in; the fields are those of `Stream`.

    params, body: the bounds that the cursor names are written out as `{cursor.since}` and `{cursor.until}`. A query and
    its variables are the body.
    base_url: the field of the config that says where its requests go; empty if the integration's `base_url` does.
    model: the pydantic model or `msgspec.Struct` of its records. None if the class names none; then no parser reads it.
    pages: the method that makes its pages, which has no `path` then; None for a stream of requests.
    rates: those that its requests keep besides the integration's.
    primary_key: the terms of the key: paths of the record, and `{parent.x}` for fields of its parent's record.
    parents_per_request: None for a stream whose requests are for one parent each, or for no parent.
    """

    name: str
    stream: type[Stream[Any]]
    model: type[RecordModel] | None
    doc: str
    base_url: str
    path: str
    pages: Callable[[Any, Mapping[str, Any]], Iterable[object]] | None
    params: Mapping[str, Scalar | Sequence[Scalar]]
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    method: str
    records: str
    record: str
    shape: Shape
    empty: tuple[Absence, ...]
    data_fields: tuple[str, ...]
    format: Format | None
    total: str | None
    primary_key: tuple[str, ...]
    cursor: Cursor | None
    paginator: Paginator | None
    parent: str | None
    parents: Parents
    parents_per_request: int | None
    parent_key: str | None
    accept: Accept
    rates: tuple[Rate, ...]
    budget: Budget | None
    max_invalid: float
    max_shrink: float
    max_pages: int
    max_time: timedelta
    max_idle_pages: int
    personal: tuple[str, ...]
    sensitive: tuple[str, ...]
    permissions: tuple[str, ...]

    @property
    def request(self) -> Mapping[str, object]:
        """The settings that make up a request, as templates."""
        return {"path": self.path, "params": self.params, "headers": self.headers, "body": self.body}

    @property
    def code_name(self) -> str:
        """What its requests are called, if code makes its pages: `EventsStream.pages`."""
        return f"{self.stream.__name__}.pages"

    @property
    def request_line(self) -> str:
        """What it asks for, for messages: `GET /things`, or the code that does."""
        return f"{self.method} {self.path}" if self.pages is None else f"CALL {self.code_name}"

    @cached_property
    def key_paths(self) -> tuple[str, ...]:
        """The terms of the key that are paths of the record."""
        return tuple(term for term in self.primary_key if parent_field(term) is None)

    @property
    def key_parent_fields(self) -> tuple[str, ...]:
        """The fields of the parent's record that are terms of the key."""
        return tuple(field for term in self.primary_key if (field := parent_field(term)) is not None)

    @cached_property
    def asked_parent_field(self) -> str:
        """The field of the parents' records that `{parents.x}` names; empty if its requests name one parent or none."""
        return next((field for kind, field in find_placeholders(self.request) if kind == "parents"), "")

    @cached_property
    def rules(self) -> ResponseRules:
        """How its responses are to be read."""
        return ResponseRules(
            self.accept,
            self.records,
            self.record,
            self.shape,
            self.empty,
            self.data_fields,
            self.format,
            self.total,
            self.budget,
            self.permissions,
            self.sensitive,
            is_ranged=self.cursor is not None,
            is_filtered=self.takes_since or self.takes_until,
            address_fields=self._address_fields,
            key_paths=self.key_paths,
        )

    @property
    def _address_fields(self) -> tuple[str, ...]:
        """See `ResponseRules`. None of a sub-stream, whose parent was found where the config says."""
        if self.parent is not None or self.pages is not None:
            return ()
        named = (name for kind, name in find_placeholders(self.path) if kind == "config")
        return tuple(dict.fromkeys([self.base_url or "base_url", *named]))

    def for_page(self, request: Request) -> "StreamSpec":
        """The stream as the page of a request is to be read: its records may lie elsewhere than in the first page."""
        records = records_path(self.paginator, request, self.records)
        return self if records == self.records else replace(self, records=records)

    @property
    def windowed(self) -> bool:
        """Whether it is partitioned by window: an incremental stream is."""
        return self.cursor is not None

    @cached_property
    def takes_since(self) -> bool:
        """Whether its requests send the bound `since`."""
        return ("cursor", "since") in find_placeholders(self.request)

    @cached_property
    def takes_until(self) -> bool:
        """Whether its requests send the bound `until`."""
        return ("cursor", "until") in find_placeholders(self.request)

    @property
    def takes_both_bounds(self) -> bool:
        """Whether its requests send both bounds, so that a range can be fetched in parts."""
        return self.takes_since and self.takes_until

    @cached_property
    def closes_open_ranges(self) -> bool:
        """Whether its requests send `until` for a range without an end too: the time at which they are made."""
        if self.cursor is None or not self.takes_until:
            return False
        return self.cursor.both or self.cursor.step is not None or self.needs_bound("until")

    def needs_bound(self, name: str) -> bool:
        """Whether a bound can't be left out of its requests, as it stands inside of a longer text."""
        filled: list[tuple[str, str]] = []

        def look_up(kind: str, field: str) -> str:
            filled.append((kind, field))
            return ""

        fill_placeholders(self.request, look_up, lambda kind, field: (kind, field) == ("cursor", name))
        return ("cursor", name) in filled

    @property
    def required_model(self) -> type[RecordModel]:
        """The model of a stream that a parser reads. Raises TypeError without one, which the checks at load prevent."""
        if self.model is None:
            raise TypeError(f"{self.stream.__name__} has no model, so no parser can read it")
        return self.model


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a parser: its parameter, its kind and the name of its stream."""

    parameter: str
    kind: InputKind
    stream: str


@dataclass(frozen=True, slots=True)
class ParserSpec:
    """A parser: the method's name and version, its inputs, and the domain models that it yields.

    refresh: what is done about windows whose full-refresh inputs changed; None: as their number suggests.
    """

    name: str
    version: str
    doc: str
    inputs: tuple[InputSpec, ...]
    models: tuple[type[DomainObject], ...]
    refresh: Refresh | None = None

    @property
    def incremental_inputs(self) -> tuple[InputSpec, ...]:
        """The `Incremental` inputs."""
        return tuple(item for item in self.inputs if item.kind == "incremental")

    @property
    def windowed(self) -> bool:
        """Whether it is partitioned by window: a parser with an incremental input is, any other by connection alone."""
        return bool(self.incremental_inputs)


@dataclass(frozen=True, slots=True)
class IntegrationSpec:
    """An integration: its streams (parents first) and parsers by name, and what all of them share.

    facts: how each is fetched, by name, in order: templates of one may name those before it.
    """

    name: str
    integration: type[Integration[Any]]
    config: type[ConnectionConfig]
    doc: str
    window: WindowKind
    check: str
    facts: Mapping[str, StreamSpec] = field(default_factory=dict)
    streams: Mapping[str, StreamSpec] = field(default_factory=dict)
    parsers: Mapping[str, ParserSpec] = field(default_factory=dict)

    @property
    def fetched(self) -> tuple[StreamSpec, ...]:
        """All that is fetched: streams and facts."""
        return (*self.streams.values(), *self.facts.values())

    @property
    def sends_requests(self) -> bool:
        """Whether requests of ours go to the vendor; otherwise an SDK sends them all."""
        return any(stream.pages is None for stream in self.fetched)
