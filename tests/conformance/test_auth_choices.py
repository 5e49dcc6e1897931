"""Connections of one integration that sign in in different ways."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, computed_field

from dazz_assets import Basic, BearerToken, ConnectionConfig, Integration, Stream
from dazz_assets.assistant.connection_check import check_connection
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class Config(ConnectionConfig):
    token: SecretStr | None = None
    site: str | None = None
    user: str | None = None
    password: SecretStr | None = None

    @computed_field
    def realm(self) -> str:
        """The name that the vendor knows a user by."""
        return f"{self.site or 'main'}-{self.user}"

    @computed_field
    def proof(self) -> SecretStr | None:
        """A password with what the vendor wants before it."""
        return SecretStr(f"v1:{self.password.get_secret_value()}") if self.password else None


class Account(ConnectionConfig):
    user: str | None = None
    password: SecretStr | None = None
    tokens: tuple[SecretStr, ...] = ()


class Computed(ConnectionConfig):
    token: SecretStr
    key: str = ""

    @computed_field
    def region(self) -> str:
        """The region that the key begins with."""
        return {"e": "eu", "u": "us"}[self.key[:1] + self.token.get_secret_value()[:0]]


class ThingsStream(Stream):
    """Things."""

    path = "/{config.realm}/things"
    primary_key = "id"


class PlainStream(Stream):
    """Things at one address."""

    path = "/things"


class EitherIntegration(Integration[Config]):
    """Signs in with a token or as a user."""

    base_url = "https://api.vendor.test"
    auth = (BearerToken("{config.token}"), Basic("{config.user}", "{config.proof}"))
    streams = (ThingsStream,)


@pytest.fixture
def session(api: Vendor, tmp_path: Path) -> Any:
    api.handler = lambda _: Reply(body=[{"id": 1}])

    def with_config(**config: str) -> Session:
        entry = Connection.model_validate(
            {
                "id": "acme",
                "integration": "either",
                "start": "2026-01-05",
                "config": {"base_url": api.url, **config},
            }
        )
        return Session(read_integration(EitherIntegration), entry, Lake(str(tmp_path)))

    return with_config


def test_a_connection_uses_the_first_auth_that_its_config_is_complete_for(api: Vendor, session: Any) -> None:
    check_connection(session(token="tok-of-acme"))
    check_connection(session(user="ann", password="pass-of-ann"))
    signed = [request.headers["Authorization"] for request in api.requests]
    assert signed == ["Bearer tok-of-acme", f"Basic {b64encode(b'ann:v1:pass-of-ann').decode()}"]


def test_what_is_computed_from_the_config_fills_templates(api: Vendor, session: Any) -> None:
    check_connection(session(token="tok-of-acme", user="ann", site="eu"))
    assert [request.path for request in api.requests] == ["/eu-ann/things"]


def test_a_computed_secret_is_masked(api: Vendor, session: Any) -> None:
    assert "v1:pass-of-ann" in session(user="ann", password="pass-of-ann").secrets


def load(integration: type[Integration[Any]], folder: Path, **config: Any) -> Session:
    entry = {"id": "acme", "integration": "vendor", "start": "2026-01-05", "config": config}
    return Session(read_integration(integration), Connection.model_validate(entry), Lake(str(folder)))


def test_a_list_of_tokens_beside_another_way_to_sign_in_is_told(tmp_path: Path) -> None:
    auth = (Basic("{config.user}", "{config.password}"), BearerToken("{config.tokens}"))
    vendor = declare(
        "VendorIntegration", Integration[Account], base_url="https://a.test", auth=auth, streams=(PlainStream,)
    )
    both = {"user": "ann", "password": "pass-of-ann", "tokens": ["tok-one", "tok-two"]}
    with pytest.raises(BadConnection, match=r"`config\.tokens` not; remove one of them"):
        load(vendor, tmp_path, **both).client("plain")


def test_a_field_that_cannot_be_computed_is_told_without_what_the_code_says(tmp_path: Path) -> None:
    auth = BearerToken("{config.token}")
    vendor = declare(
        "VendorIntegration", Integration[Computed], base_url="https://a.test", auth=auth, streams=(PlainStream,)
    )
    with pytest.raises(BadConnection) as refused:
        load(vendor, tmp_path, token="tok-of-acme", key="xyz").client("plain")
    told = "connection 'acme' of vendor: `config.region` can't be computed from the other settings (KeyError)"
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "set `config.token`, or `config.user` and `config.proof`"),
        ({"user": "ann"}, "is not complete for any way to sign in; set `config.proof`"),
        (
            {"token": "tok-of-acme", "user": "ann", "password": "pass-of-ann"},
            "has two ways to sign in: `config.token` would be used, and `config.proof` not; remove one of them",
        ),
    ],
)
def test_a_config_that_fits_none_or_two_is_told_what_to_do(
    api: Vendor, session: Any, config: dict[str, str], message: str
) -> None:
    with pytest.raises(BadConnection) as refused:
        check_connection(session(**config))
    assert message in str(refused.value)
    assert str(refused.value).startswith("connection 'acme' of either: ")
    assert "pass-of-ann" not in str(refused.value)
    assert api.requests == []
