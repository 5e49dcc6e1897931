"""A vendor whose tokens are fetched is recorded without a secret, and replayed without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.connections import Connection
from dazz_assets.errors import RecordingError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.recording.record_scenario import RecordedScenario, record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.http.token_issuer import CANARY, CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN, PRIVATE_KEY, TokenIssuer

INTEGRATION = """
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

from dazz_assets import (
    ClientCredentials, ConnectionConfig, FullRefresh, Integration, JwtGrant, NextLink, RefreshToken, SignedJwt,
    Stream, TokenExchange, parser,
)
from dazz_assets.domain import DomainObject


class DeskConfig(ConnectionConfig):
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    private_key: SecretStr


class Person(BaseModel):
    id: int


class Desk(BaseModel):
    id: int
    person: int


class Seat(DomainObject):
    person: int


class PeopleStream(Stream[Person]):
    path = "/people"


class DesksStream(Stream[Desk]):
    path = "/desks"


class DeskIntegration(Integration[DeskConfig]):
    base_url = "https://api.desk.example"
    auth = AUTH
    primary_key = "id"
    records = "data"
    paginator = NextLink("next")
    streams = (PeopleStream, DesksStream)

    @parser
    def seats(self, people: FullRefresh[PeopleStream], desks: FullRefresh[DesksStream]) -> Iterator[Seat]:
        known = {person.id for person in people}
        for desk in desks:
            if desk.person in known:
                yield Seat(id=self.object_id(desk.id), person=desk.person)
"""
JWT = 'SignedJwt("{config.private_key}", claims={"iss": "{config.client_id}"})'
AUTHS = {
    "client credentials": 'ClientCredentials(token_url="/oauth/token", scope="read")',
    "client credentials in a header": 'ClientCredentials(token_url="/oauth/token", send="basic")',
    "a refresh token": 'RefreshToken(token_url="/oauth/token")',
    "a JWT": JWT,
    "a grant for a JWT": f'JwtGrant({JWT}, token_url="/oauth/token", scope="read")',
    "an exchange": f'TokenExchange({JWT}, url="/app/installations/{{config.client_id}}/access_tokens")',
}
each_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS.keys())
RENEWED = AUTHS["a refresh token"]


@pytest.fixture
def issuer() -> Iterator[TokenIssuer]:
    with Vendor() as api:
        issuer = TokenIssuer(api)
        issuer.page = answer
        yield issuer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def answer(request: ReceivedRequest) -> Reply:
    """Five people on three pages, and two desks, one of the last person's."""
    if request.path == "/desks":
        return Reply(body={"data": [{"id": 1, "person": 1}, {"id": 2, "person": 5}]})
    page = int(request.query.get("page", ["1"])[0])
    people = [{"id": number} for number in range(1, 6)][2 * page - 2 : 2 * page]
    return Reply(body={"data": people, "next": f"/people?page={page + 1}" if page < 3 else None})


def write(folder: Path, auth: str) -> IntegrationSpec:
    file = folder / "desk" / "desk.py"
    file.parent.mkdir()
    file.write_text(INTEGRATION.replace("AUTH", auth), encoding="utf-8")
    return find_integration(str(file))


def connection(issuer: TokenIssuer) -> Connection:
    secrets = {"client_secret": CLIENT_SECRET, "refresh_token": FIRST_REFRESH_TOKEN, "private_key": PRIVATE_KEY}
    config = {"client_id": CLIENT_ID, "base_url": issuer.api.url, **secrets}
    return Connection(id="acme", integration="desk", start=date(2026, 1, 5), config=config)


def record(spec: IntegrationSpec, issuer: TokenIssuer, **settings: Any) -> RecordedScenario:
    return record_scenario(
        spec, connection(issuer), "default", **{"key": b"a key", "records": None, "pages": None, **settings}
    )


def sync(spec: IntegrationSpec, issuer: TokenIssuer, folder: Path) -> None:
    session = Session(spec, connection(issuer), Lake(folder))
    sync_stream(session, spec.streams["people"], SyncRange(from_mark=True))


def stored(home: Path) -> dict[str, Any]:
    """What is in the only file of secrets."""
    (file,) = (home / "secrets" / "desk").rglob("*.json")
    content: dict[str, Any] = json.loads(file.read_text())
    return content


@each_auth
def test_it_is_replayed_with_no_secret_and_no_request(issuer: TokenIssuer, tmp_path: Path, auth: str) -> None:
    spec = write(tmp_path, auth)
    folder = record(spec, issuer).folder
    asked = len(issuer.api.requests)
    with replay_scenario(folder) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        assert len(replay.records("people")) == 5
    assert len(issuer.api.requests) == asked


