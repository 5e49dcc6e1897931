"""A template that can't be filled fails when definitions load; braces that are the vendor's own pass."""

from typing import Any

import pytest

from dazz_assets import Cursor
from dazz_assets.spec.read import describe
from tests.spec.wrong import Make, integration, told, with_stream

OR = "write {config.x} for a field of Config, or {parent.x} for one of the parent's record"


def incremental(**settings: Any) -> Any:
    return with_stream(primary_key="id", cursor=Cursor("at"), **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: with_stream(params={"q": "updated >= {cursor.since}"}),
            '`params` uses {cursor.since}, but it has no cursor; set `cursor`, as `cursor = Cursor("updated_at")`',
        ),
        (
            lambda: with_stream(path="/since/{cursor.since}"),
            '`path` uses {cursor.since}, but it has no cursor; set `cursor`, as `cursor = Cursor("updated_at")`',
        ),
        (
            lambda: incremental(params={"q": "updated >= {cursor.sinse}"}),
            "`params` uses {cursor.sinse}, which is no bound; did you mean {cursor.since}?",
        ),
        (
            lambda: incremental(body={"where": [{"at": "{cursor.value}"}]}),
            "`body` uses {cursor.value}, which is no bound; write {cursor.since} or {cursor.until}",
        ),
        (
            lambda: incremental(params={"q": "updated >= {since}"}),
            f"`params` holds {{since}}, which is no placeholder; {OR}; did you mean {{cursor.since}}?",
        ),
        (
            lambda: incremental(params={"q": "updated >= { cursor.since }"}),
            f"`params` holds {{ cursor.since }}, which is no placeholder; {OR}; did you mean {{cursor.since}}?",
        ),
        (
            lambda: with_stream(body={"filter": {"org": "{org}"}}),
            f"`body` holds {{org}}, which is no placeholder; {OR}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(body={"filters": ["open", {"org": "org:{org}"}]}),
            f"`body` holds {{org}}, which is no placeholder; {OR}; did you mean {{config.org}}?",
        ),
        (
            lambda: with_stream(headers={"X-Token": "{token}"}),
            f"`headers` holds {{token}}, which is no placeholder; {OR}; did you mean {{config.token}}?",
        ),
        (
            lambda: with_stream(body={"query": 'query{orgs(name:"{config.org"){id}}'}),
            f'`body` holds {{config.org"), which is no placeholder; {OR}',
        ),
        (
            lambda: with_stream(body={"{config.org}": True}),
            (
                "`body` has {config.org} in the name '{config.org}'; names are sent as they are, and placeholders "
                "stand in values only"
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor=Cursor("at", since="since"), params={"since": "2020-01-01"}),
            (
                "Cursor(since='since') sends the bound as 'since', and `params` gives 'since' a value too; leave out "
                "one of them"
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor=Cursor("at", since="filter.since"), body={"filter": "open"}),
            (
                "Cursor(since='filter.since') needs a mapping at 'filter' of `body`, and there is a str; correct one "
                "of them"
            ),
        ),
    ],
)
def test_a_stream_that_can_not_fill_its_templates_is_refused(make: Make, message: str) -> None:
    assert told(make) == f"BadIntegration: BadStream: {message}"


@pytest.mark.parametrize("placeholder", ["{cursor.since}", "{parent.id}"])
def test_a_base_url_is_the_same_for_all_requests(placeholder: str) -> None:
    assert told(lambda: integration(base_url=f"https://api.test/{placeholder}")) == (
        f"BadIntegration: `base_url` uses {placeholder}, and is the same for all requests; write it in the `path`, "
        "`params`, `headers` or `body` of a stream"
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
    described = describe(incremental(body={"query": text, "variables": {"org": "{config.org}"}}))
    assert described.streams["bad"].body == {"query": text, "variables": {"org": "{config.org}"}}
