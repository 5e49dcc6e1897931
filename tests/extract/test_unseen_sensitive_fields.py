"""A sensitive path that no record has hides nothing: a sync says so, with the field that may be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Offset, Stream
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, DeskApi


def customer(folder: Path, desk: Desk, *, of_integration: Any = (), **settings: Any) -> Customer:
    stream: Any = declare("AgentsStream", Stream[Any], path="/agents", **settings)
    given = {"streams": (stream,), "paginator": Offset(size_param="limit", size=3), "sensitive": of_integration}
    return Customer(folder, desk.vendor.url, declare("DeskIntegration", DeskApi, **given))


def agent(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"agent {number}", **more}


@pytest.mark.parametrize(
    ("path", "more", "hint"),
    [
        ("secret_notee", {"secret_note": "pin 1"}, "did you mean 'secret_note'?"),
        ("secret_note", {"private": {"secret_note": "pin 1"}}, "did you mean 'private.secret_note'?"),
        ("keys.valeu", {"keys": [{"value": "x"}]}, "did you mean 'keys.value'?"),
        ("zzz.*", {}, "they have id, name"),
        ("name.first", {}, "correct the path"),
        ("by.*.pn", {"by": {"a": {"pin": "1"}}}, "correct the path"),
    ],
)
def test_a_path_that_leads_to_nothing_is_told(
    path: str, more: dict[str, Any], hint: str, tmp_path: Path, desk: Desk
) -> None:
    desk.agents = [agent(number, **more) for number in range(1, 8)]
    report = customer(tmp_path, desk, sensitive=("name", path)).sync()["agents"]
    (warning,) = report.warnings
    assert f"no record received has anything at `{path}`, which is `sensitive` for AgentsStream" in warning
    assert hint in warning


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("secret_note", {"secret_note": "pin"}),
        ("keys.value", {"keys": [{"value": "x"}]}),
        ("keys.0.value", {"keys": [{"value": "x"}]}),
        ("keys.value", {"keys": []}),
        ("owner.pin", {"owner": None}),
        ("owner.pin", {"owner": {}}),
        ("by.*.pin", {"by": {"a": {"pin": "1"}}}),
        ("by.*", {"by": {"a": 1}}),
        ("names.*", {"names": {}}),
        ("a\\.b", {"a.b": 1}),
        ("größe", {"größe": 1}),
        ("*", {}),
    ],
)
def test_a_path_that_is_right_or_may_be_is_not_told(
    path: str, more: dict[str, Any], tmp_path: Path, desk: Desk
) -> None:
    desk.agents = [agent(number, **more) for number in range(1, 8)]
    key = {"primary_key": ()} if path == "*" else {}
    assert customer(tmp_path, desk, sensitive=path, **key).sync()["agents"].warnings == []


def test_a_field_of_one_record_among_many_is_seen_and_remembered(tmp_path: Path, desk: Desk) -> None:
    desk.agents = [agent(number) for number in range(1, 600)] + [agent(600, pin=[{"code": "1"}])]
    acme = customer(tmp_path, desk, sensitive="pin.code", paginator=Offset(size_param="limit", size=600))
    assert acme.sync()["agents"].warnings == []
    desk.agents = desk.agents[:-1]
    assert acme.sync()["agents"].warnings == []


def test_a_path_of_the_integration_is_told_if_a_field_is_close(tmp_path: Path, desk: Desk) -> None:
    assert customer(tmp_path, desk, of_integration="token").sync()["agents"].warnings == []
    (warning,) = customer(tmp_path, desk, of_integration="nam").sync()["agents"].warnings
    assert "correct the path, or set `sensitive = ()` on it; did you mean 'name'?" in warning


def test_without_records_nothing_is_known(tmp_path: Path, desk: Desk) -> None:
    desk.agents = []
    assert customer(tmp_path, desk, sensitive="anything").sync()["agents"].warnings == []
