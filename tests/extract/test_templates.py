"""One template language: placeholders of config, parent and cursor mean the same anywhere in a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets import ConnectionConfig, Cursor, CursorToken, GraphQLCursor, Integration, Offset, Stream
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.first_check import check_first
from tests.http.loopback import ReceivedRequest, Reply, Vendor

NOW = datetime(2026, 1, 21, 12, 30, 5, 250_000, UTC)
START, MARK, BEFORE_MARK = "2026-01-05T00:00:00Z", "2026-01-20T10:00:00Z", "2026-01-20T09:59:59Z"


class TrackerConfig(ConnectionConfig):
    org: str = "acme/west"


class BoardsStream(Stream):
    path = "/boards"
    primary_key = "id"


class Tracker:
    """A vendor on loopback, and one connection to it of an integration with one incremental stream, `tickets`."""

    def __init__(self, vendor: Vendor, folder: Path) -> None:
        self.vendor = vendor
        self.vendor.handler = self._answer
        self.lake = Lake(folder / "lake")
        self.start = date(2026, 1, 5)

    def declare(self, cursor: Cursor, **declared: Any) -> None:
        """Set the stream to sync."""
        declared = {"path": "/tickets", "primary_key": "id", "cursor": cursor, **declared}
        stream = declare("TicketsStream", Stream, **declared)
        above = (BoardsStream,) if declared.get("parent") else ()

        class TrackerIntegration(Integration[TrackerConfig]):
            base_url = "https://tracker.test/{config.org}"
            records = "items"
            streams = (*above, stream)

        self.spec = read_integration(TrackerIntegration)

    def session(self) -> Session:
        connection = Connection(
            id="acme", integration="tracker", start=self.start, config={"base_url": self.vendor.url}
        )
        return Session(self.spec, connection, self.lake, now=lambda: NOW)

    def sync(self, **range_: Any) -> StreamReport:
        reports = [
            sync_stream(self.session(), stream, SyncRange(**range_ or {"from_mark": True}))
            for stream in self.spec.streams.values()
        ]
        return reports[-1]

    def first_requests_of_two_syncs(self) -> list[ReceivedRequest]:
        """Sync twice, and return the first request for tickets of each."""
        firsts = []
        for _ in range(2):
            before = len(self.vendor.requests)
            self.sync()
            firsts.append(next(asked for asked in self.vendor.requests[before:] if asked.path != "/boards"))
        return firsts

    def _answer(self, asked: ReceivedRequest) -> Reply:
        return Reply(body={"items": [{"id": 1, "name": "no/1", "at": MARK}]})


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    with Vendor() as vendor:
        yield Tracker(vendor, tmp_path)


def test_bounds_stand_in_an_expression_and_the_second_sync_asks_from_the_mark(tracker: Tracker) -> None:
    tracker.declare(
        Cursor("at", format="%Y-%m-%d %H:%M"),
        params={"jql": "org = '{config.org}' AND at >= '{cursor.since}' AND at < '{cursor.until}' ORDER BY at"},
    )
    first, second = (asked.query["jql"] for asked in tracker.first_requests_of_two_syncs())
    jql = "org = 'acme/west' AND at >= '{}' AND at < '2026-01-21 12:31' ORDER BY at"
    assert first == [jql.format("2026-01-05 00:00")]
    assert second == [jql.format("2026-01-20 09:59")]


@pytest.mark.parametrize(
    ("form", "start", "end"),
    [
        (None, START, "2026-01-21T12:30:06Z"),
        ("epoch", "1767571200", "1768998606"),
        ("epoch_ms", "1767571200000", "1768998606000"),
        ("%Y-%m-%dT%H:%M", "2026-01-05T00:00", "2026-01-21T12:31"),
        ("%Y-%m-%d", "2026-01-05", "2026-01-22"),
        ("%Y-%m", "2026-01", "2026-02"),
        ("%Y", "2026", "2027"),
    ],
)
def test_an_until_that_must_have_a_value_is_after_now(form: str | None, start: str, end: str, tracker: Tracker) -> None:
    tracker.declare(Cursor("at", format=form), params={"q": "at:{cursor.since}..{cursor.until}"})
    tracker.sync()
    assert tracker.vendor.requests[0].query["q"] == [f"at:{start}..{end}"]


def test_a_parameter_that_is_only_a_missing_bound_is_left_out(tracker: Tracker) -> None:
    tracker.declare(Cursor("at"), params={"from": "{cursor.since}", "to": "{cursor.until}"})
    tracker.sync()
    tracker.sync(since=datetime(2026, 1, 6, tzinfo=UTC), until=datetime(2026, 1, 7, tzinfo=UTC))
    assert tracker.vendor.requests[0].query == {"from": [START]}
    assert tracker.vendor.requests[1].query == {"from": ["2026-01-05T23:59:59Z"], "to": ["2026-01-07T00:00:00Z"]}


def test_bounds_stand_deep_in_a_body_and_epochs_stay_numbers_there(tracker: Tracker) -> None:
    tracker.declare(
        Cursor("at", format="epoch"),
        method="POST",
        body={
            "query": "query($since: Int) { tickets(since: $since) { id } }",
            "variables": {
                "since": "{cursor.since}",
                "range": ["{cursor.since}", "{cursor.until}"],
                "ends": [{"at": {"lt": "{cursor.until}"}}, {"open": True}],
                "text": "since:{cursor.since} org:{config.org}",
            },
        },
        paginator=GraphQLCursor("page"),
    )
    first, second = (json.loads(asked.body) for asked in tracker.first_requests_of_two_syncs())
    assert first["query"] == "query($since: Int) { tickets(since: $since) { id } }"
    assert first["variables"] == {
        "since": 1767571200,
        "range": [1767571200, 1768998606],
        "ends": [{"open": True}],
        "text": "since:1767571200 org:acme/west",
    }
    assert second["variables"]["since"] == 1768903199


def test_a_bound_is_one_segment_of_a_path_and_a_text_in_a_header(tracker: Tracker) -> None:
    tracker.declare(Cursor("at", format="epoch"), path="/tickets/{cursor.since}", headers={"X-Since": "{cursor.since}"})
    first, _ = tracker.first_requests_of_two_syncs()
    assert (first.path, first.headers["X-Since"]) == ("/tickets/1767571200", "1767571200")
    tracker.declare(Cursor("at"), path="/{config.org}/{cursor.since}/tickets")
    tracker.sync()
    assert tracker.vendor.requests[-1].target == "/acme%2Fwest/2026-01-20T09%3A59%3A59Z/tickets"


def test_a_parents_field_can_stand_beside_a_bound_and_each_parent_has_its_mark(tracker: Tracker) -> None:
    tracker.declare(
        Cursor("at"),
        parent=BoardsStream,
        path="/boards/{parent.name}/tickets",
        params={"q": "board:{parent.id} at>={cursor.since}"},
    )
    first, second = tracker.first_requests_of_two_syncs()
    assert first.target.startswith("/boards/no%2F1/tickets?")
    assert (first.query["q"], second.query["q"]) == ([f"board:1 at>={START}"], [f"board:1 at>={BEFORE_MARK}"])


def test_bounds_in_an_expression_split_a_long_first_sync(tracker: Tracker) -> None:
    tracker.start = date(2025, 1, 6)
    tracker.declare(Cursor("at", format="%Y-%m-%d"), params={"q": "{cursor.since}..{cursor.until}"})
    tracker.sync()
    asked = [item.query["q"][0] for item in tracker.vendor.requests]
    assert asked == ["2025-01-06..2025-07-07", "2025-07-06..2026-01-05", "2026-01-04..2026-01-22"]


def test_a_list_that_is_cut_short_is_requested_in_halves_by_an_expression(tracker: Tracker) -> None:
    tickets = [{"id": number, "at": f"2026-01-{number:02}T00:00:00Z"} for number in range(6, 21)]

    def answer(asked: ReceivedRequest) -> Reply:
        since, until = re.findall(r"\d\S+Z", asked.query["q"][0])
        offset = int(asked.query.get("offset", ["0"])[0])
        if offset >= 4:
            return Reply(400, {"message": "Result window is too large"})
        found = [ticket for ticket in tickets if since <= str(ticket["at"]) < until]
        return Reply(body={"items": found[offset : offset + 2], "total": len(found)})

    tracker.vendor.handler = answer
    tracker.declare(
        Cursor("at"),
        params={"q": "at >= {cursor.since} and at < {cursor.until}"},
        paginator=Offset(size_param="limit", size=2),
    )
    report = tracker.sync()
    assert report.stored == len(tickets)


def test_a_check_and_a_preview_send_an_expression_too(tracker: Tracker) -> None:
    tracker.declare(Cursor("at"), params={"q": "at >= {cursor.since}", "from": "{cursor.since}"})
    check_first(tracker.session())
    assert tracker.vendor.requests[-1].query == {"q": [f"at >= {START}"], "from": [START]}
    preview(tracker.session(), tracker.spec.streams["tickets"])
    assert tracker.vendor.requests[-1].query == {"q": [f"at >= {START}"], "from": [START]}


def test_the_paginators_token_comes_beside_the_bounds(tracker: Tracker) -> None:
    tracker.vendor.script(
        Reply(body={"items": [{"id": 1, "at": MARK}], "next": "b"}), Reply(body={"items": [{"id": 2, "at": MARK}]})
    )
    tracker.declare(Cursor("at"), params={"q": "at>={cursor.since}"}, paginator=CursorToken("next", param="page"))
    tracker.sync()
    assert [asked.query for asked in tracker.vendor.requests] == [
        {"q": [f"at>={START}"]},
        {"q": [f"at>={START}"], "page": ["b"]},
    ]


def test_an_explained_request_names_the_bounds_in_an_expression(tracker: Tracker) -> None:
    tracker.declare(Cursor("at"), method="POST", body={"q": "{cursor.since}..{cursor.until}"})
    explained = {item.sync: item for item in announce_requests(tracker.spec, tracker.spec.streams["tickets"])}
    assert {sync: item.body for sync, item in explained.items()} == {
        "first sync": '{"q": "<start>..<now>"}',
        "first sync over more than 26 weeks, in parts": '{"q": "<start>..<start + 26 weeks>"}',
        "incremental sync": '{"q": "<mark>..<now>"}',
    }
    assert {item.note for item in explained.values()} == {""}


NAMES = st.from_regex(r"[a-z]{2,6}", fullmatch=True)


def _nested(path: list[str], value: object) -> dict[str, Any]:
    return {path[0]: value if len(path) == 1 else _nested(path[1:], value)}


@settings(max_examples=15, deadline=None)
@given(
    since=NAMES,
    until=st.none() | NAMES,
    depth=st.none() | st.integers(1, 3),
    form=st.sampled_from([None, "epoch", "epoch_ms", "%Y-%m-%d"]),
    start=st.sampled_from([date(2026, 1, 5), date(2025, 1, 6)]),
)
def test_the_short_form_and_the_written_out_one_send_the_same_requests(
    since: str, until: str | None, depth: int | None, form: str | None, start: date
) -> None:
    """depth: how deep the bounds are nested in a body; None puts them in params."""
    paths = {
        bound: [*(["in"] * ((depth or 1) - 1)), f"{bound}-{name}"]
        for bound, name in (("since", since), ("until", until))
        if name
    }
    short = {bound: ".".join(path) for bound, path in paths.items()}
    written: Mapping[str, Any] = {}
    for bound, path in paths.items():
        written = _merge(written, _nested(path, f"{{cursor.{bound}}}"))
    posted: dict[str, Any] = {} if depth is None else {"method": "POST", "body": {}}
    asked: list[list[tuple[str, bytes]]] = []
    with Vendor() as vendor:
        for cursor, declared in (
            (Cursor("at", since=short["since"], until=short.get("until"), format=form), posted),
            (Cursor("at", format=form), {**posted, ("params" if depth is None else "body"): written}),
        ):
            vendor.requests.clear()
            with TemporaryDirectory() as folder:
                tracker = Tracker(vendor, Path(folder))
                tracker.start = start
                tracker.declare(cursor, **declared)
                tracker.first_requests_of_two_syncs()
            asked.append([(item.target, item.body) for item in vendor.requests])
    assert asked[0] == asked[1]
    assert len(asked[0]) >= 2


def _merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for name, value in other.items():
        both[name] = _merge(both[name], value) if name in both else value
    return both


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        (["{cursor.until}"], None),
        (["{cursor.since}", "{cursor.until}"], [1767571200000, 1768998606000]),
        (["before", "{cursor.until}"], ["before", 1768998606000]),
        ([{"lt": "{cursor.until}"}, {"gt": "{cursor.since}"}], [{"gt": 1767571200000}]),
        ([{"lt": ["{cursor.until}"]}, "open"], ["open"]),
        (
            {"rules": [{"column": "at", "values": ["exact", "{cursor.until}"]}]},
            {"rules": [{"column": "at", "values": ["exact", 1768998606000]}]},
        ),
    ],
)
def test_a_list_keeps_the_bounds_whose_place_may_have_a_meaning(tracker: Tracker, template: Any, sent: Any) -> None:
    tracker.declare(Cursor("at", format="epoch_ms"), method="POST", body={"open": True, "filter": template})
    tracker.sync()
    (request,) = tracker.vendor.requests
    assert json.loads(request.body) == {"open": True} | ({} if sent is None else {"filter": sent})


def test_bounds_stand_in_the_text_of_a_query_and_in_its_variables(tracker: Tracker) -> None:
    tracker.declare(
        Cursor("at", format="%Y-%m-%d"),
        query='query ($rules: [Rule!]) { items(jql: "at >= {cursor.since}", rules: $rules) { id at } }',
        variables={"rules": [{"column": "at", "values": ["{cursor.since}", "{cursor.until}"]}]},
        records="data.items",
    )
    tracker.vendor.script(Reply(body={"data": {"items": [{"id": 1, "at": MARK}]}}))
    first, second = (json.loads(asked.body) for asked in tracker.first_requests_of_two_syncs())
    assert ['"at >= 2026-01-05"' in first["query"], '"at >= 2026-01-19"' in second["query"]] == [True, True]
    assert first["variables"] == {"rules": [{"column": "at", "values": ["2026-01-05", "2026-01-22"]}]}
    assert second["variables"] == {"rules": [{"column": "at", "values": ["2026-01-19", "2026-01-22"]}]}
