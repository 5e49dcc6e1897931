"""Drift of a vendor's records: fields that are new, changed or gone are reported once."""

from typing import Any

import pytest

from tests.help_desk_vendor import Customer, Desk


@pytest.fixture
def many(desk: Desk, customer: Customer) -> Customer:
    for number in range(10, 40):
        desk.put(number, f"2026-02-{number - 9:02}T00:00:00Z", score=1, owner={"name": "x"}, tags=["a"])
    for number in (1, 2, 3, 4):
        del desk.tickets[number]
    customer.sync()
    return customer


def _sync_with(desk: Desk, customer: Customer, **changes: Any) -> list[str]:
    for number in range(10, 40):
        desk.put(
            number,
            f"2026-04-{number - 9:02}T00:00:00Z",
            **{"score": 1, "owner": {"name": "x"}, "tags": ["a"], **changes},
        )
    return customer.sync("tickets")["tickets"].drift


def test_the_first_sync_has_no_drift(customer: Customer) -> None:
    assert customer.sync()["tickets"].drift == []


@pytest.mark.parametrize(
    ("changes", "drift"),
    [
        ({}, []),
        ({"score": None}, []),
        ({"score": 1.5}, ["score: number, was integer"]),
        ({"owner": {"name": "x", "mail": "y"}}, ["owner.mail: new, text"]),
        ({"owner": "x"}, ["owner.name: gone, was in every record", "owner: text, was object"]),
        ({"tags": [1]}, ["tags[]: integer, was text"]),
    ],
)
def test_fields_that_are_new_changed_or_gone_are_named(
    changes: dict[str, Any], drift: list[str], desk: Desk, many: Customer
) -> None:
    assert _sync_with(desk, many, **changes) == drift


def test_drift_is_reported_once(desk: Desk, many: Customer) -> None:
    assert _sync_with(desk, many, more="x") == ["more: new, text"]
    desk.put(10, "2026-06-01T00:00:00Z", score=1, owner={"name": "x"}, tags=["a"], more="x")
    assert many.sync("tickets")["tickets"].drift == []


def test_the_keys_of_an_object_with_many_members_are_not_fields(desk: Desk, many: Customer) -> None:
    assert _sync_with(desk, many, map={str(number): 1 for number in range(100)}) == [
        "map.*: new, integer",
        "map: new, object",
    ]
