"""Errors inside a success, and data that only looks like one (conformance 51)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.errors import SyncError
from dazz_assets.http.json.json_slices import Document
from dazz_assets.http.responses.reported_errors import find_reported_error
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Clock, Reply, Vendor


class FilmsIntegration(CommonIntegration):
    records = "films"
    streams = (ItemsStream,)


REPORTS: list[tuple[dict[str, Any], str]] = [
    ({"error": "the reel is broken"}, "error"),
    ({"Error": "the reel is broken", "Response": "False"}, "Error"),
    ({"error": {"type": "quota", "description": "the reel is broken"}}, "error"),
    ({"error": {"code": 0, "info": "the reel is broken"}}, "error"),
    ({"errors": ["the reel is broken"]}, "errors"),
    ({"errorList": ["the reel is broken"]}, "errorList"),
    ({"errors": {"reel": ["the reel is broken"]}}, "errors"),
    ({"errorMessages": ["the reel is broken"], "errors": {}}, "errorMessages"),
    ({"error_message": "the reel is broken", "status": "REQUEST_DENIED"}, "error_message"),
    ({"success": False, "message": "the reel is broken"}, "success"),
    ({"success": "false", "reason": "the reel is broken"}, "success"),
    ({"success": 0, "msg": "the reel is broken"}, "success"),
    ({"ok": False, "detail": "the reel is broken"}, "ok"),
    ({"status": "error", "message": "the reel is broken"}, "status"),
    ({"status": "fail", "data": None, "message": "the reel is broken"}, "status"),
    ({"status": 503, "message": "the reel is broken"}, "status"),
    ({"statusCode": 500, "message": "the reel is broken"}, "statusCode"),
    ({"code": 401, "msg": "the reel is broken"}, "code"),
    ({"error_code": 17, "message": "the reel is broken"}, "error_code"),
    ({"errcode": "E7", "errmsg": "the reel is broken"}, "errmsg"),
    ({"fault": {"faultstring": "the reel is broken"}}, "fault"),
    ({"isError": True, "message": "the reel is broken"}, "isError"),
]


@pytest.mark.parametrize("beside", [{}, {"films": None}, {"films": [{"id": 1}]}], ids=["none", "null", "records"])
def test_51_an_error_is_one_whatever_stands_beside_it(beside: dict[str, Any]) -> None:
    found = [find_reported_error(Document(_dump(body | beside)), records="films") for body, _ in REPORTS]
    assert [report and report.field for report in found] == [field for _, field in REPORTS]


IF_NO_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"ok": 0, "note": "the reel is broken"}, "ok"),
    ({"isSuccess": "no"}, "isSuccess"),
    ({"status": 500}, "status"),
    ({"meta": {"code": 429}}, "meta.code"),
    ({"code": "401"}, "code"),
    ({"returnCode": "E1001", "returnMsg": "failed: the reel is broken"}, "returnCode"),
    ({"code": "R-7", "message": "invalid reel"}, "code"),
    ({"response": {"status": "ERROR"}}, "response.status"),
    ({"messages": [{"type": "info"}, {"severity": "Error", "text": "the reel is broken"}]}, "messages"),
    ({"__type": "com.reels#ThrottlingException"}, "__type"),
    ({"kind": "ReelFault"}, "kind"),
]


@pytest.mark.parametrize(("body", "field"), IF_NO_RECORDS, ids=[field for _, field in IF_NO_RECORDS])
def test_51_a_doubtful_report_is_an_error_where_no_record_came(
    connect: Connect, api: Vendor, body: dict[str, Any], field: str
) -> None:
    acme = connect(FilmsIntegration)
    api.script(Reply(body=body | {"films": items(1, 2)}), Reply(body=body | {"films": []}))
    acme.sync(ItemsStream)
    with pytest.raises(SyncError, match=rf"200 with an error in the body \(`{field}`\)"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    "last",
    [{"error": "export aborted"}, {"success": False, "message": "aborted"}, {"fault": {"faultstring": "aborted"}}],
)
@pytest.mark.parametrize("in_lines", [True, False], ids=["JSON a line", "a list"])
def test_51_a_list_that_breaks_off_with_an_error_is_not_whole(
    connect: Connect, api: Vendor, last: dict[str, Any], in_lines: bool
) -> None:
    found = [*items(*range(1, 30)), last]
    lines = b"\n".join(map(_dump, found))
    api.script(
        Reply(body=items(*range(1, 31))),
        Reply(body=lines if in_lines else found, headers={"Content-Type": "application/json"}),
    )
    acme = connect(declare("ExportIntegration", CommonIntegration, streams=(ItemsStream,)))
    acme.sync(ItemsStream)
    with pytest.raises(SyncError, match="aborted"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(1, 31))


def test_51_a_last_record_with_an_error_of_its_own_is_a_record(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=[*items(1, 2), {"id": 3, "error": "the job failed"}]))
    acme = connect(declare("JobsIntegration", CommonIntegration, streams=(ItemsStream,)))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]


WRAPPED: list[tuple[dict[str, Any], str]] = [
    ({"soap:Envelope": {"soap:Body": {"soap:Fault": {"faultstring": "the reel is broken"}}}}, "soap:Fault"),
    ({"response": {"status": "error", "message": "the reel is broken"}}, "response.status"),
    ({"result": {"success": False, "message": "the reel is broken"}}, "result.success"),
]


@pytest.mark.parametrize(("body", "field"), REPORTS, ids=lambda value: value if isinstance(value, str) else "")
def test_51_an_error_in_a_success_is_a_failure_with_the_vendors_words(
    connect: Connect, api: Vendor, body: dict[str, Any], field: str
) -> None:
    acme = connect(FilmsIntegration)
    api.script(Reply(body={"films": items(1, 2)}), Reply(body=body | {"films": []}))
    acme.sync(ItemsStream)
    with pytest.raises(SyncError) as caught:
        acme.sync(ItemsStream)
    message = str(caught.value)
    assert f"200 with an error in the body (`{field}`)" in message
    assert "the reel is broken" in message
    assert f'If `{field}` is data, set data_fields = ("{field}",) on the stream.' in message
    may_pass = 500 in body.values() or 503 in body.values()
    assert (acme.ids(ItemsStream), len(api.requests)) == ([1, 2], 11 if may_pass else 2)


@pytest.mark.parametrize(("body", "field"), WRAPPED, ids=["SOAP", "a response", "a result"])
def test_51_an_error_inside_a_wrapper_is_a_failure_too(
    connect: Connect, api: Vendor, body: dict[str, Any], field: str
) -> None:
    api.script(Reply(body=body))
    with pytest.raises(SyncError, match=rf"200 with an error in the body \(`.*{field}`\).*the reel is broken"):
        connect(FilmsIntegration).sync(ItemsStream)


NO_REPORTS: list[dict[str, Any]] = [
    {"error": None},
    {"error": ""},
    {"error": False},
    {"error": {}},
    {"errors": []},
    {"errors": [None]},
    {"errors": {"count": 0, "items": []}},
    {"error": {"code": 0, "message": "", "details": []}},
    {"error_code": 0},
    {"error_code": "0000"},
    {"errcode": 0, "errmsg": "ok"},
    {"error_message": ""},
    {"success": True, "ok": 1, "status": "OK", "code": 200, "message": "done"},
    {"success": 0, "failed": 0},
    {"failed": 3, "errored": True},
    {"status": 200, "statusCode": 200},
    {"code": 404},
    {"state": "open", "result": "partial"},
]


@pytest.mark.parametrize("beside", NO_REPORTS, ids=str)
def test_51_what_reports_no_error_is_none(connect: Connect, api: Vendor, beside: dict[str, Any]) -> None:
    acme = connect(FilmsIntegration)
    api.script(Reply(body={"films": items(1)} | beside))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


class DataIntegration(CommonIntegration):
    records = "data"
    streams = (ItemsStream,)


def test_51_fields_of_records_are_data(connect: Connect, api: Vendor) -> None:
    records = [{"id": 1, "status": "failed", "error": "disk full"}, {"id": 2, "success": False, "errors": ["x"]}]
    acme = connect(DataIntegration)
    api.script(Reply(body={"data": records}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize("shape", ["object", "by_id"])
def test_51_the_one_object_at_records_is_data(connect: Connect, api: Vendor, shape: str) -> None:
    record = {"id": 1, "status": "failed", "error": "disk full", "message": "x"}
    acme = connect(declare("RunIntegration", DataIntegration, shape=shape))
    api.script(Reply(body={"data": record if shape == "object" else {"status": record, "error": record}}))
    assert acme.sync(ItemsStream).records > 0


def test_51_the_object_around_a_list_may_have_a_status_of_its_own(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("StepsIntegration", CommonIntegration, records="data.steps", streams=(ItemsStream,)))
    run = {"id": 7, "status": "failed", "reason": "out of memory"}
    api.script(Reply(body={"data": run | {"steps": items(1, 2)}}), Reply(body={"data": run | {"steps": []}}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    with pytest.raises(SyncError, match=r"`data\.status`.*out of memory.*data_fields = \(\"data\",\)"):
        acme.sync(ItemsStream)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"id": 7, "status": 503, "list": []}, "list"),
        ({"store": {"code": 501, "orders": []}}, "store.orders"),
        ({"name": "Web", "code": 429, "list": []}, "list"),
    ],
)
def test_51_a_number_of_the_thing_that_an_empty_list_belongs_to_is_none(
    connect: Connect, api: Vendor, body: dict[str, Any], path: str
) -> None:
    acme = connect(declare("StepsIntegration", CommonIntegration, records=path, streams=(ItemsStream,)))
    api.script(Reply(body=body))
    assert acme.sync(ItemsStream).records == 0


def test_51_a_status_that_repeats_the_requested_filter_is_none(connect: Connect, api: Vendor) -> None:
    class FailedStream(ItemsStream):
        name = "items"
        params = {"status": "failed"}

    acme = connect(declare("JobsIntegration", FilmsIntegration, streams=(FailedStream,)))
    api.script(Reply(body={"status": "failed", "films": items(1)}))
    acme.sync(FailedStream)
    assert acme.ids(FailedStream) == [1]


@pytest.mark.parametrize(
    "beside", [{"error": "of the first kind"}, {"status": "error"}, {"errors": [1, 2]}, {"fault": {"line": 3}}]
)
def test_51_a_stream_can_say_that_a_field_is_data(connect: Connect, api: Vendor, beside: dict[str, Any]) -> None:
    acme = connect(declare("SaidIntegration", FilmsIntegration, data_fields=tuple(beside)))
    api.script(Reply(body={"films": items(1)} | beside))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_51_a_rate_limit_in_a_success_is_waited_out(connect: Connect, api: Vendor, clock: Clock) -> None:
    acme = connect(FilmsIntegration)
    api.script(
        Reply(body={"success": False, "message": "Too many requests"}, headers={"Retry-After": "40"}),
        Reply(body={"films": items(1)}),
    )
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept >= 40


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
NAMES = st.sampled_from(["error", "errors", "success", "ok", "status", "error_code", "fault", "code", "message"])


@given(record=st.dictionaries(NAMES, JSON, max_size=5), path=st.sampled_from(["data", "result", "response"]))
def test_51_nothing_in_records_is_ever_a_report(record: dict[str, Any], path: str) -> None:
    for at_records in ([record], record):
        assert find_reported_error(Document(_dump({path: at_records})), records=path) is None


@given(body=st.dictionaries(NAMES | st.text(max_size=4), JSON, max_size=6))
def test_51_whatever_a_body_holds_a_report_has_a_place_and_words(body: dict[str, Any]) -> None:
    found = find_reported_error(Document(_dump(body)))
    assert found is None or (found.field.partition(".")[0] in body and found.message)


def _dump(value: object) -> bytes:
    return json.dumps(value).encode()
