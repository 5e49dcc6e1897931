"""A lake on object storage, against a server that plays S3: what is stored, parsed and queried is as on a disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dazz_assets.lake import Lake
from dazz_assets.lake.compaction import compact
from dazz_assets.transform.compare import compare_parse
from dazz_assets.transform.parse_windows import parse
from tests.help_desk_vendor import Customer
from tests.transform.busy_desk import BusyDesk, BusyDeskIntegration, parse_anything_in_processes

BUCKET = "customers"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket that the environment leads to, as a deployment's leads to its own."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key-of-a-test",
        "AWS_SECRET_ACCESS_KEY": "secret-of-a-test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    bucket = boto3.resource("s3", "us-east-1", endpoint_url=server).create_bucket(Bucket=BUCKET)
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture
def busy() -> Iterator[BusyDesk]:
    desk = BusyDesk()
    with desk.vendor:
        yield desk


@pytest.fixture
def customer(bucket: Any, busy: BusyDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Customer:
    """A customer whose lake is in the bucket, with records in several windows."""
    parse_anything_in_processes(monkeypatch)
    for number, day in enumerate(["05", "06", "13", "14", "20", "21"], 1):
        busy.put(number, f"2026-01-{day}T10:00:00Z", agent=1 + number % 2)
    busy.put(7, "2026-01-22T10:00:00Z", title="ticket again")
    customer = Customer(tmp_path, busy.vendor.url, BusyDeskIntegration)
    customer.lake = Lake(f"s3://{BUCKET}/lake")
    customer.sync()
    return customer


def published(customer: Customer) -> dict[str, list[dict[str, Any]]]:
    return {name: customer.rows(f"select * from {name} order by all") for name in ("cases", "answers", "quarantine")}


def parse_all(customer: Customer, processes: int) -> dict[str, Any]:
    (cases,) = customer.spec.parsers.values()
    return asdict(parse(customer.session, cases, windows=None, processes=processes))


def test_a_parse_in_several_processes_publishes_what_one_process_does(
    customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "busy_desk")
    assert parse_all(customer, 3)["duplicates"]
    assert len({record.process for record in caplog.records if record.name == "busy_desk"}) == 3
    by_several = published(customer)
    assert {name: len(rows) for name, rows in by_several.items()} == {"cases": 1, "answers": 0, "quarantine": 6}
    parse_all(customer, 1)
    assert published(customer) == by_several


def test_what_changed_is_synced_and_parsed_again(customer: Customer, busy: BusyDesk) -> None:
    (cases,) = customer.spec.parsers.values()
    parse_all(customer, 1)
    assert not compare_parse(customer.session, cases, processes=1)
    busy.agents = busy.agents[1:]
    busy.put(8, "2026-01-23T10:00:00Z", title="other words", agent=1)
    customer.sync()
    assert parse(customer.session, cases, windows=(), processes=1).objects
    assert list(compact(customer.lake))
    found = customer.rows("select title, left_at is null as stays from cases order by title")
    assert [tuple(row.values()) for row in found] == [("other words", False), ("ticket again", True)]
