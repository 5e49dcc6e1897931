"""A secret that would be shown, logged or written out in code fails when definitions load."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from dazz_assets import ApiKey, Basic, BearerToken, ConnectionConfig, Integration, Request, Response
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Config, Make, integration, load_error, with_stream


class Account(BaseModel):
    name: str
    token: SecretStr


class ListOfSecrets(ConnectionConfig):
    token: list[SecretStr]


class NestedSecret(ConnectionConfig):
    account: Account | None = None


class OfKey(ConnectionConfig):
    api_key: SecretStr


class OfNothing(ConnectionConfig):
    pass


class SecretOfBytes(ConnectionConfig):
    token: SecretBytes


class Plain(ConnectionConfig):
    token: str


class PlainKey(ConnectionConfig):
    token: SecretStr
    private_key: str | None = None


class PlainPassword(ConnectionConfig):
    db_password: str = ""


class SecretAddress(ConnectionConfig):
    base_url: SecretStr  # type: ignore[assignment]


@dataclass(frozen=True)
class Exchange:
    """An author's own auth, with a template."""

    key: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        yield request.with_header("Authorization", self.key)


class AuthWithLock(Exchange):
    def __init__(self) -> None:
        super().__init__("{config.token}")
        vars(self)["lock"] = Lock()


# In two parts, so that no scanner takes this file for a leak.
STRIPE = "sk_live_" + "a1B2c3D4e5F6"