@each_auth
def test_neither_the_request_for_a_token_nor_its_answer_holds_a_secret(
    issuer: TokenIssuer, tmp_path: Path, auth: str
) -> None:
    folder = record(write(tmp_path, auth), issuer).folder
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.json")}
    assert not [name for name, text in texts.items() if CANARY in text or "PRIVATE KEY" in text or "eyJ" in text]
    asked = [json.loads(text) for name, text in texts.items() if name.startswith("first/0-other")]
    assert len(asked) == (0 if auth == JWT else 1)
    assert all("redacted-" in json.dumps(exchange["request"]) for exchange in asked)


def test_the_connection_keeps_the_refresh_token_that_the_recording_brought(
    issuer: TokenIssuer, tmp_path: Path, home: Path
) -> None:
    spec = write(tmp_path, RENEWED)
    record(spec, issuer)
    assert stored(home)["refresh_token"] == issuer.refresh_tokens[-1]
    assert stored(home)["access_token"] == issuer.issued[-1]
    issuer.revoke_all()
    sync(spec, issuer, tmp_path / "lake")
    assert stored(home)["refresh_token"] == issuer.refresh_tokens[-1]


def test_what_earlier_syncs_stored_does_not_show_in_the_recording(
    issuer: TokenIssuer, tmp_path: Path, home: Path
) -> None:
    """They spent the token of the config, and left an access token that is still valid."""
    spec = write(tmp_path, RENEWED)
    fresh = record(spec, issuer).folder
    before = {path.name: path.read_text() for path in (fresh / "first").glob("*.json")}
    sync(spec, issuer, tmp_path / "lake")
    assert stored(home)["refresh_token"] != FIRST_REFRESH_TOKEN
    again = record(spec, issuer).folder
    requests = {path.name: json.loads(path.read_text())["request"] for path in (again / "first").glob("*.json")}
    asked = {name: json.loads(text)["request"] for name, text in before.items()}
    assert {name: item for name, item in requests.items() if "0-other" in name} == {
        name: item for name, item in asked.items() if "0-other" in name
    }
    with replay_scenario(again) as replay:
        assert replay.problems == []


def test_a_sync_that_is_recorded_again_sends_the_newest_refresh_token(
    issuer: TokenIssuer, tmp_path: Path, home: Path
) -> None:
    """A desk names a person that the cut leaves out, so that more pages are read and the sync repeated."""
    spec = write(tmp_path, RENEWED)
    folder = record(spec, issuer, pages=1).folder
    assert len(issuer.refresh_tokens) > 3  # the two syncs, the search, and what was repeated
    assert stored(home)["refresh_token"] == issuer.refresh_tokens[-1]
    with replay_scenario(folder) as replay:
        assert replay.problems == []
        assert {person.id for person in replay.records("people")} == {1, 2, 5}
    issuer.revoke_all()
    sync(spec, issuer, tmp_path / "lake")


@pytest.mark.parametrize("elsewhere", [True, False], ids=["of another host", "of the same host"])
def test_the_connections_own_address_for_tokens_is_not_in_the_recording(
    issuer: TokenIssuer, tmp_path: Path, elsewhere: bool
) -> None:
    with Vendor() as other:
        url = other.url if elsewhere else issuer.api.url
        TokenIssuer(issuer.api, other).page = answer
        text = INTEGRATION.replace("AUTH", 'RefreshToken(token_url="{config.auth_url}/oauth/token")')
        file = tmp_path / "desk" / "desk.py"
        file.parent.mkdir()
        field = '    client_id: str\n    auth_url: str = "https://auth.desk.example"\n'
        file.write_text(text.replace("    client_id: str\n", field), encoding="utf-8")
        to_other = connection(issuer).model_copy(update={"config": {**connection(issuer).config, "auth_url": url}})
        spec = find_integration(str(file))
        folder = record_scenario(spec, to_other, "default", key=b"a key", records=None, pages=None).folder
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.json")}
    assert not [name for name, text in texts.items() if "127.0.0.1" in text]
    login = json.loads(texts["first/0-other.001.json"])
    assert login["request"]["url"] == "https://auth.desk.example/oauth/token"
    with replay_scenario(folder) as replay:
        assert replay.problems == []


def test_a_secret_store_that_cannot_be_used_is_told(issuer: TokenIssuer, tmp_path: Path, home: Path) -> None:
    home.mkdir()
    (home / "secrets").write_text("no folder")
    with pytest.raises(RecordingError, match=r"desk/acme can't be recorded: .*secrets"):
        record(write(tmp_path, RENEWED), issuer)
    assert issuer.paths == []
