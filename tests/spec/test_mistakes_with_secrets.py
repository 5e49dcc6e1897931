"""A secret that would be shown, sent where it is logged, or stand in code, fails when definitions load."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from dazz_assets import ApiKey, Basic, BearerToken, ConnectionConfig, Integration, Request, Response
from dazz_assets.spec.read import describe
from tests.spec.wrong import Config, Make, integration, told, with_stream


class Account(BaseModel):
    name: str
    token: SecretStr


class ListOfSecrets(ConnectionConfig):
    token: list[SecretStr]


class NestedSecret(ConnectionConfig):
    account: Account | None = None


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
    """An auth of the author's own, with a template."""

    key: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        yield request.with_header("Authorization", self.key)


class Locked(Exchange):
    def __init__(self) -> None:
        super().__init__("{config.token}")
        vars(self)["lock"] = Lock()


# In two parts, so that no scanner takes this file for a leak.
STRIPE = "sk_live_" + "a1B2c3D4e5F6"


def of(config: type[ConnectionConfig], **settings: Any) -> type[Integration[Any]]:
    return integration(Integration[config], **settings)  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: of(Plain, auth=BearerToken("{config.token}")),
            (
                "BadIntegration: `auth` uses Plain.token, which is no secret; declare it as `token: "
                "SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: of(Plain),
            (
                "BadIntegration: Plain.token is a str and looks like a secret by its name; declare it as "
                "`token: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: of(PlainKey),
            (
                "BadIntegration: PlainKey.private_key is a str and looks like a secret by its name; declare "
                "it as `private_key: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: of(PlainPassword),
            (
                "BadIntegration: PlainPassword.db_password is a str and looks like a secret by its name; "
                "declare it as `db_password: SecretStr`, so that it is masked everywhere"
            ),
        ),
        (
            lambda: of(ListOfSecrets),
            (
                "BadIntegration: ListOfSecrets.token holds a secret that is no SecretStr of its own, so it "
                "can't be masked; give each secret a field of its own, as `token: SecretStr`"
            ),
        ),
        (
            lambda: of(NestedSecret),
            (
                "BadIntegration: NestedSecret.account holds a secret that is no SecretStr of its own, so it "
                "can't be masked; give each secret a field of its own, as `account: SecretStr`"
            ),
        ),
        (
            lambda: of(SecretOfBytes),
            (
                "BadIntegration: SecretOfBytes.token holds a secret that is no SecretStr of its own, so it "
                "can't be masked; give each secret a field of its own, as `token: SecretStr`"
            ),
        ),
        (
            lambda: of(SecretAddress),
            (
                "BadIntegration: SecretAddress.base_url is a secret, and a base URL is shown in messages; "
                "leave it as it is in ConnectionConfig, and give the secret a field of its own"
            ),
        ),
        (
            lambda: with_stream(path="/bot{config.token}/updates"),
            (
                "BadIntegration: BadStream: `path` holds {config.token}, a secret, and URLs are written to "
                'logs everywhere; send it by the integration\'s auth: `ApiKey(format="{config.token}")` as a header, '
                'or `ApiKey(param="token", format="{config.token}")` where the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: with_stream(params={"key": "{config.token}"}),
            (
                "BadIntegration: BadStream: `params` holds {config.token}, a secret, and URLs are written to "
                'logs everywhere; send it by the integration\'s auth: `ApiKey(format="{config.token}")` as a header, '
                'or `ApiKey(param="token", format="{config.token}")` where the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(params={"key": "{config.token}"}),
            (
                "BadIntegration: ThingsStream: `params` holds {config.token}, a secret, and URLs are written "
                'to logs everywhere; send it by the integration\'s auth: `ApiKey(format="{config.token}")` as a '
                'header, or `ApiKey(param="token", format="{config.token}")` where the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(base_url="https://api.test/{config.token}"),
            (
                "BadIntegration: `base_url` holds {config.token}, a secret, and URLs are written to logs "
                'everywhere; send it by the integration\'s auth: `ApiKey(format="{config.token}")` as a header, or '
                '`ApiKey(param="token", format="{config.token}")` where the vendor takes it nowhere else'
            ),
        ),
        (
            lambda: integration(base_url="https://me:hunter2@api.test"),
            "BadIntegration: base_url holds credentials or a query; give them by `auth` or `params`",
        ),
        (
            lambda: with_stream(params={"page": 1, "api-key": "hunter2"}),
            (
                "BadIntegration: BadStream: `params` gives 'api-key' a value, which is a secret by its name, and code "
                "is read by many; declare `api_key: SecretStr` in Config, and send it by the integration's auth: "
                '`ApiKey(param="api-key", format="{config.api_key}")`'
            ),
        ),
        (
            lambda: integration(params={"access_token": 123456}),
            (
                "BadIntegration: ThingsStream: `params` gives 'access_token' a value, which is a secret by its name, "
                "and code is read by many; declare `access_token: SecretStr` in Config, and send it by the "
                'integration\'s auth: `ApiKey(param="access_token", format="{config.access_token}")`'
            ),
        ),
        *(
            (
                lambda setting=setting, value=value: with_stream(**{setting: value}),
                (
                    f"BadIntegration: BadStream: `{setting}` holds a secret by its shape (stripe-key), and code is "
                    "read by many; declare `token: SecretStr` in Config, and send it by the integration's auth"
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
                "BadIntegration: `base_url` holds a secret by its shape (stripe-key), and code is read by many; "
                "declare `token: SecretStr` in Config, and send it by the integration's auth"
            ),
        ),
        (
            lambda: integration(auth=BearerToken("hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so the text is sent as it is; write the "
                'secret\'s field in braces, as `BearerToken("{config.token}")`'
            ),
        ),
        (
            lambda: integration(auth=ApiKey(format="hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so the text is sent as it is; write the "
                'secret\'s field in braces, as `ApiKey(format="{config.token}")`'
            ),
        ),
        (
            lambda: integration(auth=Basic("me", "hunter2")),
            (
                "BadIntegration: `auth` names no field of Config, so the text is sent as it is; write the "
                'secret\'s field in braces, as `Basic("{config.username}", "{config.password}")`'
            ),
        ),
        (
            lambda: integration(auth=BearerToken("{config.tokn}")),
            "BadIntegration: `auth` uses {config.tokn}, a field that Config does not have; did you mean 'token'?",
        ),
        (
            lambda: integration(auth=BearerToken("{token}")),
            "BadIntegration: `auth` holds {token}, which is no placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=ApiKey(format="Token {tokn}")),
            (
                "BadIntegration: `auth` holds {tokn}, which is no placeholder; write {config.x} for a field of Config; "
                "did you mean 'token'?"
            ),
        ),
        (
            lambda: integration(auth=BearerToken("{token")),
            "BadIntegration: `auth` holds {token, which is no placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=BearerToken("{parent.token}")),
            (
                "BadIntegration: `auth` uses {parent.token}; it signs the requests of all streams, so write a field of "
                "Config, as {config.token}"
            ),
        ),
        (
            lambda: integration(auth=Exchange("{token}")),
            "BadIntegration: `auth` holds {token}, which is no placeholder; write {config.token}",
        ),
        (
            lambda: integration(auth=Locked()),
            (
                "BadIntegration: `auth` can't be copied (TypeError: cannot pickle '_thread.lock' object), and each "
                "connection has a copy of its own; leave out what it holds of this process. It needs no lock: of a "
                "connection's threads one at a time runs its code"
            ),
        ),
    ],
)
def test_it_says_which_and_where_it_belongs(make: Make, message: str) -> None:
    assert told(make) == message
    assert "hunter2" not in message
    assert STRIPE not in message


def test_a_header_and_a_body_may_hold_a_secret() -> None:
    (stream,) = describe(
        with_stream(headers={"X-Second": "{config.token}"}, body={"key": "{config.token}"})
    ).streams.values()
    assert (stream.headers, stream.body) == ({"X-Second": "{config.token}"}, {"key": "{config.token}"})


def test_flags_and_what_pages_may_stand_in_parameters() -> None:
    params = {"page_token": "first-page", "with_secret": True, "password": "", "token": "{config.org}"}
    (stream,) = describe(with_stream(params=params)).streams.values()
    assert stream.params == params


class Ends(ConnectionConfig):
    token: SecretStr
    token_url: str = ""
    access_key_id: str = ""
    tokens_a_minute: str = ""


def test_a_name_that_only_speaks_of_a_secret_is_none() -> None:
    assert describe(of(Ends)).config is Ends


def test_what_is_right_loads() -> None:
    assert describe(integration(Integration[Config], auth=BearerToken("{config.token}"))).config is Config
