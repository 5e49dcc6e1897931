"""Errors: what a response means, by more than its status."""

from __future__ import annotations

import pytest

from dazz_assets import ApiKey, Offset
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.integrations import CANARY, CommonIntegration, ItemsStream, PartsStream
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class ListsIntegration(CommonIntegration):
    records = "data"
    auth = ApiKey(param="key")


class VendorIntegration(ListsIntegration):
    streams = (ItemsStream, PartsStream)


class KeepingStream(ItemsStream):
    name = "items"
    accept = {200: "keep"}


class KeepingIntegration(ListsIntegration):
    streams = (KeepingStream,)


def reply_with_items(*numbers: int) -> Reply:
    return Reply(body={"data": items(*numbers)})


def test_08_a_200_with_errors_and_no_data_fails_with_the_vendors_text(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": None, "errors": [{"message": "field `team` was removed"}]}))
    with pytest.raises(SyncError, match="field `team` was removed"):
        connect(VendorIntegration).sync(ItemsStream)
    assert len(api.requests) == 1


def test_09_errors_that_come_with_data_fail_by_default(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": items(1), "errors": [{"message": "one shard timed out"}]}))
    with pytest.raises(SyncError, match=r"one shard timed out.*accept = \{200: \"keep\"\}"):
        connect(VendorIntegration).sync(ItemsStream)


def test_09_data_that_comes_with_errors_is_kept_with_a_warning_on_request(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": items(1), "errors": [{"message": "one shard timed out"}]}))
    acme = connect(KeepingIntegration)
    report = acme.sync(KeepingStream)
    assert acme.ids(KeepingStream) == [1]
    assert "one shard timed out" in " ".join(report.warnings)


HTML = Reply(body=b"<html><title>Sign in to Vendor</title></html>", headers={"Content-Type": "text/html"})


def test_10_a_temporary_html_page_is_retried(connect: Connect, api: Vendor) -> None:
    api.script(HTML, HTML, reply_with_items(1))
    acme = connect(VendorIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_10_a_permanent_html_page_is_an_error_that_quotes_it(connect: Connect, api: Vendor) -> None:
    api.script(HTML)
    with pytest.raises(SyncError, match="Sign in to Vendor"):
        connect(VendorIntegration).sync(ItemsStream)
    assert 1 < len(api.requests) < 10


@pytest.mark.parametrize("empty", [Reply(204), Reply(body={"data": None})], ids=["204", "null as the list"])
def test_11_an_empty_response_holds_no_records(connect: Connect, api: Vendor, empty: Reply) -> None:
    api.script(empty)
    acme = connect(VendorIntegration)
    assert acme.sync(ItemsStream).records == 0
    assert acme.ids(ItemsStream) == []


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, *range(520, 530)])
def test_12_a_transient_status_is_retried(connect: Connect, api: Vendor, status: int) -> None:
    api.script(Reply(status), reply_with_items(1))
    assert connect(VendorIntegration).sync(ItemsStream).retries == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 418, 422, 423, 501])
def test_12_a_final_status_is_an_error_at_once(connect: Connect, api: Vendor, status: int) -> None:
    api.script(Reply(status, {"message": "because of the moon"}), reply_with_items(1))
    with pytest.raises(SyncError, match=f"{status}.*because of the moon"):
        connect(VendorIntegration).sync(ItemsStream)
    assert len(api.requests) == 1


