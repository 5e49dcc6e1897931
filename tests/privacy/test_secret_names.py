"""Config fields that must be secret and values that recordings redact are recognised by the same names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from dazz_assets import ConnectionConfig, DefinitionError, Integration
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Config, integration

WORDS = (
    *("api", "key", "token", "secret", "private", "access", "signing", "encryption", "client", "oauth", "vault", "pem"),
    *("password", "passphrase", "credentials", "credential", "value", "next", "page", "type", "id", "url", "primary"),
)
VALUE = "c4nary-0123456789-a"


def is_refused(name: str) -> bool:
    """Whether a config may not declare a plain text field of this name."""
    config = create_model("NamedConfig", __base__=Config, **{name: (str, "")})  # type: ignore[call-overload]
    base = Integration[config]  # type: ignore[valid-type]
    try:
        read_integration(integration(base))
    except DefinitionError as error:
        return f"NamedConfig.{name} is a str and looks like a secret by its name" in str(error)
    return False


def is_redacted(name: str) -> bool:
    redactor = Redactor({}, b"key")
    redacted = [
        redactor.redact_json(json.dumps({name: VALUE})),
        redactor.redact_text(f"?{name}={VALUE}"),
        str(redactor.redact_headers({name: VALUE})),
    ]
    assert len({VALUE in text for text in redacted}) == 1
    return VALUE not in redacted[0]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("_".join))
def test_each_name_that_a_config_must_keep_secret_is_redacted(name: str) -> None:
    assert name in ConnectionConfig.model_fields or name in Config.model_fields or is_redacted(name) >= is_refused(name)


@pytest.mark.parametrize(
    "name",
    [
        *("oauth_token", "vault_token", "signing_key", "encryption_key", "private_key_pem", "credential"),
        *("client_credentials", "secret_value", "api_key", "apikey", "db_password", "webhook_secret"),
    ],
)
def test_names_of_secrets_are_refused_and_redacted(name: str) -> None:
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
def test_other_names_are_neither_refused_nor_redacted(name: str) -> None:
    assert not is_refused(name)
    assert not is_redacted(name)


def test_a_key_id_may_be_plain_text_in_a_config_and_is_redacted() -> None:
    assert not is_refused("aws_access_key_id")
    assert is_redacted("aws_access_key_id")
