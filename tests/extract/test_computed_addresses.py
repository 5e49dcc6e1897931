"""A base URL that the config computes: connections that sign in in another way have another address."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, computed_field

from dazz_assets import BearerToken, ConnectionConfig, Integration, Stream
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.lake import Lake
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.http.loopback import Reply, Vendor
from tests.spec.mistakes import integration, load_error


class SiteConfig(ConnectionConfig):
    token: SecretStr
    site: str
    cloud: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def address(self) -> str:
        """Where the API is."""
        return f"https://gateway.test/sites/{self.cloud}" if self.cloud else f"https://{self.site}.test"


class ThingsStream(Stream):
    path = "/things"
    primary_key = "id"


class SiteIntegration(Integration[SiteConfig]):
    base_url = "{config.address}/v1"
    auth = BearerToken("{config.token}")
    streams = (ThingsStream,)


SPEC = read_integration(SiteIntegration)


def connection(**config: str) -> Connection:
    return Connection(id="acme", integration="site", start=date(2026, 1, 5), config={"token": "canary", **config})


def base_url(**config: str) -> str:
    return Session(SPEC, connection(**config), Lake("/nowhere")).base_url


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"site": "a"}, "https://a.test/v1"),
        ({"site": "a", "cloud": "7"}, "https://gateway.test/sites/7/v1"),
        ({"site": "a", "cloud": "7", "base_url": "http://127.0.0.1:80/"}, "http://127.0.0.1:80"),
    ],
)
def test_the_address_at_the_start_is_taken_as_it_is(config: dict[str, str], expected: str) -> None:
    assert base_url(**config) == expected


def test_an_address_that_is_none_fails_with_the_connection() -> None:
    with pytest.raises(BadConnection, match=r"connection 'acme' of site: the integration's base_url with this config"):
        base_url(site="a b:c")


@pytest.mark.parametrize("wrong", ["{config.org}.vendor.test", "{config.org}:80"])
def test_a_host_that_lacks_its_scheme_fails_at_load(wrong: str) -> None:
    told = (
        f"BadIntegration: `base_url` is {wrong!r}, which is not an absolute URL; write it as `https://api.vendor.com`"
    )
    assert load_error(lambda: integration(base_url=wrong)) == told


def test_the_requests_of_a_sync_show_it_by_its_name() -> None:
    [request] = announce_requests(SPEC, SPEC.streams["things"])

    assert request.url == "{config.address}/v1/things"


@pytest.mark.parametrize(
    ("config", "public"),
    [({"site": "a"}, "https://a.test/v1"), ({"site": "a", "cloud": "7"}, "https://gateway.test/sites/7/v1")],
)
def test_a_recording_has_the_vendors_address_in_place_of_the_connections_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], public: str
) -> None:
    monkeypatch.setattr("dazz_assets.recording.record_scenario.recordings_folder", lambda _: tmp_path)
    with Vendor() as vendor:
        vendor.handler = lambda asked: Reply(body=[{"id": 1, "self": f"{vendor.url}/things/1"}])
        record_scenario(SPEC, connection(**config, base_url=vendor.url), "default", key=b"k", records=None)

    everything = "".join(file.read_text() for file in tmp_path.rglob("*.json"))
    assert f'"url": "{public}/things"' in everything
    assert f'"self": "{public}/things/1"' in everything
    assert vendor.url not in everything
