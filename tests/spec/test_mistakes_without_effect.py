"""A setting without effect fails when definitions load: one in the wrong class, or one that another setting overrides.

So does a status in `accept` that would hide a bad token, or that is not the status of a failure.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

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
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.settings import INTEGRATION_SETTINGS, STREAM_SETTINGS
from tests.spec.mistakes import (
    Make,
    Object,
    Thing,
    ThingsStream,
    integration,
    load_error,
    stream,
    valid_parser,
    with_stream,
)

RATE = Rate(1)


def with_sub_stream(**settings: Any) -> type[Integration[Any]]:
    """A valid integration with a sub-stream, changed by the settings."""
    return integration(streams=(ThingsStream, stream(**{"parent": ThingsStream, "path": "/{parent.id}", **settings})))


def with_cursor(**settings: Any) -> type[Integration[Any]]:
    """A valid integration with an incremental stream, its cursor changed by the arguments."""
    return with_stream(primary_key="id", cursor=Cursor("at", **settings))


class Limited:
    """A mixin for streams."""

    concurrency = 4


class MixedStream(Limited, Stream[Thing]):
    path = "/mixed"


class Shared:
    """A mixin that knows nothing of streams."""

    retries = 3


class OwnStream(Shared, Stream[Thing]):
    path = "/own"
    LIMIT = 100
    _headers: ClassVar = {"Accept": "text/plain"}
    severities: ClassVar = {"high": 1}

    class Records:
        """A class of the author's, named almost as a setting."""

    def header(self) -> str:
        """A method, named almost as a setting."""
        return "Accept"


