"""A setting of the wrong type or value fails when definitions load; type checkers find many of them earlier."""

from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import BearerToken, Cursor, GraphQLCursor, Offset, Rate
from tests.spec.mistakes import Make, Thing, ThingsStream, integration, load_error, with_stream


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"streams": ()}, "`streams` is empty; set it, for example `streams = (YourStream,)`"),
        (
            {"streams": ThingsStream},
            "`streams` is the class ThingsStream; write a tuple, with a comma: `streams = (ThingsStream,)`",
        ),
        (
            {"streams": [ThingsStream]},
            (
                "`streams` is [<class 'tests.spec.mistakes.ThingsStream'>]; it must be a tuple of Stream classes, "
                "for example `streams = (OrgsStream, ProjectsStream)`"
            ),
        ),
        ({"streams": (ThingsStream(),)}, "`streams` holds an instance of ThingsStream; give the class, without `()`"),
        ({"streams": (Thing,)}, "`streams` holds the class Thing, which is not a Stream class"),
        ({"streams": ("things",)}, "`streams` holds 'things', which is not a Stream class"),
        ({"streams": (ThingsStream, ThingsStream)}, "`streams` holds ThingsStream twice; remove one of them"),
        ({"base_url": 5}, '`base_url` is 5; it must be a string, for example `base_url = "https://api.vendor.com"`'),
        (
            {"auth": "ghp_verysecret"},
            "`auth` is a str; it must be an auth or a tuple of them, for example "
            '`auth = BearerToken("{config.token}")`',
        ),
        ({"auth": BearerToken}, "`auth` is a class; make an instance: `BearerToken(...)`"),
        (
            {"hosts": "files.test"},
            (
                "`hosts` is 'files.test'; it must be a tuple of host names, without `https://` or a path, for "
                'example `hosts = ("files.vendor.com",)`'
            ),
        ),
        (
            {"hosts": ("files.test:port",)},
            "hosts: 'files.test:port' is not the name of an https host such as 'uploads.example.com': correct it",
        ),
        ({"rate": 100}, "`rate` is 100; it must be a Rate or a tuple of them, for example `rate = Rate(100, per=60)`"),
        (
            {"rate": (Rate(5), 100)},
            (
                "`rate` is (Rate(requests=5, per=1.0, pause=0.0), 100); it must be a Rate or a tuple of them, for "
                "example `rate = Rate(100, per=60)`"
            ),
        ),
        (
            {"budget": "data.cost"},
            (
                "`budget` is 'data.cost'; it must be a Budget, for example `budget = Budget(\"data.cost.left\", "
                'reset="data.cost.reset_in_seconds")`'
            ),
        ),
        (
            {"concurrency": "4"},
            "`concurrency` is '4'; it must be a whole number of at least 1, for example `concurrency = 4`",
        ),
        (
            {"concurrency": 0},
            "`concurrency` is 0; it must be a whole number of at least 1, for example `concurrency = 4`",
        ),
        ({"window": "weekly"}, '`window` is \'weekly\'; it must be "day", "week" or "month"'),
        ({"check": "things"}, "`check` is 'things'; it must be a Stream class, for example `check = OrgsStream`"),
        ({"check": ThingsStream()}, "`check` is an instance of ThingsStream; give the class, without `()`"),
        (
            {"headers": {"X-Version": 1}},
            (
                "`headers` is {'X-Version': int}; it must be a dict of strings, for example `headers = {\"Accept\": "
                '"application/json"}`'
            ),
        ),
        (
            {"params": {"ids": {"a": "b"}}},
            (
                "`params` is {'ids': dict}; it must be a dict of strings, numbers and booleans, or lists of them, for "
                'example `params = {"limit": 100}`'
            ),
        ),
        ({"name": 7}, '`name` is 7; it must be a string, for example `name = "things"`'),
        (
            {"name": "Bad Name"},
            (
                "the name 'Bad Name' must be lower-case letters, digits and _, begin with a letter and have at "
                "most 63 characters; set `name`"
            ),
        ),
    ],
)
def test_a_setting_of_an_integration(settings: dict[str, Any], problem: str) -> None:
    assert load_error(lambda: integration(**settings)) == f"BadIntegration: {problem}"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"name": "Bad-Things"},
            (
                "the name 'Bad-Things' must be lower-case letters, digits and _, begin with a letter and have at "
                "most 63 characters; set `name`"
            ),
        ),
        ({"path": "things"}, "`path` is 'things'; begin it with a slash: `path = \"/things\"`"),
        (
            {"path": "/x?y=1"},
            "`path` is '/x?y=1'; give only what follows the base URL, and set query parameters with `params`",
        ),
        (
            {"path": "https://api.test/things"},
            (
                "`path` is 'https://api.test/things'; give only what follows the base URL, and set query "
                "parameters with `params`"
            ),
        ),
        ({"method": 5}, '`method` is 5; it must be an HTTP method, for example `method = "POST"`'),
        ({"method": "GET /x"}, "`method` is 'GET /x'; it must be an HTTP method, for example `method = \"POST\"`"),
        ({"body": "query"}, '`body` is \'query\'; it must be a dict, for example `body = {"filter": "open"}`'),
        (
            {"records": ("data", "items")},
            (
                "`records` is ('data', 'items'); it must be the path of the list in a page, for example `records "
                '= "data.items"`'
            ),
        ),
        (
            {"primary_key": ["id", "number"]},
            (
                "`primary_key` is ['id', 'number']; it must be a path or a tuple of paths, for example "
                '`primary_key = "id"` or `primary_key = ("repository.id", "number")`'
            ),
        ),
        (
            {"primary_key": ("id", "")},
            (
                "`primary_key` is ('id', ''); it must be a path or a tuple of paths, for example `primary_key = "
                '"id"` or `primary_key = ("repository.id", "number")`'
            ),
        ),
        (
            {"primary_key": "id", "cursor": "updated_at"},
            "`cursor` is 'updated_at'; it must be a Cursor, for example `cursor = Cursor(\"updated_at\")`",
        ),
        ({"primary_key": "id", "cursor": Cursor}, "`cursor` is a class; make an instance: `Cursor(...)`"),
        ({"paginator": Offset}, "`paginator` is a class; make an instance: `Offset(...)`"),
        (
            {"paginator": "next"},
            "`paginator` is 'next'; it must be a paginator, for example `paginator = NextLink(\"links.next\")`",
        ),
        (
            {"paginator": GraphQLCursor("data.x.pageInfo.endCursor")},
            ('`paginator` is a GraphQLCursor, which sends its cursor as a variable of a query; set `query = "..."`'),
        ),
        ({"parent": "things"}, "`parent` is 'things'; it must be a Stream class, for example `parent = OrgsStream`"),
        ({"parent": ThingsStream()}, "`parent` is an instance of ThingsStream; give the class, without `()`"),
        (
            {"accept": {"404": "skip"}},
            (
                "`accept` is {'404': str}; it must be a dict whose keys are statuses, or pairs of a status and a text, "
                'for example `accept = {404: "skip", (403, "disabled"): "skip"}`'
            ),
        ),
        ({"accept": {404: "ignore"}}, '`accept` has {404: "ignore"}; use one of skip, keep, retry, limit, end, split'),
        (
            {"max_invalid": "10%"},
            "`max_invalid` is '10%'; it must be a share from 0 to 1, for example `max_invalid = 0.1`",
        ),
        ({"max_invalid": 10}, "`max_invalid` is 10; it must be a share from 0 to 1, for example `max_invalid = 0.1`"),
        (
            {"personal": ["login"]},
            (
                "`personal` is ['login']; it must be a path or a tuple of paths, for example `personal = "
                '"user.login"` or `personal = ("user.login", "author")`'
            ),
        ),
    ],
)
def test_a_setting_of_a_stream(settings: dict[str, Any], problem: str) -> None:
    assert load_error(lambda: with_stream(**settings)) == f"BadIntegration: BadStream: {problem}"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"field": ""}, "`field` is ''; it must be the path of a field, for example `Cursor(\"updated_at\")`"),
        ({"field": 5}, '`field` is 5; it must be the path of a field, for example `Cursor("updated_at")`'),
        ({"order": "up"}, '`order` is \'up\'; it must be "asc" or "desc"'),
        (
            {"lookback": 3600},
            "`lookback` is 3600; it must be a timedelta, not negative, for example `lookback=timedelta(hours=1)`",
        ),
        (
            {"lookback": timedelta(hours=-1)},
            (
                "`lookback` is datetime.timedelta(days=-1, seconds=82800); it must be a timedelta, not negative, "
                "for example `lookback=timedelta(hours=1)`"
            ),
        ),
        ({"since": 5}, '`since` is 5; it must be the name of a parameter, for example `since="updated_after"`'),
        (
            {"since": "when", "until": "when"},
            "`since` and `until` are both 'when'; give each the name of its own parameter, or remove `until`",
        ),
        (
            {"format": "unix"},
            (
                '`format` is \'unix\'; it must be "epoch" (seconds), "epoch_ms" or a strftime format, for example '
                '`format="%Y-%m-%d"`'
            ),
        ),
        ({"zone": 1}, '`zone` is 1; it must be the name of a time zone, for example `zone="America/New_York"`'),
        (
            {"zone": "Berlin", "format": "%Y"},
            "`zone` is 'Berlin', which is no time zone; give its IANA name: `zone=\"America/New_York\"`",
        ),
    ],
)
def test_a_setting_of_a_cursor(settings: dict[str, Any], problem: str) -> None:
    cursor = Cursor(**{"field": "at", **settings})
    error = load_error(lambda: with_stream(primary_key="id", cursor=cursor))
    assert error == f"BadIntegration: BadStream.cursor: {problem}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(base_url=None),
            'BadIntegration has no base_url; set it, for example `base_url = "https://api.vendor.com"`',
        ),
        (
            lambda: with_stream(path=None),
            (
                'BadIntegration: BadStream has no path; set it, for example `path = "/things"`, or for GraphQL a '
                "`query`, or where an SDK lists its records, give it the method `@classmethod def pages(cls, client, "
                "params)`"
            ),
        ),
        (
            lambda: with_stream(cursor=Cursor("at")),
            (
                "BadIntegration: BadStream has a cursor but no primary key, so changed records can't be told from "
                "new ones; set `primary_key`"
            ),
        ),
    ],
)
def test_a_setting_that_is_missing(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_a_long_value_is_shortened() -> None:
    assert len(load_error(lambda: with_stream(records=["x" * 500]))) < 200
