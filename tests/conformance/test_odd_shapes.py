"""Records that are not simply items of a list (conformance 62)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import CursorToken, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http.page import Request
from dazz_assets.http.responses.response_rules import ResponseRules
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor
from tests.http.test_pagination import URL, page


class ShapeIntegration(CommonIntegration):
    records = "found"
    streams = (ItemsStream,)


def test_62_one_object_is_one_record(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ObjectIntegration", ShapeIntegration, shape="object"))
    api.script(Reply(body=b'{"found": {"id": 7,  "n": 1.0}}'))
    acme.sync(ItemsStream)
    assert acme.texts(ItemsStream) == ['{"id": 7,  "n": 1.0}']


def test_62_the_page_itself_may_be_the_record(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ObjectIntegration", ShapeIntegration, shape="object", records=""))
    api.script(Reply(body={"id": 7}))
    acme.sync(ItemsStream)
    assert acme.records(ItemsStream) == [{"id": 7}]


class KeylessStream(Stream[Item]):
    path = "/items"
    primary_key = None


def test_62_an_object_that_holds_records_by_their_id_gives_each_its_id_as_key(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByIdIntegration", ShapeIntegration, shape="by_id", streams=(KeylessStream,)))
    api.script(
        Reply(body=b'{"found": {"b\\u00e9": {"n": 1.0}, "a.b": {"n": 2}}}'), Reply(body={"found": {"a.b": {"n": 3}}})
    )
    acme.sync(KeylessStream)
    assert acme.column("select key from raw.vendor_keyless order by key") == ["a.b", "b\u00e9"]
    assert sorted(acme.texts(KeylessStream)) == ['{"n": 1.0}', '{"n": 2}']
    acme.sync(KeylessStream)
    assert acme.texts(KeylessStream) == ['{"n": 3}']


def test_62_an_id_that_is_no_text_in_utf8_is_stored_as_its_escape(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByIdIntegration", ShapeIntegration, shape="by_id", streams=(KeylessStream,)))
    api.script(Reply(body=b'{"found": {"\\ud800": {"n": 1}, "b": {"n": 2}}}'))
    acme.sync(KeylessStream)
    assert acme.column("select key from raw.vendor_keyless order by key") == ["\\ud800", "b"]


def test_62_a_declared_key_goes_before_the_id_in_the_object(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByIdIntegration", ShapeIntegration, shape="by_id"))
    api.script(Reply(body={"found": {"x": {"id": 1}, "y": {"id": 2}}}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize("empty", [{}, [], None])
def test_62_no_records_by_id_are_none(connect: Connect, api: Vendor, empty: object) -> None:
    acme = connect(declare("ByIdIntegration", ShapeIntegration, shape="by_id"))
    api.script(Reply(body={"found": empty}))
    assert acme.sync(ItemsStream).records == 0


def test_62_records_wrapped_one_level_deep_are_read_from_there(connect: Connect, api: Vendor) -> None:
    acme = connect(
        declare(
            "EdgesIntegration",
            ShapeIntegration,
            records="found.edges",
            record="node",
            paginator=CursorToken("found.edges.-1.cursor", param="after", more="found.pageInfo.hasNextPage"),
        )
    )

    def edges(*numbers: int, more: bool) -> Reply:
        found = [{"cursor": f"c{number}", "node": {"id": number}} for number in numbers]
        return Reply(body={"found": {"edges": found, "pageInfo": {"hasNextPage": more}}})

    api.script(edges(1, 2, more=True), edges(3, more=False))
    acme.sync(ItemsStream)
    assert acme.texts(ItemsStream) == ['{"id": 1}', '{"id": 2}', '{"id": 3}']
    assert [request.query.get("after") for request in api.requests] == [None, ["c2"]]


def test_62_an_item_without_the_inner_record_is_quarantined_and_its_siblings_are_stored(
    connect: Connect, api: Vendor
) -> None:
    acme = connect(declare("NodesIntegration", ShapeIntegration, record="node"))
    api.script(Reply(body={"found": [{"node": {"id": 1}}, {"node": None}, {"other": {"id": 3}}, {"node": {"id": 4}}]}))
    report = acme.sync(ItemsStream)
    assert (report.records, report.problems) == (4, 2)
    assert [key for key, problem in acme.problems(ItemsStream).items() if problem is None] == ["1", "4"]


UNDECLARED: list[tuple[object, str]] = [
    ({"id": 1}, 'shape = "object" if it is one record, shape = "by_id" if it holds records by their id'),
    ({}, 'If `{}` means that there are no records, set empty = ("object",).'),
    ("", 'If `""` means that there are no records, set empty = ("text",).'),
    (7, "the value at `found` is not a list but"),
]


@pytest.mark.parametrize(("found", "advice"), UNDECLARED, ids=["an object", "{}", "''", "a number"])
def test_62_another_shape_than_a_list_is_an_error_that_names_the_setting(
    connect: Connect, api: Vendor, found: object, advice: str
) -> None:
    api.script(Reply(body={"found": found}))
    with pytest.raises(SyncError) as caught:
        connect(ShapeIntegration).sync(ItemsStream)
    assert advice in str(caught.value)
    assert "/items" in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "found", "message"),
    [
        ("object", 7, 'no object but 7 is at `found`, and shape is "object"'),
        ("by_id", "none", 'no object but "none" is at `found`, and shape is "by_id"'),
    ],
)
def test_62_a_declared_shape_that_does_not_hold_is_an_error(
    connect: Connect, api: Vendor, shape: str, found: object, message: str
) -> None:
    api.script(Reply(body={"found": found}))
    with pytest.raises(SyncError, match=message):
        connect(declare("WrongIntegration", ShapeIntegration, shape=shape)).sync(ItemsStream)


RECORDS = st.dictionaries(st.text(max_size=6), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))


@given(held=RECORDS)
def test_62_whatever_an_object_holds_by_id_comes_with_its_id(held: dict[str, Any]) -> None:
    listed = page({"found": held}, Request(URL)).listed(ResponseRules(records="found", shape="by_id"))
    assert listed.ids is not None
    assert {id_: json.loads(bytes(record)) for id_, record in zip(listed.ids, listed.records, strict=True)} == held


def test_62_one_object_or_a_list_of_them(connect: Connect, api: Vendor) -> None:
    """XML that was made JSON: a list of one is its only item."""
    acme = connect(
        declare("XmlIntegration", CommonIntegration, records="rows.row", shape="object", streams=(ItemsStream,))
    )
    for row, ids in (({"id": 4}, [4]), ([{"id": 1}, {"id": 2}], [1, 2]), (None, []), ([], [])):
        api.script(Reply(body={"rows": {"row": row}}))
        acme.sync(ItemsStream)
        assert acme.ids(ItemsStream) == ids
