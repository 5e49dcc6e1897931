"""Requests of a vendor's SDK that bypass `requests` are recorded and replayed at a seam that the integration names."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply
from tests.recording.pytest_runs import read_files
from tests.recording.shop import INTEGRATION, KEY, TOKEN, Shop, connection_to

SESSION = "session-canary-0b7e22d1"

SDK = '''
"""A vendor's SDK with a transport of its own, which knows nothing about recordings."""

import http.client
import json
from urllib.parse import urlsplit


class ShopSdk:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def login(self):
        return self.call("POST", "/login", {"api_key": self.token})["session"]["access_token"]

    def rate(self, name):
        return self.call("GET", f"/rates/{name}")["rate"]

    def call(self, method, path, params=None):
        status, body = self.transport(method, self.url + path, None if params is None else json.dumps(params).encode())
        if status != 200:
            raise ValueError(f"the shop answered {status}")
        return json.loads(body)

    def transport(self, method, url, body):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request(method, parts.path, body)
        response = connection.getresponse()
        return response.status, response.read()
'''

SEAM = '''
"""The seam of the SDK, as its author or an integration's author writes it."""

from contextlib import contextmanager
from unittest import mock

from dazz_assets import Request, Response

from .sdk import ShopSdk


class SdkSeam:
    @contextmanager
    def recording(self, tape):
        really = ShopSdk.transport

        def transport(sdk, method, url, body):
            def send(request):
                status, answer = really(sdk, request.method, request.url, request.body)
                return Response(status, {"Content-Type": "application/json"}, answer)

            response = tape(Request(url, method, body=body), send)
            return response.status, response.body

        with mock.patch.object(ShopSdk, "transport", transport):
            yield

    @contextmanager
    def replaying(self, script):
        def transport(sdk, method, url, body):
            response = script(Request(url, method, body=body))
            return response.status, response.body

        with mock.patch.object(ShopSdk, "transport", transport):
            yield
'''

# Its auth gets a session from the SDK, and its parser the exchange rate at each sync.
WITH_SDK = (
    INTEGRATION.replace(
        "\n\nclass ShopConfig",
        """
from .sdk import ShopSdk
from .seam import SdkSeam


class Login:
    def flow(self, request, config):
        session = ShopSdk(config["sdk_url"], config["token"]).login()
        yield request.with_header("Authorization", f"Bearer {session}")


class ShopConfig""",
    )
    .replace("    token: SecretStr\n", "    token: SecretStr\n    sdk_url: str\n")
    .replace('auth = BearerToken("{config.token}")', "auth = Login()\n    seams = (SdkSeam(),)")
    .replace(
        "        for order in orders:",
        "        sdk = ShopSdk(self.config.sdk_url, self.config.token.get_secret_value())\n"
        '        rate = Decimal(sdk.rate("eur"))\n'
        "        for order in orders:",
    )
    .replace("total=order.total", "total=order.total * rate")
)


class ShopWithSdk(Shop):
    """The shop, with a login by its SDK."""

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/login":
            assert TOKEN.encode() in asked.body
            return Reply(200, {"session": {"access_token": SESSION}, "owner": "jane.doe@corp.test"})
        if asked.path == "/rates/eur":
            return Reply(200, b'{"rate": "1.10"}')
        assert asked.headers["Authorization"] == f"Bearer {SESSION}"
        return super().answer(replace(asked, headers={"Authorization": f"Bearer {TOKEN}"}))


@pytest.fixture(scope="module")
def shop() -> Iterator[ShopWithSdk]:
    shop = ShopWithSdk()
    yield shop
    shop.vendor.close()


def write_sdk_integration(folder: Path) -> IntegrationSpec:
    """Write the integration, its seam and the SDK to a folder, and load the integration."""
    for name, text in {"integration": WITH_SDK, "sdk": SDK, "seam": SEAM}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return find_integration(str(folder / "integration.py"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, shop: ShopWithSdk) -> Path:
    spec = write_sdk_integration(tmp_path_factory.mktemp("with sdk"))
    connection = connection_to(shop.url, sdk_url=shop.url)
    return record_scenario(spec, connection, "default", key=KEY, records=3).folder


def read_first_exchange(recording: Path, name: str) -> Any:
    return json.loads((recording / "first" / f"{name}.json").read_text(encoding="utf-8"))


def test_requests_of_the_sdk_are_recorded_and_redacted_like_others(recording: Path) -> None:
    assert read_first_exchange(recording, "0-other.001") == {
        "request": {
            "method": "POST",
            "url": "https://api.shop.example/login",
            "headers": {},
            "body": {"api_key": "redacted-token"},
        },
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": {"session": {"access_token": ANY}, "owner": ANY},
        },
    }
    answer = read_first_exchange(recording, "0-other.001")["response"]["body"]
    assert re.fullmatch(r"redacted-[a-z-]+-[0-9a-f]{8}", answer["session"]["access_token"])
    assert re.fullmatch(r"person-[0-9a-f]{8}@example.com", answer["owner"])
    for name, content in read_files(recording).items():
        for canary in (TOKEN, SESSION, "jane"):
            assert canary not in name
            assert canary.encode() not in content


def test_the_vendor_gets_the_real_session_though_the_engine_sees_a_placeholder(recording: Path) -> None:
    session = read_first_exchange(recording, "0-other.001")["response"]["body"]["session"]["access_token"]
    headers = read_first_exchange(recording, "1-accounts.001")["request"]["headers"]
    assert headers["Authorization"] == f"Bearer {session}"


def test_both_seams_are_replayed_and_nothing_is_sent(recording: Path, shop: ShopWithSdk) -> None:
    asked = len(shop.vendor.requests)
    with replay_scenario(recording) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        (model,) = replay.spec.parsers["invoices"].models
        assert {item.model_dump()["total"] for item in replay.objects(model)} == {Decimal("13.75")}
    assert len(shop.vendor.requests) == asked


def test_an_unrecorded_request_of_the_sdk_is_reported(recording: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(recording.parent.parent, tmp_path / "changed")
    file = folder / "integration.py"
    file.write_text(file.read_text(encoding="utf-8").replace('"eur"', '"usd"'), encoding="utf-8")
    with replay_scenario(folder / "recordings/default") as replay:
        assert replay.problems[0].startswith(
            "first sync: GET https://api.shop.example/rates/usd was requested but not recorded\n"
            "    nearest: GET https://api.shop.example/rates/eur\n"
        )
