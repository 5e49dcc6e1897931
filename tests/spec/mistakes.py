"""Makes integrations with one mistake, and reads the error that their author gets."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, Cursor, DefinitionError, FullRefresh, Integration, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.spec.read import read_integration
from tests.declaring import declare

Make = Callable[[], type[Integration[Any]]]


class Config(ConnectionConfig):
    token: SecretStr
    org: str = "acme"


class Thing(BaseModel):
    id: str


class ThingsStream(Stream[Thing]):
    path = "/things"


class EventsStream(Stream[Thing]):
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at")


class OtherStream(Stream[Thing]):
    path = "/other"


class Object(DomainObject):
    title: str


def integration(base: Any = Integration[Config], **settings: Any) -> type[Integration[Any]]:
    """A valid integration, changed by the settings."""
    valid: dict[str, Any] = {"base_url": "https://api.test", "streams": (ThingsStream, EventsStream)}
    return declare("BadIntegration", base, **{**valid, **settings, "__module__": __name__})


def stream(base: Any = Stream[Thing], **settings: Any) -> type[Stream[Any]]:
    """A valid stream, changed by the settings."""
    return declare("BadStream", base, **{"path": "/bad", **settings})


def with_stream(**settings: Any) -> type[Integration[Any]]:
    """A valid integration with one stream, changed by the settings."""
    return integration(streams=(stream(**settings),))


def with_parser(function: Callable[..., Any]) -> type[Integration[Any]]:
    """A valid integration with a function as its parser `bad`."""
    return integration(bad=parser(function))


def valid_parser(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object]:
    """A parser without a mistake."""
    yield from ()


def load_error(make: Make) -> str:
    """The text of the DefinitionError that an integration raises when it loads."""
    with pytest.raises(DefinitionError) as caught:
        read_integration(make())
    return str(caught.value)
