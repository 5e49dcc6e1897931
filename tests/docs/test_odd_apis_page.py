"""Each example of docs/odd_apis.md handles the API that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import ConnectionConfig, Integration, Paginator, Stream
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.docs.markdown import blocks
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "odd_apis.md").read_text(encoding="utf-8")
SHOWN = {block.words[0]: block.text for block in blocks(PAGE)}
MODELS = (
    "Asset",
    "Check",
    "Entry",
    "Export",
    "Hit",
    "Host",
    "Invoice",
    "Issue",
    "Job",
    "Line",
    "LogEvent",
    "Order",
    "Price",
    "Region",
    "Report",
    "Sale",
    "Session",
    "Ticket",
    "User",
)


class Row(BaseModel):
    """Stands for the model of each example's records."""


def run(name: str) -> dict[str, Any]:
    """The names that an example of the page defines."""
    given: dict[str, Any] = {**dict.fromkeys(MODELS, Row), "__name__": "shown"}
    exec(compile(SHOWN["imports"], "docs/odd_apis.md: imports", "exec"), given)
    exec(compile(SHOWN[name], f"docs/odd_apis.md: {name}", "exec"), found := dict(given))
    return {key: value for key, value in found.items() if key not in given}


def streams(name: str) -> list[type[Stream[Any]]]:
    return [found for found in run(name).values() if isinstance(found, type) and issubclass(found, Stream)]


@dataclass
class Desk:
    """Syncs the stream of an example, against what the test answers."""

    vendor: Vendor
    lake: Lake
    clock: Clock = field(default_factory=lambda: Clock(1_772_452_800.0))

    def sync(self, stream: type[Stream[Any]], *above: type[Stream[Any]]) -> StreamReport:
        spec = read_integration(
            declare(
                "OddIntegration",
                Integration[ConnectionConfig],
                base_url="https://api.odd.example",
                primary_key="id" if stream.__dict__.get("shape") != "by_id" else None,
                streams=(*above, stream),
            )
        )
        connection = Connection(
            id="acme", integration="odd", start=date(2026, 1, 5), config={"base_url": self.vendor.url}
        )
        session = Session(spec, connection, self.lake, sleep=self.clock.sleep)
        *_, report = [sync_stream(session, each, SyncRange(from_mark=True)) for each in spec.streams.values()]
        return report

    def count(self, table: str) -> int:
        return int(query(self.lake, f"select count(*) from raw.odd_{table}").column(0)[0].as_py())


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with Vendor() as vendor:
        yield Desk(vendor, Lake(tmp_path / "lake"))


def rows(*numbers: int) -> list[dict[str, int]]:
    return [{"id": number} for number in numbers]


def test_every_example_is_run() -> None:
    others = {"imports", "jobs", "nested", "one-page", "paginators", "resume", "resume-elsewhere", "max_shrink"}
    assert set(SHOWN) == {*EXAMPLES, *others}


