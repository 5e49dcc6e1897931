"""Mistakes in auths that fetch tokens are told when definitions load."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import (
    ClientCredentials,
    ConnectionConfig,
    Integration,
    JwtGrant,
    RefreshToken,
    SignedJwt,
    TokenExchange,
)
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import ThingsStream, integration, load_error

URL = "https://auth.vendor.test/oauth/token"
JWT = SignedJwt("{config.private_key}", claims={"iss": "{config.client_id}"})


class Config(ConnectionConfig):
    client_id: str
    region: str = "eu"
    account: int | None = None
    client_secret: SecretStr
    refresh_token: SecretStr
    private_key: SecretStr


class NoSecret(ConnectionConfig):
    client_id: str


def with_auth(auth: Any, config: Any = Config, **settings: Any) -> type[Integration[Any]]:
    return integration(Integration[config], auth=auth, streams=(ThingsStream,), **settings)


@pytest.mark.parametrize(
    "auth",
    [
        ClientCredentials(token_url=URL, scope="read", params={"audience": "{config.region}"}, send="basic"),
        ClientCredentials(token_url="/oauth/token", header="X-Token", format="{token}"),
        ClientCredentials(token_url="https://{config.region}.vendor.test/token"),
        RefreshToken(token_url=URL),
        RefreshToken(token_url=URL, client_secret=""),
        JWT,
        JwtGrant(JWT, token_url=URL),
        TokenExchange(JWT, url="/app/{config.account}/tokens", body={"permissions": {"read": ["{config.region}"]}}),
    ],
    ids=lambda auth: type(auth).__name__,
)
def test_a_right_one_loads(auth: Any) -> None:
    assert read_integration(with_auth(auth)).integration.auth is auth


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (
            ClientCredentials(token_url="auth.vendor.test/token"),
            "BadIntegration: `auth` has ClientCredentials(token_url='auth.vendor.test/token'), which is no address; "
            'write it whole (`"https://auth.vendor.com/oauth/token"`), or with a slash at its start if it is below '
            "base_url",
        ),
        (
            TokenExchange(JWT, url=""),
            "BadIntegration: `auth` has TokenExchange(url=''), which is no address; write it whole "
            '(`"https://auth.vendor.com/oauth/token"`), or with a slash at its start if it is below base_url',
        ),
        (
            ClientCredentials(token_url="https://{config.client_secret}.vendor.test/token"),
            "BadIntegration: `auth` holds {config.client_secret}, a secret, but URLs end up in logs everywhere; ",
        ),
        (
            ClientCredentials(token_url=URL, client_id="{config.client}"),
            "BadIntegration: `auth` uses {config.client}, but Config has no such field; did you mean 'client_id'?",
        ),
        (
            ClientCredentials(token_url=URL, scope="{scope}"),
            "BadIntegration: `auth` holds {scope}, which is not a placeholder; write {config.x} for a field of Config",
        ),
        (
            ClientCredentials(token_url=URL, client_secret="s3cret"),
            "BadIntegration: `auth` has ClientCredentials(client_secret=...) with something else than a field of "
            'Config; code is no place for secrets: write `client_secret="{config.client_secret}"`',
        ),
        (
            ClientCredentials(token_url=URL, client_secret=""),
            "BadIntegration: `auth` has ClientCredentials(client_secret=...) with something else than a field of "
            'Config; code is no place for secrets: write `client_secret="{config.client_secret}"`',
        ),
        (
            ClientCredentials(token_url=URL, client_secret="{config.region}"),
            "BadIntegration: `auth` has ClientCredentials(client_secret=...) with Config.region, which is not a "
            "secret; declare it as `region: SecretStr`, so that it is masked everywhere",
        ),
        (
            ClientCredentials(token_url=URL, send="header"),  # type: ignore[arg-type]
            'BadIntegration: `auth` has ClientCredentials(send=\'header\'); it is "body" or "basic"',
        ),
        (
            ClientCredentials(token_url=URL, format="Bearer {config.client_secret}"),
            "BadIntegration: `auth` has format='Bearer {config.client_secret}', which leaves out the token; write "
            '{token} where it belongs: `format="Bearer {token}"`',
        ),
        (
            ClientCredentials(token_url=URL, scope=("read", "write")),  # type: ignore[arg-type]
            "BadIntegration: `auth` has ClientCredentials(scope=...) with a tuple; write it as one text",
        ),
        (
            TokenExchange(JWT, url="/tokens", body=["read"]),  # type: ignore[arg-type]
            "BadIntegration: `auth` has TokenExchange(body=...) with a list; write it as a dict",
        ),
        (
            RefreshToken(token_url=URL, refresh_token="x{config.refresh_token}"),
            "BadIntegration: `auth` has RefreshToken(refresh_token=...) with something else than a field of Config; "
            'code is no place for secrets: write `refresh_token="{config.refresh_token}"`',
        ),
        (
            SignedJwt("-----BEGIN PRIVATE KEY-----"),
            "BadIntegration: `auth` has SignedJwt(key=...) with something else than a field of Config; code is no "
            'place for secrets: write `key="{config.private_key}"`',
        ),
        (
            JwtGrant("{config.private_key}", token_url=URL),  # type: ignore[arg-type]
            "BadIntegration: JwtGrant takes a SignedJwt, and got a str; write "
            '`JwtGrant(SignedJwt("{config.private_key}"), token_url=...)`',
        ),
        (
            JwtGrant(SignedJwt("{config.region}"), token_url=URL),
            "BadIntegration: `auth` has SignedJwt(key=...) with Config.region, which is not a secret; declare it as "
            "`region: SecretStr`, so that it is masked everywhere",
        ),
        (
            SignedJwt("{config.private_key}", algorithm="RS265"),  # type: ignore[arg-type]
            "BadIntegration: `auth` has SignedJwt(algorithm='RS265'), which is none of RS256, RS384, RS512, PS256, "
            "PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512; did you mean 'RS256'?",
        ),
        (
            TokenExchange(SignedJwt("{config.private_key}", lifetime=timedelta(seconds=60)), url="/tokens"),
            "BadIntegration: `auth` has SignedJwt(lifetime=datetime.timedelta(seconds=60)); it must be a timedelta of "
            "more than a minute, for example `lifetime=timedelta(minutes=9)`",
        ),
        (
            SignedJwt("{config.private_key}", claims={"exp": 1}),
            "BadIntegration: `auth` has SignedJwt with the claim 'exp', which is computed for each token; remove it, "
            "and set `lifetime`",
        ),
        (
            SignedJwt("{config.private_key}", claims={"iss": "{config.app}"}),
            "BadIntegration: `auth` uses {config.app}, but Config has no such field",
        ),
    ],
)
def test_a_mistake_names_the_class_the_setting_and_the_fix(auth: Any, message: str) -> None:
    text = load_error(lambda: with_auth(auth))
    assert text.startswith(message)
    assert "s3cret" not in text


def test_fields_that_are_named_by_default_are_missed() -> None:
    text = load_error(lambda: with_auth(ClientCredentials(token_url=URL), NoSecret))
    assert text.startswith("BadIntegration: `auth` uses {config.client_secret}, but NoSecret has no such field")


def test_a_header_that_the_auth_replaces_is_refused() -> None:
    text = load_error(lambda: with_auth(ClientCredentials(token_url=URL), headers={"authorization": "x"}))
    assert "gives 'authorization' a value, but the integration's `auth` replaces it in each request" in text
