"""Several parents in one request (`parents_per_request`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.reports import StreamReport
from tests.boards_vendor import Boards, BoardsIntegration, BoardsStream, ItemsStream, asking_for, boards_vendor
from tests.declaring import declare
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply

STREAMS = ("items", "labels", "notes")


@pytest.fixture
def boards() -> Iterator[Boards]:
    """Five boards, an item on each, and two on the first."""
    with boards_vendor() as boards:
        for board in (1, 2, 3, 4, 5):
            boards.put(f"{board}a", board)
        boards.put("1b", 1)
        yield boards


@pytest.fixture
def customer(boards: Boards, tmp_path: Path) -> Customer:
    made = Customer(tmp_path, boards.vendor.url, BoardsIntegration)
    made.sync("boards")
    return made


def stored(customer: Customer, stream: str) -> dict[str, list[str]]:
    """The ids of the stored records, by their parent."""
    rows = customer.rows(f"select parent, record from raw.planner_{stream} order by key")
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["parent"], []).append(json.loads(row["record"])["id"])
    return {parent: sorted(ids) for parent, ids in sorted(found.items())}


def marks(customer: Customer) -> dict[str, Any]:
    """The marks of the items, by their parent."""
    version = customer.lake.marks("planner", "items", "acme").open()
    rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
    return {row["parent"]: row["mark"] for row in rows}


ALL = {"1": ["1a", "1b"], "2": ["2a"], "3": ["3a"], "4": ["4a"], "5": ["5a"]}


@pytest.mark.parametrize("stream", STREAMS)
def test_each_record_is_stored_with_the_parent_that_it_names(boards: Boards, customer: Customer, stream: str) -> None:
    report = customer.sync(stream)[stream]
    assert stored(customer, stream) == ALL
    assert boards.take_requests() == [[1, 2, 3], [4, 5]]
    assert (report.requests, report.pages, report.received, report.records) == (2, 2, 6, 6)


def test_a_list_of_several_parents_has_pages(boards: Boards, customer: Customer) -> None:
    for letter in "cdef":
        boards.put(f"2{letter}", 2)
    customer.sync("items")
    assert stored(customer, "items") == ALL | {"2": ["2a", "2c", "2d", "2e", "2f"]}
    assert boards.take_requests() == [[1, 2, 3]] * 2 + [[4, 5]]


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"params": {"boards": "{parents.id}"}}, "/items?boards=1%2C2%2C3"),
        ({"params": {"boards": ["{parents.id}"]}}, "/items?boards=1&boards=2&boards=3"),
        ({"params": {"q": "board in ({parents.id})"}}, "/items?q=board+in+%281%2C2%2C3%29"),
        ({"path": "/boards/{parents.id}/items", "params": {}}, "/boards/1,2,3/items"),
    ],
)
def test_the_parents_are_a_list_or_a_text_with_commas(
    boards: Boards, customer: Customer, tmp_path: Path, settings: dict[str, Any], sent: str
) -> None:
    items = declare("TicketsStream", ItemsStream, cursor=None, **settings)
    boards.vendor.handler = lambda _: Reply(body={"items": []})
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, items))
    Customer(tmp_path, boards.vendor.url, integration).sync("tickets")
    assert boards.vendor.requests[-2].target == sent


def test_a_body_has_them_as_a_list(boards: Boards, customer: Customer) -> None:
    customer.sync("labels")
    assert json.loads(boards.vendor.requests[-1].body) == {"filter": {"boards": ["4", "5"]}}


def test_parsers_get_each_record_with_its_parent(customer: Customer) -> None:
    customer.sync("items")
    customer.parse(every=True)
    assert [row["board"] for row in customer.rows("select board from cards order by board")] == [
        "board 1",
        "board 1",
        *(f"board {number}" for number in (2, 3, 4, 5)),
    ]


def test_each_parent_keeps_its_own_mark(boards: Boards, customer: Customer) -> None:
    customer.sync("items")
    boards.put("2b", 2)
    boards.put("4b", 4)
    report = customer.sync("items")["items"]
    assert report.records == 2
    at = marks(customer)
    assert sorted(at, key=lambda parent: at[parent]) == ["3", "5", "1", "2", "4"]


def test_a_quiet_sync_writes_nothing(boards: Boards, customer: Customer, tmp_path: Path) -> None:
    customer.sync(*STREAMS)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    boards.take_requests()
    customer.sync(*STREAMS)
    assert len(boards.take_requests()) == 4  # two of the items and two of the labels
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_quiet_sync_opens_no_raw_file_though_it_asks_from_the_oldest_mark_on(
    boards: Boards, customer: Customer, tmp_path: Path
) -> None:
    for item in ("3b", "2b", "2c"):
        boards.put(item, int(item[0]))
    customer.sync("items")
    for file in (tmp_path / "lake" / "raw" / "planner" / "items").rglob("*.parquet"):
        file.unlink()  # Opening one would fail.
    report = customer.sync("items")["items"]
    assert (report.received, report.records) == (6, 0)  # what the five marks are of, and 2b


def test_parents_whose_marks_lie_far_apart_are_asked_for_separately(boards: Boards, customer: Customer) -> None:
    boards.items = {f"{board}a": (board, f"2026-0{board}-10T00:00:00Z") for board in (1, 2, 3, 4, 5)}
    customer.sync("items")
    boards.take_requests()
    assert customer.sync("items")["items"].records == 0
    assert boards.take_requests() == [[1], [2], [3], [4], [5]]


def test_a_new_parent_is_fetched_from_the_start(boards: Boards, customer: Customer) -> None:
    customer.sync("items")
    boards.put("6a", 6)
    customer.sync("boards")
    boards.take_requests()
    customer.sync("items")
    assert stored(customer, "items") == ALL | {"6": ["6a"]}
    assert sorted(map(len, boards.take_requests())) == [1, 2, 3]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("status", [403, 404])
def test_a_parent_that_is_refused_does_not_sink_the_others(
    boards: Boards, customer: Customer, stream: str, status: int
) -> None:
    boards.refused[2] = status
    report = customer.sync(stream)[stream]
    assert stored(customer, stream) == {parent: ids for parent, ids in ALL.items() if parent != "2"}
    assert boards.take_requests() == [[1, 2, 3], [1], [2, 3], [2], [3], [4, 5]]
    (passed_over,) = report.passed_over
    assert passed_over.startswith("2: ")
    boards.refused.clear()
    customer.sync(stream)
    assert stored(customer, stream) == ALL


def test_a_parent_that_is_refused_in_words_does_not_take_its_group_along(boards: Boards, customer: Customer) -> None:
    def answer(asked: ReceivedRequest) -> Reply:
        refused = Reply(409, {"message": "no", "code": "MISSING_PERMISSION"})
        return refused if 5 in boards.boards_of(asked) else boards.answer(asked)

    boards.vendor.handler = answer
    report = customer.sync("items")["items"]
    assert stored(customer, "items") == {parent: ids for parent, ids in ALL.items() if parent != "5"}
    assert [text.partition(":")[0] for text in report.passed_over] == ["5"]


def test_a_parent_whose_request_is_bad_fails_alone(boards: Boards, customer: Customer) -> None:
    boards.refused[2] = 400
    with pytest.raises(SyncError, match=r"1 of 5 boards failed \(2: .*board 2 can't be read"):
        customer.sync("items")
    assert stored(customer, "items") == {parent: ids for parent, ids in ALL.items() if parent != "2"}


def test_of_a_list_whose_later_page_is_refused_what_the_lists_in_its_place_have_is_stored(
    boards: Boards, customer: Customer
) -> None:
    for letter in "cdef":
        boards.put(f"2{letter}", 2)
    answer = boards.answer

    def refuse(asked: ReceivedRequest) -> Reply:
        if b"after" not in asked.body or len(boards.boards_of(asked)) == 1:
            return answer(asked)
        boards.items.pop("1a", None)  # It was in the page before.
        return Reply(403, {"message": "no"})

    boards.vendor.handler = refuse
    report = customer.sync("labels")["labels"]
    assert stored(customer, "labels") == ALL | {"1": ["1b"], "2": ["2a", "2c", "2d", "2e", "2f"]}
    assert (report.records, report.repeated) == (9, 0)


def test_what_accept_skips_is_skipped_of_the_parent_that_it_is_about(
    boards: Boards, customer: Customer, tmp_path: Path
) -> None:
    boards.refused[2] = 404
    skipping = Customer(tmp_path, boards.vendor.url, asking_for(3, accept={404: "skip"}))
    report = skipping.sync("labels")["labels"]
    assert stored(customer, "labels") == {parent: ids for parent, ids in ALL.items() if parent != "2"}
    about = [warning for warning in report.warnings if warning.startswith("boards ")]
    assert about == ["boards 2: 404 Not Found. The vendor says: board 2 can't be read."]


def test_a_temporary_failure_is_retried_and_not_divided(boards: Boards, customer: Customer) -> None:
    answer, failures = boards.answer, [503]
    boards.vendor.handler = lambda asked: (
        Reply(failures.pop(), headers={"Retry-After": "0"}) if failures else answer(asked)
    )
    report = customer.sync("items")["items"]
    assert (report.retries, boards.take_requests()) == (1, [[1, 2, 3], [1, 2, 3], [4, 5]])


@pytest.mark.parametrize("value", ['"9"', "null", "{}"])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_record_of_no_parent_that_was_asked_for_fails(
    boards: Boards, customer: Customer, stream: str, value: str
) -> None:
    customer.sync(stream)
    stray = json.loads(f'{{"id": "x", "label": "x", "changed": "2026-03-01T00:00:00Z", "board": {{"id": {value}}}}}')
    boards.put("1c", 1)
    customer.sync("boards")
    boards.vendor.handler = lambda _: Reply(body={"items": [stray]})
    with pytest.raises(SyncError, match=r"`board\.id`"):
        customer.sync(stream)
    assert stored(customer, stream) == ALL


def test_a_snapshot_of_several_is_complete_for_a_parent_without_records(boards: Boards, customer: Customer) -> None:
    customer.sync("labels", "notes")
    boards.remove("2a")
    customer.sync("boards", "labels", "notes")
    gone = {parent: ids for parent, ids in ALL.items() if parent != "2"}
    assert stored(customer, "labels") == stored(customer, "notes") == gone


def test_of_changed_parents_alone_the_children_are_asked_for(boards: Boards, customer: Customer) -> None:
    customer.sync("notes")
    for item in ("2b", "3b", "5b"):
        boards.put(item, int(item[0]))
    boards.take_requests()
    customer.sync("boards", "notes")
    assert boards.take_requests() == [[2, 3, 5]] * 2  # two pages


def test_a_url_stays_short_enough_for_servers(boards: Boards, tmp_path: Path) -> None:
    for number in range(200):
        boards.put(f"{number}-a", 10**60 + number)
    customer = Customer(tmp_path, boards.vendor.url, asking_for(1000))
    customer.sync("boards", "items")
    lengths = [len(asked.target) for asked in boards.vendor.requests]
    assert 4_000 < max(lengths) < 8_000
    assert len(customer.rows("select key from raw.planner_items")) == 206


def test_a_value_with_a_comma_is_not_read_as_two(boards: Boards, tmp_path: Path) -> None:
    class TagsStream(Stream):
        parent = BoardsStream
        parents_per_request = 10
        path = "/tags"
        params = {"boards": "{parents.name}"}
        parent_key = "board"

    boards.vendor.handler = lambda asked: Reply(
        body={"items": [{"id": 1, "name": "one, two"}, {"id": 2, "name": "three"}] if asked.path == "/boards" else []}
    )
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, TagsStream))
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards")
    (passed_over,) = customer.sync("tags")["tags"].passed_over
    assert passed_over == "1: {parents.name}: 'one, two' has a comma, so it would be read as two values"
    assert boards.vendor.requests[-1].query == {"boards": ["three"]}


SHARED = (
    "{parents.name} has the same value for 1 and 2, so `board` (`parent_key`) does not say to which of them a record "
    "belongs. Ask with a field that is different for each, such as {parents.id}, with the `parent_key` that holds it; "
    "or remove `parents_per_request` and use {parent.name}, if each is to have all of these records"
)


def sync_tags(
    boards: Boards, tmp_path: Path, names: Mapping[int, str], size: int, **settings: Any
) -> tuple[Customer, StreamReport]:
    """Sync tags that are asked for by the boards' names, each of which has one tag."""

    class TagsStream(Stream):
        parent = BoardsStream
        parents_per_request = 10
        path = "/tags"
        params = {"boards": ["{parents.name}"]}
        parent_key = "board"
        primary_key = ("{parent.id}", "id")

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/boards":
            return Reply(body={"items": [{"id": id_, "name": name} for id_, name in names.items()]})
        tags = [{"id": f"t{id_}", "board": name} for id_, name in names.items() if name in asked.query["boards"]]
        return Reply(body={"items": tags})

    boards.vendor.handler = answer
    tags = declare("TagsStream", TagsStream, parents_per_request=size, **settings)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, tags))
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards")
    return customer, customer.sync("tags")["tags"]


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("parents", ["all", "changed"])
def test_parents_that_share_the_value_are_passed_over_since_their_records_may_belong_to_either(
    boards: Boards, tmp_path: Path, size: int, parents: str
) -> None:
    customer, report = sync_tags(boards, tmp_path, {1: "same", 2: "same", 3: "other"}, size, parents=parents)
    assert report.passed_over == [f"1: {SHARED}", f"2: {SHARED}"]
    assert stored(customer, "tags") == {"3": ["t3"]}
    assert boards.vendor.requests[-1].query == {"boards": ["other"]}


