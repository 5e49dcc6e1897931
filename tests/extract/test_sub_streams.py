"""Streams that are fetched for each stored record of their parent."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.reports import Progress
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class TeamsStream(Stream):
    path = "/teams"


class MembersStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/members"


class SeatsStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/members"
    primary_key = ("{parent.id}", "id")


class EventsStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/events"
    cursor = Cursor("at", since="since")


class TeamsIntegration(DeskApi):
    name = "teams"
    streams = (TeamsStream, MembersStream, SeatsStream, EventsStream)


class Teams:
    """A vendor with a list for each path; a number in place of a list is answered as a status."""

    def __init__(self, vendor: Vendor) -> None:
        self.lists: dict[str, Any] = {"/teams": [{"id": "a"}, {"id": "b"}]}
        self.vendor = vendor
        vendor.handler = self.answer

    def answer(self, asked: ReceivedRequest) -> Reply:
        found = self.lists.get(asked.path, [])
        if isinstance(found, int):
            return Reply(found, {"message": "no"})
        since = asked.query.get("since", [""])[0]
        return Reply(body={"items": [item for item in found if str(item.get("at", "9")) >= since]})

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.vendor.requests]


@pytest.fixture
def teams() -> Iterator[Teams]:
    with Vendor() as vendor:
        yield Teams(vendor)


@pytest.fixture
def customer(teams: Teams, tmp_path: Path) -> Customer:
    return Customer(tmp_path, teams.vendor.url, TeamsIntegration)


def _rows(customer: Customer, stream: str) -> list[str]:
    return [row["key"] for row in customer.rows(f"select key from raw.teams_{stream} order by key")]


def test_children_are_fetched_for_each_stored_parent(teams: Teams, customer: Customer) -> None:
    teams.lists |= {"/teams/a/members": [{"id": "1"}], "/teams/b/members": [{"id": "2"}]}
    customer.sync("teams")
    asked = len(teams.paths)
    customer.sync("members")
    assert teams.paths[asked:] == ["/teams/a/members", "/teams/b/members"]
    assert _rows(customer, "members") == ["1", "2"]


def test_a_parent_that_was_never_synced_is_named(customer: Customer) -> None:
    with pytest.raises(SyncError, match=r"stream members: its parent teams was never synced; sync .* teams"):
        customer.sync("members")


def test_a_parents_field_is_one_percent_encoded_segment(teams: Teams, customer: Customer) -> None:
    teams.lists["/teams"] = [{"id": "a/../b?x=1"}]
    customer.sync("teams", "members")
    assert teams.vendor.requests[-1].target == "/teams/a%2F..%2Fb%3Fx%3D1/members"


def test_a_parents_field_that_would_change_the_path_is_refused(teams: Teams, customer: Customer) -> None:
    teams.lists["/teams"] = [{"id": ".."}]
    customer.sync("teams")
    with pytest.raises(SyncError, match=r"stream members: \{parent.id\} in its path: '\.\.' can't be a segment"):
        customer.sync("members")


def test_a_child_that_cannot_be_listed_is_passed_over_and_keeps_its_rows(teams: Teams, customer: Customer) -> None:
    teams.lists |= {"/teams/a/members": [{"id": "1"}], "/teams/b/members": [{"id": "2"}]}
    customer.sync()
    teams.lists |= {"/teams/a/members": 403, "/teams/b/members": [{"id": "3"}]}
    report = customer.sync("members")["members"]
    assert _rows(customer, "members") == ["1", "3"]
    assert [text.partition(":")[0] for text in report.passed_over] == ["a"]
    assert "403" in report.passed_over[0]


def test_when_no_child_can_be_listed_the_sync_fails(teams: Teams, customer: Customer) -> None:
    teams.lists |= {"/teams/a/events": 403, "/teams/b/events": 403}
    customer.sync("teams")
    with pytest.raises(SyncError, match=r"2 of 2 teams failed .*403.*credentials"):
        customer.sync("events")


def test_a_failed_child_of_a_snapshot_keeps_its_records_and_the_others_are_replaced(
    teams: Teams, customer: Customer
) -> None:
    teams.lists |= {"/teams/a/members": [{"id": "1"}], "/teams/b/members": [{"id": "2"}]}
    customer.sync()
    teams.lists |= {"/teams/a/members": [{"id": "3"}], "/teams/b/members": 400}
    with pytest.raises(SyncError, match=r"1 of 2 teams failed .*the others are stored"):
        customer.sync("members")
    assert _rows(customer, "members") == ["2", "3"]


def test_a_failed_child_of_an_incremental_stream_leaves_the_records_of_the_others_stored(
    teams: Teams, customer: Customer
) -> None:
    teams.lists |= {"/teams/a/events": 400, "/teams/b/events": [{"id": "2", "at": "2026-01-06T00:00:00Z"}]}
    customer.sync("teams")
    with pytest.raises(SyncError, match=r"teams/acme, stream events: 1 of 2 teams failed .*the others are stored"):
        customer.sync("events")
    assert _rows(customer, "events") == ["2"]


@pytest.mark.parametrize("stream", ["members", "events"])
def test_what_fails_for_all_parents_alike_is_said_once(teams: Teams, customer: Customer, stream: str) -> None:
    teams.lists["/teams"] = [{"id": f"t{number}"} for number in range(4)]
    customer.sync("teams")
    teams.lists |= {f"/teams/t{number}/{stream}": 400 for number in range(4)}
    with pytest.raises(SyncError) as caught:
        customer.sync(stream)
    text = str(caught.value)
    assert text.startswith(f"teams/acme, stream {stream}: 4 of 4 teams failed (t0: GET http")
    assert (text.count("400 Bad Request"), text.count("teams/acme"), "others" in text) == (1, 1, False)


@pytest.mark.parametrize("stream", ["members", "events"])
def test_a_wrong_token_ends_a_stream_at_its_first_parent(teams: Teams, customer: Customer, stream: str) -> None:
    teams.lists["/teams"] = [{"id": f"t{number}"} for number in range(9)]
    customer.sync("teams")
    teams.lists |= {f"/teams/t{number}/{stream}": 401 for number in range(9)}
    asked = len(teams.paths)
    with pytest.raises(SyncError, match=rf"^teams/acme, stream {stream}: GET \S+/t0/{stream}\S*: 401 .*credentials"):
        customer.sync(stream)
    assert teams.paths[asked:] == [f"/teams/t0/{stream}"]


@pytest.mark.parametrize("stream", ["members", "events"])
def test_a_401_of_one_parent_beside_others_that_are_listed_fails_that_parent_alone(
    teams: Teams, customer: Customer, stream: str
) -> None:
    teams.lists["/teams"] = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    teams.lists |= {f"/teams/{team}/{stream}": [{"id": team, "at": "2026-01-06T00:00:00Z"}] for team in "ac"}
    teams.lists[f"/teams/b/{stream}"] = 401
    customer.sync("teams")
    with pytest.raises(SyncError, match="1 of 3 teams failed"):
        customer.sync(stream)
    assert _rows(customer, stream) == ["a", "c"]


def test_each_parent_has_its_own_mark(teams: Teams, customer: Customer) -> None:
    teams.lists |= {
        "/teams/a/events": [{"id": "1", "at": "2026-03-01T00:00:00Z"}],
        "/teams/b/events": [{"id": "2", "at": "2026-01-06T00:00:00Z"}],
    }
    customer.sync()
    asked = len(teams.paths)
    customer.sync("events")
    since = {request.path: request.query["since"] for request in teams.vendor.requests[asked:]}
    assert since == {"/teams/a/events": ["2026-02-28T23:59:59Z"], "/teams/b/events": ["2026-01-05T23:59:59Z"]}


def test_a_new_parent_is_fetched_from_the_start(teams: Teams, customer: Customer) -> None:
    teams.lists["/teams/a/events"] = [{"id": "1", "at": "2026-03-01T00:00:00Z"}]
    customer.sync()
    teams.lists["/teams"].append({"id": "c"})
    teams.lists["/teams/c/events"] = [{"id": "9", "at": "2026-01-07T00:00:00Z"}]
    report = customer.sync("teams", "events")["events"]
    assert teams.vendor.requests[-1].query["since"] == ["2026-01-05T00:00:00Z"]
    assert report.records == 1
    assert _rows(customer, "events") == ["1", "9"]


def test_concurrent_children_give_the_same_rows(teams: Teams, tmp_path: Path) -> None:
    class AtOnce(TeamsIntegration):
        concurrency = 4

    teams.lists["/teams"] = [{"id": f"t{number}"} for number in range(20)]
    for number in range(20):
        teams.lists[f"/teams/t{number}/events"] = [{"id": f"{number:02}", "at": "2026-01-07T00:00:00Z"}]
    customer = Customer(tmp_path, teams.vendor.url, AtOnce)
    report = customer.sync()["events"]
    assert report.records == 20
    assert _rows(customer, "events") == [f"{number:02}" for number in range(20)]
    assert customer.sync("events")["events"].records == 0


def test_a_refetch_keeps_the_rows_of_a_parent_that_cannot_be_listed(teams: Teams, customer: Customer) -> None:
    teams.lists |= {
        "/teams/a/events": [{"id": "1", "at": "2026-03-01T00:00:00Z"}],
        "/teams/b/events": [{"id": "2", "at": "2026-01-06T00:00:00Z"}],
    }
    customer.sync()
    teams.lists |= {"/teams/a/events": 404, "/teams/b/events": []}
    customer.sync("events", sync_range=SyncRange(refetch=True))
    assert _rows(customer, "events") == ["1"]


def test_an_interrupted_sync_waits_for_no_other_child(teams: Teams, tmp_path: Path) -> None:
    class AtOnce(TeamsIntegration):
        concurrency = 4

    class Interrupted(Progress):
        def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
            raise KeyboardInterrupt

    teams.lists["/teams"] = [{"id": f"t{number}"} for number in range(4)]
    customer = Customer(tmp_path, teams.vendor.url, AtOnce)
    customer.sync("teams")
    answer = teams.answer
    too_early = Reply(429, {"message": "later"}, {"Retry-After": "300"})
    teams.vendor.handler = lambda asked: answer(asked) if asked.path.endswith("t0/members") else too_early
    session = customer.session
    session.progress = Interrupted()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sync_stream(session, customer.spec.streams["members"], SyncRange())
    assert time.monotonic() - started < 30


def test_equal_children_of_parents_whose_long_ids_begin_alike_are_all_stored(teams: Teams, customer: Customer) -> None:
    parents = [f"{'x' * 70}-{number}" for number in range(3)]
    teams.lists = {"/teams": [{"id": parent} for parent in parents]}
    teams.lists |= {f"/teams/{parent}/members": [{"id": "1"}] for parent in parents}
    customer.sync("teams")
    customer.sync("seats")
    stored = customer.session.raw(customer.spec.streams["seats"]).open()
    assert stored is not None
    assert stored.rows == 3
