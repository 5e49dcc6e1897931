"""Where a config may not have a name without keeping it secret, recordings don't show what has that name either."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from dazz_assets import ConnectionConfig, DefinitionError, Integration
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.spec.read import describe
from tests.spec.wrong import Config, integration

WORDS = (
    *("api", "key", "token", "secret", "private", "access", "signing", "encryption", "client", "oauth", "vault", "pem"),
    *("password", "passphrase", "credentials", "credential", "value", "next", "page", "type", "id", "url", "primary"),
)
VALUE = "c4nary-0123456789-a"


def is_refused(name: str) -> bool:
    """Whether a config may not have a mere text of this name."""
    config = create_model("NamedConfig", __base__=Config, **{name: (str, "")})  # type: ignore[call-overload]
    base = Integration[config]  # type: ignore[valid-type]
    try:
        describe(integration(base))
    except DefinitionError as error:
        return f"NamedConfig.{name} is a str and looks like a secret by its name" in str(error)
    return False


def is_redacted(name: str) -> bool:
    by = Redactor({}, b"key")
    shown = [by.json(json.dumps({name: VALUE})), by.text(f"?{name}={VALUE}"), str(by.headers({name: VALUE}))]
    assert len({VALUE in text for text in shown}) == 1
    return VALUE not in shown[0]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("_".join))
def test_each_name_that_a_config_keeps_secret_is_redacted(name: str) -> None:
    assert name in ConnectionConfig.model_fields or name in Config.model_fields or is_redacted(name) >= is_refused(name)


@pytest.mark.parametrize(
    "name",
    [
        *("oauth_token", "vault_token", "signing_key", "encryption_key", "private_key_pem", "credential"),
        *("client_credentials", "secret_value", "api_key", "apikey", "db_password", "webhook_secret"),
    ],
)
def test_a_secrets_name_is_one_to_both(name: str) -> None:
    assert is_refused(name)
    assert is_redacted(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "next_page_token",
            "page_token",
            "continuation_token",
            "sync_token",
            "secret_type",
            "token_type",
            "token_url",
        ),
        *("primary_key", "sort_key", "public_key", "key", "idempotency_key", "access_key_id", "password_changed_at"),
    ],
)
def test_what_pages_or_only_speaks_of_a_secret_is_one_to_neither(name: str) -> None:
    assert not is_refused(name)
    assert not is_redacted(name)


def test_an_id_of_a_key_may_stand_in_a_config_and_is_shown_to_no_one() -> None:
    assert not is_refused("aws_access_key_id")
    assert is_redacted("aws_access_key_id")
