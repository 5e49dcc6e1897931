"""A template that can't be filled fails when definitions load; the vendor's own braces pass."""

from typing import Any

import pytest

from dazz_assets import Cursor
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Make, integration, load_error, with_stream

FIX = "write {config.x} for a field of Config, or {parent.x} for one of the parent's record"


def with_incremental_stream(**settings: Any) -> Any:
    return with_stream(primary_key="id", cursor=Cursor("at"), **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: with_stream(params={"q": "updated >= {cursor.since}"}),
            (
                "`params` uses {cursor.since}, but the stream has no cursor; set `cursor`, for example `cursor = "
                'Cursor("updated_at")`'
            ),
        ),
        (
            lambda: with_stream(path="/since/{cursor.since}"),
            (
                "`path` uses {cursor.since}, but the stream has no cursor; set `cursor`, for example `cursor = "
                'Cursor("updated_at")`'
            ),
        ),
        (
            lambda: with_incremental_stream(params={"q": "updated >= {cursor.sinse}"}),
            "`params` uses {cursor.sinse}, which is not a bound; did you mean {cursor.since}?",
        ),
        (
            lambda: with_incremental_stream(body={"where": [{"at": "{cursor.value}"}]}),
            "`body` uses {cursor.value}, which is not a bound; write {cursor.since} or {cursor.until}",
        ),
        (
            lambda: with_incremental_stream(params={"q": "updated >= {since}"}),
            f"`params` holds {{since}}, which is not a placeholder; {FIX}; did you mean {{cursor.since}}?",
        ),
        (
            lambda: with_incremental_stream(params={"q": "updated >= { cursor.since }"}),
            f"`params` holds {{ cursor.since }}, which is not a placeholder; {FIX}; did you mean {{cursor.since}}?",
        ),
        (
            lambda: with_stream(body={"filter": {"org": "{org}"}}),
            f"`body` holds {{org}}, which is not a placeholder; {FIX}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(body={"filters": ["open", {"org": "org:{org}"}]}),
            f"`body` holds {{org}}, which is not a placeholder; {FIX}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(headers={"X-Token": "{token}"}),
            f"`headers` holds {{token}}, which is not a placeholder; {FIX}; did you mean {{config.token}}?",
        ),
        (
            lambda: with_stream(params={"q": "{Config.org}"}),
            f"`params` holds {{Config.org}}, which is not a placeholder; {FIX}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(headers={"X-Org": "{configs.org}"}),
            f"`headers` holds {{configs.org}}, which is not a placeholder; {FIX}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(body={"query": 'query{orgs(name:"{config.org"){id}}'}),
            f'`body` holds {{config.org"), which is not a placeholder; {FIX}',
        ),
        (
            lambda: with_stream(body={"{config.org}": True}),
            (
                "`body` has {config.org} in the name '{config.org}', but names are sent as they are; use placeholders "
                "in values only"
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor=Cursor("at", since="since"), params={"since": "2020-01-01"}),
            (
                "Cursor(since='since') sends the bound as 'since', but `params` also gives 'since' a value; remove one "
                "of them"
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor=Cursor("at", since="filter.since"), body={"filter": "open"}),
            ("Cursor(since='filter.since') needs a dict at 'filter' of `body`, but finds a str; correct one of them"),
        ),
    ],
)
def test_a_template_that_can_not_be_filled_is_refused(make: Make, message: str) -> None:
    assert load_error(make) == f"BadIntegration: BadStream: {message}"


@pytest.mark.parametrize("placeholder", ["{cursor.since}", "{parent.id}"])
def test_a_base_url_takes_fields_of_the_config_only(placeholder: str) -> None:
    assert load_error(lambda: integration(base_url=f"https://api.test/{placeholder}")) == (
        f"BadIntegration: `base_url` uses {placeholder}, but it is the same for all requests; write it in the "
        "`path`, `params`, `headers` or `body` of a stream"
    )


@pytest.mark.parametrize(
    "text",
    [
        "query { org { id } token }",
        "query($org:String){viewer{token}}",
        "query{orgs{org{token}since}}",
        '{"where": {"org": "{org}"}}',
        "{open}",
        "}{",
    ],
)
def test_the_braces_of_graphql_and_json_pass(text: str) -> None:
    described = read_integration(with_incremental_stream(body={"query": text, "variables": {"org": "{config.org}"}}))
    assert described.streams["bad"].body == {"query": text, "variables": {"org": "{config.org}"}}