def test_if_all_parents_share_the_value_the_sync_fails(boards: Boards, tmp_path: Path) -> None:
    with pytest.raises(SyncError) as caught:
        sync_tags(boards, tmp_path, {1: "same", 2: "same"}, 10)
    assert str(caught.value) == f"planner/acme, stream tags: {SHARED}"


def test_a_parent_that_gets_the_name_of_another_keeps_its_records(boards: Boards, tmp_path: Path) -> None:
    names = {1: "one", 2: "two", 3: "three", 4: "four"}
    customer, _ = sync_tags(boards, tmp_path, names, 10)
    names[2] = names[3] = "one"
    customer.sync("boards")
    report = customer.sync("tags")["tags"]
    assert [text.partition(" has")[0] for text in report.passed_over] == [
        f"{id_}: {{parents.name}}" for id_ in (1, 2, 3)
    ]
    assert "the same value for 1, 2 and 3," in report.passed_over[0]
    assert stored(customer, "tags") == {str(id_): [f"t{id_}"] for id_ in names}


def test_of_an_answer_nested_by_parent_each_parents_object_is_a_record(boards: Boards, tmp_path: Path) -> None:
    class UpdatesStream(Stream):
        parent = BoardsStream
        parents_per_request = 3
        path = "/graphql"
        query = "query($ids: [ID!]) { boards(ids: $ids) { id updates { id } } }"
        variables = {"ids": "{parents.id}"}
        records = "data.boards"
        parent_key = "id"

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/boards":
            return boards.answer(asked)
        ids = json.loads(asked.body)["variables"]["ids"]
        return Reply(body={"data": {"boards": [{"id": id_, "updates": [{"id": f"{id_}u"}]} for id_ in ids]}})

    boards.vendor.handler = answer
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, UpdatesStream))
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards", "updates")
    assert stored(customer, "updates") == {id_: [id_] for id_ in "12345"}


