"""A list that `records` names by its number, beside which a page has others (conformance 111)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import PageNumber
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


def connect_to(connect: Connect, records: str, **settings: Any) -> Any:
    integration = declare("BatchesIntegration", CommonIntegration, records=records, streams=(ItemsStream,), **settings)
    return connect(integration)


LEFT: list[tuple[str, Any, str]] = [
    ("0.results", [{"results": items(1)}, {"results": items(2)}, {"results": items(3)}], "the page is, so 2 more"),
    ("0", [items(1), items(2)], "the page is, so 1 more"),
    (
        "data.result.0.values",
        {"data": {"result": [{"values": items(1)}, {"values": items(2)}]}},
        "`data.result` is, so 1",
    ),
    ("0.results", [{"results": []}, {"results": items(2)}], "the page is, so 1 more"),
    ("sets.-1", {"sets": [items(4), [], items(1)]}, "item -1 of the list that `sets` is, so 1 more"),
]


@pytest.mark.parametrize(("records", "body", "said"), LEFT, ids=str)
def test_111_the_lists_beside_it_are_told_once(
    connect: Connect, api: Vendor, records: str, body: Any, said: str
) -> None:
    api.script(Reply(body=body), Reply(body=body), Reply(body={} if isinstance(body, dict) else []))
    acme = connect_to(connect, records)
    (warning,) = acme.sync(ItemsStream).warnings
    assert said in warning
    place = records.removesuffix(".results").removesuffix(".values")
    assert f'set data_fields = ("{place}",)' in warning
    assert connect_to(connect, records, data_fields=(place,)).sync(ItemsStream).warnings == []


def test_111_of_several_pages_one_tells_it(connect: Connect, api: Vendor) -> None:
    pages = [{"sets": [items(number), items(9)]} for number in (1, 2)]
    api.script(*(Reply(body=page) for page in pages), Reply(body={"sets": [[], []]}))
    (warning,) = connect_to(connect, "sets.0", paginator=PageNumber()).sync(ItemsStream).warnings
    assert "1 more like it" in warning


ALONE: list[tuple[str, Any]] = [
    ("1", [{"page": 1, "pages": 1}, items(1)]),
    ("0.results", [{"results": items(1)}, {"results": []}, {"summary": [1]}]),
    ("0.results", [{"results": items(1)}]),
    ("data.0", {"data": {"0": items(1), "1": items(2)}}),
]


@pytest.mark.parametrize(("records", "body"), ALONE, ids=str)
def test_111_a_list_that_has_no_other_beside_it_is_read_without_a_word(
    connect: Connect, api: Vendor, records: str, body: Any
) -> None:
    api.script(Reply(body=body))
    acme = connect_to(connect, records)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1]
