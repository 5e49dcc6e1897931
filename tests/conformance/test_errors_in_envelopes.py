"""Errors in a success that stand in an envelope or are told by a code, and answers that only look so (51)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class WinesIntegration(CommonIntegration):
    records = "wines"
    streams = (ItemsStream,)


NESTED = {"cellar": {"wines": [], "error": {"description": "the cork is stuck"}}}
# Where the list is, the page, and the field that reports the error.
FAILURES: list[tuple[str, dict[str, Any], str]] = [
    (
        "wines",
        {"meta": {"code": 403, "error_type": "Auth", "error_message": "the cork is stuck"}},
        "meta.error_message",
    ),
    ("wines", {"meta": {"status": 503, "msg": "the cork is stuck"}}, "meta.status"),
    ("wines", {"status": {"error_code": 7, "error_message": "the cork is stuck"}}, "status.error_message"),
    ("wines", {"header": {"status": "FAILED", "message": "the cork is stuck"}}, "header.status"),
    ("wines", {"responseStatus": {"errorCode": "Stuck", "message": "the cork is stuck"}}, "responseStatus.errorCode"),
    ("wines", {"code": 81001, "msg": "the cork is stuck"}, "code"),
    ("wines", {"resultCode": "9", "message": "the cork is stuck"}, "resultCode"),
    ("wines", {"status": 0, "message": "the cork is stuck"}, "status"),
    ("wines", {"status": False, "message": "the cork is stuck"}, "status"),
    ("wines", {"status": "OVER_DAY_LIMIT", "message": "the cork is stuck"}, "status"),
    ("wines", {"return_code": "FAIL", "return_msg": "the cork is stuck"}, "return_code"),
    ("wines", {"type": "error", "message": "the cork is stuck"}, "type"),
    ("wines", {"object": "error", "message": "the cork is stuck"}, "object"),
    ("wines", {"err": "the cork is stuck"}, "err"),
    ("wines", {"failure": {"message": "the cork is stuck"}}, "failure"),
    ("cellar.wines", NESTED, "cellar.error"),
    ("wines", {"rspCode": 7004, "rspMsg": "the cork is stuck"}, "rspCode"),
    ("wines", {"ret": -1, "msg": "the cork is stuck"}, "ret"),
    ("wines", {"response_code": "-3", "responseDescription": "the cork is stuck"}, "response_code"),
    ("wines", {"status": "0", "info": "the cork is stuck"}, "status"),
    ("wines", {"Ack": "Failure", "LongMessage": "the cork is stuck"}, "Ack"),
    ("wines", {"responseStatus": {"resultCode": "12", "resultText": "the cork is stuck"}}, "responseStatus.resultCode"),
    ("wines", {"code": "Throttling.User", "message": "the cork is stuck"}, "code"),
    ("result.wines", {"retCode": 10006, "retMsg": "the cork is stuck", "result": {}}, "retCode"),
    ("result.wines", {"retCode": 10006, "retMsg": "the cork is stuck", "result": None}, "retCode"),
    ("result.wines", {"retCode": 10006, "retMsg": "the cork is stuck", "result": {"wines": []}}, "retCode"),
]


@pytest.mark.parametrize(("path", "body", "field"), FAILURES, ids=[field for _, _, field in FAILURES])
def test_51_an_error_beside_an_empty_list_is_a_failure(
    connect: Connect, api: Vendor, path: str, body: dict[str, Any], field: str
) -> None:
    api.script(Reply(body={"wines": [], **body}))
    with pytest.raises(SyncError) as caught:
        connect(declare("CellarIntegration", WinesIntegration, records=path)).sync(ItemsStream)
    assert f"200 with an error in the body (`{field}`)" in str(caught.value)
    assert ("the cork is stuck" in str(caught.value)) or field == "return_code"


@pytest.mark.parametrize("empty", [(), ("missing",)], ids=["", "missing"])
@pytest.mark.parametrize(
    "beside",
    [{"resultCode": 7004}, {"header": {"returnCode": "99"}}, {"apiStatus": "FAILED"}, {"code": "NoPermission"}],
)
def test_51_a_code_needs_no_words(
    connect: Connect, api: Vendor, beside: dict[str, Any], empty: tuple[str, ...]
) -> None:
    api.script(Reply(body=beside if empty else {"wines": [], **beside}))
    with pytest.raises(SyncError, match="200 with an error in the body"):
        connect(declare("CellarIntegration", WinesIntegration, empty=empty)).sync(ItemsStream)


def test_51_a_code_that_means_a_limit_by_its_words_is_waited_out(connect: Connect, api: Vendor) -> None:
    api.script(
        Reply(body={"retCode": 10006, "retMsg": "Too many visits!", "result": {}}),
        Reply(body={"retCode": 0, "retMsg": "OK", "result": {"wines": items(1)}}),
    )
    acme = connect(declare("CellarIntegration", WinesIntegration, records="result.wines"))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_51_a_list_that_is_not_there_is_advised_as_empty_only_if_nothing_failed(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"outcomeNumber": 17, "wine": {}}))
    with pytest.raises(SyncError, match="and the page does not say that the request failed, set empty"):
        connect(WinesIntegration).sync(ItemsStream)


@pytest.mark.parametrize(
    ("beside", "place", "said"),
    [
        ({"messages": ["OK", "Invalid cork"]}, "messages", "Invalid cork."),
        ({"notifications": ["the north is closed"]}, "notifications", "the north is closed."),
        ({"info": "INVALID_CORK"}, "info", "INVALID_CORK."),
        ({"code": 0, "msg": "Your plan has no cellars"}, "msg", "Your plan has no cellars."),
        ({"success": True, "message": "Not for you"}, "message", "Not for you."),
        ({"description": "Access denied for the north"}, "description", "Access denied for the north."),
    ],
)
def test_51_a_sentence_beside_an_empty_list_is_passed_on_from_where_it_stands(
    connect: Connect, api: Vendor, beside: dict[str, Any], place: str, said: str
) -> None:
    api.script(Reply(body={"wines": [], **beside}))
    (warning,) = connect(WinesIntegration).sync(ItemsStream).warnings
    assert f"the vendor warns (`{place}`, beside no records): {said}" in warning


PARTIAL: list[dict[str, Any]] = [
    {"timed_out": True},
    {"incomplete_results": True},
    {"_shards": {"total": 3, "failed": 1, "failures": [{"reason": "the cork is stuck"}]}},
]


@pytest.mark.parametrize("beside", PARTIAL, ids=str)
def test_51_records_that_are_not_all_are_a_failure_unless_the_stream_keeps_them(
    connect: Connect, api: Vendor, beside: dict[str, Any]
) -> None:
    api.script(Reply(body={"wines": items(1), **beside}))
    with pytest.raises(SyncError, match=r'If the data that came with the error is worth keeping.*\{200: "keep"\}'):
        connect(WinesIntegration).sync(ItemsStream)
    acme = connect(declare("KeptIntegration", WinesIntegration, accept={200: "keep"}))
    assert acme.sync(ItemsStream).warnings
    assert acme.ids(ItemsStream) == [1]


WELL: list[dict[str, Any]] = [
    {"meta": {"code": 200, "errors": 0, "error": None, "status": "ok"}},
    {"status": {"error_code": 0, "error_message": None, "message": ""}},
    {"code": 0, "msg": "success"},
    {"code": 1000, "message": "OK"},
    {"code": 20, "message": "No wines: no matching records"},
    {"code": "00000", "message": "done"},
    {"code": 49, "name": "Germany"},
    {"status": 1, "message": "fetched"},
    {"status": 0, "message": "Success"},
    {"type": "list", "object": "list", "kind": "wines#list"},
    {"state": "expired"},
    {"_shards": {"total": 3, "failed": 0}, "timed_out": False},
    {"failed": 3, "failure": 0},
    {"retCode": 0, "retMsg": "OK"},
    {"resultCode": "00", "resultMsg": "NORMAL SERVICE"},
    {"returnCode": 10000},
    {"responseCode": "200000"},
    {"ret": [], "rc": 7},
    {"statusCode": 304},
    {"resultCode": 17, "name": "the north cellar"},
    {"code": "INVALID_SIZE_LIST", "id": 7},
    {"Ack": "Success"},
    {"code": 0, "msg": "请求成功"},
    {"success": True, "message": "Listado correctamente"},
    {"status": "success", "message": "Vinlista"},
    {"info": "a cellar of the north", "description": "wines of 1976", "note": "cool"},
    {"messages": ["0 wines were found"], "notices": []},
    {"status": "0", "message": "No wines found"},
    {"retCode": 7, "retMsg": "There are no red wines found"},
    {"error": {"code": "200", "message": "OK"}},
    {"error": {"status": 204, "message": "Success."}},
    {"message": "Found 0 wines"},
    {"message": "Total: 0"},
    {"message": "查询成功"},
    {"message": "Keine Ergebnisse"},
    {"message": "n/a"},
]


@pytest.mark.parametrize("beside", WELL, ids=str)
def test_51_an_empty_list_beside_what_says_that_all_is_well_is_believed(
    connect: Connect, api: Vendor, beside: dict[str, Any]
) -> None:
    api.script(Reply(body={"wines": [], **beside}))
    assert connect(WinesIntegration).sync(ItemsStream).warnings == []


@pytest.mark.parametrize(
    "body",
    [
        {"code": 81001, "msg": "a bin of the north wall"},
        {"status": "payment_failed", "type": "error"},
        {"meta": {"status": "failed", "message": "the last import"}},
        {"status": False},
    ],
    ids=str,
)
def test_51_a_word_that_may_be_data_is_data_where_records_came(
    connect: Connect, api: Vendor, body: dict[str, Any]
) -> None:
    api.script(Reply(body={"wines": items(1, 2), **body}))
    acme = connect(WinesIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


def test_51_an_object_on_the_way_to_records_may_have_an_error_of_its_own(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"import": {"error": "row 7 was left out", "wines": items(1)}}))
    acme = connect(declare("ImportIntegration", WinesIntegration, records="import.wines"))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


@pytest.mark.parametrize("said", ["No account found", "No API key found", "查询不成功"])
def test_51_a_failure_that_only_sounds_like_an_empty_list_is_one(connect: Connect, api: Vendor, said: str) -> None:
    api.script(Reply(body={"wines": [], "status": "0", "message": said}))
    with pytest.raises(SyncError, match=said):
        connect(WinesIntegration).sync(ItemsStream)


def test_51_words_that_may_mean_an_empty_list_are_named_with_the_setting_that_takes_them_so(
    connect: Connect, api: Vendor
) -> None:
    api.script(Reply(body={"wines": [], "status": "0", "message": "No user of yours exists"}))
    with pytest.raises(SyncError, match=r'accept = \{\(200, "No user of yours exists"\): "skip"\}'):
        connect(WinesIntegration).sync(ItemsStream)
    accept = {(200, "No user of yours exists"): "skip"}
    assert connect(declare("KnownIntegration", WinesIntegration, accept=accept)).sync(ItemsStream).records == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "YearTooRecent", "description": "Ask for older wines."}, "YearTooRecent; Ask for older wines."),
        ({"error": "invalid_cork", "error_description": "It is stuck."}, "invalid_cork; It is stuck."),
        ({"error": "stuck_cork", "message": "stuck_cork"}, "stuck_cork."),
        ({"error": "the cork is stuck", "description": "a cellar"}, "the cork is stuck."),
    ],
)
def test_51_an_error_that_is_a_mere_code_comes_with_the_sentence_beside_it(
    connect: Connect, api: Vendor, body: dict[str, Any], said: str
) -> None:
    api.script(Reply(body=body))
    with pytest.raises(SyncError) as caught:
        connect(WinesIntegration).sync(ItemsStream)
    assert f"The vendor says: {said} " in str(caught.value)
