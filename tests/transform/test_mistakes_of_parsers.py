"""A parser that returns what it does not declare fails, publishes nothing, and says how to correct it."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from pydantic import BaseModel

from dazz_assets import FullRefresh, Integration, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, DeskApi
from tests.http.loopback import Reply


class Record(BaseModel):
    id: int
    name: str | None = None


class Strict(BaseModel):
    id: int
    nmae: str


class Plain(Struct):
    id: int
    name: str | None = None


class PlainStream(Stream[Plain]):
    path = "/records"


class RecordsStream(Stream[Record]):
    path = "/records"


class StrictStream(Stream[Strict]):
    path = "/records"


class Note(DomainObject):
    text: str = ""


class Other(DomainObject):
    text: str = ""


nothing: Any = None
Records = FullRefresh[RecordsStream]


def forgets_to_yield(self: Any, records: Records) -> Iterator[Note]:  # type: ignore[return]
    for record in records:
        Note(id=self.object_id(record.id))


def returns_one(self: Any, records: Records) -> Iterator[Note]:
    one: Any = Note(id="1")
    return one  # type: ignore[no-any-return]


def returns_a_dict(self: Any, records: Records) -> Iterator[Note]:
    one: Any = {"id": "1"}
    return one  # type: ignore[no-any-return]


def yields_none(self: Any, records: Records) -> Iterator[Note]:
    yield from (nothing for _ in records)


def yields_a_list(self: Any, records: Records) -> Iterator[Note]:
    one: Any = [Note(id="1")]
    yield one


def yields_records(self: Any, records: Records) -> Iterator[Note]:
    anything: Any = records
    yield from anything


def yields_another(self: Any, records: Records) -> Iterator[Note]:
    one: Any = Other(id="1")
    yield one


def yields_an_empty_id(self: Any, records: Records) -> Iterator[Note]:
    yield Note(id="")


def yields_no_id(self: Any, records: Records) -> Iterator[Note]:
    for record in records:
        yield Note(id=nothing, text=record.name or "")


def yields_the_numbers_as_ids(self: Any, records: Records) -> Iterable[Note]:
    for record in records:
        number: Any = record.id
        yield Note(id=number)


def yields_one_id(self: Any, records: Records) -> Iterator[Note]:
    for record in records:
        yield Note(id=self.object_id("note"), text=str(record.id))


def reads_what_is_none(self: Any, records: Records) -> list[Note]:
    return [Note(id="1", text=record.name.upper()) for record in records]  # type: ignore[union-attr]


def reads_strictly(self: Any, records: FullRefresh[StrictStream]) -> Iterator[Note]:
    for record in records:
        yield Note(id=self.object_id(record.id), text=record.nmae)


def integration_with(function: Callable[..., Iterable[DomainObject]]) -> type[Integration[Any]]:
    """Return an integration with this parser."""
    streams = (StrictStream if function is reads_strictly else RecordsStream,)
    return declare("NotesIntegration", DeskApi, streams=streams, notes=parser(function), __module__=__name__)


def parse_error(desk: Desk, customer: Customer) -> str:
    """Sync 30 records, run a parse that fails, and return its error message."""
    desk.vendor.handler = lambda asked: Reply(body={"items": [{"id": number, "name": None} for number in range(1, 31)]})
    customer.sync()
    with pytest.raises(ParseError) as caught:
        customer.parse(every=True)
    assert customer.rows("select 1 from notes") == []
    return re.sub(r"line \d+", "line N", str(caught.value))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            forgets_to_yield,
            (
                "desk/acme, parser notes: it returned None; `yield` its objects, or return a list of them. "
                "Nothing was published"
            ),
        ),
        (
            returns_one,
            (
                "desk/acme, parser notes: it returned a Note; `yield` its objects one by one, or return a "
                "list of them. Nothing was published"
            ),
        ),
        (
            returns_a_dict,
            (
                "desk/acme, parser notes: it returned a dict; `yield` its objects one by one, or return a "
                "list of them. Nothing was published"
            ),
        ),
        (
            yields_none,
            (
                "desk/acme, parser notes: it yielded None, but declares Note; yield nothing instead of "
                "None. Nothing was published"
            ),
        ),
        (
            yields_a_list,
            (
                "desk/acme, parser notes: it yielded a list, but declares Note; yield objects one by one: "
                "`yield from objects`. Nothing was published"
            ),
        ),
        (
            yields_records,
            (
                "desk/acme, parser notes: it yielded a Record, but declares Note; correct the return "
                "annotation, or what it yields. Nothing was published"
            ),
        ),
        (
            yields_another,
            (
                "desk/acme, parser notes: it yielded an Other, but declares Note; correct the return "
                "annotation, or what it yields. Nothing was published"
            ),
        ),
        (
            yields_an_empty_id,
            (
                "desk/acme, parser notes: it yielded a Note without an id; make one from the vendor's id with "
                "`self.object_id(...)`. Nothing was published"
            ),
        ),
        (
            yields_no_id,
            (
                "desk/acme, parser notes: the parser made an invalid Note: id: Input should "
                "be a valid string (line N of test_mistakes_of_parsers.py), when it had read record 1 of records; "
                "nothing was published"
            ),
        ),
        (
            yields_the_numbers_as_ids,
            (
                "desk/acme, parser notes: the parser made an invalid Note: id: Input should "
                "be a valid string (line N of test_mistakes_of_parsers.py), when it had read record 1 of records; "
                "nothing was published"
            ),
        ),
        (
            yields_one_id,
            (
                "desk/acme, parser notes: all 30 Note objects that it yielded have the same id; make each id "
                "from the vendor's id of its record: `self.object_id(record.id)`. Nothing was published"
            ),
        ),
        (
            reads_what_is_none,
            (
                "desk/acme, parser notes: the parser raised AttributeError: 'NoneType' object has no "
                "attribute 'upper' (line N of test_mistakes_of_parsers.py), when it had read record 1 of records; "
                "nothing was published"
            ),
        ),
        (
            reads_strictly,
            (
                "desk/acme, parser notes: 4 of the first 4 records of strict that were read are invalid, more "
                "than max_invalid = 0.1 allows (nmae: Field required); correct Strict, then parse again. Nothing was "
                "published"
            ),
        ),
    ],
)
def test_a_failed_parse_says_what_the_parser_returned_and_what_to_correct(
    function: Callable[..., Iterable[DomainObject]], message: str, desk: Desk, tmp_path: Path
) -> None:
    assert parse_error(desk, Customer(tmp_path, desk.vendor.url, integration_with(function))) == message


# The records are read in parts of 128.
@pytest.mark.parametrize("place", [0, 1, 127, 128, 200, 299])
@pytest.mark.parametrize("stream", [RecordsStream, PlainStream], ids=["pydantic", "Struct"])
def test_an_exception_of_a_parser_names_the_record_that_it_had_read_last(
    stream: Any, place: int, desk: Desk, tmp_path: Path
) -> None:
    def notes(self: Any, records: Any) -> Iterator[Note]:
        for number, record in enumerate(records):
            yield Note(id=self.object_id(record.id), text="" if number < place else record.name)

    keys = [f"r-{number:03}" for number in range(300)]
    desk.vendor.handler = lambda asked: Reply(
        body={"items": [{"id": number, "key": key, "name": None} for number, key in enumerate(keys)]}
    )
    keyed = declare(stream.__name__, stream, primary_key="key", __module__=__name__)
    notes.__annotations__["records"] = FullRefresh[keyed]  # type: ignore[valid-type]
    integration = declare("NotesIntegration", DeskApi, streams=(keyed,), notes=parser(notes), __module__=__name__)
    customer = Customer(tmp_path, desk.vendor.url, integration)
    customer.sync()
    with pytest.raises(ParseError) as caught:
        customer.parse(every=True)
    (named,) = re.findall(r", when it had read record (\S+) of \w+; nothing was published", str(caught.value))
    assert named == keys[place]


def test_an_exception_after_all_records_names_none(desk: Desk, tmp_path: Path) -> None:
    def notes(self: Any, records: Records) -> list[Note]:
        return [Note(id="1", text=list(records)[40].name or "")]

    message = parse_error(desk, Customer(tmp_path, desk.vendor.url, integration_with(notes)))
    assert "IndexError" in message
    assert "had read" not in message
