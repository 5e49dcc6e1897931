"""Mistakes in streams whose pages come from code, and in what their integration does for them, are told at load."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dazz_assets import BearerToken, Budget, Cursor, Integration, LinkHeader, Stream
from dazz_assets.spec.combination_rules import find_unused_secrets
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.spec.mistakes import Config, Make, Thing, ThingsStream, integration, load_error, with_stream


def pages(cls: Any, client: Any, params: Any) -> Iterator[Any]:
    yield []


async def async_pages(cls: Any, client: Any, params: Any) -> AsyncIterator[Any]:
    yield []


def connect(self: Any) -> object:
    return object()


async def async_connect(self: Any) -> object:
    return object()


def from_code(**settings: Any) -> type[Stream[Any]]:
    """A valid stream from code, changed by the settings."""
    return declare("CodeStream", Stream[Thing], **{"pages": classmethod(pages), **settings})


def with_code(
    *more: type[Stream[Any]], of_stream: dict[str, Any] | None = None, **settings: Any
) -> type[Integration[Any]]:
    """A valid integration with a stream from code, changed by the settings."""
    streams = (from_code(**(of_stream or {})), *more)
    return declare("BadIntegration", Integration[Config], **{"streams": streams, "connect": connect, **settings})


WRITE = "write `@classmethod def pages(cls, client, params)`"
NOTHING = "does nothing: it is about requests, and the stream's pages come from code; remove it"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: with_code(of_stream={"path": "/things"}),
            "CodeStream has both `path` and `pages`; remove the one that its records don't come from",
        ),
        (lambda: with_code(of_stream={"method": "POST"}), f"CodeStream: `method` {NOTHING}"),
        (lambda: with_code(of_stream={"headers": {"a": "b"}}), f"CodeStream: `headers` {NOTHING}"),
        (lambda: with_code(of_stream={"body": {"a": "b"}}), f"CodeStream: `body` {NOTHING}"),
        (lambda: with_code(of_stream={"paginator": LinkHeader()}), f"CodeStream: `paginator` {NOTHING}"),
        (lambda: with_code(of_stream={"format": "csv"}), f"CodeStream: `format` {NOTHING}"),
        (lambda: with_code(of_stream={"budget": Budget("left", reset="at")}), f"CodeStream: `budget` {NOTHING}"),
        (lambda: with_code(of_stream={"pages": pages}), f"CodeStream.pages is not a class method; {WRITE}"),
        (lambda: with_code(of_stream={"pages": ()}), f"CodeStream.pages is not a class method; {WRITE}"),
        (
            lambda: with_code(of_stream={"pages": classmethod(lambda cls, client: [])}),
            f"CodeStream.pages can't be called with a client and params; {WRITE}",
        ),
        (
            lambda: with_code(of_stream={"pages": classmethod(async_pages)}),
            "CodeStream.pages is async; remove `async`",
        ),
        (
            lambda: with_code(of_stream={"params": {"x": "{parent.id}"}}),
            "CodeStream: `params` uses {parent.id}, but the stream has no parent; set `parent`",
        ),
        (
            lambda: with_code(of_stream={"params": {"x": "{config.ogr}"}}),
            "CodeStream: `params` uses {config.ogr}, but Config has no such field; did you mean 'org'?",
        ),
    ],
)
def test_a_mistake_in_a_stream(make: Make, message: str) -> None:
    assert load_error(make) == f"BadIntegration: {message}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: declare("BadIntegration", Integration[Config], streams=(from_code(),)),
            (
                "BadIntegration: CodeStream has `pages`, which needs a client; make it in a method: `def "
                "connect(self)`, with what `self.config` says"
            ),
        ),
        (
            lambda: integration(connect=connect),
            (
                "BadIntegration.connect does nothing: it is for streams whose pages come from code, and no stream has "
                "a method `pages`; remove it"
            ),
        ),
        (
            lambda: integration(error_response=lambda self, error: None),
            (
                "BadIntegration.error_response does nothing: it is for streams whose pages come from code, and no "
                "stream has a method `pages`; remove it"
            ),
        ),
        (
            lambda: with_code(connect=staticmethod(lambda: None)),
            "BadIntegration.connect is not a plain method; write `def connect(self, ...)`",
        ),
        (lambda: with_code(connect=async_connect), "BadIntegration.connect is async; remove `async`"),
        (
            lambda: with_code(auth=BearerToken("{config.token}")),
            (
                "BadIntegration: `auth` does nothing: all pages come from code, whose client `connect` makes; give "
                "the credentials to the client, and remove `auth`"
            ),
        ),
        (
            lambda: with_code(ThingsStream),
            'BadIntegration has no base_url; set it, for example `base_url = "https://api.vendor.com"`',
        ),
    ],
)
def test_a_mistake_in_the_integration(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_a_cursor_needs_a_key_as_for_requests() -> None:
    assert "has a cursor but no primary key" in load_error(lambda: with_code(of_stream={"cursor": Cursor("at")}))
    assert "has no path" in load_error(lambda: with_stream(path=None))


def test_requests_and_code_may_be_mixed_and_need_no_secret_but_the_clients() -> None:
    spec = read_integration(with_code(ThingsStream, base_url="https://api.test", auth=BearerToken("{config.token}")))
    assert spec.sends_requests
    only_code = read_integration(with_code())
    assert not only_code.sends_requests
    assert find_unused_secrets(only_code) == []
