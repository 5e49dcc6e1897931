"""What a response means is the author's to say: retry, limit, end, split, skip, keep (conformance 64)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Offset, PageNumber, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.conformance.lists import changes, filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class QueueIntegration(CommonIntegration):
    records = "jobs"
    paginator = PageNumber()
    streams = (ItemsStream, PartsStream)


def answering(accept: dict[Any, str], **settings: Any) -> type[QueueIntegration]:
    return declare("QueueIntegration", QueueIntegration, accept=accept, **settings)


def jobs(*numbers: int) -> Reply:
    return Reply(body={"jobs": items(*numbers)})


BUSY = Reply(409, {"message": "The INDEX is busy"})


@pytest.mark.parametrize("accept", [{409: "retry"}, {(409, "index is busy"): "retry", 409: "skip"}])
def test_64_an_answer_can_be_tried_again(connect: Connect, api: Vendor, clock: Clock, accept: dict[Any, str]) -> None:
    api.script(BUSY, BUSY, jobs(1), jobs())
    acme = connect(answering(accept))
    assert acme.sync(ItemsStream).retries == 2
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept > 0


def test_64_an_answer_that_is_tried_again_in_vain_is_an_error_with_the_vendors_words(
    connect: Connect, api: Vendor
) -> None:
    api.script(BUSY)
    with pytest.raises(
        SyncError, match=r"/items\?page=1: 409 Conflict\. The vendor says: The INDEX is busy\..*several"
    ):
        connect(answering({409: "retry"})).sync(ItemsStream)
    assert len(api.requests) == 10


def test_64_an_answer_with_another_text_is_an_error_at_once(connect: Connect, api: Vendor) -> None:
    api.script(Reply(409, {"message": "the index is gone"}), jobs(1))
    with pytest.raises(SyncError, match="the index is gone"):
        connect(answering({(409, "busy"): "retry"})).sync(ItemsStream)
    assert len(api.requests) == 1


def test_64_a_success_can_be_tried_again_by_its_text(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"jobs": [], "note": "Still indexing"}), jobs(1), jobs())
    acme = connect(answering({(200, "still indexing"): "retry"}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_64_an_answer_can_be_a_rate_limit(connect: Connect, api: Vendor, clock: Clock) -> None:
    refused = Reply(400, {"code": "QUOTA"}, {"Retry-After": "70"})
    api.script(refused, jobs(1), jobs())
    acme = connect(answering({(400, '"QUOTA"'): "limit"}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept >= 70


def test_64_a_rate_limit_that_does_not_pass_is_an_error_that_says_what_to_lower(connect: Connect, api: Vendor) -> None:
    api.script(Reply(400, {"message": "QUOTA"}))
    with pytest.raises(SyncError, match=r"The vendor says: QUOTA.*Lower the integration's rate or concurrency"):
        connect(answering({(400, "quota"): "limit"})).sync(ItemsStream)


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_64_a_refused_page_can_be_the_end_of_the_list(connect: Connect, api: Vendor, status: int) -> None:
    acme = connect(answering({(status, "no such page"): "end"}))
    api.script(jobs(1), jobs(2), Reply(status, {"message": "No such page"}))
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert report.end_reason.startswith(f"accepted as the end: {status}")
    assert report.warnings == []


def test_64_a_success_that_says_that_it_is_the_last_keeps_its_records(connect: Connect, api: Vendor) -> None:
    acme = connect(answering({(200, "that was all"): "end"}))
    api.script(jobs(1), Reply(body={"jobs": items(2, 3), "note": "That was all"}), jobs(4))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]


def test_64_a_text_that_only_a_record_holds_skips_nothing(connect: Connect, api: Vendor) -> None:
    acme = connect(answering({(200, "disabled"): "skip"}))
    records = [{"id": 1, "note": "disabled"}, {"id": 2}]
    api.script(Reply(body={"jobs": records}), jobs())
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


def test_64_a_success_without_a_list_can_be_skipped(connect: Connect, api: Vendor) -> None:
    acme = connect(answering({(200, "disabled"): "skip"}))
    api.script(Reply(body={"note": "Jobs are disabled"}))
    (warning, *_) = acme.sync(ItemsStream).warnings
    assert "Jobs are disabled" in warning
    assert acme.ids(ItemsStream) == []


def test_64_a_skipped_answer_amid_a_list_is_an_error_and_not_its_end(connect: Connect, api: Vendor) -> None:
    acme = connect(answering({404: "skip"}))
    api.script(jobs(1, 2), jobs(3), jobs())
    acme.sync(ItemsStream)
    api.script(jobs(1, 2), Reply(404, {"message": "gone"}))
    with pytest.raises(
        SyncError,
        match=r'page 2 of the list was refused \(404 Not Found\. The vendor says: gone\.\).*accept = \{404: "end"\}',
    ):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]


@pytest.mark.parametrize(
    ("status", "text"),
    [(400, "page must be a number"), (404, "not found"), (422, "validation failed"), (403, "you may not")],
)
def test_64_a_refused_later_page_is_an_error_unless_it_says_that_the_list_is_no_longer(
    connect: Connect, api: Vendor, status: int, text: str
) -> None:
    api.script(jobs(1), Reply(status, {"message": text}))
    with pytest.raises(SyncError, match=f"page=2: {status}.*{text}"):
        connect(QueueIntegration).sync(ItemsStream)


class ChangesStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since", until="until")


class SinceStream(Stream[Item]):
    name = "changes"
    path = "/changes"
    cursor = Cursor("at", since="since")


def refuse_more_than(most: int, status: int, text: str) -> Any:
    records = changes(150)

    def page(request: ReceivedRequest) -> Reply:
        found = filter_by_bounds(records, request)
        if len(found) > most:
            return Reply(status, {"message": text})
        return Reply(body={"jobs": offset_page(found, request, 50)})

    return page


@pytest.mark.parametrize(
    ("accept", "status", "text"),
    [
        ({422: "split"}, 422, "nope"),
        ({(400, "E-77"): "split"}, 400, "e-77"),
        ({}, 400, "Too many results, narrow down your date range"),
        ({}, 422, "The requested period is too long"),
        ({(200, "truncated"): "split"}, 200, "truncated"),
    ],
)
def test_64_a_range_is_split_where_the_stream_or_the_vendor_says_so(
    connect: Connect, api: Vendor, accept: dict[Any, str], status: int, text: str
) -> None:
    acme = connect(answering(accept, streams=(ChangesStream,), paginator=Offset()))
    api.handler = refuse_more_than(40, status, text)
    acme.sync(ChangesStream)
    assert (acme.ids(ChangesStream), acme.versions(ChangesStream)) == (list(range(150)), 150)
    acme.sync_range(ChangesStream, replace=True)
    assert (acme.ids(ChangesStream), acme.versions(ChangesStream)) == (list(range(150)), 150)


@pytest.mark.parametrize(("accept", "text"), [({422: "split"}, "nope"), ({}, "the date range cannot exceed 6 months")])
def test_64_a_range_that_cannot_be_split_is_an_error_that_says_what_is_missing(
    connect: Connect, api: Vendor, accept: dict[Any, str], text: str
) -> None:
    acme = connect(answering(accept, streams=(SinceStream,), paginator=Offset()))
    api.handler = refuse_more_than(40, 422, text)
    with pytest.raises(SyncError, match=rf"422 .*The vendor says: {text}\..*Cursor both `since` and `until`"):
        acme.sync(SinceStream)


def test_64_one_parents_answer_concerns_that_parent(connect: Connect, api: Vendor) -> None:
    acme = connect(answering({(403, "archived"): "skip"}))

    def page(request: ReceivedRequest) -> Reply:
        if param(request, "page") != "1":
            return jobs()
        if request.path == "/items":
            return jobs(1, 2, 3)
        number = int(request.path.split("/")[2])
        return Reply(403, {"message": "it is Archived"}) if number == 2 else jobs(number)

    api.handler = page
    acme.sync(ItemsStream)
    report = acme.sync(PartsStream)
    assert (acme.ids(PartsStream), report.passed_over) == ([1, 3], [])
    assert "it is Archived" in " ".join(report.warnings)
