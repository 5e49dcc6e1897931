"""Each kind of auth that docs/auth.md shows works, as it stands there."""

from __future__ import annotations

import re
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dazz_assets import Integration
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.connections import Connection
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.docs.markdown import blocks
from tests.first_check import check_first
from tests.http.loopback import Reply, Vendor
from tests.http.token_issuer import CANARY, CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN, PRIVATE_KEY, TokenIssuer

PAGE = (Path(__file__).parents[2] / "docs" / "auth.md").read_text(encoding="utf-8")
TOKEN = f"{CANARY}4be1"
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
CONFIGS: dict[str, dict[str, Any]] = {
    "BearerIntegration": {"token": TOKEN},
    "HeaderIntegration": {"token": TOKEN},
    "ParamIntegration": {"token": TOKEN},
    "LoginIntegration": {"email": "jo@vendor.example", "token": TOKEN},
    "TokensIntegration": {"tokens": [TOKEN, TOKEN]},
    "ClientIntegration": CLIENT,
    "RefreshIntegration": {**CLIENT, "refresh_token": FIRST_REFRESH_TOKEN},
    "AppIntegration": {"app_id": "17", "private_key": PRIVATE_KEY},
    "ServiceIntegration": {"client_email": "dazz@vendor.example", "private_key": PRIVATE_KEY},
    "InstallationIntegration": {"app_id": "17", "installation_id": 4, "private_key": PRIVATE_KEY},
    "EitherIntegration": {"app_id": "17", "installation_id": 4, "private_key": PRIVATE_KEY},
}
SENT_AS_IT_IS = ("BearerIntegration", "HeaderIntegration", "ParamIntegration", "LoginIntegration", "TokensIntegration")


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The page's examples, one after another, as a module; its addresses of tokens are at the API."""
    shown = [block.text for block in blocks(PAGE) if block.language == "python" and not block.words]
    module = ModuleType("auth_page")
    sys.modules["auth_page"] = module
    text = "\n".join(shown).replace("https://auth.vendor.example", "")
    exec(compile(text, "auth.md", "exec"), module.__dict__)
    return module


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenIssuer]:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    with Vendor() as api:
        issuer = TokenIssuer(api)
        issuer.page = lambda request: Reply(body=[{"id": 1}])
        yield issuer


def check(integration: type[Integration[Any]], issuer: TokenIssuer, tmp_path: Path) -> int:
    """Check a connection, as `dazz check` does; the records that came."""
    spec = read_integration(integration)
    config = {**CONFIGS[integration.__name__], "base_url": issuer.api.url}
    connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
    return check_first(Session(spec, connection, Lake(tmp_path / "lake"))).records


def test_the_page_shows_what_is_tested_here(page: ModuleType) -> None:
    assert set(re.findall(r"^class (\w+Integration)\(", PAGE, re.MULTILINE)) == set(CONFIGS)


@pytest.mark.parametrize("name", [name for name in CONFIGS if name not in SENT_AS_IT_IS])
def test_each_that_fetches_or_signs_a_token_passes_a_check(
    page: ModuleType, issuer: TokenIssuer, tmp_path: Path, name: str
) -> None:
    assert check(getattr(page, name), issuer, tmp_path) == 1
    assert issuer.paths == (["/issues"] if name == "AppIntegration" else ["token", "/issues"])


@pytest.mark.parametrize("name", SENT_AS_IT_IS)
def test_each_secret_that_is_sent_as_it_is_arrives(
    page: ModuleType, issuer: TokenIssuer, tmp_path: Path, name: str
) -> None:
    issuer.api.handler = lambda request: Reply(body=[{"id": 1}])
    assert check(getattr(page, name), issuer, tmp_path) == 1
    (asked,) = issuer.api.requests
    login = asked.headers.get("Authorization", "").removeprefix("Basic ")
    assert {
        "BearerIntegration": lambda: login == f"Bearer {TOKEN}",
        "TokensIntegration": lambda: login == f"Bearer {TOKEN}",
        "HeaderIntegration": lambda: asked.headers["X-Api-Key"] == f"key {TOKEN}",
        "ParamIntegration": lambda: asked.query["api_key"] == [TOKEN],
        "LoginIntegration": lambda: b64decode(login).decode() == f"jo@vendor.example:{TOKEN}",
    }[name]()


def test_of_several_the_one_that_the_config_is_complete_for_is_used(
    page: ModuleType, issuer: TokenIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONFIGS, "EitherIntegration", {"token": TOKEN})
    issuer.api.handler = lambda request: Reply(body=[{"id": 1}])
    assert check(page.EitherIntegration, issuer, tmp_path) == 1
    assert [asked.headers["Authorization"] for asked in issuer.api.requests] == [f"Bearer {TOKEN}"]


def test_what_the_page_says_of_each_is_what_is_sent(page: ModuleType, issuer: TokenIssuer, tmp_path: Path) -> None:
    for name in ("ServiceIntegration", "InstallationIntegration", "AppIntegration"):
        check(getattr(page, name), issuer, tmp_path)
    service, installation, app = issuer.jwts
    assert (service["aud"], service["scope"]) == (f"{issuer.api.url}/oauth/token", "issues.read")
    assert installation["iss"] == app["iss"] == "17"
    bodies = [request.body for request in issuer.api.requests if request.path == "/app/installations/4/access_tokens"]
    assert bodies == [b'{"permissions": {"issues": "read"}}']


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ClientIntegration", "the auth asks POST https://api.vendor.example/oauth/token before it"),
        ("RefreshIntegration", "the auth asks POST https://api.vendor.example/oauth/token before it"),
        ("ServiceIntegration", "what the auth adds shows only with a connection's config"),
    ],
)
def test_explain_says_what_it_does_before_the_first_request(
    page: ModuleType, issuer: TokenIssuer, tmp_path: Path, name: str, told: str
) -> None:
    spec = read_integration(getattr(page, name))
    (request,) = announce_requests(spec, spec.streams["issues"])
    assert request.note == told
    assert not (tmp_path / "home").exists()


class Vault:
    """The SDK of the page's secret store."""

    texts: dict[str, str] = {}

    def __init__(self, name: str) -> None:
        assert name == "dazz"

    def get(self, name: str) -> str | None:
        return self.texts.get(name)

    def put(self, name: str, text: str) -> None:
        self.texts[name] = text

    def lock(self, name: str, seconds: int) -> AbstractContextManager[object]:
        return threading.Lock()


def test_a_store_of_ones_own_keeps_the_refresh_token(
    page: ModuleType, issuer: TokenIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vault_sdk", SimpleNamespace(Vault=Vault))
    monkeypatch.setattr(Vault, "texts", {})
    (vault,) = (block.text for block in blocks(PAGE) if block.words == ("vault.py",))
    (tmp_path / "vault.py").write_text(vault, encoding="utf-8")
    monkeypatch.setenv("DAZZ_SECRET_STORE", f"{tmp_path / 'vault.py'}:VaultStore")
    assert check(page.RefreshIntegration, issuer, tmp_path) == 1
    (text,) = Vault.texts.values()
    assert issuer.refresh_tokens[-1] in text
    assert not (tmp_path / "home").exists()