def test_a_list_cut_short_is_asked_for_in_halves_and_not_from_its_newest_record_on(tmp_path: Path) -> None:
    with boards_vendor(by_board=True) as boards:
        for board, letters in ((2, "a"), (1, "abcd"), (3, "a")):  # those of board 2 are the oldest
            for letter in letters:
                boards.put(f"{board}{letter}", board)
        answer = boards.answer

        def limit(asked: ReceivedRequest) -> Reply:
            is_beyond = "after" in asked.query and len(boards.boards_of(asked)) > 1
            return Reply(422, {"message": "beyond the maximum of results"}) if is_beyond else answer(asked)

        boards.vendor.handler = limit
        in_order = asking_for(3, cursor=Cursor("changed", since="since", order="asc"), primary_key="id")
        customer = Customer(tmp_path, boards.vendor.url, in_order)
        customer.sync("boards", "items")
        assert stored(customer, "items") == {"1": ["1a", "1b", "1c", "1d"], "2": ["2a"], "3": ["3a"]}


def test_a_change_after_the_first_request_of_a_group_moves_no_mark_past_it(tmp_path: Path) -> None:
    with boards_vendor(by_board=True) as boards:
        for letter in "abcd":  # a page
            boards.put(f"1{letter}", 1)
        boards.put("2a", 2)
        answer = boards.answer

        def change_meanwhile(asked: ReceivedRequest) -> Reply:
            if asked.path == "/items" and "after" not in asked.query:
                boards.items["2a"] = (2, datetime.now(UTC).isoformat())
            return answer(asked)

        boards.vendor.handler = change_meanwhile
        customer = Customer(tmp_path, boards.vendor.url, BoardsIntegration)
        customer.sync("boards", "items")
        assert marks(customer)["2"] is None


