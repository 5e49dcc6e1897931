"""Headers that an integration names tell when a version of the API ends: one warning, in any of the usual forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from dazz_assets import ConnectionConfig, Integration, Request, Stream
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.http.client import Client
from dazz_assets.http.responses.version_end import VersionWatch
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.http.loopback import Reply, Vendor

Connect = Callable[..., Client]

NOW = 1_767_225_600.0  # 2026-01-01
SAYS = "the vendor says in the header x-ends that this version of its API"


def notices(value: str) -> list[str]:
    return list(VersionWatch(["x-ends"]).new_notices(Request("https://api.test"), {"X-Ends": value}, NOW))


@pytest.mark.parametrize(
    ("value", "announced"),
    [
        ("Sat, 31 Oct 2026 23:59:59 GMT", "ends on 2026-10-31"),
        ("Saturday, 31-Oct-26 23:59:59 GMT", "ends on 2026-10-31"),
        ("Sat Oct 31 23:59:59 2026", "ends on 2026-10-31"),
        ("Sun, 01 Nov 2026 01:30:00 +0200", "ends on 2026-10-31"),
        ("2026-10-31", "ends on 2026-10-31"),
        ("2026-10-31T12:00:00Z", "ends on 2026-10-31"),
        ("2026-11-01T01:30:00+02:00", "ends on 2026-10-31"),
        ("2026-10-31 12:00:00 UTC", "ends on 2026-10-31"),
        ("@1793491199", "ends on 2026-10-31"),
        ("1793491199", "ends on 2026-10-31"),
        ("deprecated; sunset=2026-10-31", "ends on 2026-10-31"),
        ('version="v1", date="Sat, 31 Oct 2026 23:59:59 GMT"', "ends on 2026-10-31"),
        ("2025-10-31", "ended on 2025-10-31"),
        ("deprecated", "is `deprecated`"),
        ("Sunset", "is `Sunset`"),
        ("end-of-life", "is `end-of-life`"),
        ("true", "is `true`"),
        ("soon to be replaced", "is `soon to be replaced`"),
        ("2026-13-45", "is `2026-13-45`"),
        ("9999-12-31T23:59:59-05:00", "is `9999-12-31T23:59:59-05:00`"),
        ("Fri, 31 Dec 9999 23:59:59 -0500", "is `Fri, 31 Dec 9999 23:59:59 -0500`"),
    ],
)
def test_a_date_or_a_word_is_announced(value: str, announced: str) -> None:
    (notice,) = notices(value)
    assert notice.startswith(f"{SAYS} {announced}")
    assert value in notice


@pytest.mark.parametrize(
    "value",
    [
        *("", "ga", "GA", "stable", "active", "beta", "false", "none", "?0"),
        *("v2", "2", "1.5", "v2024-10-15", "2024-10-15~beta", "v2024-10-15~experimental"),
    ],
)
def test_a_word_that_says_that_all_is_well_is_not(value: str) -> None:
    assert notices(value) == []


def test_the_version_that_is_sent_is_named() -> None:
    headers = {"x-ends": "deprecated"}
    in_header = Request("https://api.test", headers={"X-Api-Version": "2022-11-28"})
    in_params = Request("https://api.test", params={"limit": 10, "version": "2024-10-15"})
    in_url = Request("https://api.test/x?api_version=7")
    for request, sent in ((in_header, "X-Api-Version: 2022-11-28"), (in_params, "version: 2024-10-15")):
        (notice,) = VersionWatch(["x-ends"]).new_notices(request, headers, NOW)
        assert notice == f"{SAYS} is `deprecated`; `{sent}` is sent"
    (notice,) = VersionWatch(["x-ends"]).new_notices(in_url, headers, NOW)
    assert notice.endswith("; `api_version: 7` is sent")


def test_a_client_warns_once_and_masks_secrets(vendor: Vendor, connect: Connect) -> None:
    client = connect(versions=VersionWatch(["x-ends"]), secrets=["canary-4e1"])
    vendor.script(Reply(headers={"x-ends": "deprecated canary-4e1"}), Reply(headers={"x-ends": "sunset"}))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert client.warnings == (f"{SAYS} is `deprecated ***`",)


class Config(ConnectionConfig):
    token: SecretStr


class FirstStream(Stream):
    path = "/first"
    primary_key = "id"


class SecondStream(Stream):
    path = "/second"
    primary_key = "id"


class VersionedIntegration(Integration[Config]):
    base_url = "https://api.vendor.example"
    params = {"version": "2024-10-15"}
    version_headers = ("x-lifecycle", "x-ends")
    streams = (FirstStream, SecondStream)


def test_a_sync_of_several_streams_warns_once_of_each_header(vendor: Vendor, tmp_path: Path) -> None:
    headers = {"X-Lifecycle": "deprecated", "X-Ends": "2099-10-31"}
    vendor.handler = lambda asked: Reply(body=[{"id": 1}], headers=headers)
    spec = read_integration(VersionedIntegration)
    config = {"base_url": vendor.url, "token": "t-9481"}
    connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
    session = Session(spec, connection, Lake(tmp_path))
    reports = [sync_stream(session, stream, SyncRange(from_mark=True)) for stream in spec.streams.values()]
    warnings = [text for report in reports for text in report.warnings]
    sent = "; `version: 2024-10-15` is sent"
    assert warnings == [
        f"the vendor says in the header x-lifecycle that this version of its API is `deprecated`{sent}",
        f"{SAYS} ends on 2099-10-31 (`2099-10-31`){sent}",
    ]
