"""Values that are JSON, and that no one reads: they fail with the request that brought them (conformance 79)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor

VALUES = {
    "lists in lists": b"[" * 930 + b"]" * 930,
    "objects in objects": b'{"p":' * 870 + b"{}" + b"}" * 870,
    "deeper": b"[" * 40_000 + b"]" * 40_000,
    "a long number": b"7" * 6_000,
    "a long negative number": b"-" + b"3" * 4_301,
    "NaN": b"NaN",
    "infinite": b"-Infinity",
    "beyond floats": b"8e888",
    "half of a pair": b'"\\udbff"',
}
each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())


class CratesIntegration(CommonIntegration):
    records = "crates"
    streams = (ItemsStream,)


def crates(beside: bytes) -> bytes:
    return b'{"crates": [{"id": 4}, {"id": 9}], ' + beside + b"}"


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "beside the list": lambda value: crates(b'"extra": ' + value),
    "an error": lambda value: crates(b'"error": {"detail": ' + value + b"}"),
    "a token": lambda value: crates(b'"token": ' + value),
    "about pages": lambda value: crates(b'"paging": {"next": %b, "total": %b}' % (value, value)),
    "no list": lambda value: b'{"boxes": [{"id": 1}], "size": ' + value + b"}",
    "instead of the list": lambda value: b'{"crates": ' + value + b"}",
    "the whole page": lambda value: value,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@each_value
def test_79_a_value_that_no_one_reads_fails_as_any_page_does_or_does_no_harm(
    connect: Connect, api: Vendor, body: Callable[[bytes], bytes], value: bytes
) -> None:
    api.script(Reply(body=body(value)))
    acme = connect(declare("CratesIntegration", CratesIntegration, paginator=CursorToken("token", param="c")))
    failed = ""
    try:
        acme.sync(ItemsStream)
    except SyncError as error:
        failed = str(error)
    assert failed.startswith(f"vendor/acme, stream items: GET {api.url}/items") or acme.ids(ItemsStream) == [4, 9]


@pytest.mark.parametrize("depth", [*range(600, 1_000, 50), 7_000])
def test_79_what_is_too_deep_is_told_as_that_however_far_it_can_be_read(
    connect: Connect, api: Vendor, depth: int
) -> None:
    api.script(Reply(body=crates(b'"errors": ' + b"[" * depth + b"]" * depth)))
    with pytest.raises(SyncError, match="a value in the response is nested too deeply to be read") as caught:
        connect(CratesIntegration).sync(ItemsStream)
    assert f"GET {api.url}/items" in str(caught.value)


@pytest.mark.parametrize("name", ["X-Pagination", "Pagination", "X-Page"])
@pytest.mark.parametrize("opening", ["[", '{"x":'], ids=["lists", "objects"])
def test_79_an_object_in_a_header_may_be_nested_without_end(
    connect: Connect, api: Vendor, name: str, opening: str
) -> None:
    header = '{"Levels": ' + opening * 4_000 + "1" + ("]" if opening == "[" else "}") * 4_000 + "}"
    api.script(Reply(body=crates(b'"a": 1'), headers={name: header}))
    acme = connect(declare("CratesIntegration", CratesIntegration, paginator=LinkHeader()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [4, 9]


def test_79_a_sign_of_more_in_a_header_is_read_beside_a_long_number(connect: Connect, api: Vendor) -> None:
    header = '{"Checksum": ' + "6" * 5_200 + ', "HasNext": true}'
    api.script(Reply(body=crates(b'"a": 1'), headers={"X-Pagination": header}))
    with pytest.raises(SyncError, match="HasNext"):
        connect(CratesIntegration).sync(ItemsStream)


def test_79_a_list_of_another_name_is_named_beside_a_long_number(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=b'{"boxes": [{"id": 1}], "hash": ' + b"5" * 9_000 + b"}"))
    with pytest.raises(SyncError, match=r"nothing is at `crates`: .*; there is a list at `boxes`"):
        connect(CratesIntegration).sync(ItemsStream)


@pytest.mark.parametrize("status", [400, 403, 429, 500])
@each_value
def test_79_an_error_with_such_a_value_is_told_with_its_status(
    connect: Connect, api: Vendor, status: int, value: bytes
) -> None:
    api.script(Reply(status, b'{"error": %b, "errors": [%b], "retry_after": %b}' % (value, value, value)))
    with pytest.raises(SyncError, match=rf"{status}"):
        connect(CratesIntegration).sync(ItemsStream)


@pytest.mark.parametrize("status", [200, 422])
@each_value
def test_79_what_is_sensitive_is_hidden_beside_such_a_value(
    connect: Connect, api: Vendor, status: int, value: bytes
) -> None:
    stream: Any = declare("ItemsStream", ItemsStream, sensitive=("pin",))
    api.script(Reply(status, b'{"pin": "55-2219", "error": "not 55-2219", "beside": %b}' % value))
    with pytest.raises(SyncError) as caught:
        connect(declare("CratesIntegration", CratesIntegration, streams=(stream,))).sync(stream)
    assert "55-2219" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 400])
def test_79_words_that_have_no_form_in_utf_8_can_be_shown(connect: Connect, api: Vendor, status: int) -> None:
    api.script(Reply(status, {"error": {"message": "no \udbff here, \u00e9"}}))
    with pytest.raises(SyncError) as caught:
        connect(CratesIntegration).sync(ItemsStream)
    assert str(caught.value).encode().count(b"no \\udbff here, \xc3\xa9") == 1