def test_code_gets_them_as_a_list(boards: Boards, tmp_path: Path) -> None:
    asked: list[Any] = []

    class PinsStream(Stream):
        parent = BoardsStream
        parents_per_request = 3
        params = {"Boards": "{parents.id}"}
        parent_key = "board"

        @classmethod
        def pages(cls, client: Any, params: Mapping[str, Any]) -> Iterator[Any]:
            client.append(params["Boards"])
            yield {"items": [{"id": f"{board}p", "board": int(board)} for board in params["Boards"]]}

    def connect(self: Any) -> list[Any]:
        return asked

    streams = (BoardsStream, PinsStream)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=streams, connect=connect)
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards", "pins")
    assert asked == [["1", "2", "3"], ["4", "5"]]
    assert stored(customer, "pins") == {str(board): [f"{board}p"] for board in (1, 2, 3, 4, 5)}


def test_groups_are_walked_concurrently(boards: Boards, tmp_path: Path) -> None:
    for number in range(6, 30):
        boards.put(f"{number}-a", number)
    boards.refused[17] = 403
    concurrent = declare("PlannerIntegration", asking_for(4), concurrency=4)
    customer = Customer(tmp_path, boards.vendor.url, concurrent)
    customer.sync("boards")
    reports = customer.sync("items", "labels")
    for stream in ("items", "labels"):
        assert set(stored(customer, stream)) == {str(number) for number in boards.boards if number != 17}
        assert [text.partition(":")[0] for text in reports[stream].passed_over] == ["17"]


