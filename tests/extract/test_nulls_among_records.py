"""Nulls among the records of a list, and other items that are no objects.

In the list of one parent, or of none, such an item is stored as it came, and counted among the records without a key.
In the list of several parents a null belongs to none of them: it is told, and nothing is stored of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Stream
from dazz_assets.assistant.page_preview import preview
from dazz_assets.errors import SyncError
from dazz_assets.reports import StreamReport
from tests.boards_vendor import Boards, BoardsStream, boards_vendor
from tests.declaring import declare
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor

Items = Sequence[dict[str, Any] | int | str | None]


def as_lines(items: Items) -> bytes:
    return "\n".join(map(json.dumps, items)).encode()


# How a list is written, and the settings that read it.
FORMS: dict[str, tuple[Callable[[Items], Any], dict[str, Any]]] = {
    "list": (lambda items: {"items": items}, {}),
    "lines": (as_lines, {"format": "ndjson", "records": ""}),
    "wrapped": (lambda items: {"items": [{"node": item} for item in items]}, {"record": "node"}),
    "by id": (lambda items: {"items": {f"k{place}": item for place, item in enumerate(items)}}, {"shape": "by_id"}),
    "object": (lambda items: {"items": items}, {"shape": "object"}),
}
FORM = pytest.mark.parametrize("form", FORMS)


class NotesStream(Stream):
    path = "/notes"


class BoardNotesStream(Stream):
    """The notes of three boards a request."""

    name = "notes"
    parent = BoardsStream
    parents_per_request = 3
    path = "/notes/{parents.id}"
    parent_key = "board"


@FORM
def test_in_a_list_of_one_they_are_stored_and_counted_as_records_without_a_key(tmp_path: Path, form: str) -> None:
    write, settings = FORMS[form]
    notes: Any = declare("NotesStream", NotesStream, **settings)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(notes,))
    with Vendor() as vendor:
        vendor.handler = lambda _: Reply(body=write([{"id": "a"}, None, 5, "text"]))
        customer = Customer(tmp_path, vendor.url, integration)
        report = customer.sync("notes")["notes"]
    assert (report.received, report.problems) == (4, 3)
    records = [json.loads(row["record"]) for row in customer.rows("select record from raw.planner_notes")]
    assert sorted(records, key=str) == [5, None, "text", {"id": "a"}]


class Notes:
    """Notes of boards 1 to 4, in three forms; `items` are those that the vendor lists of each, by its id."""

    def __init__(self, boards: Boards, form: str, folder: Path, **settings: Any) -> None:
        for board in (1, 2, 3, 4):
            boards.put(f"{board}a", board)
        self.items: dict[int, list[Any]] = {board: [{"id": f"{board}n", "board": board}] for board in (1, 2, 3, 4)}
        self.total: int | None = None
        self._boards, (self._write, of_form) = boards, FORMS[form]
        boards.vendor.handler = self.answer
        notes: Any = declare("BoardNotesStream", BoardNotesStream, **of_form, **settings)
        integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, notes))
        self.customer = Customer(folder, boards.vendor.url, integration)

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/boards":
            return self._boards.answer(asked)
        found = [item for board in self._boards.boards_of(asked) for item in self.items[board]]
        body = self._write(found)
        return Reply(body={**body, "total": len(found)} if self.total else body)

    def sync(self) -> StreamReport:
        return self.customer.sync("boards", "notes")["notes"]

    def stored(self) -> list[str]:
        return [row["key"] for row in self.customer.rows("select key from raw.planner_notes order by key")]

    def gone(self) -> dict[str, bool]:
        """The keys that left the snapshot, and whether they are known to be gone."""
        version = self.customer.lake.departures("planner", "notes", "acme").open()
        assert version is not None
        return {row["key"]: row["gone_since"] is not None for batch in version.read() for row in batch.to_pylist()}


@pytest.fixture
def boards() -> Iterator[Boards]:
    with boards_vendor() as boards:
        yield boards


def told(count: str) -> str:
    place = "a record. Nothing is stored of it" if count == "1 null" else "records. Nothing is stored of them"
    return (
        f"{count} came in place of {place}: a null holds no data, and does not say to which "
        "of boards it belongs. Check what the credentials may read, and ask the vendor what a null stands for"
    )


@FORM
def test_in_a_list_of_several_parents_a_null_is_told_and_all_others_are_stored(
    boards: Boards, tmp_path: Path, form: str
) -> None:
    notes = Notes(boards, form, tmp_path, primary_key="id")
    notes.items[2] = [None]
    notes.items[3].append(None)
    report = notes.sync()
    assert report.warnings == [told("2 nulls")]
    assert (notes.stored(), report.received, report.problems) == (["1n", "3n", "4n"], 3, 0)
    assert boards.take_requests() == [[1, 2, 3], [4]]


@FORM
def test_if_none_of_the_records_is_an_object_the_sync_says_so(tmp_path: Path, form: str) -> None:
    write, settings = FORMS[form]
    notes: Any = declare("NotesStream", NotesStream, primary_key="id", **settings)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(notes,))
    with Vendor() as vendor:
        vendor.handler = lambda _: Reply(body=write([None, None]))
        customer = Customer(tmp_path, vendor.url, integration)
        with pytest.raises(SyncError, match="none of the 2 records received has a key at `id`: they have no fields"):
            customer.sync("notes")


def test_so_it_is_where_one_parent_is_asked_for_alone(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "list", tmp_path)
    notes.items[4] = [None]
    assert notes.sync().warnings == [told("1 null")]
    assert notes.stored() == ["1n", "2n", "3n"]


def test_ids_stay_with_their_records_beside_a_null(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "by id", tmp_path, primary_key=None)
    notes.items[1].insert(0, None)
    notes.items[4] = []
    notes.sync()
    rows = notes.customer.rows("select key, record from raw.planner_notes order by key")
    assert [(row["key"], json.loads(row["record"])["id"]) for row in rows] == [("k1", "1n"), ("k2", "2n"), ("k3", "3n")]


def test_a_parent_that_a_null_stands_for_counts_as_listed_without_records(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "list", tmp_path, parents="changed")
    notes.items[2] = [None]
    notes.sync()
    boards.take_requests()
    report = notes.sync()
    assert (boards.take_requests(), report.warnings) == ([], [])


def test_what_a_list_with_a_null_lacks_leaves_the_snapshot_but_is_not_known_to_be_gone(
    boards: Boards, tmp_path: Path
) -> None:
    notes = Notes(boards, "list", tmp_path)
    notes.sync()
    notes.items[2] = [None]
    notes.items[4] = []
    notes.sync()
    assert notes.stored() == ["1n", "3n"]
    assert notes.gone() == {"2n": False, "4n": True}
    notes.items[2] = []
    notes.sync()
    assert notes.gone() == {"2n": True, "4n": True}


def test_idle_syncs_of_changed_parents_write_nothing_after_a_null(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "list", tmp_path, parents="changed")
    notes.sync()
    notes.items[2] = [None]
    boards.remove("2a")
    notes.sync()
    assert notes.gone() == {"2n": False}
    for file in (tmp_path / "lake" / "raw" / "planner" / "notes").rglob("*.parquet"):
        file.unlink()  # Opening one would fail.
    stream = notes.customer.spec.streams["notes"]
    assert notes.customer.sync(stream.name)["notes"].requests == 0


def test_the_vendors_total_counts_nulls_too(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "list", tmp_path, total="total")
    notes.items[2], notes.total = [None], 1
    notes.sync()
    assert notes.stored() == ["1n", "3n", "4n"]
    assert boards.take_requests() == [[1, 2, 3], [4]]


def test_a_null_of_a_snapshot_that_is_listed_twice_is_told_once(
    boards: Boards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.extract.completeness.losses._SECONDS_BEFORE_SECOND_LISTING", 0)
    notes = Notes(boards, "list", tmp_path)
    notes.items[1] = [{"id": f"1n{number}", "board": 1} for number in range(30)]
    notes.sync()
    notes.items[1] = [None]
    boards.take_requests()
    report = notes.sync()
    assert boards.take_requests() == [[1, 2, 3], [4]] * 2
    assert told("1 null") in report.warnings


@pytest.mark.parametrize("item", [5, "text", ["1"], {}, {"node": None}])
def test_what_holds_data_but_names_no_parent_fails_the_list(boards: Boards, tmp_path: Path, item: Any) -> None:
    notes = Notes(boards, "list", tmp_path)
    notes.items[2].append(item)
    with pytest.raises(SyncError, match="a record has no value at `board`, which says to which of boards it belongs"):
        notes.sync()


def test_a_preview_of_one_parent_takes_no_null_for_a_record_of_another(boards: Boards, tmp_path: Path) -> None:
    notes = Notes(boards, "list", tmp_path)
    notes.items[1].append(None)
    notes.customer.sync("boards")
    assert preview(notes.customer.session, notes.customer.spec.streams["notes"]).warnings == ()
