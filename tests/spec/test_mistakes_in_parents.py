"""A sub-stream that asks for several parents at once, and can't, fails when definitions load."""

from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, Integration, LinkHeader
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Make, ThingsStream, integration, load_error, stream


def with_several(**settings: Any) -> type[Integration[Any]]:
    """A valid integration with a sub-stream that asks for several parents, changed by the settings."""
    valid: dict[str, Any] = {
        "parent": ThingsStream,
        "path": "/parts",
        "params": {"things": "{parents.id}"},
        "parents_per_request": 10,
        "parent_key": "thing.id",
        "primary_key": "id",
    }
    return integration(streams=(ThingsStream, stream(**{**valid, **settings})))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: with_several(parents_per_request=None),
            "it uses {parents.id}, the values of several parents, but its requests are for one each; set "
            "`parents_per_request` to how many the API takes, or write {parent.id}",
        ),
        (
            lambda: with_several(parents_per_request=None, params={"thing": "{parent.id}"}),
            "`parent_key` does nothing: each request is for one parent, to which all of its records belong; set "
            "`parents_per_request`, or remove it",
        ),
        (lambda: with_several(parents_per_request=0), "`parents_per_request` is 0; it must be a whole number"),
        (
            lambda: with_several(parent=None, params={}),
            "`parents_per_request` does nothing without a `parent`; set `parent`, or remove it",
        ),
        (lambda: with_several(parent=None), "`params` uses {parents.id}, but the stream has no parent; set `parent`"),
        (
            lambda: with_several(params={}),
            "`parents_per_request` does nothing: its requests don't name the parents; name them with {parents.id}",
        ),
        (
            lambda: with_several(path="/things/{parent.id}/parts"),
            "it uses {parent.id}, but with `parents_per_request` its requests are for several parents, of which each "
            "has its own; write {parents.id}, or remove the setting",
        ),
        (
            lambda: with_several(params={"ids": "{parents.id}", "names": "{parents.name}"}),
            "it uses {parents.id} and {parents.name}, but only one of them can say to which parent a record belongs",
        ),
        (
            lambda: with_several(parent_key=None),
            "a request of it is for several things, so each record must say to which it belongs; set `parent_key` to "
            'the path of what {parents.id} sends, for example `parent_key = "things.id"`',
        ),
        (
            lambda: with_several(cursor=Cursor("at", order="desc")),
            '`order="desc"` ends a list at the first record that is stored, but in a list of several parents those of '
            "another one may follow; remove `order` or `parents_per_request`",
        ),
        (
            lambda: with_several(paginator=LinkHeader(resume=True), cursor=Cursor("at")),
            "its paginator has `resume`, but a place in a list of several parents is of no use once there is another",
        ),
        (
            lambda: with_several(primary_key=("{parents.id}", "id")),
            "`primary_key` has the term '{parents.id}'; give paths of the record, and whole terms such as "
            '"{parent.id}"',
        ),
        (
            lambda: with_several(
                params={},
                query="query($ids: [ID]) { parts(ids: $ids) { id } }",
                variables={"ids": "{parents.id}"},
                records="data.parts",
            ),
            "`parent_key` leads to 'data.parts.thing.id', but `query` does not ask for `thing` there",
        ),
    ],
)
def test_a_mistake_is_told(make: Make, message: str) -> None:
    assert message in load_error(make)


def test_a_field_of_a_grandparent_is_refused() -> None:
    below: Any = stream(parent=ThingsStream, path="/{parent.id}")
    lowest = stream(parent=below, path="/x", params={"i": "{parents.parent.id}"}, parents_per_request=2, parent_key="x")
    lowest.name = "lowest"
    assert "it uses {parents.parent.id}, which is the same for all that share a parent" in load_error(
        lambda: integration(streams=(ThingsStream, below, lowest))
    )


@pytest.mark.parametrize("cursor", [None, Cursor("at", since="since", until="until", order="asc")])
def test_what_is_valid_loads(cursor: Cursor | None) -> None:
    spec = read_integration(with_several(cursor=cursor, paginator=CursorToken("next", param="after")))
    assert (spec.streams["bad"].asked_parent_field, spec.streams["bad"].parents_per_request) == ("id", 10)
