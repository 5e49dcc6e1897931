"""A cursor that is null has a declared policy (conformance 56)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import offset_page, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class OrdersStream(Stream[Item]):
    path = "/orders"


class OrdersIntegration(CommonIntegration):
    paginator = Offset()


def orders(cursor: Cursor) -> tuple[type[OrdersIntegration], type[Stream[Any]]]:
    stream = declare("OrdersStream", OrdersStream, cursor=cursor)
    return declare("OrdersIntegration", OrdersIntegration, streams=(stream,)), stream


class Orders:
    """Orders; a filter by the time of change leaves out those that never changed, as the vendors' do."""

    def __init__(self) -> None:
        self.orders = [
            {
                "id": number,
                "made": f"2026-01-{6 + number:02}T00:00:00Z",
                "changed": None if number % 5 == 0 else f"2026-02-{1 + number:02}T00:00:00Z",
            }
            for number in range(20)
        ]

    def __call__(self, request: ReceivedRequest) -> Reply:
        since = param(request, "since")
        found = [order for order in self.orders if not since or str(order["changed"] or "") >= since]
        return Reply(body=offset_page(found, request, 8))


POLICIES = ["made", "fetched"]


@pytest.mark.parametrize("nulls", POLICIES)
@pytest.mark.parametrize("since", ["since", None], ids=["filtered", "unfiltered"])
def test_56_records_that_never_changed_are_stored_once(
    connect: Connect, api: Vendor, clock: Clock, nulls: str, since: str | None
) -> None:
    integration, stream = orders(Cursor("changed", since=since, nulls=nulls))
    api.handler = vendor = Orders()
    acme = connect(integration)
    report = acme.sync(stream)
    assert (acme.ids(stream), report.problems) == (list(range(20)), 0)
    for _ in range(2):
        clock.sleep(3600)
        acme.sync(stream)
    assert acme.versions(stream) == 20
    vendor.orders[10]["changed"] = "2026-03-02T12:30:00Z"
    clock.sleep(3600)
    acme.sync(stream)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(20)), 21)
    acme.sync_range(stream, replace=True)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(20)), 20)


@pytest.mark.parametrize("nulls", POLICIES)
def test_56_no_list_is_asked_for_with_the_filter_so_a_new_record_that_never_changed_comes_too(
    connect: Connect, api: Vendor, clock: Clock, nulls: str
) -> None:
    integration, stream = orders(Cursor("changed", since="since", nulls=nulls))
    api.handler = vendor = Orders()
    vendor.orders = [order for order in vendor.orders if order["changed"]]
    acme = connect(integration)
    acme.sync(stream)
    vendor.orders.append({"id": 20, "made": "2026-03-02T12:00:00Z", "changed": None})
    clock.sleep(3600)
    assert acme.sync(stream).records == 1
    assert 20 in acme.ids(stream)
    assert all("since" not in request.query for request in api.requests)


def test_56_a_filter_that_lists_such_records_too_is_sent(connect: Connect, api: Vendor, clock: Clock) -> None:
    integration, stream = orders(Cursor("changed", since="since", nulls="made", nulls_listed=True))
    api.handler = vendor = Orders()
    acme = connect(integration)
    acme.sync(stream)
    vendor.orders[1]["changed"] = "2026-03-02T12:30:00Z"
    clock.sleep(3600)
    acme.sync(stream)
    assert all("since" in request.query for request in api.requests)


def test_56_what_stands_in_for_the_cursor_moves_no_mark(connect: Connect, api: Vendor) -> None:
    integration, stream = orders(Cursor("changed", since="since", nulls="made"))
    vendor = Orders()
    vendor.orders[0]["made"] = "2026-03-01T00:00:00Z"
    api.handler = vendor
    assert connect(integration).sync(stream).high_water_mark == "2026-02-20T00:00:00Z"


def newest_first(order: dict[str, Any]) -> str:
    return str(order["changed"] or order["made"])


class SortedOrders(Orders):
    """Orders without a filter, the last changed first; those that never changed by when they were made."""

    def __call__(self, request: ReceivedRequest) -> Reply:
        return Reply(body=offset_page(sorted(self.orders, key=newest_first, reverse=True), request, 4))


class LastOrders(SortedOrders):
    """Those that never changed come after all others."""

    def __call__(self, request: ReceivedRequest) -> Reply:
        found = sorted(self.orders, key=lambda order: str(order["changed"] or ""), reverse=True)
        return Reply(body=offset_page(found, request, 4))


SORTED = Cursor("changed", order="desc", nulls="made", nulls_listed=True, reread=timedelta(days=7))


