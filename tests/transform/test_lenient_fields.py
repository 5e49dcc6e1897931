"""An invalid optional part costs that part and a note, and never the record."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import BaseModel, ValidationError

from dazz_assets import Cursor, Incremental, Lenient, LenientList, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.orchestration.checks import RECORDS_VALID, assess_parser
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import read_quarantine
from dazz_assets.transform.record_readers import make_reader
from tests.help_desk_vendor import Customer, Desk, PagedDeskApi


class Score(BaseModel):
    value: float


class Label(BaseModel):
    name: str


class ScoredTicket(BaseModel):
    id: int
    updated_at: datetime
    score: Lenient[Score] = None
    due: Lenient[datetime] = None
    labels: LenientList[Label] = []


class ScoredTicketsStream(Stream[ScoredTicket]):
    name = "tickets"
    path = "/tickets"
    cursor = Cursor("updated_at", since="since", until="until")


class Scored(DomainObject):
    score: float | None
    labels: list[str]


class ScoringDesk(PagedDeskApi):
    streams = (ScoredTicketsStream,)

    @parser
    def scores(self, tickets: Incremental[ScoredTicketsStream]) -> Iterator[Scored]:
        for ticket in tickets:
            score = ticket.score.value if ticket.score else None
            yield Scored(id=str(ticket.id), score=score, labels=[label.name for label in ticket.labels])


@pytest.fixture
def customer(desk: Desk, tmp_path: Path) -> Customer:
    return Customer(tmp_path, desk.vendor.url, ScoringDesk)


AT = "2026-01-06T10:00:00Z"


def read(**parts: Any) -> ScoredTicket:
    return ScoredTicket.model_validate({"id": 1, "updated_at": AT, **parts})


@pytest.mark.parametrize("invalid", [[], [{"value": 1}], "high", 7, {"value": "high"}, {}, True])
def test_a_part_of_another_shape_is_left_out(invalid: object) -> None:
    assert read(score=invalid).score is None


def test_a_valid_part_is_read() -> None:
    assert read(score={"value": "7.5"}).score == Score(value=7.5)


@pytest.mark.parametrize("parts", [{}, {"score": None, "labels": None, "due": None}])
def test_absent_and_null_are_nothing(parts: dict[str, None]) -> None:
    assert (read(**parts).score, read(**parts).due, read(**parts).labels) == (None, None, [])


def test_of_a_list_the_valid_items_are_read() -> None:
    assert read(labels=[{"name": "a"}, None, "b", {"name": 7}, {"name": "c"}]).labels == [
        Label(name="a"),
        Label(name="c"),
    ]


@pytest.mark.parametrize("invalid", ["a", {"name": "a"}, 7])
def test_what_is_no_list_is_an_empty_one(invalid: object) -> None:
    assert read(labels=invalid).labels == []


def test_what_a_record_needs_is_still_needed() -> None:
    with pytest.raises(ValidationError):
        ScoredTicket.model_validate({"id": "x", "updated_at": AT})


def test_many_records_at_once_are_read_as_one_by_one() -> None:
    reader = make_reader(ScoredTicket)
    padding = '"text": "' + "x" * 500 + '"'
    clean = [f'{{"id": {i}, "updated_at": "{AT}", "score": {{"value": {i}}}, {padding}}}'.encode() for i in range(3)]
    odd = f'{{"id": 9, "updated_at": "{AT}", "score": [1], {padding}}}'.encode()

    assert reader.read_all(pa.array(clean, pa.string())) == [reader.read(record) for record in clean]
    assert reader.read_all(pa.array([*clean, odd], pa.string())) is None
    assert reader.read(odd) == ScoredTicket.model_validate({"id": 9, "updated_at": AT})


def test_the_record_is_parsed_and_the_part_is_noted(desk: Desk, customer: Customer) -> None:
    desk.put(1, AT, score={"value": 7})
    desk.put(2, "2026-01-07T10:00:00Z", score=["high"], labels=[{"name": "a"}, 5])
    customer.sync()
    report = customer.parse()

    assert customer.rows("select id, score, labels from scoreds where id in ('1', '2') order by id") == [
        {"id": "1", "score": 7.0, "labels": []},
        {"id": "2", "score": None, "labels": ["a"]},
    ]
    [note] = customer.rows("select key, kind, reason, looks_like from quarantine")
    assert (note["key"], note["kind"]) == ("2", "part")
    assert note["reason"].startswith("score: Input should be ")
    assert note["looks_like"] == "a list of 1; number 9"
    assert (report.invalid, report.objects) == ({"tickets": 0}, 4)


def test_a_check_says_what_was_left_out(desk: Desk, customer: Customer) -> None:
    desk.put(2, "2026-01-07T10:00:00Z", score=["high"])
    customer.sync()
    report = customer.parse()
    session = customer.session
    held = read_quarantine(PublishedTables(session, session.spec.parsers["scores"]).quarantine_version)
    [result] = [item for item in assess_parser(session.spec, report, held) if item.check == RECORDS_VALID]

    assert not result.passed
    assert result.text.startswith(
        "scores: 1 record is parsed without an optional part that is invalid (1 of tickets in window 2026-01-05)"
    )


def test_no_share_of_such_records_fails_the_parse(desk: Desk, customer: Customer) -> None:
    for number in (1, 2, 3, 4):
        desk.put(number, AT, score="high")
    customer.sync()

    assert customer.parse().objects == 4
