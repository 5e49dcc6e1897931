"""A mistake in a GraphQL query, or in what reads its answer, fails when definitions load."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Budget, Cursor, CursorToken, GraphQLCursor, Offset, PageNumber
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import integration, load_error, stream, with_stream

QUERY = "query ($first: Int, $cursor: ID) { items(first: $first, after: $cursor) { next list { id at } } }"
VALID: dict[str, Any] = {"query": QUERY, "path": "/graphql", "records": "data.items.list", "primary_key": "id"}
NEXT = "query ($cursor: ID!) { more(after: $cursor) { next list { id at } } }"


def following(**settings: Any) -> dict[str, Any]:
    paginator = GraphQLCursor(
        "data.items.next",
        **{"next_query": NEXT, "next_records": "data.more.list", "next_path": "data.more.next", **settings},
    )
    return {"paginator": paginator}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"variables": {"first": 5}, "cursor": Cursor("at"), "paginator": GraphQLCursor("data.items.next")},
        following(),
        following(next_records=None, next_path=None, next_query=QUERY),
        {"paginator": Offset("cursor", size_param="first", size=5)},
        {"query": "fragment F on X { list { id } }\n{ items { ...F ... on Y { next } } }"},
        {"query": "{ items: others { list { ...on Z { id } } } }"},
        {"query": "{ items { list } }"},
        {"query": "{ id at }", "records": "data", "shape": "object"},
        {"query": '{ items(at: "{config.org}") { list { id } } }'},
        {"budget": Budget("extensions.left", reset="extensions.reset")},
        {"query": "query ($first: Int) { items { ...F } }\nfragment F on X { list(first: $first) { id } }"},
        {"query": "query ($all: Boolean!) @live(if: $all) { items { list { id } } }", "variables": {"all": True}},
        {"query": "query ($first: Int! = 5) { items(first: $first) { list { id } } }"},
    ],
)
def test_a_query_that_fits_its_settings_loads(settings: dict[str, Any]) -> None:
    (stream,) = read_integration(with_stream(**{**VALID, **settings})).streams.values()
    assert stream.body is not None
    assert stream.body["query"] == {**VALID, **settings}["query"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"query": "items"}, "`query` is 'items', which is neither a query nor the name of a file; write the query"),
        (
            {"query": "items.graphql"},
            "`query` names the file 'items.graphql', which is not there; it is looked for beside the file that has "
            "BadStream",
        ),
        ({"query": "{ items { list { id } }"}, "`query` is no GraphQL (line 1: Expected Name, found <EOF>)"),
        ({"query": "mutation { drop { id } }"}, "`query` is a mutation; a stream only reads: write a query"),
        ({"query": "query A { a } query B { b }"}, "`query` has 2 operations; leave one, besides fragments"),
        ({"query": "fragment F on X { id }"}, "`query` has 0 operations; leave one, besides fragments"),
        ({"query": 5}, "`query` is 5; it must be a GraphQL query or the name of a file"),
        ({"body": {}}, "has both `query` and `body`; a query has a body of its own: remove `body`"),
        ({"method": "GET"}, "`method` does nothing: a query is sent with POST; remove it"),
        ({"query": None, "variables": {"first": 5}}, "`variables` does nothing without a `query`; set one, or remove"),
        (
            {"variables": {"frist": 5}},
            "`variables` sends the variable $frist, which `query` does not declare; did you mean $first?",
        ),
        ({"variables": {"zone": 5}}, "which `query` does not declare; declare it: `query ($zone: ...)`"),
        (
            {"cursor": Cursor("at", since="since")},
            "`variables` sends the variable $since, which `query` does not declare",
        ),
        (
            {"paginator": GraphQLCursor("data.items.next", "after")},
            "`paginator` sends the variable $after, which `query` does not declare",
        ),
        ({"paginator": PageNumber()}, "`paginator` sends the variable $page, which `query` does not declare"),
        (
            {"paginator": Offset("cursor", size_param="size", size=5)},
            "`paginator's size_param` sends the variable $size, which `query` does not declare",
        ),
        (
            {"query": "query ($org: ID!) { items(org: $org) { list { id } } }"},
            "`query` requires $org, which nothing gives; add it to `variables`",
        ),
        (
            {
                "query": "query ($cursor: ID!) { items(after: $cursor) { next list { id } } }",
                "paginator": GraphQLCursor("data.items.next"),
            },
            "`query` requires $cursor, but the first page is asked for without a cursor; declare it without `!`",
        ),
        (
            {
                "query": "query ($cursor: ID!) { items(after: $cursor) { next list { id } } }",
                "paginator": CursorToken("data.items.next", param="cursor"),
            },
            "`query` requires $cursor, but the first page is asked for without a cursor; declare it without `!`",
        ),
        (
            {
                "query": "query ($a: T!, $b: T!) { items(a: $a, b: $b) { list { id at } } }",
                "cursor": Cursor("at", since="a", until="b"),
            },
            "`query` requires $b, but a sync up to the present has no end; set `both=True` on the Cursor, or declare",
        ),
        (
            {
                "query": "query ($since: T, $cursor: ID) { items(after: $cursor) { list { id at } } }",
                "cursor": Cursor("at", since="since"),
            },
            "`query` declares $since and does not use it; use it in an argument, or remove it",
        ),
        ({"records": ""}, 'has a query and no path in `records`; set it, for example `records = "data.items"`'),
        ({"records": "data"}, 'has a query and no path in `records`; set it, for example `records = "data.items"`'),
        (
            {"variables": {"first": 9}, "paginator": Offset("cursor", size_param="first", size=5)},
            "`variables` gives 'first' a value, but its paginator replaces it in each request with 5",
        ),
        (
            {"records": "items.list"},
            '`records` is \'items.list\', but what a query asks for lies in "data": "data.items.list"',
        ),
        (
            {"records": "data.item.list"},
            "`records` leads to 'data.item.list', but `query` does not ask for `item` there; it asks for items",
        ),
        (
            {"primary_key": "uid"},
            "`primary_key` leads to 'data.items.list.uid', but `query` does not ask for `uid` there; it asks for id, "
            "at",
        ),
        ({"cursor": Cursor("changed")}, "`cursor` leads to 'data.items.list.changed', but `query` does not ask for"),
        (
            {"paginator": GraphQLCursor("data.items.cursor")},
            "`paginator` leads to 'data.items.cursor', but `query` does not ask for `cursor` there",
        ),
        (
            {"budget": Budget("data.cost.left", reset="data.cost.reset")},
            "`budget` leads to 'data.cost.left', but `query` does not ask for `cost` there; it asks for items",
        ),
        (
            following(next_query='query ($cursor: ID!) { more(org: "{config.org}") { next list { id } } }'),
            "`next_query` uses {config.org}, but it is sent as it is; use a variable",
        ),
        (following(next_query="{ more { id"), "`next_query` is no GraphQL (line 1: Expected Name, found <EOF>)"),
        (
            following(next_query="{ more { next list { id } } }"),
            "`paginator` sends the variable $cursor, which `next_query` does not declare",
        ),
        (
            following(next_query="query ($cursor: ID!, $org: ID!) { more { next list { id } } }"),
            "`next_query` requires $org, which nothing gives; add it to `variables`",
        ),
        (
            following(next_query="query ($cursor: ID!) { more { next list { id at } } }"),
            "`next_query` declares $cursor and does not use it; use it in an argument, or remove it",
        ),
        (
            following(next_records="data.items.list"),
            "`next_records` leads to 'data.items.list', but `next_query` does not ask for `items` there",
        ),
        (
            following(next_path=None),
            "`next_path` leads to 'data.items.next', but `next_query` does not ask for `items` there",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(settings: dict[str, Any], problem: str) -> None:
    message = load_error(lambda: with_stream(**{**VALID, **settings}))
    assert message.startswith("BadIntegration: BadStream")
    assert problem in message


def test_a_stream_needs_a_path_or_a_query() -> None:
    assert read_integration(with_stream(**{**VALID, "path": ""})).streams
    message = load_error(lambda: with_stream(**{**VALID, "path": None, "query": None, "variables": {}}))
    assert "has no path; set it" in message


def test_where_the_next_pages_lie_is_said_with_the_query_that_asks_for_them() -> None:
    with pytest.raises(ValueError, match="next_records and next_path with a next_query"):
        GraphQLCursor("data.next", next_records="data.more")


PRIVATE = {"query": "{ items { list { id note owner { name } tags } } }"}


@pytest.mark.parametrize("setting", ["personal", "sensitive"])
@pytest.mark.parametrize("paths", ["note", ("owner.name", "owner"), "owner.*", "*", ("owner.*.x", "tags.a.b")])
def test_private_fields_that_the_query_asks_for_load(setting: str, paths: Any) -> None:
    settings = {**VALID, **PRIVATE, setting: paths}
    if setting == "sensitive" and paths == "*":
        settings["primary_key"] = ()
    [loaded] = read_integration(with_stream(**settings)).streams.values()
    declared = (paths,) if isinstance(paths, str) else paths
    assert set(declared) <= set(getattr(loaded, setting))


@pytest.mark.parametrize("setting", ["personal", "sensitive"])
@pytest.mark.parametrize(("path", "name"), [("notes", "notes"), ("owner.nam", "nam"), ("onwer.*", "onwer")])
def test_a_private_field_that_the_query_does_not_ask_for_is_refused(setting: str, path: str, name: str) -> None:
    told = load_error(lambda: with_stream(**{**VALID, **PRIVATE, setting: ("note", path)}))
    assert f"`{setting}` leads to 'data.items.list." in told
    assert f"`query` does not ask for `{name}` there; it asks for" in told


def test_a_private_field_of_the_integration_may_be_that_of_another_stream() -> None:
    declared = integration(streams=(stream(**{**VALID, **PRIVATE}),), sensitive="secret", personal="person")
    [loaded] = read_integration(declared).streams.values()
    assert ("secret" in loaded.sensitive, "person" in loaded.personal) == (True, True)
