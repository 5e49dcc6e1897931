"""An integration's class read once into plain descriptions, which the rest of the framework follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration, WindowKind
from dazz_assets.declare.stream import Accept, Scalar, Stream
from dazz_assets.domain import DomainObject
from dazz_assets.http import Paginator
from dazz_assets.http.placeholders import find_placeholders

InputKind = Literal["full_refresh", "incremental"]


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream with its integration's settings merged in; the fields are those of `Stream`.

    The bounds that its cursor names are written out in params and body, as `{cursor.since}` and `{cursor.until}`.
    model: what parsers read its records as; None where its class names none, and then no parser reads it.
    """

    name: str
    stream: type[Stream[Any]]
    model: type[BaseModel] | None
    doc: str
    path: str
    params: Mapping[str, Scalar]
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    method: str
    records: str
    primary_key: tuple[str, ...]
    cursor: Cursor | None
    paginator: Paginator | None
    parent: str | None
    accept: Accept
    max_invalid: float
    personal: tuple[str, ...]

    @property
    def request(self) -> Mapping[str, object]:
        """The settings that a request is made of, templates included."""
        return {"path": self.path, "params": self.params, "headers": self.headers, "body": self.body}

    @property
    def takes_since(self) -> bool:
        """Whether its requests ask for records from a moment on."""
        return ("cursor", "since") in find_placeholders(self.request)

    @property
    def takes_until(self) -> bool:
        """Whether its requests ask for records up to a moment."""
        return ("cursor", "until") in find_placeholders(self.request)

    @property
    def takes_both_bounds(self) -> bool:
        """Whether a range of cursor time can be asked for, and so be taken apart."""
        return self.takes_since and self.takes_until

    @property
    def read_as(self) -> type[BaseModel]:
        """The model, of a stream that a parser reads: the checks at load demand that it has one."""
        if self.model is None:
            raise TypeError(f"{self.stream.__name__} has no model, so no parser can read it")
        return self.model


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a parser: the parameter's name, its kind and the name of its stream."""

    parameter: str
    kind: InputKind
    stream: str


@dataclass(frozen=True, slots=True)
class ParserSpec:
    """A parser: its method's name, version, inputs, and the domain models that it returns."""

    name: str
    version: str
    doc: str
    inputs: tuple[InputSpec, ...]
    models: tuple[type[DomainObject], ...]

    @property
    def incremental(self) -> tuple[InputSpec, ...]:
        """The inputs that make its partitions windows; none where it is partitioned by connection alone."""
        return tuple(item for item in self.inputs if item.kind == "incremental")


@dataclass(frozen=True, slots=True)
class IntegrationSpec:
    """An integration: its streams (parents before children) and parsers by name, and what holds for all of them."""

    name: str
    integration: type[Integration[Any]]
    config: type[ConnectionConfig]
    doc: str
    window: WindowKind
    check: str
    streams: Mapping[str, StreamSpec] = field(default_factory=dict)
    parsers: Mapping[str, ParserSpec] = field(default_factory=dict)
