"""A page that names a field twice, with two values, is no list that can be trusted (conformance 82)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import CursorToken
from dazz_assets.errors import SyncError
from dazz_assets.http.json.json_slices import Document
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class CratesIntegration(CommonIntegration):
    records = "found.crates"
    paginator = CursorToken("page.after", param="after")
    streams = (ItemsStream,)


def raw(text: str) -> Reply:
    return Reply(body=text.encode())


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ('{"found": {"crates": [{"id": 1}], "crates": [{"id": 2}]}}', "found.crates"),
        ('{"found":{"crates":[{"id":1}],"crates":[]}}', "found.crates"),
        ('{"found":{"crates":[{"id":1}]},"found":{"crates":[{"id":2}]}}', "found"),
        ('{"found":{"crates":[{"id":1}]},"f\\u006fund":{"crates":[{"id":2}]}}', "found"),
        ('{"page":{"after":"b","after":null},"found":{"crates":[{"id":1}]}}', "page.after"),
        ('{ "page" : {"after": "b"},\n "found": {"crates": [{"id": 1}]},\n "page": {} }', "page"),
        ('{"found":{"crates":[{"id":1}],"more":true,"more":false}}', "found.more"),
        ('{"share":NaN,"found":{"crates":[{"id":1}],"crates":[{"id":2}]}}', "found.crates"),
    ],
)
def test_82_a_name_with_two_values_fails_and_is_told(connect: Connect, api: Vendor, page: str, name: str) -> None:
    api.script(raw(page))
    with pytest.raises(SyncError, match=f"`{name}` is in the page twice, with two values"):
        connect(CratesIntegration).sync(ItemsStream)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('{"tip": 1, "found": {"crates": [{"id": 1}]}, "tip": 2}', 'set data_fields = ("tip",)'),
        ('{"found": {"crates": [{"id": 1}], "crates": []}}', "records may be missing whichever value is read"),
    ],
)
def test_82_what_nothing_depends_on_can_be_declared_and_the_way_to_the_records_can_not(
    connect: Connect, api: Vendor, page: str, told: str
) -> None:
    api.script(raw(page))
    with pytest.raises(SyncError) as caught:
        connect(CratesIntegration).sync(ItemsStream)
    assert told in str(caught.value)
    assert ("data_fields" in str(caught.value)) is ("tip" in page)
    declared = declare("CratesIntegration", CratesIntegration, data_fields=("tip", "found"))
    if "tip" in page:
        acme = connect(declared)
        acme.sync(ItemsStream)
        assert acme.ids(ItemsStream) == [1]
    else:
        with pytest.raises(SyncError):
            connect(declared).sync(ItemsStream)


@pytest.mark.parametrize(
    "page",
    [
        '{"tip":1,"found":{"crates":[{"id":1}]},"tip":1}',
        '{"found":{"crates":[{"id":1,"size":2,"size":3}]}}',
        '{"a\\"b":"c\\"d","é":"\\u00e9","found":{"crates":[{"id":1}]}}',
        '{"found":{"crates":[{"id":1}],"tags":[{"a":1,"a":2}]}}',
    ],
)
def test_82_what_leaves_no_doubt_of_the_list_is_read(connect: Connect, api: Vendor, page: str) -> None:
    api.script(raw(page))
    acme = connect(CratesIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1]


def test_82_records_by_id_that_share_one_fail(connect: Connect, api: Vendor) -> None:
    api.script(raw('{"found":{"crates":{"a":{"id":1},"b":{"id":2},"a":{"id":3}}}}'))
    with pytest.raises(SyncError, match=r"two records have the id 'a' at `found\.crates`"):
        connect(declare("CratesIntegration", CratesIntegration, shape="by_id", paginator=None)).sync(ItemsStream)


NAMES = st.text(st.characters(codec="utf-8"), max_size=4)
VALUES = st.one_of(st.integers(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=2), st.none())


@given(st.dictionaries(NAMES, VALUES, min_size=1), st.data(), st.sampled_from([None, 1]), st.booleans())
def test_82_it_is_found_however_an_object_is_written(
    members: dict[str, Any], data: st.DataObject, indent: int | None, escaped: bool
) -> None:
    def write(value: dict[str, Any]) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=escaped)

    assert Document(write(members).encode()).find_repeated_name("") is None
    name = data.draw(st.sampled_from(sorted(members)))
    twice = f"{write(members).rstrip()[:-1]},{write({name: 'another value'}).lstrip()[1:]}"
    assert Document(twice.encode()).find_repeated_name("") == name.replace(".", "\\.")
