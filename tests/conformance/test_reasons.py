"""What a failure means is read from the reason in its body, where the status says too little (conformance 72)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import PageNumber, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class CloudIntegration(CommonIntegration):
    records = "list"
    streams = (ItemsStream, PartsStream)


def found(*numbers: int) -> Reply:
    return Reply(body={"list": items(*numbers)})


def cloud_error(reason: str, message: str, status: str = "PERMISSION_DENIED", code: int = 403) -> Reply:
    """An error as Google's APIs write it."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "cloud.test"}]
    return Reply(code, {"error": {"code": code, "message": message, "status": status, "details": details}})


DISABLED = cloud_error("SERVICE_DISABLED", "The API has not been used in project 7 before or it is disabled.")
DENIED = cloud_error("IAM_PERMISSION_DENIED", "The caller does not have permission")
QUOTA = cloud_error("RATE_LIMIT_EXCEEDED", "Quota exceeded for quota metric 'Reads' and limit 'Reads per minute'")


def test_72_one_status_means_three_things(connect: Connect, api: Vendor, clock: Clock) -> None:
    """A project without the service has no records, one that may not be read is passed over, a quota is waited for."""
    acme = connect(declare("ByReason", CloudIntegration, accept={(403, "SERVICE_DISABLED"): "skip"}))
    api.script(found(1, 2, 3))
    acme.sync(ItemsStream)
    answers = {"1": [DISABLED], "2": [DENIED], "3": [QUOTA, found(30)]}

    def page(request: ReceivedRequest) -> Reply:
        return answers[request.path.split("/")[2]].pop(0)

    api.handler = page
    report = acme.sync(PartsStream)
    assert acme.ids(PartsStream) == [30]
    assert report.retries == 1
    assert clock.slept > 0
    (passed_over,) = report.passed_over
    assert passed_over.startswith("2: ")
    assert "does not have permission" in passed_over
    assert "items 1: 403 Forbidden. The vendor says: The API has not been used" in report.warnings[0]


def test_72_each_parent_that_has_no_records_by_its_reason_is_named(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByReason", CloudIntegration, accept={(403, "SERVICE_DISABLED"): "skip"}))
    api.script(found(1, 2))
    acme.sync(ItemsStream)
    api.script(DISABLED)
    warnings = acme.sync(PartsStream).warnings
    assert [text.partition(": ")[0] for text in warnings if text.startswith("items ")] == ["items 1 and 2"]


def test_72_a_reason_that_many_parents_share_is_told_once(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByReason", CloudIntegration, accept={(403, "SERVICE_DISABLED"): "skip"}))
    api.script(found(*range(1, 31)))
    acme.sync(ItemsStream)
    api.script(DISABLED)
    told = [text for text in acme.sync(PartsStream).warnings if text.startswith("items ")]
    assert [text.partition(": ")[0] for text in told] == [f"items {', '.join(map(str, range(1, 21)))} and 10 more"]


def test_72_of_many_reasons_twenty_are_told_and_the_others_counted(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ByReason", CloudIntegration, accept={403: "skip"}))
    api.script(found(*range(1, 31)))
    acme.sync(ItemsStream)
    api.handler = lambda request: cloud_error("SERVICE_DISABLED", f"Not for {request.path.split('/')[2]}")
    warnings = acme.sync(PartsStream).warnings
    assert len([text for text in warnings if text.startswith("items ")]) == 20
    assert [text for text in warnings if text.startswith("10 more answers of the vendor's")]


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (DISABLED, r'switch it on there\..*accept = \{\(403, "SERVICE_DISABLED"\): "skip"\}'),
        (DENIED, r'Grant the permission.*accept = \{\(403, "IAM_PERMISSION_DENIED"\): "skip"\}'),
        (Reply(403, {"message": "Alerts are disabled for this repository."}), r"switch it on there"),
        (Reply(404, {"errors": [{"code": "no_such_site", "title": "gone"}]}), r'\{\(404, "no_such_site"\): "skip"\}'),
        (Reply(200, {"errors": [{"message": "no", "extensions": {"code": "HIDDEN"}}]}), r'\{\(200, "HIDDEN"\): "skip"'),
    ],
)
def test_72_an_error_names_the_setting_with_the_reason(
    connect: Connect, api: Vendor, reply: Reply, advice: str
) -> None:
    api.script(reply)
    with pytest.raises(SyncError, match=advice):
        connect(CloudIntegration).sync(ItemsStream)
    assert len(api.requests) == 1


LIMITS: list[Reply] = [
    QUOTA,
    cloud_error("quotaExceeded", "Exceeded your quota", "PERMISSION_DENIED"),
    Reply(403, {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}),
    Reply(200, {"errors": [{"message": "wait", "extensions": {"code": "THROTTLED"}}]}),
    Reply(200, {"errors": [{"message": "wait", "extensions": {"code": "TOO_MANY_REQUESTS"}}]}),
    Reply(200, {"errors": [{"message": "wait", "extensions": {"status": 429}}]}),
    Reply(200, {"error_code": "LIMIT", "error_message": "wait", "status_code": 429}),
    Reply(200, {"error": {"message": "wait", "status": "RESOURCE_EXHAUSTED"}}),
    Reply(200, {"errors": [{"message": "Max concurrency exceeded"}]}),
    Reply(200, {"errors": [{"message": "wait"}], "list": items(7), "extensions": {"retry_after": 4}}),
]


@pytest.mark.parametrize("limit", LIMITS, ids=range(len(LIMITS)))
def test_72_a_limit_is_known_by_its_reason_and_waited_for(
    connect: Connect, api: Vendor, clock: Clock, limit: Reply
) -> None:
    api.script(limit, found(1))
    acme = connect(CloudIntegration)
    assert acme.sync(ItemsStream).retries == 1
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept > 0


NO_LIMITS: list[dict[str, Any]] = [
    {"message": "a page has at most 100 records: the limit is exceeded"},
    {"message": "query depth limit exceeded", "extensions": {"code": "TOO_DEEP"}},
    {"message": "Field limit exceeded: ask for fewer fields"},
    {"message": "storage quota exceeded"},
]


@pytest.mark.parametrize("error", NO_LIMITS)
def test_72_another_limit_than_one_of_the_rate_is_an_error_at_once(
    connect: Connect, api: Vendor, error: dict[str, Any]
) -> None:
    cost = {"cost": {"throttleStatus": {"currentlyAvailable": 900}}}
    api.script(Reply(200, {"errors": [error], "extensions": cost}))
    with pytest.raises(SyncError, match=error["message"]):
        connect(CloudIntegration).sync(ItemsStream)
    assert len(api.requests) == 1


LONG = "Requests for lists of things"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"errors": [{"message": "Daily limit exceeded", "extensions": {"code": "DAILY_LIMIT_EXCEEDED"}}]}),
        Reply(403, {"error": {"message": "over", "errors": [{"reason": "dailyLimitExceeded"}]}}),
        Reply(429, {"message": "You have exceeded your monthly quota"}),
        Reply(429, {"error": {"message": "Quota exceeded for quota metric 'Reads' and limit 'Reads per day'"}}),
        Reply(429, {"error": {"message": f"Quota exceeded for quota metric '{LONG}' and limit '{LONG} per day'"}}),
    ],
)
def test_72_a_limit_by_the_day_is_not_tried_again(connect: Connect, api: Vendor, clock: Clock, reply: Reply) -> None:
    api.script(reply, found(1))
    with pytest.raises(SyncError, match=r"counts by the day or longer: sync again after that"):
        connect(CloudIntegration).sync(ItemsStream)
    assert (len(api.requests), clock.slept) == (1, 0)


