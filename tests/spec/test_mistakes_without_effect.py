"""A setting that would do nothing fails when definitions load: in the wrong class, or beside what leaves it no effect.

So does a status in `accept` that would hide a bad token, or that no failure can have.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import (
    ApiKey,
    BearerToken,
    Cursor,
    FullRefresh,
    Integration,
    LinkHeader,
    Offset,
    PageNumber,
    Rate,
    Stream,
    parser,
)
from dazz_assets.spec import settings
from dazz_assets.spec.read import describe
from tests.spec.wrong import Make, Object, Thing, ThingsStream, integration, stream, told, with_stream

RATE = Rate(1)


def sub_stream(**given: Any) -> type[Integration[Any]]:
    """An integration with a sub-stream that is right but for the settings."""
    return integration(streams=(ThingsStream, stream(**{"parent": ThingsStream, "path": "/{parent.id}", **given})))


def cursor(**given: Any) -> type[Integration[Any]]:
    """An integration with an incremental stream that is right but for its cursor."""
    return with_stream(primary_key="id", cursor=Cursor("at", **given))


class Limited:
    """What someone mixes into the streams of theirs."""

    rate = RATE


class MixedStream(Limited, Stream[Thing]):
    path = "/mixed"


class AnnotatedStream(Stream[Thing]):
    path = "/annotated"
    primary_key: "id"  # type: ignore[valid-type,misc]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", "https://other.test"),
        ("auth", BearerToken("{config.token}")),
        ("hosts", ("files.test",)),
        ("rate", RATE),
        ("concurrency", 4),
        ("window", "day"),
        ("check", ThingsStream),
        ("streams", (ThingsStream,)),
        ("seams", ()),
    ],
)
def test_what_belongs_to_the_integration_is_refused_on_a_stream(setting: str, value: object) -> None:
    assert told(lambda: with_stream(**{setting: value})) == (
        f"BadStream.{setting} does nothing on a stream; it belongs to the integration: set it on BadIntegration"
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [("path", "/things"), ("body", {"query": "x"}), ("cursor", Cursor("at")), ("parent", ThingsStream)],
)
def test_what_belongs_to_a_stream_is_refused_on_the_integration(setting: str, value: object) -> None:
    assert told(lambda: integration(**{setting: value})) == (
        f"BadIntegration.{setting} does nothing on an integration; it belongs to its streams: set it on each that "
        "needs it"
    )


def test_a_parser_may_have_the_name_of_a_streams_setting() -> None:
    def body(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object]:
        yield from ()

    assert list(describe(integration(body=parser(body))).parsers) == ["body"]


def test_every_setting_of_the_classes_is_in_the_schema() -> None:
    assert set(Stream.__annotations__) == settings.OF_STREAMS
    assert set(Integration.__annotations__) == settings.OF_INTEGRATIONS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(streams=(MixedStream,)),
            "Limited.rate does nothing on a stream; it belongs to the integration: set it on BadIntegration",
        ),
        (
            lambda: integration(streams=(AnnotatedStream,)),
            "AnnotatedStream.primary_key has a type and no value; set it, as `primary_key = ...`",
        ),
        (
            lambda: with_stream(max_invalid=0.5),
            "BadIntegration: BadStream: `max_invalid` does nothing: records are validated when a parser reads them, "
            "and none reads this stream; remove it",
        ),
        (
            lambda: integration(streams=(ThingsStream,), window="day"),
            "BadIntegration: `window` does nothing: only incremental streams have windows, and no stream has a "
            "`cursor`; remove it",
        ),
        (
            lambda: integration(concurrency=4),
            "BadIntegration: `concurrency` does nothing: only requests of sub-streams are sent side by side, and no "
            "stream has a `parent`; remove it",
        ),
        (
            lambda: sub_stream(path="/all"),
            "BadIntegration: BadStream: it is fetched once for each record of things, and its requests are all the "
            "same; write {parent.id}, or another field of the parent's record, in `path` or `params`, or remove "
            "`parent`",
        ),
        (
            lambda: cursor(format="epoch"),
            "BadIntegration: BadStream: Cursor(format=...) does nothing: it is how bounds are sent, and none is; name "
            'the vendor\'s parameter, as `since="updated_after"`, or remove it',
        ),
        (
            lambda: integration(auth=BearerToken("{config.token}"), headers={"authorization": "x"}),
            "BadIntegration: ThingsStream: `headers` gives 'authorization' a value, which the integration's `auth` "
            "replaces in each request; remove one of them",
        ),
        (
            lambda: integration(
                auth=ApiKey(header="X-Api-Key"), streams=(stream(headers={"X-Api-Key": "{config.org}"}),)
            ),
            "BadIntegration: BadStream: `headers` gives 'X-Api-Key' a value, which the integration's `auth` replaces "
            "in each request; remove one of them",
        ),
        (
            lambda: integration(auth=ApiKey(param="who"), streams=(stream(params={"who": "me"}),)),
            "BadIntegration: BadStream: `params` gives 'who' a value, which the integration's `auth` replaces in each "
            "request; remove one of them",
        ),
        (
            lambda: with_stream(paginator=PageNumber(size_param="size", size=50), params={"size": 100}),
            "BadIntegration: BadStream: `params` gives 'size' a value, which its paginator replaces in each request by "
            "50; say the size once, as the paginator's `size`",
        ),
        (
            lambda: integration(params={"size": 100}, paginator=Offset(size_param="size", size=50)),
            "BadIntegration: ThingsStream: `params` gives 'size' a value, which its paginator replaces in each request "
            "by 50; say the size once, as the paginator's `size`",
        ),
        (
            lambda: with_stream(
                method="POST", body={"size": 100}, paginator=PageNumber(size_param="size", size=50), params={"size": 1}
            ),
            "BadIntegration: BadStream: `body` gives 'size' a value, which its paginator replaces in each request by "
            "50; say the size once, as the paginator's `size`",
        ),
    ],
)
def test_it_says_what_does_nothing_and_why(make: Make, message: str) -> None:
    assert told(make) == message


@pytest.mark.parametrize(
    "make",
    [
        # Bounds of `dazz sync --until` are sent without a `since` too.
        lambda: cursor(until="to", format="epoch"),
        # Without a filter, records that became visible late are still looked for below the mark.
        lambda: cursor(lookback=timedelta(hours=1)),
        lambda: cursor(order="desc"),
        # A paginator counts from what the parameters say.
        lambda: with_stream(paginator=Offset(size_param="size", size=50), params={"offset": 100}),
        # What holds for streams with other paginators, and what goes to the query beside a body.
        lambda: integration(
            params={"size": 100}, streams=(ThingsStream, stream(paginator=PageNumber(size_param="size", size=50)))
        ),
        lambda: with_stream(
            method="POST", body={}, paginator=PageNumber(size_param="size", size=50), params={"size": 1}
        ),
        lambda: sub_stream(path="/all", params={"thing": "{parent.id}"}),
        lambda: integration(concurrency=4, streams=(ThingsStream, stream(parent=ThingsStream, path="/{parent.id}"))),
        lambda: integration(window="day"),
        lambda: with_stream(accept={403: "skip", 404: "skip", 409: "skip", 410: "skip", 501: "skip", 200: "keep"}),
        lambda: with_stream(paginator=LinkHeader(), OF_OUR_OWN=RATE),
    ],
)
def test_what_has_an_effect_loads(make: Make) -> None:
    assert describe(make()).streams


@pytest.mark.parametrize(
    ("accept", "problem"),
    [
        ({401: "skip"}, ", which would turn a wrong or expired token into an empty list; remove it"),
        ({407: "skip"}, ", which would turn wrong credentials of a proxy into an empty list; remove it"),
        (
            {200: "skip"},
            ', which does nothing: "skip" is for failures, and an empty page has no records anyway; remove it',
        ),
        (
            {204: "skip"},
            ', which does nothing: "skip" is for failures, and an empty page has no records anyway; remove it',
        ),
        ({302: "skip"}, ", which does nothing: redirects are followed; remove it"),
        (
            {429: "skip"},
            ", which does nothing: such a failure may pass, so the request is sent again; remove it",
        ),
        (
            {503: "skip"},
            ", which does nothing: such a failure may pass, so the request is sent again; remove it",
        ),
        ({40: "skip"}, ", which is not the status of a failure; correct it"),
        ({4040: "skip"}, ", which is not the status of a failure; correct it"),
        *(
            (
                {status: "keep"},
                ', which does nothing: "keep" is for the data of a 200 that also has errors; use {200: "keep"}, or '
                "remove it",
            )
            for status in (201, 302, 401, 404, 500)
        ),
    ],
)
def test_a_status_that_can_not_be_accepted(accept: dict[int, str], problem: str) -> None:
    ((status, word),) = accept.items()
    for make in (lambda: with_stream(accept=accept), lambda: integration(accept=accept)):
        assert told(make).partition("`accept` has ")[2] == f'{{{status}: "{word}"}}{problem}'


def test_one_status_among_those_that_can() -> None:
    assert told(lambda: integration(accept={404: "skip", 401: "skip"})) == (
        'BadIntegration: `accept` has {401: "skip"}, which would turn a wrong or expired token into an empty list; '
        "remove it"
    )