def with_config(config: type[ConnectionConfig], **settings: Any) -> type[Integration[Any]]:
    return integration(Integration[config], **settings)  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: with_config(Plain, auth=BearerToken("{config.token}")),
            (
                "BadIntegration: `auth` uses Plain.token, which is not a secret; declare it as `token: SecretStr`, so "
                "that it is masked everywhere"
            ),
        ),
        (
            lambda: with_config(Plain),
            (
                "BadIntegration: Plain.token is a str and looks like a secret by its name; declare it as "
                "`token: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: with_config(PlainKey),
            (
                "BadIntegration: PlainKey.private_key is a str and looks like a secret by its name; declare "
                "it as `private_key: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: with_config(PlainPassword),
            (
                "BadIntegration: PlainPassword.db_password is a str and looks like a secret by its name; "
                "declare it as `db_password: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: with_config(ListOfSecrets),
            (
                "BadIntegration: ListOfSecrets.token holds a secret that is not a SecretStr of its own, so it can't be "
                "masked; give each secret a field of its own: `token: SecretStr`, or several tokens of one account a "
                "list: `token: tuple[SecretStr, ...]`"
            ),
        ),
        (
            lambda: with_config(NestedSecret),
            (
                "BadIntegration: NestedSecret.account holds a secret that is not a SecretStr of its own, so it can't "
                "be masked; give each secret a field of its own: `account: SecretStr`"
            ),
        ),
        (
            lambda: with_config(SecretOfBytes),
            (
                "BadIntegration: SecretOfBytes.token holds a secret that is not a SecretStr of its own, so it can't be "
                "masked; give each secret a field of its own: `token: SecretStr`"
            ),
        ),
        (
            lambda: with_config(SecretAddress),
            (
                "BadIntegration: SecretAddress.base_url is a secret, but base URLs are shown in messages; leave it as "
                "ConnectionConfig declares it, and give the secret a field of its own"
            ),
        ),
        (
            lambda: with_stream(path="/bot{config.token}/updates"),
            (
                "BadIntegration: BadStream: `path` holds {config.token}, a secret, but URLs end up in logs everywhere; "
                'send it with the integration\'s auth: `ApiKey(format="{config.token}")` as a header, or '
                '`ApiKey(param="token", format="{config.token}")` if the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: with_stream(params={"key": "{config.token}"}),
            (
                "BadIntegration: BadStream: `params` holds {config.token}, a secret, but URLs end up in logs "
                'everywhere; send it with the integration\'s auth: `ApiKey(format="{config.token}")` as a header, or '
                '`ApiKey(param="token", format="{config.token}")` if the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(params={"key": "{config.token}"}),
            (
                "BadIntegration: ThingsStream: `params` holds {config.token}, a secret, but URLs end up in logs "
                'everywhere; send it with the integration\'s auth: `ApiKey(format="{config.token}")` as a header, or '
                '`ApiKey(param="token", format="{config.token}")` if the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(base_url="https://api.test/{config.token}"),
            (
                "BadIntegration: `base_url` holds {config.token}, a secret, but URLs end up in logs everywhere; send "
                'it with the integration\'s auth: `ApiKey(format="{config.token}")` as a header, or '
                '`ApiKey(param="token", format="{config.token}")` if the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(base_url="https://me:hunter2@api.test"),
            "BadIntegration: `base_url` holds credentials or a query; set them with `auth` or `params`",
        ),
        (
            lambda: with_stream(params={"page": 1, "api-key": "hunter2"}),
            (
                "BadIntegration: BadStream: `params` gives 'api-key' a value, which is a secret by its name, and code "
                "is no place for secrets; declare `api_key: SecretStr` in Config, and send it with the integration's "
                'auth: `ApiKey(param="api-key", format="{config.api_key}")`'
            ),
        ),
        (
            lambda: integration(params={"access_token": 123456}),
            (
                "BadIntegration: ThingsStream: `params` gives 'access_token' a value, which is a secret by its name, "
                "and code is no place for secrets; declare `access_token: SecretStr` in Config, and send it with the "
                'integration\'s auth: `ApiKey(param="access_token", format="{config.access_token}")`'
            ),
        ),
        *(
            (
                lambda setting=setting, value=value: with_stream(**{setting: value}),
                (
                    f"BadIntegration: BadStream: `{setting}` holds what looks like a secret (stripe-key), and code "
                    "is no place for secrets; send it with the integration's auth, as {config.token}"
                ),
            )
            for setting, value in {
                "path": f"/hooks/{STRIPE}",
                "params": {"for": f"me {STRIPE}"},
                "headers": {"X-Second": STRIPE},
                "body": {"with": [{"x": STRIPE}]},
            }.items()
        ),
        (
            lambda: integration(base_url=f"https://api.test/{STRIPE}"),
            (
                "BadIntegration: `base_url` holds what looks like a secret (stripe-key), and code is no place for "
                "secrets; send it with the integration's auth, as {config.token}"
            ),
        ),
        (
            lambda: integration(auth=BearerToken("hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so its text would be sent as it is; put the secret's "
                'field in braces: `BearerToken("{config.token}")`'
            ),
        ),
        (
            lambda: integration(auth=ApiKey(format="hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so its text would be sent as it is; put the secret's "
                'field in braces: `ApiKey(format="{config.token}")`'
            ),
        ),
        (
            lambda: integration(auth=Basic("me", "hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so its text would be sent as it is; put the secret's "
                'field in braces: `Basic("{config.username}", "{config.token}")`'
            ),
        ),
        (
            lambda: with_config(OfKey, headers={"X-Second": STRIPE}),
            (
                "BadIntegration: ThingsStream: `headers` holds what looks like a secret (stripe-key), and code is no "
                "place for secrets; send it with the integration's auth, as {config.api_key}"
            ),
        ),
        (
            lambda: with_config(OfNothing, headers={"X-Second": STRIPE}),
            (
                "BadIntegration: ThingsStream: `headers` holds what looks like a secret (stripe-key), and code is no "
                "place for secrets; declare `token: SecretStr` in OfNothing, and send it with the integration's auth, "
                "as {config.token}"
            ),
        ),
        (
            lambda: with_config(OfKey, auth=BearerToken("hunter2")),
            (
                "BadIntegration: `auth` names no field of OfKey, so its text would be sent as it is; put the secret's "
                'field in braces: `BearerToken("{config.api_key}")`'
            ),
        ),
        (
            lambda: integration(auth=BearerToken("{config.tokn}")),
            "BadIntegration: `auth` uses {config.tokn}, but Config has no such field; did you mean 'token'?",
        ),
        (
            lambda: integration(auth=BearerToken("{token}")),
            "BadIntegration: `auth` holds {token}, which is not a placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=ApiKey(format="Token {tokn}")),
            (
                "BadIntegration: `auth` holds {tokn}, which is not a placeholder; write {config.x} for a field of "
                "Config; did you mean 'token'?"
            ),
        ),
        (
            lambda: integration(auth=BearerToken("{token")),
            "BadIntegration: `auth` holds {token, which is not a placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=BearerToken("{parent.token}")),
            (
                "BadIntegration: `auth` uses {parent.token}, but it signs the requests of all streams; use a field of "
                "Config, for example {config.token}"
            ),
        ),
        (
            lambda: integration(auth=Exchange("{token}")),
            "BadIntegration: `auth` holds {token}, which is not a placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=AuthWithLock()),
            (
                "BadIntegration: `auth` can't be copied (TypeError: cannot pickle '_thread.lock' object), but each "
                "connection has a copy of its own; remove what belongs to this process from it. It needs no lock: only "
                "one of a connection's threads runs its code at a time"
            ),
        ),
    ],
)
def test_the_message_names_the_secret_and_where_it_belongs_but_never_its_value(make: Make, message: str) -> None:
    assert load_error(make) == message
    assert "hunter2" not in message
    assert STRIPE not in message


def test_a_header_and_a_body_may_hold_a_secret() -> None:
    (stream,) = read_integration(
        with_stream(headers={"X-Second": "{config.token}"}, body={"key": "{config.token}"})
    ).streams.values()
    assert (stream.headers, stream.body) == ({"X-Second": "{config.token}"}, {"key": "{config.token}"})


def test_flags_and_page_tokens_may_be_parameters() -> None:
    params = {"page_token": "first-page", "with_secret": True, "password": "", "token": "{config.org}"}
    (stream,) = read_integration(with_stream(params=params)).streams.values()
    assert stream.params == params


class SecretSoundingNames(ConnectionConfig):
    token: SecretStr
    token_url: str = ""
    access_key_id: str = ""
    tokens_a_minute: str = ""


def test_names_that_only_sound_like_secrets_load() -> None:
    assert read_integration(with_config(SecretSoundingNames)).config is SecretSoundingNames


def test_a_valid_auth_loads() -> None:
    assert read_integration(integration(Integration[Config], auth=BearerToken("{config.token}"))).config is Config


class SigningKey(ConnectionConfig):
    key_id: str
    token: SecretStr


def test_an_authors_own_auth_may_name_only_public_fields() -> None:
    """Its flow finds the secret in the config."""
    signed = with_config(SigningKey, auth=Exchange("{config.key_id}"))
    assert read_integration(signed).config is SigningKey