def test_a_cursor_without_a_filter_keeps_what_a_request_for_one_parent_would(boards: Boards, tmp_path: Path) -> None:
    customers = []
    for size in (1, 10):
        integration = asking_for(size, cursor=Cursor("changed"), primary_key="id")
        customers.append(Customer(tmp_path / str(size), boards.vendor.url, integration))
        customers[-1].sync("boards", "items")
    boards.items["1late"] = (1, "2026-02-01T00:03:30Z")  # between the marks of others and its own
    boards.put("3b", 3)
    for customer in customers:
        assert customer.sync("items")["items"].records == 2
    assert stored(customers[0], "items") == stored(customers[1], "items")


def test_a_refetch_asks_for_groups_too(boards: Boards, customer: Customer) -> None:
    customer.sync(*STREAMS)
    boards.take_requests()
    customer.sync(*STREAMS, sync_range=SyncRange(refetch=True))
    assert boards.take_requests() == [[1, 2, 3], [4, 5]] * 3
    assert all(stored(customer, stream) == ALL for stream in STREAMS)


def test_a_group_that_is_too_large_for_the_vendor_is_told_once(boards: Boards, customer: Customer) -> None:
    answer = boards.vendor.handler

    def refuse(asked: ReceivedRequest) -> Reply:
        many = len(asked.query.get("boards", [""])[0].split(",")) > 2
        return Reply(400, {"message": "At most 2 boards"}) if many else answer(asked)

    for board in (6, 7, 8):
        boards.put(f"{board}a", board)
    customer.sync("boards")
    boards.vendor.handler = refuse
    (warning,) = customer.sync("items")["items"].warnings
    assert "the vendor refused a request for 3 of boards and took two for half as many each" in warning
    assert "Set parents_per_request = 1 on ItemsStream" in warning
    assert "At most 2 boards" in warning


def test_a_group_of_which_one_is_refused_is_not_too_large(boards: Boards, customer: Customer) -> None:
    answer = boards.vendor.handler

    def refuse(asked: ReceivedRequest) -> Reply:
        has_bad = "3" in asked.query.get("boards", [""])[0].split(",")
        return Reply(404, {"message": "no board 3"}) if has_bad else answer(asked)

    boards.vendor.handler = refuse
    report = customer.sync("items")["items"]
    assert not [text for text in report.warnings if "too large" in text]
    assert len(report.passed_over) == 1
