"""A restream parses again from raw, without a request."""

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dazz_assets.lake import FileWriter
from tests.help_desk_vendor import Customer, Desk, Mondays


def test_every_window_is_parsed_again_without_opening_a_socket(
    desk: Desk, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.sync()
    customer.parse()
    before, asked = customer.rows("select * exclude (inputs) from incidents order by id"), desk.requests

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a restream opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    report = customer.parse(every=True)
    assert set(report.windows) == {Mondays.FIRST, Mondays.SECOND, Mondays.THIRD}
    assert report.objects == 4
    assert customer.rows("select * exclude (inputs) from incidents order by id") == before
    assert desk.requests == asked


@pytest.mark.parametrize("step", ["write", "close"])
def test_a_file_that_cannot_be_written_fails_the_parse_and_leaves_what_was_published(
    step: str, customer: Customer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.sync()
    customer.parse()
    before, files = customer.rows("from incidents order by id"), set(tmp_path.rglob("domain/**/*.parquet"))
    calls = iter(range(10))
    done = getattr(FileWriter, step)

    def fill_the_disk(self: FileWriter, *rows: Any) -> Any:
        if next(calls) == 1:
            raise OSError("No space left on device")
        return done(self, *rows)

    monkeypatch.setattr(FileWriter, step, fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        customer.parse(every=True)
    assert set(tmp_path.rglob("domain/**/*.parquet")) == files
    assert customer.rows("from incidents order by id") == before


def test_a_restream_needs_no_credentials(customer: Customer) -> None:
    customer.sync()
    customer.connection = customer.connection.model_copy(update={"config": {"token": "${NOT_SET_ANYWHERE}"}})
    assert customer.parse(every=True).objects == 4


def test_objects_name_the_versions_of_the_parser_and_the_raw_tables_that_they_come_from(customer: Customer) -> None:
    customer.sync()
    report = customer.parse()
    (row,) = customer.rows("select distinct inputs from incidents")
    parser, *inputs = row["inputs"].split()
    assert parser == "parser=1"
    named = {item.partition("@")[0]: int(item.partition("@")[2].partition("#")[0]) for item in inputs}
    assert named == report.inputs
    tickets = customer.lake.raw("desk", "tickets", "acme", windowed=True).open(named["tickets"])
    assert tickets is not None
    assert tickets.rows == 4
