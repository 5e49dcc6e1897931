"""A mistake of an author fails when definitions load, in a sentence that names the class, the parameter and the fix."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from dazz_assets import (
    BearerToken,
    ConnectionConfig,
    Cursor,
    DefinitionError,
    FullRefresh,
    Incremental,
    Integration,
    Offset,
    Stream,
    parser,
)
from dazz_assets.authoring.describe import describe
from dazz_assets.domain import DomainObject


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
    import types

    return types.new_class(
        "BadIntegration", (base,), exec_body=lambda ns: ns.update({**right, **settings, "__module__": __name__})
    )


def stream(**settings: Any) -> type[Stream[Any]]:
    import types

    return types.new_class("BadStream", (Stream[Thing],), exec_body=lambda ns: ns.update({"path": "/bad", **settings}))


def parsing(function: Callable[..., Any]) -> type[Integration[Any]]:
    return integration(bad=parser(function))


def _no_annotation(self: Any, things) -> Iterator[Object]:  # type: ignore[no-untyped-def]
    yield from ()


def _wrong_annotation(self: Any, things: list[Thing]) -> Iterator[Object]:
    yield from ()


def _undeclared(self: Any, other: FullRefresh[OtherStream]) -> Iterator[Object]:
    yield from ()


def _incremental_snapshot(self: Any, things: Incremental[ThingsStream]) -> Iterator[Object]:
    yield from ()


def _no_return(self: Any, things: FullRefresh[ThingsStream]):  # type: ignore[no-untyped-def]
    yield from ()


def _returns_one(self: Any, things: FullRefresh[ThingsStream]) -> Object:
    return Object(id="1", title="x")


def _returns_records(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Thing]:
    yield from ()


def _no_input(self: Any) -> Iterator[Object]:
    yield from ()


class Taken(DomainObject):
    connection: str


def _our_column(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Taken]:
    yield from ()


class Titled(DomainObject):
    table = "objects"
    title: str


class Spaced(DomainObject):
    table = "My Objects"


def _bad_table(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Spaced]:
    yield from ()


def _one_table_for_two(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object | Titled]:
    yield from ()


def _right(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object]:
    yield from ()


class Account(BaseModel):
    name: str
    token: SecretStr


class ListOfSecrets(ConnectionConfig):
    token: list[SecretStr]


class NestedSecret(ConnectionConfig):
    account: Account | None = None


class SecretOfBytes(ConnectionConfig):
    token: SecretBytes


class LoopA(Stream[Thing]):
    path = "/a/{parent.id}"


class LoopB(Stream[Thing]):
    path = "/b/{parent.id}"
    parent = LoopA


LoopA.parent = LoopB


class Plain(ConnectionConfig):
    token: str


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: integration(streams=()), r"BadIntegration declares no streams; set `streams"),
        (lambda: integration(streams=(Thing,)), r"BadIntegration\.streams holds .*Thing.*no Stream class"),
        (lambda: integration(Integration), r"BadIntegration has no config; declare it as .*Integration\[YourConfig\]"),
        (lambda: integration(base_url=""), r"BadIntegration has no base_url; set it"),
        (lambda: integration(base_url="api.test"), r"base_url 'api\.test' is no absolute URL"),
        (lambda: integration(base_url="https://me:pw@api.test"), r"base_url holds credentials or a query"),
        (lambda: integration(base_url="https://{config.sight}"), r"`base_url` uses \{config\.sight\}.*Config"),
        (lambda: integration(hosts=("https://x",)), r"`hosts` holds 'https://x'; give host names alone"),
        (lambda: integration(recrods="data"), r"BadIntegration\.recrods is no setting; did you mean `records`"),
        (
            lambda: integration(streams=(stream(primary_kye="id"),)),
            r"BadStream\.primary_kye is no setting; did you mean `primary_key`",
        ),
        (lambda: integration(window="year"), r"`window` is 'year'; use one of day, week, month"),
        (lambda: integration(concurrency=0), r"`concurrency` is 0; it must be 1 or more"),
        (lambda: integration(name="Bad Name"), r"the name 'Bad Name' must be lower case letters"),
        (lambda: integration(check=OtherStream), r"`check` is OtherStream, which is not among `streams`; add it there"),
        (
            lambda: integration(auth=BearerToken("{tokn}")),
            r"`auth` uses \{tokn\}, a field that Config does not have; did you mean 'token'\?",
        ),
        (
            lambda: integration(Integration[Plain], auth=BearerToken("{token}")),
            r"Plain\.token, which is no secret; declare it as `token: SecretStr`",
        ),
        (
            lambda: integration(streams=(stream(name="things"), ThingsStream)),
            r"BadStream and ThingsStream are both named 'things'; set `name` of one",
        ),
        (lambda: integration(streams=(stream(cursor=Cursor("at")),)), r"BadStream has a cursor and no primary key"),
        (
            lambda: integration(streams=(stream(primary_key="id", cursor=Cursor("at", order="up")),)),  # type: ignore[arg-type]
            r"BadStream: Cursor\(order='up'\) must be \"asc\" or \"desc\"",
        ),
        (lambda: integration(streams=(stream(parent=OtherStream),)), r"BadStream\.parent` is OtherStream, .*not among"),
        (
            lambda: integration(streams=(LoopA, LoopB)),
            r"parents of its streams form a loop: loop_a -> loop_b -> loop_a",
        ),
        (
            lambda: integration(streams=(stream(path="/x/{parent.id}"),)),
            r"`path` uses \{parent\.id\}, but it has no parent",
        ),
        (
            lambda: integration(streams=(stream(path="/{config.ogr}"),)),
            r"BadStream: `path` uses \{config\.ogr\}.*did you mean 'org'\?",
        ),
        (lambda: integration(streams=(stream(params={"q": "{config.nope}"}),)), r"`params` uses \{config\.nope\}"),
        (lambda: integration(streams=(stream(path="/x?y=1"),)), r"BadStream\.path is '/x\?y=1'; give only the path"),
        (lambda: integration(streams=(stream(path=None),)), r"BadStream has no path; set it"),
        (
            lambda: integration(streams=(stream(paginator=Offset),)),
            r"`paginator` is a class; give a value, `Offset\(...\)`",
        ),
        (lambda: integration(streams=(stream(max_invalid=5),)), r"`max_invalid` is 5; it is a share, from 0 to 1"),
        (
            lambda: integration(streams=(stream(accept={404: "ignore"}),)),
            r"`accept` says 'ignore'; use \"skip\" or \"keep\"",
        ),
        (
            lambda: parsing(_no_annotation),
            r"BadIntegration\.bad: the parameter 'things' has no annotation; annotate it",
        ),
        (lambda: parsing(_wrong_annotation), r"the parameter 'things' has the annotation list\[.*Thing\]"),
        (lambda: parsing(_undeclared), r"the parameter 'other' reads OtherStream, which is not among `streams`"),
        (
            lambda: parsing(_incremental_snapshot),
            r"'things' is Incremental\[ThingsStream\], but ThingsStream has no cursor",
        ),
        (lambda: parsing(_no_return), r"BadIntegration\.bad has no return annotation; annotate it as `-> Iterator"),
        (lambda: parsing(_returns_one), r"BadIntegration\.bad returns Object; annotate it as"),
        (lambda: parsing(_returns_records), r"returns Thing, which is no domain model; make it a DomainObject"),
        (lambda: parsing(_no_input), r"BadIntegration\.bad has no input; give it one"),
        (
            lambda: parsing(_our_column),
            r"Taken, whose field 'connection' has the name of a column that every table has",
        ),
        (
            lambda: integration(Things=parser(_right)),
            r"BadIntegration\.Things: the parser's name 'Things' must be lower case letters.*rename the method",
        ),
        (
            lambda: parsing(_bad_table),
            r"BadIntegration\.bad returns Spaced, whose table 'My Objects' must be lower case.*set `table`",
        ),
        (
            lambda: parsing(_one_table_for_two),
            r"returns Object and Titled, which both have the table 'objects'; set `table` of one",
        ),
        (
            lambda: integration(Integration[ListOfSecrets]),
            r"BadIntegration: ListOfSecrets\.token holds a secret .*can't be masked; give each secret a field",
        ),
        (lambda: integration(Integration[NestedSecret]), r"NestedSecret\.account holds a secret"),
        (lambda: integration(Integration[SecretOfBytes]), r"SecretOfBytes\.token holds a secret"),
    ],
)
def test_it_says_where_what_and_how_to_fix_it(make: Callable[[], type[Integration[Any]]], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        describe(make())


def test_what_is_right_loads() -> None:
    spec = describe(integration(auth=BearerToken("{token}")))
    assert list(spec.streams) == ["things", "events"]
