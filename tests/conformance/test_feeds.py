"""A feed for polling, whose next link always exists, keeps its place from sync to sync (conformance 49)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, LinkHeader, NextLink, Paginator, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.marks import Marks
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

Place = Callable[[str, int], dict[str, Any]]


class LogsStream(Stream[Item]):
    path = "/api/v1/logs"
    cursor = Cursor("published", since="since")


class OktaIntegration(CommonIntegration):
    records = "events"
    paginator = LinkHeader(resume=True)
    streams = (LogsStream,)


def entry(number: int) -> dict[str, Any]:
    return {"id": number, "published": f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z"}


class SystemLog:
    """Events in order of arrival, in pages of 5; each page says where the next begins, also where none is yet."""

    def __init__(self, total: int, place: str = "header") -> None:
        self.events = [entry(number) for number in range(total)]
        self.place = place
        self.refuses = False

    def __call__(self, request: ReceivedRequest) -> Reply:
        if self.refuses and "after" in request.query:
            return Reply(410, {"errorSummary": "the cursor has expired"})
        first = next((place for place, item in enumerate(self.events) if item["published"] >= self.since(request)), 0)
        at = int(param(request, "after", str(first)))
        page = self.events[at : at + 5]
        link = f"{request.path}?after={at + len(page)}"
        body: dict[str, Any] = {"events": page}
        if self.place == "header":
            return Reply(body=body, headers={"Link": f'<{request.path}>; rel="self", <{link}>; rel="next"'})
        return Reply(body=body | ({"next": link} if self.place == "link" else {"token": at + len(page)}))

    @staticmethod
    def since(request: ReceivedRequest) -> str:
        return param(request, "since", "")


PAGINATORS: list[tuple[str, Paginator]] = [
    ("header", LinkHeader(resume=True)),
    ("link", NextLink("next", resume=True)),
    ("token", CursorToken("token", param="after", resume=True)),
]


@pytest.mark.parametrize(("place", "paginator"), PAGINATORS, ids=[place for place, _ in PAGINATORS])
def test_49_a_feed_ends_at_an_empty_page_and_goes_on_there(
    connect: Connect, api: Vendor, place: str, paginator: Paginator
) -> None:
    api.handler = log = SystemLog(23, place)
    acme = connect(declare("OktaIntegration", OktaIntegration, paginator=paginator))
    report = acme.sync(LogsStream)
    assert (acme.ids(LogsStream), len(api.requests)) == (list(range(23)), 6)
    assert (report.end_reason, report.warnings) == ("an empty page: the feed has nothing new", [])
    for new in (0, 7):
        api.requests.clear()
        log.events += [entry(len(log.events) + number) for number in range(new)]
        acme.sync(LogsStream)
        assert param(api.requests[0], "after") == "23"
        assert len(api.requests) == (1 if new == 0 else 3)
    assert acme.ids(LogsStream) == list(range(30))
    assert acme.versions(LogsStream) == 30


def test_49_an_event_that_arrives_late_with_an_early_time_is_kept(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(10)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    log.events.append({"id": 10, "published": "2026-01-20T00:00:00Z"})
    acme.sync(LogsStream)
    assert acme.ids(LogsStream) == list(range(11))
    assert acme.versions(LogsStream) == 11


def test_49_a_crash_between_rows_and_place_doubles_nothing(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.handler = log = SystemLog(12)
    acme = connect(OktaIntegration)
    crash_after_commit(acme, monkeypatch)
    assert acme.ids(LogsStream) == list(range(12))
    acme.sync(LogsStream)
    log.events += [entry(number) for number in range(12, 20)]
    crash_after_commit(acme, monkeypatch)
    assert acme.versions(LogsStream) == 20
    api.requests.clear()
    acme.sync(LogsStream)
    assert param(api.requests[0], "after") == "12"
    assert (acme.ids(LogsStream), acme.versions(LogsStream)) == (list(range(20)), 20)


def crash_after_commit(acme: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("the power fails")

    with monkeypatch.context() as patch:
        patch.setattr(Marks, "save", crash)
        with pytest.raises(RuntimeError, match="the power fails"):
            acme.sync(LogsStream)


def test_49_a_failed_page_keeps_the_place(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(10)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    log.events += [entry(number) for number in range(10, 30)]
    api.handler = lambda request: log(request) if param(request, "after") in ("10", "15") else Reply(400)
    with pytest.raises(SyncError, match="400"):
        acme.sync(LogsStream)
    api.handler = log
    acme.sync(LogsStream)
    assert (acme.ids(LogsStream), acme.versions(LogsStream)) == (list(range(30)), 30)


def test_49_a_refetch_starts_anew_and_the_next_sync_goes_on_from_its_end(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(12)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    api.requests.clear()
    log.events = [item | {"id": item["id"] + 100} for item in log.events] + [entry(12)]
    acme.sync_range(LogsStream, replace=True)
    assert "after" not in api.requests[0].query
    assert acme.ids(LogsStream) == [12, *range(100, 112)]
    api.requests.clear()
    acme.sync(LogsStream)
    assert [param(request, "after") for request in api.requests] == ["13"]


def test_49_once_its_table_is_removed_a_feed_is_listed_from_the_start(
    connect: Connect, api: Vendor, tmp_path: Path
) -> None:
    api.handler = SystemLog(12)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    shutil.rmtree(tmp_path / "lake" / "raw")
    acme.sync(LogsStream)
    assert acme.ids(LogsStream) == list(range(12))


def test_49_a_range_leaves_the_place_as_it_is(connect: Connect, api: Vendor) -> None:
    api.handler = SystemLog(12)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    acme.sync_range(LogsStream, "2026-01-05", "2026-02-01")
    api.requests.clear()
    acme.sync(LogsStream)
    assert [param(request, "after") for request in api.requests] == ["12"]


def test_49_a_kept_link_that_has_expired_is_an_error_that_names_the_way_out(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(12)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    log.refuses = True
    with pytest.raises(
        SyncError, match=r"410.*the cursor has expired.*kept from the last sync.*`--since`, .*`--refetch`"
    ):
        acme.sync(LogsStream)
    log.refuses = False
    acme.sync_range(LogsStream, since="2026-02-01")
    api.requests.clear()
    acme.sync(LogsStream)
    assert [param(request, "after") for request in api.requests] == ["12"]


def test_49_each_parent_of_a_feed_has_its_own_place(connect: Connect, api: Vendor) -> None:
    class OrgLogsStream(Stream[Item]):
        parent = ItemsStream
        path = "/orgs/{parent.id}/logs"
        cursor = Cursor("published", since="since")

    logs = {"/orgs/1/logs": SystemLog(7), "/orgs/2/logs": SystemLog(11)}
    for log, first in zip(logs.values(), (0, 100), strict=True):
        log.events = [item | {"id": item["id"] + first} for item in log.events]
    api.handler = lambda request: (
        logs[request.path](request) if request.path in logs else Reply(body={"events": [{"id": 1}, {"id": 2}]})
    )
    acme = connect(declare("OrgsIntegration", OktaIntegration, streams=(ItemsStream, OrgLogsStream)))
    with pytest.raises(SyncError):
        acme.sync(OrgLogsStream)
    acme.sync(ItemsStream)
    acme.sync(OrgLogsStream)
    api.requests.clear()
    acme.sync(OrgLogsStream)
    assert sorted(request.target for request in api.requests) == ["/orgs/1/logs?after=7", "/orgs/2/logs?after=11"]
    assert acme.versions(OrgLogsStream) == 18


def test_49_a_range_that_begins_after_the_place_leaves_it_where_it_is(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(12)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    log.events += [entry(number) for number in range(12, 60)]
    report = acme.sync_range(LogsStream, since="2026-02-03")
    assert "nothing is fetched yet" in str(report.gap)
    api.requests.clear()
    acme.sync(LogsStream)
    assert param(api.requests[0], "after") == "12"
    assert (acme.ids(LogsStream), acme.versions(LogsStream)) == (list(range(60)), 60)


def test_49_a_range_that_begins_before_the_mark_moves_the_place(connect: Connect, api: Vendor) -> None:
    api.handler = log = SystemLog(30)
    acme = connect(OktaIntegration)
    acme.sync(LogsStream)
    log.events += [entry(number) for number in range(30, 40)]
    assert acme.sync_range(LogsStream, since="2026-02-01").gap is None
    api.requests.clear()
    acme.sync(LogsStream)
    assert param(api.requests[0], "after") == "40"
    assert acme.ids(LogsStream) == list(range(40))


def test_49_a_feed_that_is_not_declared_as_one_ends_at_an_empty_page_that_leads_to_itself(
    connect: Connect, api: Vendor
) -> None:
    api.handler = SystemLog(13)
    acme = connect(declare("OktaIntegration", OktaIntegration, paginator=LinkHeader()))
    report = acme.sync(LogsStream)
    assert (acme.ids(LogsStream), report.end_reason) == (list(range(13)), "an empty page whose link leads to itself")