class AnnotatedStream(Stream[Thing]):
    path = "/annotated"
    primary_key: "id"  # type: ignore[valid-type,misc]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("auth", BearerToken("{config.token}")),
        ("hosts", ("files.test",)),
        ("concurrency", 4),
        ("window", "day"),
        ("check", ThingsStream),
        ("streams", (ThingsStream,)),
        ("seams", ()),
    ],
)
def test_a_setting_of_integrations_is_refused_on_a_stream(setting: str, value: object) -> None:
    assert load_error(lambda: with_stream(**{setting: value})) == (
        f"BadStream.{setting} does nothing on a stream; it belongs to the integration: set it on BadIntegration"
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("path", "/things"),
        ("body", {"filter": "x"}),
        ("query", "{ things { id } }"),
        ("variables", {"first": 5}),
        ("cursor", Cursor("at")),
        ("parent", ThingsStream),
    ],
)
def test_a_setting_of_streams_is_refused_on_an_integration(setting: str, value: object) -> None:
    assert load_error(lambda: integration(**{setting: value})) == (
        f"BadIntegration.{setting} does nothing on an integration; it belongs to its streams: set it on each stream "
        "that needs it"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: with_stream(pagintor=LinkHeader()), "BadStream.pagintor is not a setting; did you mean `paginator`?"),
        (lambda: with_stream(parnt=ThingsStream), "BadStream.parnt is not a setting; did you mean `parent`?"),
        (lambda: with_stream(concurency=4), "BadStream.concurency is not a setting; did you mean `concurrency`?"),
        (
            lambda: integration(primary_keys="id"),
            "BadIntegration.primary_keys is not a setting; did you mean `primary_key`?",
        ),
        (
            lambda: with_stream(timeout=30),
            "BadStream.timeout is not a setting; remove it, or if it is your own, write its name in capitals or begin "
            "it with _",
        ),
        (
            lambda: integration(frobnicate=1),
            "BadIntegration.frobnicate is not a setting; remove it, or if it is your own, write its name in capitals "
            "or begin it with _",
        ),
    ],
)
def test_an_attribute_that_is_no_setting_is_refused(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_attributes_of_the_authors_own_load() -> None:
    assert list(read_integration(integration(streams=(OwnStream,))).streams) == ["own"]


def test_a_parser_may_be_replaced_by_none() -> None:
    base = integration(things=parser(valid_parser))
    assert read_integration(integration(base, things=None)).parsers == {}


def test_a_parser_may_have_the_name_of_a_streams_setting() -> None:
    def body(self: Any, things: FullRefresh[ThingsStream]) -> Iterator[Object]:
        yield from ()

    assert list(read_integration(integration(body=parser(body))).parsers) == ["body"]


def test_the_schema_has_every_setting_of_the_classes() -> None:
    assert set(Stream.__annotations__) == STREAM_SETTINGS
    assert set(Integration.__annotations__) == INTEGRATION_SETTINGS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(streams=(MixedStream,)),
            "Limited.concurrency does nothing on a stream; it belongs to the integration: set it on BadIntegration",
        ),
        (
            lambda: integration(streams=(AnnotatedStream,)),
            "AnnotatedStream.primary_key has a type but no value; set it: `primary_key = ...`",
        ),
        (
            lambda: with_stream(max_invalid=0.5),
            (
                "BadIntegration: BadStream: `max_invalid` does nothing: records are validated when a parser reads "
                "them, and no parser reads this stream; remove it"
            ),
        ),
        (
            lambda: integration(streams=(ThingsStream,), window="day"),
            "BadIntegration: `window` does nothing: only incremental streams have windows, and no stream has a "
            "`cursor`; remove it",
        ),
        (
            lambda: integration(concurrency=4),
            (
                "BadIntegration: `concurrency` does nothing: only requests for sub-streams, and for pages that are "
                "counted, are sent concurrently, and no stream has a `parent`, or a PageNumber or Offset as "
                "`paginator`; remove it"
            ),
        ),
        (
            lambda: with_sub_stream(path="/all"),
            (
                "BadIntegration: BadStream: it is fetched once for each record of things, but all its requests are the "
                "same; use {parent.id}, or another field of the parent's record, in `path` or `params`, or remove "
                "`parent`"
            ),
        ),
        (
            lambda: with_cursor(format="epoch"),
            (
                "BadIntegration: BadStream: Cursor(format=...) does nothing: it says how bounds are written, and none "
                'is sent; name the vendor\'s parameter, for example `since="updated_after"`, or remove it'
            ),
        ),
        (
            lambda: with_cursor(since="since", zone="Europe/Berlin"),
            (
                "BadIntegration: BadStream: Cursor(zone=...) does nothing: it is for bounds that a strftime format "
                'writes, as others name an instant; set `format`, for example `format="%Y-%m-%d %H:%M"`, or remove it'
            ),
        ),
        (
            lambda: with_cursor(since="since", step=timedelta(days=31)),
            (
                "BadIntegration: BadStream: Cursor(step=...) does nothing: it needs both bounds; name their parameters "
                "in `since` and `until`"
            ),
        ),
        (
            lambda: with_cursor(since="since", nulls_listed=True),
            (
                "BadIntegration: BadStream: Cursor(nulls_listed=True) does nothing: it needs `nulls`, and what limits "
                'a list: `since`, or `order="desc"`; set both, or remove it'
            ),
        ),
        (
            lambda: with_cursor(order="asc", nulls="made", nulls_listed=True),
            (
                "BadIntegration: BadStream: Cursor(nulls_listed=True) does nothing: it needs `nulls`, and what limits "
                'a list: `since`, or `order="desc"`; set both, or remove it'
            ),
        ),
        (
            lambda: with_cursor(reread=timedelta(days=7)),
            (
                "BadIntegration: BadStream: Cursor(reread=...) does nothing: each sync of this stream lists all "
                "records anyway; remove it"
            ),
        ),
        (
            lambda: with_cursor(order="desc", nulls="made", reread=timedelta(days=7)),
            (
                "BadIntegration: BadStream: Cursor(reread=...) does nothing: each sync of this stream lists all "
                "records anyway; remove it"
            ),
        ),
        (
            lambda: integration(auth=BearerToken("{config.token}"), headers={"authorization": "x"}),
            (
                "BadIntegration: ThingsStream: `headers` gives 'authorization' a value, but the integration's `auth` "
                "replaces it in each request; remove one of them"
            ),
        ),
        (
            lambda: integration(
                auth=ApiKey(header="X-Api-Key"), streams=(stream(headers={"X-Api-Key": "{config.org}"}),)
            ),
            (
                "BadIntegration: BadStream: `headers` gives 'X-Api-Key' a value, but the integration's `auth` replaces "
                "it in each request; remove one of them"
            ),
        ),
        (
            lambda: integration(auth=ApiKey(param="who"), streams=(stream(params={"who": "me"}),)),
            (
                "BadIntegration: BadStream: `params` gives 'who' a value, but the integration's `auth` replaces it in "
                "each request; remove one of them"
            ),
        ),
        (
            lambda: with_stream(paginator=PageNumber(size_param="size", size=50), params={"size": 100}),
            (
                "BadIntegration: BadStream: `params` gives 'size' a value, but its paginator replaces it in each "
                "request with 50; set the size once, as the paginator's `size`"
            ),
        ),
        (
            lambda: integration(params={"size": 100}, paginator=Offset(size_param="size", size=50)),
            (
                "BadIntegration: ThingsStream: `params` gives 'size' a value, but its paginator replaces it in each "
                "request with 50; set the size once, as the paginator's `size`"
            ),
        ),
        (
            lambda: with_stream(
                method="POST", body={"size": 100}, paginator=PageNumber(size_param="size", size=50), params={"size": 1}
            ),
            (
                "BadIntegration: BadStream: `body` gives 'size' a value, but its paginator replaces it in each request "
                "with 50; set the size once, as the paginator's `size`"
            ),
        ),
    ],
)
def test_the_message_says_what_does_nothing_and_why(make: Make, message: str) -> None:
    assert load_error(make) == message


