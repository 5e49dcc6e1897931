"""Built-in auth: lines 22 and 24."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import ApiKey, Basic, BearerToken, ConnectionConfig, Integration, NextLink
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.http import Auth
from dazz_assets.lake import Lake, query
from dazz_assets.reports import Progress, StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CANARY, CommonIntegration, ItemsStream, Token
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

AUTHS: dict[str, Auth] = {
    "a header": BearerToken("{config.token}"),
    "a query": ApiKey(param="key"),
    "a user and password": Basic("{config.token}", "x"),
}


class ItemsIntegration(CommonIntegration):
    records = "data"
    paginator = NextLink("next")
    streams = (ItemsStream,)


def integration(auth: Auth) -> type[Integration[Token]]:
    return declare("VendorIntegration", ItemsIntegration, auth=auth)


each_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS.keys())


@each_auth
def test_22_each_attempt_and_each_page_carries_the_auth_once(connect: Connect, api: Vendor, auth: Auth) -> None:
    """A next link usually repeats the query of the request, including an API key in it."""

    def answer(request: ReceivedRequest) -> Reply:
        if len(api.requests) in (1, 4):
            return Reply(503)
        if len(api.requests) == 2:
            return Reply(429, headers={"Retry-After": "5"})
        next_link = f"{request.target}{'&' if '?' in request.target else '?'}after={len(api.requests)}"
        return Reply(body={"data": items(len(api.requests)), "next": next_link if len(api.requests) < 6 else None})

    api.handler = answer
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [3, 5, 6]
    credentials = [read_credentials(request) for request in api.requests]
    assert credentials[0] != ([], None)
    assert credentials == [credentials[0]] * 6


def read_credentials(request: ReceivedRequest) -> tuple[list[str], str | None]:
    return [value for name, value in request.pairs if name == "key"], request.headers.get("Authorization")


@each_auth
@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": f"bad token {CANARY}"}),
        Reply(500, f"<html>{CANARY}</html>".encode()),
        Reply(200, f"<html>{CANARY}</html>".encode()),
        Reply(200, {"errors": [{"message": f"token {CANARY} may not"}]}),
        Reply(302, headers={"Location": f"https://evil.example/?key={CANARY}"}),
        Reply(200, {"data": [], "next": f"https://evil.example/?key={CANARY}"}),
        Reply(200, {CANARY: []}),
        Reply(200, {"data": items(1)}, headers={"Sunset": f"Sat, 31 Oct 2026 {CANARY}"}),
    ],
)
def test_24_the_secret_is_in_no_log_error_report_or_stored_address(
    connect: Connect,
    api: Vendor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    auth: Auth,
    reply: Reply,
) -> None:
    caplog.set_level(logging.DEBUG)
    api.script(reply)
    acme = connect(integration(auth))
    text = ""
    report: StreamReport | None
    try:
        report = acme.sync(ItemsStream)
    except SyncError as error:
        report = error.report
        text = f"{error!r} {error} {format_chain(error)}"
    assert api.requests
    assert CANARY not in text
    assert CANARY not in repr(report)
    assert CANARY not in caplog.text
    assert CANARY not in repr(acme.session.connection.load(Token))
    assert capfd.readouterr() == ("", "")  # a library prints nothing


class ProgressRecorder(Progress):
    """Keeps the reasons why a sync waits."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        self.reasons.append(reason)


def test_24_progress_of_retries_shows_no_secret(connect: Connect, api: Vendor, clock: Clock) -> None:
    progress = ProgressRecorder()
    api.script(Reply(503, {"message": f"no, {CANARY}"}), Reply(body={"data": []}))
    acme = connect(integration(AUTHS["a query"]))
    session = Session(acme.spec, acme.connection, acme.lake, progress=progress, sleep=clock.sleep)
    sync_stream(session, acme.spec.streams["items"], SyncRange(from_mark=True))
    assert "no, ***" in progress.reasons[0]
    assert CANARY not in repr(progress.reasons)


def format_chain(error: BaseException | None) -> str:
    """The texts of an error, its causes and its contexts."""
    return "" if error is None else f"{error!r} {format_chain(error.__cause__)} {format_chain(error.__context__)}"


def test_24_the_secret_is_nowhere_in_the_lake(connect: Connect, api: Vendor, lake: Lake, tmp_path: Path) -> None:
    api.script(Reply(body={"data": items(1), "next": f"/items?page=2&key={CANARY}"}), Reply(body={"data": items(2)}))
    acme = connect(integration(AUTHS["a query"]))
    acme.sync(ItemsStream)
    version = acme.session.lake.raw("vendor", "items", "acme", windowed=False).open()
    assert version is not None
    rows = [row for batch in version.read() for row in batch.to_pylist()]
    assert len(rows) == 2
    assert CANARY not in repr(rows)
    assert CANARY not in repr(query(lake, "select * from raw.vendor_items").to_pylist())
    texts = [path for path in (tmp_path / "lake").rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert texts
    assert not [path for path in texts if CANARY.encode() in path.read_bytes()]


class StrictConfig(ConnectionConfig):
    token: SecretStr
    region: int


class StrictIntegration(Integration[StrictConfig]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    auth = BearerToken("{config.token}")
    primary_key = "id"
    streams = (ItemsStream,)


@pytest.mark.parametrize(
    "config",
    [
        {"token": CANARY, "region": CANARY},
        {"token": [CANARY], "region": 1},
        {"token": CANARY, "region": 1, "tokn": CANARY},
        {"region": CANARY},
    ],
)
def test_24_a_config_error_does_not_show_the_values(config: dict[str, Any], tmp_path: Path) -> None:
    connection = Connection(id="acme", integration="vendor", start=date(2026, 1, 5), config=config)
    spec = read_integration(StrictIntegration)
    with pytest.raises(BadConnection, match="'acme' of vendor") as caught:
        sync_stream(Session(spec, connection, Lake(tmp_path)), spec.streams["items"], SyncRange(from_mark=True))
    assert CANARY not in f"{caught.value!r} {format_chain(caught.value)}"
