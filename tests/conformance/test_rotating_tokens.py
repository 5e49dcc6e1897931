"""A refresh token that works once: line 19."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import Integration, RefreshToken
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.integrations import ItemsStream
from tests.conformance.refreshing import RefreshConfig, RefreshingIntegration
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor
from tests.http.token_issuer import CANARY, TokenIssuer

Started = subprocess.Popen[str]
ROWS = "[{'key': '1'}]"


@pytest.fixture
def issuer(api: Vendor) -> TokenIssuer:
    return TokenIssuer(api)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def stored(home: Path) -> dict[str, Any]:
    """What is in the only file of secrets."""
    (file,) = (home / "secrets" / "vendor" / "acme").glob("*.json")
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def test_19_the_new_token_is_on_the_disk_before_the_access_token_is_used(
    connect: Connect, issuer: TokenIssuer, home: Path
) -> None:
    seen: list[str] = []

    def page(request: ReceivedRequest) -> Reply:
        seen.append(stored(home)["refresh_token"])
        return Reply(body={"data": [{"id": 1}]})

    issuer.page = page
    connect(RefreshingIntegration).sync(ItemsStream)
    assert seen == [f"{CANARY}refresh-1"]


def test_19_it_is_a_file_that_its_owner_alone_can_read(connect: Connect, issuer: TokenIssuer, home: Path) -> None:
    connect(RefreshingIntegration).sync(ItemsStream)
    (file,) = (home / "secrets" / "vendor" / "acme").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "secrets").stat().st_mode) == 0o700
    assert (home / ".gitignore").read_text() == "*\n"


def test_19_each_refresh_sends_the_token_that_the_last_one_brought(
    connect: Connect, issuer: TokenIssuer, clock: Clock
) -> None:
    acme = connect(RefreshingIntegration)
    for _ in range(3):
        acme.sync(ItemsStream)
        clock.now += 3600
    assert [form["refresh_token"] for form in issuer.forms] == [f"{CANARY}refresh-{number}" for number in range(3)]


def test_19_a_sync_uses_the_access_token_of_the_one_before_while_it_lasts(
    connect: Connect, issuer: TokenIssuer, clock: Clock
) -> None:
    acme = connect(RefreshingIntegration)
    acme.sync(ItemsStream)
    clock.now += 3000
    acme.sync(ItemsStream)
    assert issuer.paths == ["token", "/items", "/items"]
    issuer.revoke_all()
    acme.sync(ItemsStream)
    assert issuer.paths[3:] == ["/items", "token", "/items"]


def test_19_a_token_that_works_again_and_again_is_sent_again(
    connect: Connect, issuer: TokenIssuer, clock: Clock
) -> None:
    issuer.rotates = False
    acme = connect(RefreshingIntegration)
    for _ in range(2):
        acme.sync(ItemsStream)
        clock.now += 3600
    assert [form["refresh_token"] for form in issuer.forms] == [f"{CANARY}refresh-0"] * 2


def test_19_connections_share_no_token(connect: Connect, issuer: TokenIssuer) -> None:
    issuer.grace = True
    connect(RefreshingIntegration, id_="acme").sync(ItemsStream)
    connect(RefreshingIntegration, id_="other").sync(ItemsStream)
    assert [form["refresh_token"] for form in issuer.forms] == [f"{CANARY}refresh-0"] * 2


def test_19_a_new_token_in_the_config_is_used_in_place_of_what_is_stored(
    connect: Connect, issuer: TokenIssuer, clock: Clock
) -> None:
    class Renewed(RefreshConfig):
        refresh_token: SecretStr = SecretStr(f"{CANARY}refresh-new")

    connect(RefreshingIntegration).sync(ItemsStream)
    issuer.refresh_tokens.append(f"{CANARY}refresh-new")
    settings = {name: value for name, value in vars(RefreshingIntegration).items() if not name.startswith("__")}
    connect(declare("VendorIntegration", Integration[Renewed], **settings)).sync(ItemsStream)
    assert [form["refresh_token"] for form in issuer.forms] == [f"{CANARY}refresh-0", f"{CANARY}refresh-new"]


def test_19_a_refused_token_says_what_to_set(connect: Connect, issuer: TokenIssuer, home: Path) -> None:
    issuer.refresh_tokens = ["another"]
    acme = connect(RefreshingIntegration)
    for _ in range(2):
        with pytest.raises(SyncError) as caught:
            acme.sync(ItemsStream)
        text = str(caught.value)
        assert "vendor/acme" in text
        assert "The vendor says: *** was replaced; invalid_grant" in text
        assert "may be revoked, expired, or used by someone else: authorise the connection again" in text
        assert "set `config.refresh_token` in its config to the new token" in text
    assert issuer.asked_for_tokens == 2
    assert stored(home)["begun"] is None


def test_19_nothing_is_sent_while_the_new_token_could_not_be_stored(
    connect: Connect, issuer: TokenIssuer, home: Path
) -> None:
    home.mkdir()
    (home / "secrets").write_text("a file where a folder must be")
    with pytest.raises(SyncError, match=r"the secret store: .*secrets.* can't be"):
        connect(RefreshingIntegration).sync(ItemsStream)
    assert issuer.paths == []


@pytest.mark.parametrize(
    "answer", [{"expires_in": "soon", "access_token": "abc"}, {"accessToken": "abc"}], ids=["no time", "no token"]
)
def test_19_a_new_token_is_stored_even_if_the_rest_of_the_answer_is_of_no_use(
    connect: Connect, issuer: TokenIssuer, home: Path, answer: dict[str, Any]
) -> None:
    issuer.refusal = Reply(body={"refresh_token": f"{CANARY}refresh-1", **answer})
    issuer.refresh_tokens.append(f"{CANARY}refresh-1")
    with pytest.raises(SyncError) as caught:
        connect(RefreshingIntegration).sync(ItemsStream)
    assert CANARY not in str(caught.value)
    assert stored(home)["refresh_token"] == f"{CANARY}refresh-1"
    issuer.refusal = None
    connect(RefreshingIntegration).sync(ItemsStream)


def test_19_a_client_without_a_secret_sends_none(connect: Connect, issuer: TokenIssuer) -> None:
    public = declare(
        "VendorIntegration", RefreshingIntegration, auth=RefreshToken(token_url="/oauth/token", client_secret="")
    )
    with pytest.raises(SyncError, match="invalid_client"):
        connect(public).sync(ItemsStream)
    assert "client_secret" not in issuer.forms[0]


@pytest.fixture
def start(api: Vendor, home: Path, tmp_path: Path) -> Iterator[Any]:
    """Starts a sync in a process of its own, with a lake of its own; `store` is its secret store."""
    processes: list[Started] = []

    def start(store: str = "AnnouncedStore") -> Started:
        environment = {**os.environ, "DAZZ_SECRET_STORE": f"tests.conformance.refreshing:{store}"}
        lake = tmp_path / f"lake-{len(processes)}"
        command = [sys.executable, "-m", "tests.conformance.refreshing", api.url, str(lake)]
        processes.append(
            subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def last_line(process: Started) -> str:
    return process.communicate(timeout=60)[0].splitlines()[-1]


def test_19_of_two_processes_one_refreshes_and_the_other_uses_what_it_stored(
    issuer: TokenIssuer, start: Any, home: Path
) -> None:
    """The answer to the first is held back until the second has come to the lock."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold_back() -> None:
        is_asked.set()
        may_answer.wait(60)

    issuer.on_token = hold_back
    first = start()
    assert is_asked.wait(60)
    second = start()
    assert second.stdout.readline() == "locks\n"
    may_answer.set()
    assert [last_line(first), last_line(second)] == [ROWS, ROWS]
    assert issuer.paths == ["token", "/items", "/items"]
    assert stored(home)["refresh_token"] == f"{CANARY}refresh-1"


