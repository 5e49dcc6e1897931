"""A config that gives no valid base URL: the error names the connection, the setting and the fix."""

from pathlib import Path

import pytest

from dazz_assets import BearerToken, Integration
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import DeskConfig, Mondays, TicketsStream


class RegionConfig(DeskConfig):
    region: str | None = None


class Regional(Integration[RegionConfig]):
    name = "desk"
    base_url = "https://desk.test/{config.region}"
    auth = BearerToken("{config.token}")
    primary_key = "id"
    streams = (TicketsStream,)


def session(folder: Path, **config: str) -> Session:
    spec = read_integration(Regional)
    connection = Connection(id="acme", integration="desk", start=Mondays.FIRST, config={"token": "canary", **config})
    return Session(spec, connection, Lake(folder))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, r"connection 'acme' of desk: `config\.region` is part of the base URL but is not set; set it"),
        ({"region": ".."}, r"connection 'acme' of desk: `config\.region` is part of the base URL: '\.\.' can't be"),
        (
            {"base_url": "localhost:80"},
            r"connection 'acme' of desk: `config\.base_url` must begin with http:// or https://",
        ),
        ({"base_url": "https://me:pw@desk.test"}, r"`config\.base_url` must begin with .* no user name"),
        ({"base_url": "https://desk.test/v2#top"}, r"`config\.base_url` has a `\?` or `#`, which no path can follow"),
        ({"base_url": "https://desk.test?v=2"}, r"`config\.base_url` has a `\?` or `#`, which no path can follow"),
        (
            {"base_url": "https://desk.test/{cursor.since}"},
            r"the base URL contains \{cursor\.since\}; use only \{config\.x\} there",
        ),
        (
            {"base_url": "https://desk.test/{region}", "region": "eu"},
            r"connection 'acme' of desk: `config\.base_url` holds \{region\}, which is not a placeholder; write "
            r"\{config\.x\} for a field of RegionConfig",
        ),
        (
            {"base_url": "https://desk.test/{config.token}"},
            r"connection 'acme' of desk: `config\.base_url` holds \{config\.token\}, a secret, but URLs end up in logs",
        ),
        ({"base_url": "https://desk.test:port"}, r"`config\.base_url` must begin with"),
    ],
)
def test_the_error_names_connection_setting_and_fix(tmp_path: Path, config: dict[str, str], message: str) -> None:
    with pytest.raises(BadConnection, match=message) as caught:
        session(tmp_path, **config).client("tickets")
    assert "pw" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_valid_base_url_has_no_slash_at_the_end(tmp_path: Path) -> None:
    assert session(tmp_path, region="eu/1").base_url == "https://desk.test/eu%2F1"
    assert session(tmp_path, base_url="http://[::1]:80/api/").base_url == "http://[::1]:80/api"