def test_13_403_for_every_stream_is_a_failure_and_leaves_what_is_stored(connect: Connect, api: Vendor) -> None:
    acme = connect(VendorIntegration)
    api.handler = lambda request: reply_with_items(1, 2)
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    api.handler = lambda request: Reply(403, {"message": "scope missing"})
    with pytest.raises(SyncError, match="scope missing"):
        acme.sync(ItemsStream)
    with pytest.raises(SyncError, match=r"2 of 2 items failed.*scope missing"):
        acme.sync(PartsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert acme.ids(PartsStream) == [1, 1, 2, 2]


def replies_with_parts(overrides: dict[str, Reply]) -> dict[str, Reply]:
    """Replies by path for three items with two parts each."""
    parts = {f"/items/{number}/parts": reply_with_items(number * 10, number * 10 + 1) for number in (1, 2, 3)}
    return {"/items": reply_with_items(1, 2, 3), **parts, **overrides}


def test_14_a_404_for_one_child_is_reported_and_its_siblings_are_complete(connect: Connect, api: Vendor) -> None:
    replies = replies_with_parts({"/items/2/parts": Reply(404, {"message": "no such item"})})
    api.handler = lambda request: replies[request.path]
    acme = connect(VendorIntegration)
    acme.sync(ItemsStream)
    report = acme.sync(PartsStream)
    assert acme.ids(PartsStream) == [10, 11, 30, 31]
    assert len(report.passed_over) == 1
    assert report.passed_over[0].startswith("2:")
    assert "no such item" in report.passed_over[0]


def test_14_a_child_that_vanishes_between_two_pages_keeps_its_stored_records_once(
    connect: Connect, api: Vendor
) -> None:
    class PagedIntegration(VendorIntegration):
        paginator = Offset()

    parts = {1: [10, 11], 2: [20, 21], 3: [30, 31]}
    gone: set[str] = set()

    def page(request: ReceivedRequest) -> Reply:
        if request.path in gone and param(request, "offset") != "0":
            return Reply(404)
        numbers = parts[int(request.path.split("/")[2])] if request.path.endswith("/parts") else list(parts)
        return Reply(body={"data": offset_page(items(*numbers), request, 1)})

    api.handler = page
    acme = connect(PagedIntegration)
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    gone.add("/items/2/parts")
    parts[1].append(12)
    assert len(acme.sync(PartsStream).passed_over) == 1
    assert acme.ids(PartsStream) == [10, 11, 12, 20, 21, 30, 31]
    assert acme.versions(PartsStream) == 7


class SkippingStream(ItemsStream):
    name = "items"
    accept = {404: "skip"}


class SkippingIntegration(ListsIntegration):
    streams = (SkippingStream,)


def test_15_an_accepted_status_means_no_records(connect: Connect, api: Vendor) -> None:
    api.script(Reply(404, {"message": "the feature is off"}))
    report = connect(SkippingIntegration).sync(SkippingStream)
    assert report.records == 0
    assert "the feature is off" in " ".join(report.warnings)


@pytest.mark.parametrize("status", [400, 401, 403, 410, 500])
def test_15_every_other_failure_still_fails(connect: Connect, api: Vendor, status: int) -> None:
    api.script(Reply(status))
    with pytest.raises(SyncError, match=str(status)):
        connect(SkippingIntegration).sync(SkippingStream)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(413, "request's body smaller"), (414, "URL shorter"), (405, "method")],
    ids=["too large a body", "too long a URL", "the wrong method"],
)
def test_16_a_refused_request_is_shown_with_the_vendors_message_and_without_secrets(
    connect: Connect, api: Vendor, status: int, advice: str
) -> None:
    api.script(Reply(status, {"message": f"no, {CANARY}"}))
    with pytest.raises(SyncError, match=r"GET .*/items") as caught:
        connect(VendorIntegration).sync(ItemsStream)
    message = str(caught.value)
    assert advice in message
    assert "The vendor says: no, " in message
    assert CANARY not in message


def test_16_a_request_that_never_leaves_is_named_without_secrets(connect: Connect, api: Vendor, clock: Clock) -> None:
    class WrongStream(ItemsStream):
        name = "items"
        headers = {"X-Team": "{config.token}\r\nX-Other: 1"}

    class WrongIntegration(ListsIntegration):
        streams = (WrongStream,)

    def fail(request: ReceivedRequest) -> Reply:
        raise AssertionError(request)

    api.handler = fail
    with pytest.raises(SyncError, match="can't be sent") as caught:
        connect(WrongIntegration).sync(WrongStream)
    assert CANARY not in str(caught.value)
    assert clock.slept == 0