EXAMPLES: dict[str, tuple[list[Reply], int]] = {
    "empty": ([Reply(body={"reports": {}})], 0),
    "data_fields": ([Reply(body={"status": "failed", "checks": rows(1, 2)})], 2),
    "accept": (
        [
            Reply(409, {"message": "The index is busy"}),
            Reply(403, {"message": "quota"}),
            Reply(body={"exports": rows(1)}),
            Reply(400, {"message": "no such page"}),
        ],
        1,
    ),
    "keep": (
        [Reply(body={"users": rows(1), "links": {"next": "/users?after=1"}}), Reply(body={"users": rows(2)})],
        2,
    ),
    "in-query": (
        [Reply(body={"resources": rows(n), "page": {"totalPages": 2}}) for n in (1, 2)]
        + [Reply(body={"resources": []})],
        2,
    ),
    "total": ([Reply(body={"tickets": rows(1), "meta": {"count": 1}}), Reply(body={"tickets": []})], 1),
    "nulls": ([Reply(body=[{"id": 1, "updated_at": None, "created_at": "2026-01-07"}])], 1),
    "reread": ([Reply(body=[{"id": 1, "updated_at": "2026-01-07T00:00:00Z"}])], 1),
    "other-filter": ([Reply(body=[{"id": 1, "updated_at": "2026-01-07"}])], 1),
    "step": ([Reply(body=[{"id": 1, "sold_at": "2026-01-07"}])], 1),
    "limits": (
        [Reply(body={"entries": [], "next": str(page)}) for page in range(1, 51)] + [Reply(body={"entries": rows(1)})],
        1,
    ),
    "limits-of-an-endpoint": (
        [Reply(body={"hits": rows(1), "usage": {"left": 9, "resets_at": "2026-03-02T13:00Z", "spent": 1}})],
        1,
    ),
    "shape": ([Reply(body={"prices": {"gold": {"eur": 1}, "tin": {"eur": 2}}})], 2),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_reads_its_api(desk: Desk, name: str) -> None:
    replies, count = EXAMPLES[name]
    desk.vendor.script(*replies)
    desk.sync(streams(name)[0])
    table = streams(name)[0].__name__.removesuffix("Stream").lower()
    assert desk.count(table) == count
    sent = desk.vendor.requests
    if name == "keep":
        assert sent[1].query == {"after": ["1"], "version": ["3"]}
    if name == "step":
        assert len(sent) > 1
        assert all({"from", "to"} <= set(request.query) for request in sent)


def test_wrapped_records_are_read_from_inside(desk: Desk) -> None:
    desk.vendor.script(Reply(body={"issues": {"edges": [{"node": {"id": 1}}]}}))
    desk.sync(streams("shape")[1])
    assert query(desk.lake, "select record from raw.odd_issues").to_pylist() == [{"record": '{"id": 1}'}]


def test_a_full_page_of_a_list_of_one_page_is_whole(desk: Desk) -> None:
    desk.vendor.script(Reply(body=rows(*range(50))))
    assert desk.sync(*streams("one-page")).warnings == []
    assert desk.count("regions") == 50


def test_the_rest_of_a_list_inside_of_a_record_is_listed_by_a_stream_of_its_own(desk: Desk) -> None:
    invoices, lines = streams("nested")
    embedded = {"id": 1, "lines": {"data": rows(1), "has_more": True}}
    desk.vendor.handler = lambda request: Reply(
        body={"invoices": [embedded]} if request.path == "/invoices" else {"data": rows(1, 2, 3)}
    )
    assert desk.sync(invoices).warnings == []
    assert desk.sync(lines, invoices).warnings == []
    assert desk.count("lines") == 3


def test_a_snapshot_may_lose_what_it_says(desk: Desk) -> None:
    (stream,) = streams("max_shrink")
    desk.vendor.script(Reply(body=rows(*range(30))), Reply(body=rows(*range(4))))
    desk.sync(stream)
    assert desk.sync(stream).warnings == []
    assert desk.count("sessions") == 4


def test_a_feed_goes_on_from_its_last_link(desk: Desk) -> None:
    (stream,) = streams("resume")
    events = [{"uuid": str(number), "published": "2026-02-01T00:00:00Z"} for number in range(3)]

    def page(request: ReceivedRequest) -> Reply:
        after = int(request.query.get("after", ["0"])[0])
        following = f"</api/v1/logs?after={min(after + 2, len(events))}>"
        return Reply(body=events[after : after + 2], headers={"Link": f'{following}; rel="next"'})

    desk.vendor.handler = page
    desk.sync(stream)
    desk.vendor.requests.clear()
    desk.sync(stream)
    assert [request.target for request in desk.vendor.requests] == ["/api/v1/logs?after=3"]
    assert desk.count("system_log") == 3


def test_a_feed_goes_on_from_another_field_of_its_last_page(desk: Desk) -> None:
    feed = streams("resume")[0]
    for name, later, sent in (("graph", "@odata.deltaLink", "/api/v1/logs?d=7"), ("calendar", "nextSyncToken", "7")):
        stream = declare(f"{name.title()}Stream", feed, paginator=run("resume-elsewhere")[name], records="events")
        desk.vendor.script(*(Reply(body={"events": [], later: sent}) for _ in range(2)))
        desk.sync(stream)
        desk.sync(stream)
        assert desk.vendor.requests[-1].target in ("/api/v1/logs?d=7", "/api/v1/logs?syncToken=7")


def test_a_job_is_begun_by_one_stream_and_its_result_read_by_another(desk: Desk) -> None:
    jobs, hosts = streams("jobs")
    desk.vendor.script(
        Reply(202, {"job": {"id": "j1", "state": "queued"}}),
        Reply(202, {"job": {"id": "j1", "state": "running"}}, {"Retry-After": "60"}),
        Reply(202, {"job": {"id": "j1", "state": "running"}}, {"Retry-After": "60"}),
        Reply(303, headers={"Location": "/files/j1.ndjson"}),
        Reply(body=b'{"id": 1}\n{"id": 2}\n', headers={"Content-Type": "application/x-ndjson"}),
    )
    desk.sync(hosts, jobs)
    assert desk.count("hosts") == 2
    assert [f"{request.method} {request.path}" for request in desk.vendor.requests] == [
        "POST /exports",
        *["GET /exports/j1/hosts"] * 3,
        "GET /files/j1.ndjson",
    ]


PAGES: dict[str, Callable[[list[dict[str, int]], bool], Reply]] = {
    "azure": lambda page, more: Reply(
        body={"data": page}, headers={"x-ms-continuationtoken": str(page[-1]["id"])} if more else {}
    ),
    "slack": lambda page, more: Reply(
        body={"data": page, "has_more": more, "response_metadata": {"next_cursor": str(page[-1]["id"])}}
    ),
    "stripe": lambda page, more: Reply(body={"data": page, "has_more": more}),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_paginator_reads_all_pages(desk: Desk, name: str) -> None:
    paginator: Paginator = run("paginators")[name]

    def page(request: ReceivedRequest) -> Reply:
        after = int(next(iter(request.query.values()), ["0"])[0])
        return PAGES[name](rows(*range(after + 1, min(after + 3, 6))), after + 2 < 5)

    desk.vendor.handler = page
    desk.sync(declare("RowsStream", Stream, path="/rows", records="data", paginator=paginator))
    assert desk.count("rows") == 5
    assert len(desk.vendor.requests) == 3
