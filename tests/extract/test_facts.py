"""Facts of an integration are fetched once a sync, before its streams, and named by templates and parsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, Incremental, Integration, Offset, Stream, parser
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from dazz_assets.connections import Connection
from dazz_assets.domain import DomainObject
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.parse_windows import parse
from tests.first_check import check_first
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SITES = [{"id": "s-1", "url": "https://one.test"}, {"id": "s-2", "url": "https://two.test"}]


class TrackerConfig(ConnectionConfig):
    token: SecretStr


class Note(BaseModel):
    id: int
    text: str


class NotesStream(Stream[Note]):
    """Notes of who asks."""

    path = "/sites/{facts.sites.0.id}/notes"
    params = {"author": "{facts.me.id}", "q": "changed >= {cursor.since}", "all": "{facts.me.is_admin}"}
    cursor = Cursor("at", format="%Y-%m-%d %H:%M:%S{facts.me.suffix}", zone="{facts.me.timeZone}")


class ProfileStream(Stream):
    """Who asks."""

    path = "/graph"
    method = "POST"
    body = {"query": "{viewer {name}}", "site": "{facts.sites.-1.id}"}
    records = "data.viewer"
    shape = "object"
    paginator = None


class OwnNote(DomainObject):
    zone: str
    author: str


class TrackerApi(Integration[TrackerConfig]):
    """What holds for each integration of the tracker."""

    name = "tracker"
    base_url = "https://tracker.test"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"
    paginator = Offset(size_param="limit", size=100)


class TrackerIntegration(TrackerApi):
    """A tracker."""

    facts = {"sites": "/sites", "me": "/sites/{facts.sites.0.id}/me", "profile": ProfileStream}
    streams = (NotesStream,)

    @parser
    def notes(self, notes: Incremental[NotesStream]) -> Iterator[OwnNote]:
        for note in notes:
            yield OwnNote(id=self.object_id(note.id), zone=self.fact("me.timeZone"), author=self.fact("profile.name"))


class Tracker:
    """The vendor. refusing: what it answers in place of /me."""

    def __init__(self) -> None:
        self.me: Any = {
            "id": 7,
            "timeZone": "Europe/Berlin",
            "suffix": " 100%",
            "is_admin": True,
            "next": "x",
            "total": 9,
        }
        self.refusing: Reply | None = None
        self.vendor = Vendor()
        self.vendor.handler = self._answer

    def _answer(self, asked: ReceivedRequest) -> Reply:
        assert asked.headers["Authorization"] == "Bearer secret"
        if asked.path == "/sites":
            return Reply(body=SITES)
        if asked.path == "/sites/s-1/me":
            return self.refusing or Reply(body=self.me)
        if asked.path == "/graph":
            return Reply(body={"data": {"viewer": {"name": json.loads(asked.body)["site"]}}})
        notes = [{"id": 1, "text": "a", "at": "2026-01-06T10:00:00Z"}]
        return Reply(body={"items": notes if asked.query.get("offset", ["0"]) == ["0"] else []})

    def asked(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.vendor.requests]


FACTS = ["GET /sites", "GET /sites/s-1/me", "POST /graph"]


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    with tracker.vendor:
        yield tracker


class Customer:
    def __init__(
        self, folder: Path, tracker: Tracker, integration: type[Integration[Any]] = TrackerIntegration
    ) -> None:
        self.spec = read_integration(integration)
        self.lake = Lake(folder / "lake")
        config = {"token": "secret", "base_url": tracker.vendor.url}
        self.connection = Connection(id="acme", integration="tracker", start=date(2026, 1, 5), config=config)

    @property
    def session(self) -> Session:
        now = datetime(2026, 1, 21, 12, tzinfo=UTC)
        return Session(self.spec, self.connection, self.lake, now=lambda: now, sleep=lambda seconds: None)

    def sync(self, session: Session | None = None) -> None:
        sync_stream(session or self.session, self.spec.streams["notes"], SyncRange(from_mark=True))


@pytest.fixture
def customer(tracker: Tracker, tmp_path: Path) -> Customer:
    return Customer(tmp_path, tracker)


def test_they_are_fetched_before_the_streams_and_fill_templates(customer: Customer, tracker: Tracker) -> None:
    customer.sync()
    assert tracker.asked() == [*FACTS, *["GET /sites/s-1/notes"] * 2]
    assert tracker.vendor.requests[len(FACTS)].query == {
        "author": ["7"],
        "q": ["changed >= 2026-01-05 01:00:00 100%"],
        "all": ["true"],
        "limit": ["100"],
        "offset": ["0"],
    }


def test_they_are_fetched_once_in_a_session_and_anew_in_the_next(customer: Customer, tracker: Tracker) -> None:
    session = customer.session
    customer.sync(session)
    customer.sync(session)
    assert tracker.asked().count("GET /sites") == 1
    tracker.me["id"] = 8
    customer.sync()
    assert tracker.asked().count("GET /sites") == 2
    assert tracker.vendor.requests[-1].query["author"] == ["8"]


def test_a_parser_reads_them_without_a_request(customer: Customer, tracker: Tracker) -> None:
    customer.sync()
    sent = len(tracker.vendor.requests)
    parse(customer.session, customer.spec.parsers["notes"], windows=None)
    rows = query(customer.lake, "select zone, author from own_notes").to_pylist()
    assert rows == [{"zone": "Europe/Berlin", "author": "s-2"}]
    assert len(tracker.vendor.requests) == sent


def test_a_test_gives_them_by_hand() -> None:
    integration = TrackerIntegration(facts={"me": {"timeZone": "UTC"}, "profile": {"name": "Ada"}})
    (note,) = integration.notes(Incremental([Note(id=1, text="a")]))
    assert (note.zone, note.author) == ("UTC", "Ada")
    assert integration.fact("me.nowhere") is None
    with pytest.raises(RuntimeError, match=r"has no fact 'me': .* pass it: TrackerIntegration\(facts="):
        TrackerIntegration().fact("me.timeZone")


def test_check_and_preview_fetch_them_and_store_nothing(customer: Customer, tracker: Tracker) -> None:
    assert check_first(customer.session).records == 1
    assert len(preview(customer.session, customer.spec.streams["notes"]).records) == 1
    assert tracker.asked() == [*FACTS, "GET /sites/s-1/notes"] * 2
    assert not (Path(customer.lake.root.path) / "facts").exists()


def test_explain_names_them(customer: Customer) -> None:
    told = announce_requests(customer.spec, customer.spec.streams["notes"])
    assert told[0].url.startswith("https://tracker.test/sites/{facts.sites.0.id}/notes?author={facts.me.id}&")


@pytest.mark.parametrize(
    ("me", "problem"),
    [
        ({"id": None}, r"tracker/acme: \{facts.me.id\} has no value in what the vendor answered"),
        ({"id": [1, 2]}, r"\{facts.me.id\} has several values"),
        ({"timeZone": "Berlin"}, r"tracker/acme: \{facts.me.timeZone\} is 'Berlin', which is no time zone"),
    ],
)
def test_a_value_that_is_not_there_is_told(me: Any, problem: str, customer: Customer, tracker: Tracker) -> None:
    tracker.me |= me
    with pytest.raises(SyncError, match=problem):
        customer.sync()
    assert "GET /sites/s-1/notes" not in tracker.asked()


def test_a_fact_that_is_refused_fails_the_sync_and_the_check_and_is_asked_for_again(
    customer: Customer, tracker: Tracker
) -> None:
    tracker.refusing = Reply(403, {"message": "no access to users"})
    session = customer.session
    with pytest.raises(SyncError, match=r"/sites/s-1/me: 403 Forbidden. The vendor says: no access to users"):
        customer.sync(session)
    assert "no access to users" in check_first(customer.session).reason
    tracker.refusing = None
    customer.sync(session)
    assert tracker.asked()[-1] == "GET /sites/s-1/notes"


def test_a_skipped_answer_is_no_fact(tmp_path: Path, tracker: Tracker) -> None:
    class SkippingIntegration(TrackerApi):
        accept = {403: "skip"}
        facts = {"sites": "/sites", "me": "/sites/s-1/me"}
        streams = (NotesStream,)

    tracker.refusing = Reply(403, {"message": "no access to users"})
    with pytest.raises(SyncError, match="a fact was not answered: 403"):
        Customer(tmp_path, tracker, SkippingIntegration).sync()


def test_the_first_record_of_a_list_is_a_fact_whatever_the_list_counts(tmp_path: Path, tracker: Tracker) -> None:
    tracker.me = {"items": [tracker.me], "total": 7}

    class UsersStream(Stream):
        path = "/sites/s-1/me"
        paginator = None

    class FirstUserIntegration(TrackerApi):
        facts = {"sites": "/sites", "me": UsersStream}
        streams = (NotesStream,)

    acme = Customer(tmp_path, tracker, FirstUserIntegration)
    session = acme.session
    acme.sync(session)
    assert session.facts["me"] == tracker.me["items"][0]


def test_a_stream_without_a_record_is_no_fact(tmp_path: Path, tracker: Tracker) -> None:
    class UsersStream(Stream):
        path = "/sites/s-1/me"

    class EmptyIntegration(TrackerApi):
        facts = {"sites": "/sites", "me": UsersStream}
        streams = (NotesStream,)

    tracker.me = {"items": []}
    with pytest.raises(SyncError, match="the fact 'me' of the integration is the first record of UsersStream"):
        Customer(tmp_path, tracker, EmptyIntegration).sync()


RECORDED = """
from collections.abc import Iterator