def test_56_a_sorted_list_with_such_records_in_the_place_of_what_counts_is_read_down_to_the_mark(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    integration, stream = orders(SORTED)
    api.handler = vendor = SortedOrders()
    acme = connect(integration)
    assert (acme.sync(stream).problems, acme.ids(stream)) == (0, list(range(20)))
    vendor.orders.append({"id": 20, "made": "2026-02-25T00:00:00Z", "changed": None})
    clock.sleep(3600)
    before = len(api.requests)
    report = acme.sync(stream)
    assert (report.records, acme.versions(stream), len(api.requests) - before) == (1, 21, 2)


def test_56_what_counts_for_a_record_without_a_cursor_moves_the_mark_if_lists_go_by_it(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    integration, stream = orders(SORTED)
    api.handler = vendor = SortedOrders()
    for order in vendor.orders:
        order["changed"] = None
    acme = connect(integration)
    assert acme.sync(stream).high_water_mark == "2026-01-25T00:00:00Z"
    clock.sleep(3600)
    before = len(api.requests)
    assert acme.sync(stream).records == 0
    assert len(api.requests) - before < 5


def test_56_a_filter_that_lists_such_records_begins_at_what_counts_for_them(connect: Connect, api: Vendor) -> None:
    integration, stream = orders(Cursor("changed", since="since", order="asc", nulls="made", nulls_listed=True))
    vendor = SortedOrders()
    vendor.orders = [{"id": 1, "made": "2026-01-07T00:00:00Z", "changed": None}]
    api.handler = vendor
    acme = connect(integration)
    acme.sync(stream)
    acme.sync(stream)
    assert api.requests[-1].query["since"] == ["2026-01-06T23:59:59Z"]


def test_56_a_sorted_list_that_is_not_in_the_order_of_what_counts_is_read_to_its_end(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    integration, stream = orders(SORTED)
    api.handler = vendor = SortedOrders()
    acme = connect(integration)
    acme.sync(stream)
    # Made in the order in which they are listed, among those that changed.
    vendor.orders = [
        {"id": 20, "made": "2026-01-07T00:00:00Z", "changed": "2026-02-25T00:00:00Z"},
        {"id": 21, "made": "2026-01-08T00:00:00Z", "changed": None},
        {"id": 22, "made": "2026-01-09T00:00:00Z", "changed": None},
        *sorted((order for order in vendor.orders if order["changed"]), key=newest_first, reverse=True),
        {"id": 23, "made": "2026-01-10T00:00:00Z", "changed": "2026-02-26T00:00:00Z"},
    ]
    api.handler = lambda request: Reply(body=offset_page(vendor.orders, request, 4))
    clock.sleep(3600)
    acme.sync(stream)
    assert {20, 23} <= set(acme.ids(stream))


def test_56_a_record_that_a_sorted_list_has_elsewhere_comes_with_the_reread(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    integration, stream = orders(SORTED)
    api.handler = vendor = LastOrders()
    acme = connect(integration)
    acme.sync(stream)
    vendor.orders.append({"id": 20, "made": "2026-02-25T00:00:00Z", "changed": None})
    clock.sleep(3600)
    assert acme.sync(stream).records == 0
    clock.now += timedelta(days=7).total_seconds()
    assert acme.sync(stream).records == 1
    assert 20 in acme.ids(stream)


@pytest.mark.parametrize("nulls", POLICIES)
def test_56_where_all_cursors_are_null_nothing_is_lost_and_no_mark_is_set(
    connect: Connect, api: Vendor, nulls: str
) -> None:
    integration, stream = orders(Cursor("changed", since="since", nulls=nulls))
    vendor = Orders()
    for order in vendor.orders:
        order["changed"] = None
    api.handler = vendor
    acme = connect(integration)
    for _ in range(2):
        assert acme.sync(stream).high_water_mark is None
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(20)), 20)


def test_56_without_a_policy_such_records_are_quarantined(connect: Connect, api: Vendor) -> None:
    integration, stream = orders(Cursor("changed"))
    api.handler = Orders()
    acme = connect(integration)
    report = acme.sync(stream)
    assert (report.records, report.problems) == (20, 4)
    assert [problem for problem in acme.problems(stream).values() if problem] == ["no cursor at changed"] * 4
    (warning,) = report.warnings
    assert warning.startswith("4 records had no cursor at `changed`, and no parser reads them.")
    assert '`nulls="fetched"`' in warning


@pytest.mark.parametrize("made", [None, "long ago"])
def test_56_a_record_whose_second_field_is_no_time_either_is_quarantined(
    connect: Connect, api: Vendor, made: str | None
) -> None:
    integration, stream = orders(Cursor("changed", nulls="made"))
    vendor = Orders()
    vendor.orders[5]["made"] = made
    api.handler = vendor
    acme = connect(integration)
    assert acme.sync(stream).problems == 1
    assert [problem for problem in acme.problems(stream).values() if problem] == [
        "no cursor at changed, and none at made"
        if made is None
        else "no cursor at changed, and what is at made is not a time: 'long ago'"
    ]


@pytest.mark.parametrize("never", ["", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z", 0, "null"])
def test_56_what_vendors_send_for_a_time_that_never_was_counts_as_null(
    connect: Connect, api: Vendor, never: object
) -> None:
    class NotesStream(Stream[Item]):
        path = "/notes"
        cursor = Cursor("edited", nulls="made")

    made = "2026-02-03T00:00:00Z"
    api.script(Reply(body=[{"id": 1, "edited": never, "made": made}, {"id": 2, "edited": made, "made": made}]))
    acme = connect(declare("NotesIntegration", CommonIntegration, streams=(NotesStream,)))
    report = acme.sync(NotesStream)
    assert acme.problems(NotesStream) == {"1": None, "2": None}
    assert list(report.windows) == [date(2026, 2, 2)]


@pytest.mark.parametrize(
    ("status", "words"), [(400, "The period is too long, at most 31 days"), (422, "since is a required parameter")]
)
def test_56_a_refused_list_without_the_filter_names_what_left_the_filter_out(
    connect: Connect, api: Vendor, status: int, words: str
) -> None:
    class TasksStream(Stream[Item]):
        path = "/tasks"
        cursor = Cursor("edited", since="since", until="until", nulls="made")

    api.script(Reply(status, {"message": words}))
    acme = connect(declare("TasksIntegration", CommonIntegration, streams=(TasksStream,)))
    with pytest.raises(SyncError, match=rf"{words}.*No filter was sent.*leave out `nulls`"):
        acme.sync(TasksStream)
