"""The integration of docs/sdk_streams.md works as it stands there: boto3, against moto's server over real HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from pytest_socket import SocketBlockedError, disable_socket, enable_socket

from dazz_assets.assistant.page_preview import preview
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.parse_windows import parse
from tests.docs.markdown import blocks
from tests.first_check import check_first

PAGE = (Path(__file__).parents[2] / "docs" / "sdk_streams.md").read_text(encoding="utf-8")
SHOWN = {block.words[0]: block.text for block in blocks(PAGE)}
ACCESS_KEY, SECRET_KEY = "AKIACANARY7Q2M4XW5PL", "canary/8d1fK2mQx0TzVb7uYc3nRw5eLs9aHg4jPo"
NOW = datetime.now(UTC).replace(microsecond=0)


class Account:
    """An account of AWS, as moto plays it."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1")
        self.s3, self.logs = (session.client(name, endpoint_url=url) for name in ("s3", "logs"))

    def block(self, bucket: str, *, blocks: bool) -> None:
        settings = {
            "BlockPublicAcls": blocks,
            "BlockPublicPolicy": blocks,
            "IgnorePublicAcls": blocks,
            "RestrictPublicBuckets": blocks,
        }
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=settings)

    def log(self, group: str, *messages: str, at: datetime) -> None:
        events = [
            {"timestamp": int(at.timestamp() * 1000) + place, "message": text} for place, text in enumerate(messages)
        ]
        self.logs.put_log_events(logGroupName=group, logStreamName="main", logEvents=events)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def account(server: str) -> Account:
    requests.post(f"{server}/moto-api/reset", timeout=10)
    account = Account(server)
    for name in ("logs", "site", "backups"):
        account.s3.create_bucket(Bucket=name)
    account.block("backups", blocks=True)
    account.block("site", blocks=False)
    for group in ("api", "web"):
        account.logs.create_log_group(logGroupName=group)
        account.logs.create_log_stream(logGroupName=group, logStreamName="main")
    account.log("api", "started", "ready", at=NOW - timedelta(days=3))
    account.log("web", "hello", at=NOW - timedelta(days=2))
    return account


@pytest.fixture
def spec(tmp_path: Path) -> IntegrationSpec:
    folder = tmp_path / "cloud"
    folder.mkdir()
    for name in ("cloud.py", "botocore_seam.py"):
        (folder / name).write_text(SHOWN[name], encoding="utf-8")
    return find_integration(str(folder / "cloud.py"))


def connection_to(account: Account) -> Connection:
    config = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "base_url": account.url}
    start = (NOW - timedelta(days=7)).date()
    return Connection(id="acme", integration="cloud", start=start, config=config)


class Customer:
    """A connection to an account, with its lake."""

    def __init__(self, spec: IntegrationSpec, account: Account, folder: Path) -> None:
        self.spec, self.account, self.lake = spec, account, Lake(folder / "lake")

    def session(self) -> Session:
        return Session(self.spec, connection_to(self.account), self.lake)

    def sync(self) -> dict[str, StreamReport]:
        with closing(self.session()) as session:
            return {
                stream.name: sync_stream(session, stream, SyncRange(from_mark=True))
                for stream in self.spec.streams.values()
            }

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return query(self.lake, sql).to_pylist()


@pytest.fixture
def customer(spec: IntegrationSpec, account: Account, tmp_path: Path) -> Customer:
    return Customer(spec, account, tmp_path)


def test_a_sync_and_a_parse_bring_what_the_account_has(customer: Customer) -> None:
    reports = customer.sync()
    assert {name: report.stored for name, report in reports.items()} == {
        "buckets": 3,
        "access_blocks": 2,
        "log_groups": 2,
        "log_events": 3,
    }
    assert any("accepted as a page without records: 404" in text for text in reports["access_blocks"].warnings)
    for parser in customer.spec.parsers.values():
        parse(customer.session(), parser, windows=None)
    assert customer.rows("select name from public_buckets order by name") == [{"name": "logs"}, {"name": "site"}]
    assert customer.rows("select text from messages order by text") == [
        {"text": "hello"},
        {"text": "ready"},
        {"text": "started"},
    ]


def test_the_second_sync_asks_from_the_mark_of_each_group_and_stores_what_is_new(customer: Customer) -> None:
    first = customer.sync()
    customer.account.log("web", "goodbye", at=NOW - timedelta(days=1))
    second = customer.sync()
    assert (second["log_events"].records, second["log_events"].stored) == (1, 4)
    # What came again is the same, byte for byte, so that nothing was written.
    for name in ("buckets", "access_blocks"):
        assert second[name].version == first[name].version


def test_a_record_is_stored_with_its_times_and_without_the_sdks_metadata(customer: Customer) -> None:
    customer.sync()
    (row,) = customer.rows("select record from raw.cloud_buckets where key = 'site'")
    record = json.loads(row["record"])
    assert record["Name"] == "site"
    assert datetime.fromisoformat(record["CreationDate"]).tzinfo is not None
    assert "ResponseMetadata" not in record


def test_check_and_preview_ask_the_vendor(customer: Customer) -> None:
    with closing(customer.session()) as session:
        assert (check_first(session).name, check_first(session).records) == ("buckets", 3)
        found = preview(session, customer.spec.streams["access_blocks"])
        assert len(found.records) == 1
        assert found.request.url.startswith("AccessBlocksStream.pages?Bucket=")


def test_a_group_that_vanished_is_told_by_the_vendors_own_words(customer: Customer) -> None:
    customer.sync()
    customer.account.logs.delete_log_group(logGroupName="web")
    with closing(customer.session()) as session, pytest.raises(Exception, match="ResourceNotFoundException"):
        sync_stream(session, customer.spec.streams["log_events"], SyncRange(from_mark=True))


def test_it_is_recorded_and_replayed_with_the_network_blocked(spec: IntegrationSpec, account: Account) -> None:
    folder = record_scenario(
        spec,
        connection_to(account),
        "default",
        key=b"a key",
        records=1,  # of each page of requests; answers of an SDK are kept whole
        between=lambda: account.log("web", "goodbye", at=NOW - timedelta(days=1)),
    ).folder
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")}
    assert {name.split(".")[0] for name in files if name.startswith("first/")} == {
        "first/1-buckets",
        "first/2-access_blocks",
        "first/3-log_groups",
        "first/4-log_events",
    }
    for content in files.values():
        assert ACCESS_KEY.encode() not in content
        assert SECRET_KEY.encode() not in content
        assert b"Signature" not in content
    disable_socket(allow_unix_socket=True)
    try:
        with pytest.raises(SocketBlockedError):
            socket.socket()
        with replay_scenario(folder) as replay:
            assert (replay.problems, replay.stale_snapshots()) == ([], [])
            assert len(replay.records("log_events")) == 4
            assert {bucket.Name for bucket in replay.records("buckets")} == {"logs", "site", "backups"}
    finally:
        enable_socket()