from pydantic import BaseModel

from dazz_assets import ConnectionConfig, FullRefresh, Integration, Stream, parser
from dazz_assets.domain import DomainObject


class NoteConfig(ConnectionConfig):
    pass


class Note(BaseModel):
    id: int


class Owned(DomainObject):
    zone: str


class NotesStream(Stream[Note]):
    path = "/sites/{facts.sites.0.id}/notes"
    records = "items"
    primary_key = "id"


class NotesIntegration(Integration[NoteConfig]):
    base_url = "https://notes.test"
    facts = {"sites": "/sites", "me": "/sites/{facts.sites.0.id}/me"}
    streams = (NotesStream,)

    @parser
    def owned(self, notes: FullRefresh[NotesStream]) -> Iterator[Owned]:
        for note in notes:
            yield Owned(id=self.object_id(note.id), zone=self.fact("me.timeZone"))
"""


def test_they_are_recorded_once_a_sync_and_replayed(tmp_path: Path, tracker: Tracker) -> None:
    def answer(asked: ReceivedRequest) -> Reply:
        return really_answer(
            ReceivedRequest(asked.method, asked.target, {"Authorization": "Bearer secret"}, asked.body)
        )

    really_answer, tracker.vendor.handler = tracker.vendor.handler, answer
    file = tmp_path / "notes.py"
    file.write_text(RECORDED, encoding="utf-8")
    connection = Connection(
        id="acme", integration="notes", start=date(2026, 1, 5), config={"base_url": tracker.vendor.url}
    )
    folder = record_scenario(find_integration(str(file)), connection, "default", key=b"a key", records=3).folder
    assert sorted(
        path.relative_to(folder).as_posix() for path in folder.glob("*/*.json") if path.parent.name != "snapshots"
    ) == [
        f"{sync}/{name}.json"
        for sync in ("first", "second")
        for name in ("0-facts-of-connection.me.001", "0-facts-of-connection.sites.001", "1-notes.001")
    ]
    sent = len(tracker.vendor.requests)
    with replay_scenario(folder) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        (model,) = replay.spec.parsers["owned"].models
        assert [item.model_dump()["zone"] for item in replay.objects(model)] == ["Europe/Berlin"]
    assert len(tracker.vendor.requests) == sent
