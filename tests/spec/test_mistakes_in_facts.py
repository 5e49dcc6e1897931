"""Mistakes in an integration's facts, and in the templates that name them, are told at load."""

import pytest

from dazz_assets import Cursor, Stream
from tests.declaring import declare
from tests.spec.mistakes import Make, ThingsStream, integration, load_error, stream

FACTS = {"site": "/sites/1", "me": "/sites/{facts.site.id}/me"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(facts={"me": "myself"}),
            "`facts` has 'me': 'myself'; begin the path with a slash: `\"/myself\"`",
        ),
        (
            lambda: integration(facts={"me": 7}),
            "`facts` has 'me': 7; give the path of what tells it, or a Stream class",
        ),
        (
            lambda: integration(facts={"me": ThingsStream()}),
            "`facts` has 'me': an instance of ThingsStream; give the path of what tells it, or a Stream class",
        ),
        (
            lambda: integration(facts=("/me",)),
            "`facts` is ('/me',); it must be a dict of paths, or Stream classes, by names, for example "
            '`facts = {"me": "/myself"}`',
        ),
        (
            lambda: integration(facts={"me": "/{facts.site.id}/me", "site": "/site"}),
            "the fact 'me': `path` uses {facts.site.id}, but no such fact is known by then; declare it: "
            '`facts = {"site": "/..."}` on the integration',
        ),
        (
            lambda: integration(facts={"me": "/{parent.id}/me"}),
            "the fact 'me': `path` uses {parent.id}, but the stream has no parent; set `parent`",
        ),
        (
            lambda: integration(facts={"me": stream(cursor=Cursor("at"), primary_key="id")}),
            "the fact 'me': BadStream has a `cursor`, but a fact is fetched before all streams, and whole; remove it",
        ),
        (
            lambda: integration(facts={"me": declare("EmptyStream", Stream)}),
            'EmptyStream has no path; set it, for example `path = "/things"`, or for GraphQL a `query`, or where an '
            "SDK lists its records, give it the method `@classmethod def pages(cls, client, params)`",
        ),
        (
            lambda: integration(facts=FACTS, streams=(stream(params={"zone": "{facts.mee.zone}"}),)),
            "BadStream: `params` uses {facts.mee.zone}, but no such fact is known by then; did you mean 'me'?",
        ),
        (
            lambda: integration(streams=(stream(params={"zone": "{facts.me.zone}"}),)),
            "BadStream: `params` uses {facts.me.zone}, but no such fact is known by then; declare it: "
            '`facts = {"me": "/..."}` on the integration',
        ),
        (
            lambda: integration(
                facts=FACTS,
                streams=(
                    stream(primary_key="id", cursor=Cursor("at", since="from", format="%Y-%m-%d {facts.you.zone}")),
                ),
            ),
            "BadStream: `format` of its Cursor uses {facts.you.zone}, but no such fact is known by then; there are: "
            "me, site",
        ),
        (
            lambda: integration(
                streams=(stream(primary_key="id", cursor=Cursor("at", since="from", format="%Y {parent.zone}")),),
            ),
            "BadStream: `format` of its Cursor uses {parent.zone}; only {config.x} and {facts.x} can be part of it",
        ),
        (
            lambda: integration(facts=FACTS, base_url="https://{facts.me.host}"),
            "`base_url` uses {facts.me.host}, but it is the same for all requests; write it in the `path`, `params`, "
            "`headers` or `body` of a stream",
        ),
    ],
)
def test_a_mistake(make: Make, message: str) -> None:
    assert load_error(make) == f"BadIntegration: {message}"