def test_72_a_limit_by_the_day_that_says_how_long_is_waited_for(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.script(Reply(429, {"message": "Daily limit exceeded"}, {"Retry-After": "90"}), found(1))
    acme = connect(CloudIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept == pytest.approx(90, abs=1)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "it broke", "extensions": {"code": "INTERNAL_SERVER_ERROR"}},
        {"message": "it broke", "extensions": {"status_code": 503}},
        {"message": "it broke", "status": "UNAVAILABLE"},
    ],
)
def test_72_a_failure_inside_a_success_that_may_pass_is_tried_again(
    connect: Connect, api: Vendor, error: dict[str, Any]
) -> None:
    api.script(Reply(200, {"errors": [error]}), found(1))
    acme = connect(CloudIntegration)
    assert acme.sync(ItemsStream).retries == 1
    assert acme.ids(ItemsStream) == [1]


def test_72_a_status_in_a_record_says_nothing_of_the_error(connect: Connect, api: Vendor) -> None:
    """The records beside an error may be answers themselves, as those of a monitor are."""
    records = [{"id": 1, "status_code": 429, "retry_in_seconds": 30}]
    api.script(Reply(200, {"errors": [{"message": "a field is hidden"}], "list": records}))
    with pytest.raises(SyncError, match="a field is hidden"):
        connect(CloudIntegration).sync(ItemsStream)
    assert len(api.requests) == 1


class HiddenStream(Stream[Item]):
    name = "items"
    path = "/items"
    accept = {(200, "HIDDEN"): "skip"}


def test_72_an_error_in_a_success_is_accepted_by_its_code(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("Hidden", CloudIntegration, streams=(HiddenStream,)))
    api.script(Reply(200, {"list": None, "errors": [{"message": "no", "extensions": {"code": "HIDDEN"}}]}))
    assert "The vendor says: no" in acme.sync(HiddenStream).warnings[0]
    api.script(Reply(200, {"list": None, "errors": [{"message": "other", "extensions": {"code": "BROKEN"}}]}))
    with pytest.raises(SyncError, match="other"):
        acme.sync(HiddenStream)


@pytest.mark.parametrize("action", ["skip", "keep", "end"])
def test_72_a_code_that_only_a_record_holds_accepts_no_other_error(connect: Connect, api: Vendor, action: str) -> None:
    stream = declare("HiddenStream", HiddenStream, accept={(200, "HIDDEN"): action})
    records = [{"id": 1, "note": "HIDDEN"}]
    api.script(Reply(200, {"list": records, "errors": [{"message": "broken"}]}))
    with pytest.raises(SyncError, match="broken"):
        connect(declare("Hidden", CloudIntegration, streams=(stream,))).sync(stream)


def test_72_an_error_with_data_may_end_the_list(connect: Connect, api: Vendor) -> None:
    stream = declare("HiddenStream", HiddenStream, accept={(200, "LAST"): "end"}, paginator=PageNumber())
    last = {"list": items(2), "errors": [{"message": "that was all", "extensions": {"code": "LAST"}}]}
    api.script(found(1), Reply(200, last), found(3))
    acme = connect(declare("Hidden", CloudIntegration, streams=(stream,)))
    report = acme.sync(stream)
    assert acme.ids(stream) == [1, 2]
    assert report.end_reason == "accepted as the end: that was all"


def test_72_data_that_came_with_an_accepted_error_is_kept_with_a_word(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("Hidden", CloudIntegration, streams=(HiddenStream,)))
    errors = [{"message": "one field is hidden", "extensions": {"code": "HIDDEN"}}]
    api.script(Reply(200, {"list": items(1), "errors": errors}))
    warnings = acme.sync(HiddenStream).warnings
    assert acme.ids(HiddenStream) == [1]
    assert any("one field is hidden" in text for text in warnings)