@pytest.mark.parametrize(
    "make",
    [
        # `dazz sync --until` sends the bound without a `since` too.
        lambda: with_cursor(until="to", format="epoch"),
        # Even without a filter, a look-back finds records below the mark that became visible late.
        lambda: with_cursor(lookback=timedelta(hours=1)),
        lambda: with_cursor(order="desc"),
        lambda: with_cursor(order="desc", nulls="made", nulls_listed=True, reread=timedelta(days=7)),
        # A paginator counts from the value in the parameters.
        lambda: with_stream(paginator=Offset(size_param="size", size=50), params={"offset": 100}),
        # The integration's value is for streams with other paginators, or goes to the query beside a body.
        lambda: integration(
            params={"size": 100}, streams=(ThingsStream, stream(paginator=PageNumber(size_param="size", size=50)))
        ),
        lambda: with_stream(
            method="POST", body={}, paginator=PageNumber(size_param="size", size=50), params={"size": 1}
        ),
        lambda: with_sub_stream(path="/all", params={"thing": "{parent.id}"}),
        lambda: integration(concurrency=4, streams=(ThingsStream, stream(parent=ThingsStream, path="/{parent.id}"))),
        lambda: integration(concurrency=4, paginator=PageNumber()),
        lambda: integration(concurrency=4, streams=(ThingsStream, stream(paginator=Offset()))),
        lambda: integration(window="day"),
        lambda: with_stream(accept={403: "skip", 404: "skip", 409: "skip", 410: "skip", 501: "skip", 200: "keep"}),
        lambda: with_stream(accept={201: "keep", 202: "skip", 206: "skip", 207: "keep"}),
        lambda: with_stream(paginator=LinkHeader(), OWN_CONSTANT=RATE),
    ],
)
def test_a_setting_with_an_effect_loads(make: Make) -> None:
    assert read_integration(make()).streams


@pytest.mark.parametrize(
    ("accept", "problem"),
    [
        ({401: "skip"}, ", which would turn a wrong or expired token into an empty list; remove it"),
        ({407: "skip"}, ", which would turn wrong credentials for a proxy into an empty list; remove it"),
        (
            {200: "skip"},
            ', which would do so to every successful response; add a text: {(200, "..."): "skip"}',
        ),
        (
            {204: "skip"},
            ', which would do so to every successful response; add a text: {(204, "..."): "skip"}',
        ),
        (
            {304: "end"},
            ', which does nothing: it means that nothing is new; use {304: "skip"}, or remove it',
        ),
        ({302: "skip"}, ", which does nothing: redirects are followed; remove it"),
        (
            {429: "skip"},
            ", which does nothing: such a failure may pass, so the request is retried; remove it",
        ),
        (
            {503: "skip"},
            ", which does nothing: such a failure may pass, so the request is retried; remove it",
        ),
        ({40: "skip"}, ", which is not the status of a response; correct it"),
        ({4040: "skip"}, ", which is not the status of a response; correct it"),
        *(
            (
                {status: "keep"},
                ', which does nothing: "keep" keeps the data of a success that also has errors; use {200: "keep"}, '
                "or remove it",
            )
            for status in (401, 404, 500)
        ),
    ],
)
def test_statuses_that_can_not_be_accepted(accept: dict[int, str], problem: str) -> None:
    ((status, action),) = accept.items()
    for make in (lambda: with_stream(accept=accept), lambda: integration(accept=accept)):
        assert load_error(make).partition("`accept` has ")[2] == f'{{{status}: "{action}"}}{problem}'


def test_one_bad_status_among_good_ones() -> None:
    assert load_error(lambda: integration(accept={404: "skip", 401: "skip"})) == (
        'BadIntegration: `accept` has {401: "skip"}, which would turn a wrong or expired token into an empty list; '
        "remove it"
    )
