"""Streams whose pages an author's code makes, with an SDK: stored, retried, paced and refused as those of requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Rate, Response, Stream, parser
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from dazz_assets.assistant.stream_checks import ConnectionRefused, check_streams
from dazz_assets.connections import Connection
from dazz_assets.domain import DomainObject
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.http import FetchError, RefusedError, SignInError
from dazz_assets.lake import Lake, query
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.parse_windows import parse
from tests.first_check import check_first
from tests.http.loopback import Clock

SECRET = "canary-secret-2f60a1"


class WarehouseError(Exception):
    """What the SDK raises for an answer that is no success."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.headers = status, headers or {}


class ConnectFailed(Exception):
    """What the SDK raises because of a broken connection."""


@dataclass
class Warehouse:
    """The vendor behind the SDK. failing: what its next calls raise, None for one that succeeds. calls: their names."""

    shelves: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "a"}, {"id": "b"}])
    moves: list[dict[str, Any]] = field(default_factory=list)
    failing: list[Exception | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    def call(self, what: str) -> None:
        self.calls.append(what)
        if self.failing and (error := self.failing.pop(0)) is not None:
            raise error


VENDOR = Warehouse()


class Sdk:
    """The SDK: pages of two records."""

    def __init__(self, secret: str) -> None:
        assert secret == SECRET
        VENDOR.call("connect")
        VENDOR.opened += 1

    def close(self) -> None:
        VENDOR.closed += 1

    def list_shelves(self) -> Iterator[list[dict[str, Any]]]:
        yield from self._pages("shelves", VENDOR.shelves)

    def list_moves(self, **params: Any) -> Iterator[dict[str, Any]]:
        since, until = params.get("Since", ""), params.get("Until", "9")
        found = [move for move in VENDOR.moves if since <= str(move["at"]) < until]
        pages = list(self._pages(f"moves {json.dumps(params)}", found))
        for number, page in enumerate(pages, 1):
            yield {"Moves": page, "NextToken": str(number) if number < len(pages) else None}

    def _pages(self, what: str, records: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, max(len(records), 1), 2):
            VENDOR.call(f"{what} {start}")
            yield list(records[start : start + 2])


class WarehouseConfig(ConnectionConfig):
    secret: SecretStr


class Shelf(BaseModel):
    id: str


class Move(BaseModel):
    id: int
    at: datetime


class ShelvesStream(Stream[Shelf]):
    """Shelves."""

    @classmethod
    def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        yield from client.list_shelves()


class MovesStream(Stream[Move]):
    """What was moved."""

    records = "Moves"
    cursor = Cursor("at", since="Since", until="Until")

    @classmethod
    def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield from client.list_moves(**params)


class ItemsStream(Stream):
    """Items of a shelf."""

    parent = ShelvesStream
    params = {"shelf": "{parent.id}"}
    primary_key = ("{parent.id}", "n")

    @classmethod
    def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        VENDOR.call(f"items of {params['shelf']}")
        yield [{"n": 1}, {"n": 2}]


class Moved(DomainObject):
    at: datetime


class WarehouseApi(Integration[WarehouseConfig]):
    """What holds for each integration of the warehouse."""

    name = "warehouse"
    primary_key = "id"
    accept = {(400, "NoSuchShelf"): "skip", (400, "Slow"): "limit"}

    def connect(self) -> Sdk:
        return Sdk(self.config.secret.get_secret_value())

    def error_response(self, error: Exception) -> Response | FetchError | None:
        if isinstance(error, WarehouseError):
            return Response(error.status, error.headers, json.dumps({"message": str(error)}).encode())
        return None


class WarehouseIntegration(WarehouseApi):
    """A warehouse."""

    streams = (ShelvesStream, MovesStream, ItemsStream)

    @parser
    def moved(self, moves: Incremental[MovesStream], shelves: FullRefresh[ShelvesStream]) -> Iterator[Moved]:
        for move in moves:
            yield Moved(id=self.object_id(move.id), at=move.at)


class Customer:
    def __init__(self, folder: Path, integration: type[Integration[Any]] = WarehouseIntegration) -> None:
        self.spec = read_integration(integration)
        self.lake = Lake(folder / "lake")
        self.clock = Clock(datetime(2026, 1, 21, 12, tzinfo=UTC).timestamp())

    @property
    def session(self) -> Session:
        connection = Connection(
            id="acme", integration=self.spec.name, start=date(2026, 1, 5), config={"secret": SECRET}
        )
        now = lambda: datetime.fromtimestamp(self.clock.now, UTC)  # noqa: E731
        return Session(self.spec, connection, self.lake, now=now, sleep=self.clock.sleep)

    def sync(self, stream: str, session: Session | None = None) -> StreamReport:
        return sync_stream(session or self.session, self.spec.streams[stream], SyncRange(from_mark=True))

    def records(self, stream: str) -> list[Any]:
        rows = query(self.lake, f"select record from raw.warehouse_{stream} order by key").to_pylist()
        return [json.loads(row["record"]) for row in rows]


@pytest.fixture(autouse=True)
def vendor() -> Warehouse:
    VENDOR.__init__()  # type: ignore[misc]
    return VENDOR


@pytest.fixture
def customer(tmp_path: Path) -> Customer:
    return Customer(tmp_path)


def declare_shelves(*yielded: Any, **settings: Any) -> type[Integration[Any]]:
    """The warehouse with one stream, whose code yields this."""

    class OwnShelvesStream(Stream):
        name = "shelves"

        @classmethod
        def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[Any]:
            yield from yielded

    for name, value in settings.items():
        setattr(OwnShelvesStream, name, value)

    class OwnIntegration(WarehouseApi):
        streams = (OwnShelvesStream,)

    return OwnIntegration


def test_pages_of_records_are_stored_and_counted(customer: Customer, vendor: Warehouse) -> None:
    vendor.shelves = [{"id": letter} for letter in "abcde"]
    report = customer.sync("shelves")
    assert customer.records("shelves") == vendor.shelves
    assert (report.stored, report.pages, report.requests) == (5, 3, 3)
    assert report.end_reason == "its code yielded no further page"
    stored = customer.session.raw(customer.spec.streams["shelves"]).open()
    assert stored is not None
    assert {url for batch in stored.read(["url"]) for url in batch.column("url").to_pylist()} == {"ShelvesStream.pages"}


def test_the_client_is_made_once_for_all_streams_and_closed_at_the_end(customer: Customer, vendor: Warehouse) -> None:
    session = customer.session
    for stream in customer.spec.streams:
        customer.sync(stream, session)
    assert (vendor.opened, vendor.closed) == (1, 0)
    session.close()
    session.close()
    assert (vendor.opened, vendor.closed) == (1, 1)


def test_bounds_are_params_and_one_that_is_not_sent_is_left_out(customer: Customer, vendor: Warehouse) -> None:
    vendor.moves = [{"id": number, "at": f"2026-01-0{number}T10:00:00Z"} for number in (6, 7, 8)]
    customer.sync("moves")
    vendor.moves.append({"id": 9, "at": "2026-01-09T10:00:00Z"})
    assert customer.sync("moves").stored == 4
    assert [call for call in vendor.calls if call.endswith(" 0")] == [
        'moves {"Since": "2026-01-05T00:00:00Z"} 0',
        'moves {"Since": "2026-01-08T09:59:59Z"} 0',
    ]
    customer.sync("shelves")
    parsed = parse(customer.session, customer.spec.parsers["moved"], windows=None)
    assert parsed.objects == 4


def test_an_idle_sync_stores_nothing(customer: Customer, vendor: Warehouse) -> None:
    vendor.moves = [{"id": 6, "at": "2026-01-06T10:00:00Z"}]
    first, second = customer.sync("moves"), customer.sync("moves")
    assert (first.records, second.records, second.version) == (1, 0, first.version)


def test_a_stream_from_code_is_listed_for_each_parent(customer: Customer, vendor: Warehouse) -> None:
    customer.sync("shelves")
    assert customer.sync("items").stored == 4
    assert vendor.calls[-2:] == ["items of a", "items of b"]


@pytest.mark.parametrize(
    ("yielded", "settings"),
    [
        ([{"id": 1}, {"id": 2}], {}),
        ([[{"id": 1}], [{"id": 2}]], {}),
        ([({"id": 1}, {"id": 2})], {}),
        (['[{"id": 1}, {"id": 2}]'], {}),
        ([[b'{"id": 1}', '{"id": 2}']], {}),
        ([{"items": {"found": [{"id": 1}, {"id": 2}]}}], {"records": "items.found"}),
        ([{"1": {"id": 1}, "2": {"id": 2}}], {"shape": "by_id"}),
        ([{"id": 1}, {"id": 2}], {"shape": "object"}),
        ([[{"node": {"id": 1}}, {"node": {"id": 2}}]], {"record": "node"}),
    ],
    ids=["records", "lists", "tuple", "text", "records as text", "answer", "by id", "object", "wrapped"],
)
def test_pages_and_records_may_have_any_of_these_forms(
    yielded: list[Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    customer = Customer(tmp_path, declare_shelves(*yielded, **settings))
    customer.sync("shelves")
    assert customer.records("shelves") == [{"id": 1}, {"id": 2}]


def test_records_that_come_one_by_one_are_put_together_to_pages(tmp_path: Path) -> None:
    customer = Customer(tmp_path, declare_shelves(*({"id": number} for number in range(1_001))))
    report = customer.sync("shelves")
    assert (report.stored, report.pages) == (1_001, 3)


def test_values_without_a_form_in_json_of_their_own_are_written_in_one_way(tmp_path: Path) -> None:
    record = {
        "id": 1,
        "at": datetime(2026, 1, 6, 10, tzinfo=UTC),
        "local": datetime(2026, 1, 6, 10, tzinfo=timezone(timedelta(hours=2))),
        "price": Decimal("12345678901234567890.10"),
        "digest": b"\x00\xff",
        "tags": {"c", "a", "b"},
    }
    customer = Customer(tmp_path, declare_shelves([record]))
    customer.sync("shelves")
    (row,) = query(customer.lake, "select record from raw.warehouse_shelves").to_pylist()
    assert row["record"] == (
        '{"at":"2026-01-06T10:00:00Z","digest":"AP8=","id":1,"local":"2026-01-06T10:00:00+02:00",'
        '"price":12345678901234567890.10,"tags":["a","b","c"]}'
    )


def test_a_record_that_is_given_as_json_text_is_stored_byte_for_byte(tmp_path: Path) -> None:
    text = '{ "z": 1.50,  "id": 1 }'
    customer = Customer(tmp_path, declare_shelves([text]))
    customer.sync("shelves")
    assert query(customer.lake, "select record from raw.warehouse_shelves").to_pylist() == [{"record": text}]


@pytest.mark.parametrize(
    ("yielded", "problem"),
    [
        ([{"id": 1, "body": object()}], "OwnShelvesStream.pages yielded a object, which has no form in JSON"),
        (["{'id': 1}"], "OwnShelvesStream.pages yielded a text that is not JSON"),
        ([["1, 2"]], "OwnShelvesStream.pages yielded a text that is not JSON"),
    ],
)
def test_what_has_no_form_in_json_fails_at_once_and_says_what_it_is(
    yielded: list[Any], problem: str, tmp_path: Path
) -> None:
    customer = Customer(tmp_path, declare_shelves(*yielded))
    with pytest.raises(SyncError, match=problem):
        customer.sync("shelves")
    assert customer.clock.sleeps == []


def test_code_that_yields_nothing_lists_nothing(tmp_path: Path) -> None:
    report = Customer(tmp_path, declare_shelves()).sync("shelves")
    assert (report.stored, report.end_reason) == (0, "its code yielded no page")


def test_code_that_returns_nothing_is_told(tmp_path: Path) -> None:
    class ForgetfulStream(Stream):
        @classmethod
        def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Any:
            client.list_shelves()

    class OwnIntegration(WarehouseApi):
        streams = (ForgetfulStream,)

    with pytest.raises(SyncError, match=r"ForgetfulStream.pages yielded nothing: it returned None. Yield pages"):
        Customer(tmp_path, OwnIntegration).sync("forgetful")


def test_a_last_page_that_says_that_there_is_more_fails(tmp_path: Path) -> None:
    answer = {"Shelves": [{"id": 1}], "NextToken": "x"}
    customer = Customer(tmp_path, declare_shelves(answer, records="Shelves"))
    with pytest.raises(SyncError, match=r"`NextToken` in the last page says .* set data_fields = \(\"NextToken\",\)"):
        customer.sync("shelves")


def test_the_same_page_again_and_again_is_a_loop(tmp_path: Path) -> None:
    customer = Customer(tmp_path, declare_shelves(*([[{"id": 1}]] * 5)))
    with pytest.raises(
        SyncError, match=r"page 3 holds the same 1 record as page 1.* Check OwnShelvesStream.pages: it may ask"
    ):
        customer.sync("shelves")


def test_a_failure_that_may_pass_begins_the_list_again(customer: Customer, vendor: Warehouse) -> None:
    vendor.shelves = [{"id": letter} for letter in "abcde"]
    vendor.failing = [None, None, WarehouseError(503, "overloaded")]
    report = customer.sync("shelves")
    assert customer.records("shelves") == vendor.shelves
    assert vendor.calls == ["connect", "shelves 0", "shelves 2", "shelves 0", "shelves 2", "shelves 4"]
    assert (report.retries, len(customer.clock.sleeps)) == (1, 1)


def test_what_left_the_list_before_it_began_again_is_not_stored(customer: Customer, vendor: Warehouse) -> None:
    vendor.shelves = [{"id": letter} for letter in "abcde"]

    class RemovesShelf(WarehouseError):
        def __init__(self) -> None:
            super().__init__(503, "overloaded")

    vendor.failing = [None, None, None, RemovesShelf()]
    original = vendor.call

    def call(what: str) -> None:
        try:
            original(what)
        except RemovesShelf:
            vendor.shelves = vendor.shelves[1:]
            raise

    vendor.call = call  # type: ignore[method-assign]
    customer.sync("shelves")
    assert [shelf["id"] for shelf in customer.records("shelves")] == list("bcde")


def test_an_incremental_list_that_begins_again_doubles_nothing(customer: Customer, vendor: Warehouse) -> None:
    vendor.moves = [{"id": number, "at": f"2026-01-{number:02}T10:00:00Z"} for number in range(6, 11)]

    class FlakyStream(MovesStream):
        name = "moves"

        @classmethod
        def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
            for page in client.list_moves(**params):
                yield page
                vendor.call("after a page")

    class FlakyIntegration(WarehouseApi):
        streams = (FlakyStream,)

    flaky = Customer(Path(customer.lake.root.path).parent / "flaky", FlakyIntegration)
    vendor.failing = [None] * 5 + [WarehouseError(503, "overloaded")]
    report = flaky.sync("moves")
    assert (report.stored, report.retries) == (5, 1)


def test_a_failure_that_does_not_pass_ends_after_some_attempts_with_the_vendors_words(
    customer: Customer, vendor: Warehouse
) -> None:
    vendor.failing = [None, *[WarehouseError(503, "overloaded") for _ in range(20)]]
    with pytest.raises(SyncError, match=r"CALL ShelvesStream.pages: 503 Service Unavailable. .*overloaded"):
        customer.sync("shelves")
    assert len(vendor.calls) == 1 + 10
    assert len(customer.clock.sleeps) == 9


def test_the_wait_that_a_response_asks_for_is_kept(customer: Customer, vendor: Warehouse) -> None:
    vendor.failing = [None, WarehouseError(429, "slow down", {"Retry-After": "17"})]
    customer.sync("shelves")
    assert customer.clock.slept == pytest.approx(17, abs=0.1)


def test_a_refusal_that_names_no_wait_is_followed_by_the_pause_of_the_rate(tmp_path: Path, vendor: Warehouse) -> None:
    class OwnIntegration(WarehouseApi):
        rate = Rate(100, per=1, pause=40)
        streams = (ShelvesStream,)

    refused = WarehouseError(429, "slow down")
    vendor.shelves = [{"id": letter} for letter in "abc"]
    vendor.failing = [None, refused, refused, None, refused]
    own = Customer(tmp_path, OwnIntegration)
    own.sync("shelves")
    assert own.records("shelves") == vendor.shelves
    # The first page came in between.
    assert [round(seconds) for seconds in own.clock.sleeps if seconds > 1] == [40, 80, 40]


def test_accept_reads_the_reason_of_a_response(customer: Customer, vendor: Warehouse) -> None:
    vendor.failing = [None, WarehouseError(400, "Slow: too many calls"), None]
    customer.sync("shelves")
    vendor.failing = [None, WarehouseError(400, "NoSuchShelf: a")]
    report = customer.sync("items")
    assert report.stored == 2
    assert any("accepted as a page without records: 400" in warning for warning in report.warnings)


def test_a_parent_that_is_refused_is_passed_over_and_reported(customer: Customer, vendor: Warehouse) -> None:
    customer.sync("shelves")
    vendor.failing = [None, WarehouseError(403, "shelf a is locked")]
    report = customer.sync("items")
    assert report.stored == 2
    (passed_over,) = report.passed_over
    assert passed_over.startswith("a: ")
    assert "CALL ItemsStream.pages?shelf=a: 403 Forbidden. The vendor says: shelf a is locked" in passed_over


@pytest.mark.parametrize(
    ("status", "outcome"), [(403, "partly"), (410, "partly"), (401, "refused"), (409, "failed"), (None, "failed")]
)
def test_a_refusal_that_error_response_returns_is_one_by_its_status(
    tmp_path: Path, vendor: Warehouse, status: int | None, outcome: str
) -> None:
    class OwnIntegration(WarehouseApi):
        streams = (ShelvesStream, ItemsStream)

        def error_response(self, error: Exception) -> FetchError:
            return RefusedError(f"{error}.", status=status, advice="Ask for a badge.", needs=["badge:enter"])

    own = Customer(tmp_path, OwnIntegration)
    own.sync("shelves")
    vendor.failing = [None, None, WarehouseError(0, "the door of shelf a is shut")]
    checked = check_streams(own.session)[1]
    assert (checked.outcome, checked.needs) == (outcome, () if outcome == "failed" else ("badge:enter",))
    assert "the door of shelf a is shut. Ask for a badge." in checked.reason
    vendor.failing = [None, WarehouseError(0, "the door of shelf a is shut")]
    if outcome != "partly":
        with pytest.raises(SyncError, match="Ask for a badge"):
            own.sync("items")
        return
    report = own.sync("items")
    assert report.stored == 2
    assert [text.partition(":")[0] for text in report.passed_over] == ["a"]


def test_a_refused_sign_in_is_no_refusal_of_the_parent_at_which_it_shows(tmp_path: Path, vendor: Warehouse) -> None:
    class OwnIntegration(WarehouseApi):
        streams = (ShelvesStream, ItemsStream)

        def error_response(self, error: Exception) -> FetchError:
            return SignInError(f"{error}.", status=403)

    own = Customer(tmp_path, OwnIntegration)
    own.sync("shelves")
    vendor.failing = [None, None, WarehouseError(0, "the badge is void")]
    with pytest.raises(ConnectionRefused, match="the badge is void"):
        check_streams(own.session)
    vendor.failing = [None, WarehouseError(0, "the badge is void")]
    with pytest.raises(SyncError, match="the badge is void"):
        own.sync("items")


def test_an_exception_because_of_a_broken_connection_is_tried_again(customer: Customer, vendor: Warehouse) -> None:
    broken = ConnectFailed("could not connect")
    broken.__cause__ = ConnectionResetError("reset by peer")
    vendor.failing = [None, broken]
    report = customer.sync("shelves")
    assert (report.stored, report.retries) == (2, 1)


def test_any_other_exception_fails_at_once_with_its_type_place_and_text_masked(
    customer: Customer, vendor: Warehouse
) -> None:
    vendor.failing = [None, ValueError(f"bad key {SECRET}")]
    with pytest.raises(SyncError) as caught:
        customer.sync("shelves")
    text = str(caught.value)
    assert "warehouse/acme, stream shelves: CALL ShelvesStream.pages: ShelvesStream.pages raised ValueError" in text
    assert "test_code_streams.py, line " in text
    assert "`error_response`" in text
    assert SECRET not in text
    assert caught.value.__cause__ is None
    assert customer.clock.sleeps == []


def test_a_client_that_cannot_be_made_fails_the_stream_and_not_each_parent(
    customer: Customer, vendor: Warehouse
) -> None:
    customer.sync("shelves")
    vendor.calls.clear()
    vendor.failing = [WarehouseError(401, "no such key")]
    with pytest.raises(SyncError, match=r"stream items: 401 Unauthorized. The vendor says: no such key"):
        customer.sync("items")
    assert vendor.calls == ["connect"]


def test_a_client_is_made_again_after_what_may_pass(customer: Customer, vendor: Warehouse) -> None:
    vendor.failing = [TimeoutError("no answer"), WarehouseError(503, "overloaded")]
    assert customer.sync("shelves").stored == 2
    assert vendor.opened == 1


def test_a_mistake_in_error_response_is_told(tmp_path: Path, vendor: Warehouse) -> None:
    class WrongIntegration(WarehouseApi):
        streams = (ShelvesStream,)

        def error_response(self, error: Exception) -> Response | None:
            return Response(error.code)  # type: ignore[attr-defined]

    vendor.failing = [None, WarehouseError(503, "overloaded")]
    with pytest.raises(SyncError, match="error_response raised AttributeError"):
        Customer(tmp_path, WrongIntegration).sync("shelves")


def test_the_rate_paces_pages_and_the_end_of_one_list_takes_no_turn_from_the_next(
    tmp_path: Path, vendor: Warehouse
) -> None:
    class PacedIntegration(WarehouseApi):
        rate = Rate(60, per=60)
        streams = (ShelvesStream, ItemsStream)

    customer = Customer(tmp_path, PacedIntegration)
    vendor.shelves = [{"id": f"{number:02}"} for number in range(20)]
    customer.sync("shelves")
    begun, vendor.calls[:] = customer.clock.now, []
    customer.sync("items")
    assert len(vendor.calls) == 1 + 20
    assert customer.clock.now - begun == pytest.approx(20, rel=0.1)


def test_a_list_that_is_sorted_newest_first_is_read_to_what_is_stored(tmp_path: Path, vendor: Warehouse) -> None:
    class NewestFirstStream(Stream):
        name = "moves"
        cursor = Cursor("at", order="desc")

        @classmethod
        def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
            yield from client._pages("moves", vendor.moves)

    class NewestFirstIntegration(WarehouseApi):
        streams = (NewestFirstStream,)

    customer = Customer(tmp_path, NewestFirstIntegration)
    vendor.moves = [{"id": number, "at": f"2026-01-{number:02}T10:00:00Z"} for number in range(15, 5, -1)]
    customer.sync("moves")
    vendor.moves.insert(0, {"id": 16, "at": "2026-01-16T10:00:00Z"})
    vendor.calls.clear()
    # It begins again after the first page, and finds its way anew.
    vendor.failing = [None, None, WarehouseError(503, "overloaded")]
    report = customer.sync("moves")
    assert (report.stored, report.end_reason) == (11, "it reached what is stored already")
    assert vendor.calls == ["connect", "moves 0", "moves 2", "moves 0", "moves 2"]


def test_sub_streams_are_listed_side_by_side_with_one_client(tmp_path: Path, vendor: Warehouse) -> None:
    both_are_there = threading.Barrier(2, timeout=10)

    class MeetingStream(ItemsStream):
        name = "items"

        @classmethod
        def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
            both_are_there.wait()
            yield [{"n": 1}]

    class ConcurrentIntegration(WarehouseApi):
        concurrency = 2
        streams = (ShelvesStream, MeetingStream)

    customer = Customer(tmp_path, ConcurrentIntegration)
    session = customer.session
    customer.sync("shelves", session)
    assert customer.sync("items", session).stored == 2
    assert vendor.opened == 1


def test_check_and_preview_ask_for_the_first_page_alone(customer: Customer, vendor: Warehouse) -> None:
    vendor.shelves = [{"id": letter} for letter in "abcde"]
    report = check_first(customer.session)
    assert (report.name, report.records, report.requests) == ("shelves", 2, 1)
    found = preview(customer.session, customer.spec.streams["shelves"])
    assert [json.loads(bytes(record)) for record in found.records] == [{"id": "a"}, {"id": "b"}]
    assert (found.request.method, found.request.url) == ("CALL", "ShelvesStream.pages")
    assert (found.paging.declared, found.paging.warning) == ("ShelvesStream.pages", None)
    assert vendor.calls == ["connect", "shelves 0"] * 2


def test_explain_shows_the_calls_with_names_for_what_is_not_known(customer: Customer) -> None:
    told = [item for stream in customer.spec.streams.values() for item in announce_requests(customer.spec, stream)]
    assert [(item.sync, item.url) for item in told] == [
        ("every sync", "ShelvesStream.pages()"),
        ("first sync", "MovesStream.pages(Since='<start>')"),
        (
            "first sync over more than 26 weeks, in parts",
            "MovesStream.pages(Since='<start>', Until='<start + 26 weeks>')",
        ),
        ("incremental sync", "MovesStream.pages(Since='<mark>')"),
        ("every sync", "ItemsStream.pages(shelf='{parent.id}')"),
    ]