def kill_amid_answer(issuer: TokenIssuer, start: Any) -> Started:
    """Kill a sync whose refresh the vendor has done, and whose answer is on its way."""
    begun: list[Started] = []
    is_started = threading.Event()

    def kill() -> None:
        is_started.wait(60)
        begun[0].kill()
        begun[0].wait(60)

    issuer.on_token = kill
    begun.append(start())
    is_started.set()
    begun[0].wait(60)
    issuer.on_token = lambda: None
    return begun[0]


def kill_before_storing(issuer: TokenIssuer, start: Any) -> Started:
    """Kill a sync that has the vendor's answer."""
    process: Started = start("DiesBeforeStoring")
    process.wait(60)
    return process


KILLS = {"while the answer is on its way": kill_amid_answer, "before the answer is stored": kill_before_storing}
each_kill = pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS.keys())


@each_kill
def test_19_a_crash_before_the_new_token_is_stored_is_survived_if_the_old_one_still_works(
    issuer: TokenIssuer, start: Any, kill: Any, home: Path
) -> None:
    issuer.grace = True
    assert kill(issuer, start).returncode == -signal.SIGKILL
    assert last_line(start()) == ROWS
    assert [form["refresh_token"] for form in issuer.forms] == [f"{CANARY}refresh-0"] * 2
    assert stored(home)["begun"] is None


@each_kill
def test_19_a_crash_before_the_new_token_is_stored_is_named_if_the_old_one_does_not_work(
    issuer: TokenIssuer, start: Any, kill: Any
) -> None:
    assert kill(issuer, start).returncode == -signal.SIGKILL
    for _ in range(2):  # It is not forgotten by the first error.
        text = last_line(start())
        assert "vendor/acme" in text
        assert "A refresh that began at " in text
        assert "was cut off before its answer was stored" in text
        assert "set `config.refresh_token` in its config to the new token" in text
        assert CANARY not in text


def test_19_a_crash_after_the_new_token_is_stored_costs_nothing(issuer: TokenIssuer, start: Any) -> None:
    process = start("DiesAfterStoring")
    process.wait(60)
    assert process.returncode == -signal.SIGKILL
    assert last_line(start()) == ROWS
    assert issuer.paths == ["token", "/items"]


def test_19_an_answer_that_is_lost_on_the_way_is_survived_or_named(
    connect: Connect, issuer: TokenIssuer, clock: Clock
) -> None:
    """The engine tries again with the token that may be used up."""
    answers = [Reply(503), None]

    def lose_first() -> None:
        issuer.refusal = answers.pop(0) if answers else None

    lose_first()
    issuer.on_token = lose_first
    issuer.refresh_tokens.append("what the lost answer brought")
    with pytest.raises(SyncError, match="was cut off before its answer was stored"):
        connect(RefreshingIntegration).sync(ItemsStream)
    issuer.grace = True
    connect(RefreshingIntegration).sync(ItemsStream)
