"""A list that is still being made, and bytes around a list, are no other list (conformance 89, 90)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class ReportsIntegration(CommonIntegration):
    records = "rows"
    streams = (ItemsStream,)


@pytest.mark.parametrize(
    "state", [{"status": "PENDING"}, {"state": "in_progress"}, {"jobStatus": "Running"}, {"queryState": "QUEUED"}]
)
@pytest.mark.parametrize("rows", [[], items(1)])
def test_89_a_state_by_which_it_is_not_whole_yet_is_told(
    connect: Connect, api: Vendor, state: dict[str, str], rows: list[Any]
) -> None:
    (name,) = state
    api.script(Reply(body={**state, "rows": rows}))
    (warning,) = connect(ReportsIntegration).sync(ItemsStream).warnings
    assert f"it is {state[name]!r}, so the list may not be whole yet" in warning
    assert f'data_fields = ("{name}",)' in warning
    declared = declare("ReportsIntegration", ReportsIntegration, data_fields=(name,))
    assert connect(declared).sync(ItemsStream).warnings == []


@pytest.mark.parametrize("state", [{"status": "ok"}, {"state": "done"}, {"status": "COMPLETED"}, {"status": 1}])
def test_89_another_state_is_not(connect: Connect, api: Vendor, state: dict[str, Any]) -> None:
    api.script(Reply(body={**state, "rows": items(1)}))
    assert connect(ReportsIntegration).sync(ItemsStream).warnings == []


@pytest.mark.parametrize("thing", [{"id": 7}, {"name": "spring sale"}])
def test_89_nor_is_that_of_a_thing_which_has_the_list(connect: Connect, api: Vendor, thing: dict[str, Any]) -> None:
    api.script(Reply(body={**thing, "status": "running", "rows": items(1)}))
    assert connect(ReportsIntegration).sync(ItemsStream).warnings == []
    api.script(Reply(body={**thing, "status": "running", "rows": []}))
    assert "it is 'running'" in connect(ReportsIntegration).sync(ItemsStream).warnings[0]


def test_89_nor_is_one_that_was_asked_for(connect: Connect, api: Vendor) -> None:
    stream = declare("ItemsStream", ItemsStream, params={"state": "pending"})
    api.script(Reply(body={"state": "pending", "rows": items(1)}))
    assert connect(declare("ReportsIntegration", ReportsIntegration, streams=(stream,))).sync(stream).warnings == []


@pytest.mark.parametrize("body", ['[{"id": 1}, {"id": 2}]', '{"rows": [{"id": 1}, {"id": 2}]}'])
@pytest.mark.parametrize("blanks", [" " * 100, "\r\n" * 5_000, "\t \n"])
def test_90_blanks_that_are_sent_while_a_list_is_made_are_skipped(
    connect: Connect, api: Vendor, body: str, blanks: str
) -> None:
    api.script(Reply(body=f"{blanks}{body}{blanks}".encode()))
    records = "rows" if "rows" in body else ""
    acme = connect(declare("ReportsIntegration", ReportsIntegration, records=records))
    acme.sync(ItemsStream)
    assert acme.texts(ItemsStream) == ['{"id": 1}', '{"id": 2}']


def test_90_the_names_of_columns_between_joined_exports_are_no_record(connect: Connect, api: Vendor) -> None:
    text = "id,name\n1,ann\nid,name\n2,bob\n"
    api.script(Reply(body=text.encode(), headers={"Content-Type": "text/csv"}))
    acme = connect(declare("ReportsIntegration", ReportsIntegration, records=""))
    acme.sync(ItemsStream)
    assert [record["name"] for record in acme.records(ItemsStream)] == ["ann", "bob"]


def test_90_of_a_single_column_they_may_be_one(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=b"id\n1\nid\n", headers={"Content-Type": "text/csv"}))
    acme = connect(declare("ReportsIntegration", ReportsIntegration, records=""))
    acme.sync(ItemsStream)
    assert [record["id"] for record in acme.records(ItemsStream)] == ["1", "id"]
