"""Mistakes in a tuple of auths are told when definitions load."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import ApiKey, Basic, BearerToken, ClientCredentials, ConnectionConfig, Integration, RefreshToken
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import integration, load_error

URL = "https://auth.vendor.test/oauth/token"


class Choices(ConnectionConfig):
    token: SecretStr | None = None
    user: str | None = None
    password: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None


class Required(ConnectionConfig):
    token: SecretStr
    password: SecretStr


BEARER, BASIC = BearerToken("{config.token}"), Basic("{config.user}", "{config.password}")
CLIENT, REFRESH = ClientCredentials(token_url=URL), RefreshToken(token_url=URL)


@pytest.mark.parametrize("auth", [(BEARER,), (BEARER, BASIC), (BASIC, BEARER), (REFRESH, CLIENT, BEARER)])
def test_each_of_these_may_be_chosen(auth: Any) -> None:
    assert read_integration(integration(auth=auth, base=_with(Choices))).streams


@pytest.mark.parametrize(
    ("auth", "config", "message"),
    [
        ((), Choices, "`auth` is an empty tuple; give it auths, or remove it"),
        ((BEARER, "token"), Choices, "`auth` is a tuple; it must be an auth or a tuple of them"),
        ((BEARER, BearerToken), Choices, "`auth` is a tuple; it must be an auth or a tuple of them"),
        ((BEARER, BearerToken("{config.tokn}")), Choices, "has no such field; did you mean 'token'?"),
        ((BEARER, BearerToken("{config.user}")), Choices, "Choices.user, which is not a secret"),
        ((BEARER, ApiKey(format="{config.token}")), Choices, "so ApiKey never is"),
        ((CLIENT, REFRESH), Choices, "ClientCredentials, which stands before RefreshToken in `auth`, is used whenever"),
        (
            (BEARER, ApiKey(format="{config.password}")),
            Required,
            "make the fields that only one of them needs optional in Required",
        ),
    ],
)
def test_mistakes(auth: Any, config: Any, message: str) -> None:
    assert message in load_error(lambda: integration(auth=auth, base=_with(config)))


def _with(config: Any) -> Any:
    return Integration[config]
