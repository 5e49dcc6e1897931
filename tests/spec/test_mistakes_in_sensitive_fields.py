"""A sensitive field whose value would be shown all the same fails when definitions load."""

from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import integration, load_error, stream, with_stream

FIX = "use another field, or take it out of `sensitive`"


def test_it_is_a_path_or_several() -> None:
    assert load_error(lambda: with_stream(sensitive=["secret"])) == (
        "BadIntegration: BadStream: `sensitive` is ['secret']; it must be a path or a tuple of paths, for example "
        '`sensitive = "secret"` or `sensitive = ("secret", "tokens.*.value")`'
    )


@pytest.mark.parametrize(
    ("sensitive", "key"),
    [("id", "id"), ("owner", "owner.id"), ("owner.id", "owner"), ("*.id", "owner.id"), ("owner.*", "owner.id")],
)
def test_a_key(sensitive: str, key: str) -> None:
    assert load_error(lambda: with_stream(sensitive=sensitive, primary_key=("name", key))) == (
        f"BadIntegration: BadStream: `primary_key` uses `{key}`, which `sensitive` says must never be shown, but keys "
        f"are shown in tables, logs and messages; {FIX}"
    )


@pytest.mark.parametrize("cursor", [Cursor("seen_at"), Cursor("at", nulls="seen_at")])
def test_a_cursor(cursor: Cursor) -> None:
    assert load_error(lambda: with_stream(sensitive="seen_at", primary_key="id", cursor=cursor)) == (
        "BadIntegration: BadStream: `cursor` uses `seen_at`, which `sensitive` says must never be shown, but its "
        f"values are shown in tables, metadata and messages; {FIX}"
    )


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"path": "/parents/{parent.token}"}, "path"),
        ({"path": "/all", "params": {"of": "{parent.token}"}}, "params"),
        ({"path": "/all", "method": "POST", "body": {"of": ["{parent.token}"]}}, "body"),
        ({"path": "/{parent.id}", "primary_key": ("{parent.token}", "id")}, "primary_key"),
    ],
)
def test_a_field_of_the_parent_in_a_request_or_a_key(settings: dict[str, Any], setting: str) -> None:
    above = stream(path="/parents", name="parents", primary_key="id", sensitive=("token",))
    below = stream(parent=above, **settings)
    assert load_error(lambda: integration(streams=(above, below))) == (
        f"BadIntegration: BadStream: `{setting}` uses `token` of BadStream, which `sensitive` says must never be "
        f"shown, but requests and keys are shown in messages and tables; {FIX}"
    )


def test_a_field_of_the_parents_parent() -> None:
    first = stream(path="/firsts", name="firsts", primary_key="id", sensitive="token")
    second = stream(path="/firsts/{parent.id}", name="seconds", primary_key="id", parent=first)
    third = stream(path="/seconds/{parent.id}/{parent.parent.token}", parent=second)
    assert "uses `token` of BadStream" in load_error(lambda: integration(streams=(first, second, third)))


def test_other_fields_may_be_sensitive() -> None:
    one = stream(primary_key="id", cursor=Cursor("at"), sensitive=("secret", "tokens.*.value"))
    other = stream(path="/other", name="other")
    spec = read_integration(integration(streams=(one, other), sensitive="note"))
    assert {name: each.sensitive for name, each in spec.streams.items()} == {
        "bad": ("secret", "tokens.*.value"),
        "other": ("note",),
    }


def test_a_field_of_a_fact() -> None:
    me = stream(path="/me", name="me", sensitive="token")
    of_me = stream(path="/of/{facts.me.token}")
    assert "`path` uses `token` of BadStream" in load_error(lambda: integration(streams=(of_me,), facts={"me": me}))


def test_a_place_in_a_record_from_which_the_next_page_is_asked_for() -> None:
    after_last = CursorToken("items.-1.token", param="after")
    settings: dict[str, Any] = {"records": "items", "sensitive": "token"}
    assert load_error(lambda: with_stream(paginator=after_last, **settings)) == (
        "BadIntegration: BadStream: `paginator` uses `items.-1.token`, which `sensitive` says must never be shown, but "
        f"requests are shown in messages; {FIX}"
    )
    read_integration(with_stream(paginator=CursorToken("token", param="after"), **settings))
