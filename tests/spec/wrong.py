"""Integrations that are right but for one thing, and what their author is told."""

import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, Cursor, DefinitionError, FullRefresh, Integration, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.spec.read import describe

Make = Callable[[], type[Integration[Any]]]


class Config(ConnectionConfig):
    token: SecretStr
    org: str = "acme"


class Thing(BaseModel):
    id: str


class ThingsStream(Stream[Thing]):
    path = "/things"
    primary_key = "id"


class EventsStream(Stream[Thing]):
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at")


class OtherStream(Stream[Thing]):
    path = "/other"


class Object(DomainObject):
    title: str


def integration(base: Any = Integration[Config], **settings: Any) -> type[Integration[Any]]:
    """An integration that is right but for the settings."""
    right: dict[str, Any] = {"base_url": "https://api.test", "streams": (ThingsStream, EventsStream)}
    return types.new_class(
        "BadIntegration", (base,), exec_body=lambda ns: ns.update({**right, **settings, "__module__": __name__})
    )


def stream(base: Any = Stream[Thing], **settings: Any) -> type[Stream[Any]]:
    """A stream that is right but for the settings."""
    return types.new_class("BadStream", (base,), exec_body=lambda ns: ns.update({"path": "/bad", **settings}))


def with_stream(**settings: Any) -> type[Integration[Any]]:
    """An integration with a stream that is right but for the settings."""
    return integration(streams=(stream(**settings),))


def parsing(function: Callable[..., Any]) -> type[Integration[Any]]:
    """An integration with a method as its parser `bad`."""
    return integration(bad=parser(function))


def right(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object]:
    """A parser without fault."""
    yield from ()


def told(make: Make) -> str:
    """What the author of an integration is told when it loads."""
    with pytest.raises(DefinitionError) as caught:
        describe(make())
    return str(caught.value)
