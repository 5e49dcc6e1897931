"""What parsers' objects say of themselves: the stream that they were made from, an id by `object_id`, known fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import FullRefresh, Stream, parser
from dazz_assets.domain import DomainObject, RawRecord, TicketStatus, WorkItem
from dazz_assets.errors import ParseError
from dazz_assets.reports import ParseReport
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, DeskApi
from tests.http.loopback import Reply


class Record(BaseModel):
    id: int


class RecordsStream(Stream[Record]):
    path = "/records"


class SecretsStream(Stream[Record]):
    path = "/secrets"
    sensitive = ("name",)


class Sourced(DomainObject):
    made_of: RawRecord | None = None


Records = FullRefresh[RecordsStream]
Parse = Callable[..., ParseReport]


@pytest.fixture
def parse(tmp_path: Path, desk: Desk) -> Parse:
    """Runs a parser over 40 records."""

    def run(function: Callable[..., Any]) -> ParseReport:
        desk.vendor.handler = lambda asked: Reply(
            body={"items": [{"id": number, "name": "canary"} for number in range(40)]}
        )
        streams = (RecordsStream, SecretsStream)
        customer = Customer(
            tmp_path, desk.vendor.url, declare("DeskIntegration", DeskApi, streams=streams, things=parser(function))
        )
        customer.sync()
        return customer.parse(every=True)

    return run


def item(id_: str, stream: str = "records", **more: Any) -> WorkItem:
    given = {"uid": id_, "title": "t", "status_id": TicketStatus.NEW, **more}
    return WorkItem(id=id_, raw_record=RawRecord(stream=stream, key=id_), **given)


def test_a_stream_that_the_integration_does_not_have_fails(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem]:
        for record in records:
            yield item(self.object_id(record.id), "recrods" if record.id == 25 else "records")

    with pytest.raises(ParseError) as failed:
        parse(things)
    told = "it yielded a WorkItem whose `raw_record` names the stream 'recrods', which the integration does not have; "
    assert f"{told}did you mean 'records'? Nothing was published" in str(failed.value)


def test_the_stream_of_any_model_and_of_any_field_is_looked_at(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem | Sourced]:
        for record in records:
            yield item(self.object_id("item", record.id))
            source = RawRecord(stream="zzz", key="1") if record.id == 30 else None
            yield Sourced(id=self.object_id(record.id), made_of=source)

    with pytest.raises(ParseError, match=r"a Sourced whose `made_of` names the stream 'zzz'.*there are: records, secr"):
        parse(things)


def test_an_id_that_object_id_did_not_make_is_a_warning_once(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem]:
        yield from (item(f"canary-{record.id}") for record in records)

    report = parse(things)
    assert report.objects == 40
    (warning,) = report.warnings
    assert warning.startswith("an id of WorkItem was not made by `self.object_id(...)`")
    assert "canary" not in warning


def test_ids_by_object_id_and_streams_that_are_there_are_no_mistake(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem | Sourced]:
        for record in records:
            yield item(self.object_id(record.id))
            yield Sourced(id=self.object_id("s", record.id))

    assert parse(things).warnings == []


def test_an_unknown_field_is_told_with_what_is_meant(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem]:
        for record in records:
            yield item(self.object_id(record.id), project_nmae="p", status_id=77)

    with pytest.raises(ParseError) as failed:
        parse(things)
    assert "project_nmae: WorkItem has no such field; did you mean 'project_name'?" in str(failed.value)
    assert "status_id: Value error, 77 is not a valid TicketStatus" in str(failed.value)
    assert "default factory" not in str(failed.value)


def test_a_field_of_a_model_in_a_model_too(parse: Parse) -> None:
    def things(self: Any, records: Records) -> Iterator[WorkItem]:
        given: dict[str, Any] = {"strem": "records", "key": "1"}
        RawRecord(**given)
        yield from ()

    with pytest.raises(
        ParseError, match=r"invalid RawRecord.*strem: RawRecord has no such field; did you mean 'stream'"
    ):
        parse(things)


def test_what_a_parser_of_sensitive_fields_gave_is_not_shown(parse: Parse) -> None:
    def things(self: Any, records: FullRefresh[SecretsStream]) -> Iterator[WorkItem]:
        yield item(self.object_id(1), canary=1)

    with pytest.raises(ParseError) as failed:
        parse(things)
    assert "canary" not in str(failed.value)
