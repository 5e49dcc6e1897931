"""A restream parses again from raw, without a request."""

import socket
from typing import NoReturn

import pytest

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
