"""A request for a token that is refused is told once, as a failure to sign in, and nothing else is sent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import Auth, ClientCredentials, ConnectionConfig, Integration, RefreshToken, Request, Response, Stream
from dazz_assets.assistant.stream_checks import ConnectionRefused, check_streams
from dazz_assets.connections import Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class Config(ConnectionConfig):
    client_id: str = "dazz"
    client_secret: SecretStr = SecretStr("canary-client")
    refresh_token: SecretStr = SecretStr("canary-refresh")


class OwnAuth(Auth):
    """An author's own, which ends when its token is refused."""

    def flow(self, request: Request, config: Any) -> Generator[Request, Response, None]:
        response = yield Request(f"{request.url.rpartition('/')[0]}/oauth/token", "POST")
        if response.status < 300:
            yield request


class TeamsStream(Stream):
    path = "/teams"
    permissions = ("Teams: read",)


class AlertsStream(Stream):
    path = "/alerts"
    permissions = ("Alerts: read",)


class NotesStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/notes"


AUTHS = {
    "client credentials": ClientCredentials(token_url="/oauth/token"),
    "a refresh token": RefreshToken(token_url="/oauth/token"),
    "an author's own": OwnAuth(),
}


@pytest.fixture
def api() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def connect(api: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Session]:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))

    def connect(auth: Auth) -> Session:
        streams = (TeamsStream, AlertsStream, NotesStream)
        given = {"base_url": "https://teams.example", "auth": auth, "primary_key": "id", "streams": streams}
        spec = read_integration(declare("TeamsIntegration", Integration[Config], **given))
        config = {"base_url": api.url}
        connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
        return Session(spec, connection, Lake(tmp_path / "lake"), sleep=lambda _: None)

    return connect


@pytest.mark.parametrize("name", AUTHS)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_check_tells_it_once_with_the_address_and_asks_for_nothing_else(
    name: str, status: int, api: Vendor, connect: Callable[[Any], Session]
) -> None:
    api.handler = lambda _: Reply(status, {"error": "unauthorized_client", "error_description": "token is invalid"})
    with pytest.raises(ConnectionRefused) as refused:
        check_streams(connect(AUTHS[name]))
    told = str(refused.value)
    assert f"POST {api.url}/oauth/token: {status} " in told
    assert "token is invalid" in told
    assert "The connection can't sign in." in told
    assert ("Check this address first" in told) == (status == 404)
    assert "permission" not in told
    assert "read" not in told
    assert [request.path for request in api.requests] == ["/oauth/token"]


@pytest.mark.parametrize("name", AUTHS)
def test_the_streams_of_a_session_ask_once_and_all_tell_it(
    name: str, api: Vendor, connect: Callable[[Any], Session]
) -> None:
    api.handler = lambda _: Reply(403, {"error_description": "token is invalid"})
    session = connect(AUTHS[name])
    for stream in ("teams", "alerts"):
        with pytest.raises(SyncError, match=r"/oauth/token: 403 .*token is invalid.*can't sign in") as refused:
            sync_stream(session, session.spec.streams[stream], SyncRange(from_mark=True))
        assert "permission" not in str(refused.value)
    assert [request.path for request in api.requests] == ["/oauth/token"]


def test_a_token_that_still_works_is_used_after_a_refused_renewal(
    api: Vendor, connect: Callable[[Any], Session]
) -> None:
    tokens = [Reply(body={"access_token": "first-token", "expires_in": 3600}), Reply(403), Reply(403)]
    replies = {"/teams": Reply(401), "/alerts": Reply(body=[{"id": 1}])}
    api.handler = lambda asked: tokens.pop(0) if asked.path == "/oauth/token" else replies[asked.path]
    session = connect(AUTHS["client credentials"])
    with pytest.raises(SyncError, match="can't sign in"):
        sync_stream(session, session.spec.streams["teams"], SyncRange(from_mark=True))
    assert sync_stream(session, session.spec.streams["alerts"], SyncRange(from_mark=True)).stored == 1


def test_parents_are_not_tried_one_by_one(api: Vendor, connect: Callable[[Any], Session]) -> None:
    teams = Reply(body=[{"id": number} for number in range(20)])
    api.handler = lambda asked: teams if asked.path == "/teams" else Reply(body={"access_token": "first-token"})
    session = connect(AUTHS["client credentials"])
    sync_stream(session, session.spec.streams["teams"], SyncRange(from_mark=True))
    api.requests.clear()
    api.handler = lambda _: Reply(403)
    later = connect(AUTHS["client credentials"])
    with pytest.raises(SyncError, match="can't sign in"):
        sync_stream(later, later.spec.streams["notes"], SyncRange(from_mark=True))
    assert [request.path for request in api.requests] == ["/oauth/token"]
