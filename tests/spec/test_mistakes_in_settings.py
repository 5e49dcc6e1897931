"""A setting of the wrong type or value fails when definitions load; type checkers find many of them earlier."""

from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import BearerToken, Cursor, GraphQLCursor, Offset
from tests.spec.mistakes import Make, Thing, ThingsStream, integration, load_error, with_stream


def with_cursor(field: Any = "at", **settings: Any) -> Any:
    return with_stream(primary_key="id", cursor=Cursor(field, **settings))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(streams=()),
            "BadIntegration: `streams` is empty; set it, for example `streams = (YourStream,)`",
        ),
        (
            lambda: integration(streams=ThingsStream),
            (
                "BadIntegration: `streams` is the class ThingsStream; write a tuple, with a comma: `streams "
                "= (ThingsStream,)`"
            ),
        ),
        (
            lambda: integration(streams=[ThingsStream]),
            (
                "BadIntegration: `streams` is [<class 'tests.spec.mistakes.ThingsStream'>]; it must be a tuple of "
                "Stream classes, for example `streams = (OrgsStream, ProjectsStream)`"
            ),
        ),
        (
            lambda: integration(streams=(ThingsStream(),)),
            ("BadIntegration: `streams` holds an instance of ThingsStream; give the class, without `()`"),
        ),
        (
            lambda: integration(streams=(Thing,)),
            "BadIntegration: `streams` holds the class Thing, which is not a Stream class",
        ),
        (
            lambda: integration(streams=("things",)),
            "BadIntegration: `streams` holds 'things', which is not a Stream class",
        ),
        (
            lambda: integration(streams=(ThingsStream, ThingsStream)),
            "BadIntegration: `streams` holds ThingsStream twice; remove one of them",
        ),
        (
            lambda: integration(base_url=None),
            'BadIntegration has no base_url; set it, for example `base_url = "https://api.vendor.com"`',
        ),
        (
            lambda: integration(base_url=5),
            ('BadIntegration: `base_url` is 5; it must be a string, for example `base_url = "https://api.vendor.com"`'),
        ),
        (
            lambda: integration(auth="ghp_verysecret"),
            ('BadIntegration: `auth` is a str; it must be an auth, for example `auth = BearerToken("{config.token}")`'),
        ),
        (
            lambda: integration(auth=BearerToken),
            "BadIntegration: `auth` is a class; make an instance: `BearerToken(...)`",
        ),
        (
            lambda: integration(hosts="files.test"),
            (
                "BadIntegration: `hosts` is 'files.test'; it must be a tuple of host names, without `https://` or a "
                'path, for example `hosts = ("files.vendor.com",)`'
            ),
        ),
        (
            lambda: integration(hosts=("files.test:port",)),
            (
                "BadIntegration: hosts: 'files.test:port' is not the name of an https host such as "
                "'uploads.example.com': correct it"
            ),
        ),
        (
            lambda: integration(rate=100),
            "BadIntegration: `rate` is 100; it must be a Rate, for example `rate = Rate(100, per=60)`",
        ),
        (
            lambda: integration(concurrency="4"),
            (
                "BadIntegration: `concurrency` is '4'; it must be a whole number of at least 1, for example "
                "`concurrency = 4`"
            ),
        ),
        (
            lambda: integration(concurrency=0),
            (
                "BadIntegration: `concurrency` is 0; it must be a whole number of at least 1, for example `concurrency "
                "= 4`"
            ),
        ),
        (
            lambda: integration(window="weekly"),
            ('BadIntegration: `window` is \'weekly\'; it must be "day", "week" or "month"'),
        ),
        (
            lambda: integration(check="things"),
            "BadIntegration: `check` is 'things'; it must be a Stream class, for example `check = OrgsStream`",
        ),
        (
            lambda: integration(check=ThingsStream()),
            "BadIntegration: `check` is an instance of ThingsStream; give the class, without `()`",
        ),
        (
            lambda: integration(headers={"X-Version": 1}),
            (
                "BadIntegration: `headers` is {'X-Version': int}; it must be a dict of strings, for example `headers = "
                '{"Accept": "application/json"}`'
            ),
        ),
        (
            lambda: integration(params={"ids": ["a", "b"]}),
            (
                "BadIntegration: `params` is {'ids': list}; it must be a dict of strings, numbers and booleans, for "
                'example `params = {"limit": 100}`'
            ),
        ),
        (
            lambda: integration(name=7),
            'BadIntegration: `name` is 7; it must be a string, for example `name = "things"`',
        ),
        (
            lambda: integration(name="Bad Name"),
            (
                "BadIntegration: the name 'Bad Name' must be lower-case letters, digits and _, begin with a letter and "
                "have at most 63 characters; set `name`"
            ),
        ),
        (
            lambda: with_stream(name="Bad-Things"),
            (
                "BadIntegration: BadStream: the name 'Bad-Things' must be lower-case letters, digits and _, begin with "
                "a letter and have at most 63 characters; set `name`"
            ),
        ),
        (
            lambda: with_stream(path=None),
            'BadIntegration: BadStream has no path; set it, for example `path = "/things"`',
        ),
        (
            lambda: with_stream(path="things"),
            "BadIntegration: BadStream: `path` is 'things'; begin it with a slash: `path = \"/things\"`",
        ),
        (
            lambda: with_stream(path="/x?y=1"),
            (
                "BadIntegration: BadStream: `path` is '/x?y=1'; give only what follows the base URL, and set query "
                "parameters with `params`"
            ),
        ),
        (
            lambda: with_stream(path="https://api.test/things"),
            (
                "BadIntegration: BadStream: `path` is 'https://api.test/things'; give only what follows the base URL, "
                "and set query parameters with `params`"
            ),
        ),
        (
            lambda: with_stream(method=5),
            'BadIntegration: BadStream: `method` is 5; it must be an HTTP method, for example `method = "POST"`',
        ),
        (
            lambda: with_stream(method="GET /x"),
            (
                "BadIntegration: BadStream: `method` is 'GET /x'; it must be an HTTP method, for example `method = "
                '"POST"`'
            ),
        ),
        (
            lambda: with_stream(body="query"),
            (
                "BadIntegration: BadStream: `body` is 'query'; it must be a dict, for example `body = {\"query\": "
                '"..."}`'
            ),
        ),
        (
            lambda: with_stream(records=("data", "items")),
            (
                "BadIntegration: BadStream: `records` is ('data', 'items'); it must be the path of the list in a page, "
                'for example `records = "data.items"`'
            ),
        ),
        (
            lambda: with_stream(primary_key=["id", "number"]),
            (
                "BadIntegration: BadStream: `primary_key` is ['id', 'number']; it must be a path or a tuple of paths, "
                'for example `primary_key = "id"` or `primary_key = ("repository.id", "number")`'
            ),
        ),
        (
            lambda: with_stream(primary_key=("id", "")),
            (
                "BadIntegration: BadStream: `primary_key` is ('id', ''); it must be a path or a tuple of paths, for "
                'example `primary_key = "id"` or `primary_key = ("repository.id", "number")`'
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor="updated_at"),
            (
                "BadIntegration: BadStream: `cursor` is 'updated_at'; it must be a Cursor, for example `cursor = "
                'Cursor("updated_at")`'
            ),
        ),
        (
            lambda: with_stream(primary_key="id", cursor=Cursor),
            "BadIntegration: BadStream: `cursor` is a class; make an instance: `Cursor(...)`",
        ),
        (
            lambda: with_stream(cursor=Cursor("at")),
            (
                "BadIntegration: BadStream has a cursor but no primary key, so changed records can't be told from new "
                "ones; set `primary_key`"
            ),
        ),
        (
            lambda: with_cursor(""),
            (
                "BadIntegration: BadStream.cursor: `field` is ''; it must be the path of a field, for example "
                '`Cursor("updated_at")`'
            ),
        ),
        (
            lambda: with_cursor(5),
            (
                "BadIntegration: BadStream.cursor: `field` is 5; it must be the path of a field, for example "
                '`Cursor("updated_at")`'
            ),
        ),
        (
            lambda: with_cursor(order="up"),
            ('BadIntegration: BadStream.cursor: `order` is \'up\'; it must be "asc" or "desc"'),
        ),
        (
            lambda: with_cursor(lookback=3600),
            (
                "BadIntegration: BadStream.cursor: `lookback` is 3600; it must be a timedelta, not negative, for "
                "example `lookback=timedelta(hours=1)`"
            ),
        ),
        (
            lambda: with_cursor(lookback=timedelta(hours=-1)),
            (
                "BadIntegration: BadStream.cursor: `lookback` is datetime.timedelta(days=-1, seconds=82800); it must "
                "be a timedelta, not negative, for example `lookback=timedelta(hours=1)`"
            ),
        ),
        (
            lambda: with_cursor(since=5),
            (
                "BadIntegration: BadStream.cursor: `since` is 5; it must be the name of a parameter, for example "
                '`since="updated_after"`'
            ),
        ),
        (
            lambda: with_cursor(since="when", until="when"),
            (
                "BadIntegration: BadStream.cursor: `since` and `until` are both 'when'; give each the name of its own "
                "parameter, or remove `until`"
            ),
        ),
        (
            lambda: with_cursor(format="unix"),
            (
                'BadIntegration: BadStream.cursor: `format` is \'unix\'; it must be "epoch" (seconds), "epoch_ms" or a '
                'strftime format, for example `format="%Y-%m-%d"`'
            ),
        ),
        (
            lambda: with_stream(paginator=Offset),
            "BadIntegration: BadStream: `paginator` is a class; make an instance: `Offset(...)`",
        ),
        (
            lambda: with_stream(paginator="next"),
            (
                "BadIntegration: BadStream: `paginator` is 'next'; it must be a paginator, for example `paginator = "
                'NextLink("links.next")`'
            ),
        ),
        (
            lambda: with_stream(paginator=GraphQLCursor("data.x.pageInfo.endCursor")),
            (
                "BadIntegration: BadStream: `paginator` is a GraphQLCursor, which sends its cursor in the body; set "
                '`method = "POST"` and `body = {"query": "...", "variables": {}}`'
            ),
        ),
        (
            lambda: with_stream(parent="things"),
            (
                "BadIntegration: BadStream: `parent` is 'things'; it must be a Stream class, for example `parent = "
                "OrgsStream`"
            ),
        ),
        (
            lambda: with_stream(parent=ThingsStream()),
            ("BadIntegration: BadStream: `parent` is an instance of ThingsStream; give the class, without `()`"),
        ),
        (
            lambda: with_stream(accept={"404": "skip"}),
            (
                "BadIntegration: BadStream: `accept` is {'404': str}; it must be a dict by status, for example `accept "
                '= {404: "skip"}`'
            ),
        ),
        (
            lambda: with_stream(accept={404: "ignore"}),
            ('BadIntegration: BadStream: `accept` has {404: "ignore"}; use "skip" or "keep"'),
        ),
        (
            lambda: with_stream(max_invalid="10%"),
            (
                "BadIntegration: BadStream: `max_invalid` is '10%'; it must be a share from 0 to 1, for example "
                "`max_invalid = 0.1`"
            ),
        ),
        (
            lambda: with_stream(max_invalid=10),
            (
                "BadIntegration: BadStream: `max_invalid` is 10; it must be a share from 0 to 1, for example "
                "`max_invalid = 0.1`"
            ),
        ),
        (
            lambda: with_stream(personal=["login"]),
            (
                "BadIntegration: BadStream: `personal` is ['login']; it must be a path or a tuple of paths, for "
                'example `personal = "user.login"` or `personal = ("user.login", "author")`'
            ),
        ),
    ],
)
def test_the_message_says_what_the_setting_is_and_what_it_must_be(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_a_long_value_is_shortened() -> None:
    assert len(load_error(lambda: with_stream(records=["x" * 500]))) < 200
