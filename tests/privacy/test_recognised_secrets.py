"""Secrets that are not in the config are recognised by the shape of a vendor's token, or by the name beside them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.privacy.redactors import make_redactor

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc/+=\n-----END RSA PRIVATE KEY-----"
# In two parts, so that secret scanners don't report this file.
TOKENS = {
    "private-key": PEM,
    "github-token": "ghp_" + "a1B2" * 9,
    "gitlab-token": "glpat-" + "a1B2_" * 4,
    "slack-token": "xoxb-" + "123456789012-abcDEF",
    "aws-key-id": "AKIA" + "IOSFODNN7EXAMPLE",
    "google-api-key": "AIza" + "a1B2_" * 7,
    "google-token": "ya29." + "a0AfH6SMB_x-" * 3,
    "stripe-key": "sk_live_" + "a1B2c3D4e5F6",
    "snyk-token": "snyk_uat." + "1f2e3d4c." + "a1B2c3D4e5F6a1B2c3D4",
    "atlassian-token": "ATATT3" + "xFfGF0a1B2c3D4e5F6a1B2=1F2E3D4C",
    "npm-token": "npm_" + "a1B2" * 9,
    "sk-key": "sk-proj-" + "a1B2c3D4e5F6a1B2c3D4",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0" + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
}


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("context", ["%s", "found %s, revoke it", "https://x.example/y/%s/z", "?a=%s&b=1", "key: '%s'"])
def test_a_token_is_recognised_by_its_shape(kind: str, context: str) -> None:
    text = context % TOKENS[kind]
    outcome = make_redactor().redact_text(text)
    placeholder = re.search(rf"redacted-{kind}-[0-9a-f]{{8}}", outcome)
    assert placeholder
    assert outcome == context % placeholder[0]
    assert make_redactor().find_leaks(text) == {kind}
    assert make_redactor().find_leaks(outcome) == set()
    assert make_redactor().redact_text(outcome) == outcome
    assert make_redactor().redact_json(json.dumps([text])) == json.dumps([outcome])


def test_each_token_has_its_own_placeholder_the_same_each_time() -> None:
    first, second = "ghp_" + "a1B2" * 9, "ghp_" + "c3D4" * 9
    outcome = make_redactor().redact_text(f"{first} {second} {first}").split()
    assert outcome[0] == outcome[2] != outcome[1]
    assert outcome == make_redactor().redact_text(f"{first} {second} {first}").split()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("sent Bearer abcDEF1234567890", "sent Bearer "),
        ("sent bearer abcDEF1234567890", "sent bearer "),
        ("sent Basic am86czNjcmV0OTk5", "sent Basic "),
        ("sent token abcDEF1234567890", "sent token "),
        ("Authorization: Custom abc-def", "Authorization: Custom "),
        ("https://hooks.slack.com/services/T0/B0/a1B2c3D4e5F6a1B2c3D4", "https://hooks.slack.com/services/"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = "),
    ],
)
def test_a_token_is_recognised_by_the_text_before_it(text: str, kept: str) -> None:
    outcome = make_redactor().redact_text(text)
    assert re.fullmatch(re.escape(kept) + r"redacted-[a-z-]+-[0-9a-f]{8}", outcome)


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is required",
        "the Basic plan, a token expired",
        "a task-force-of-seventeen-people7",
        "ghp_short, AKIA, sk-, eyJ.a.b",
        "eyJpZCI6MTIzNDU2Nzg5MCwibmV4dCI6dHJ1ZX0=",
        "1f2e3d4c-0000-4000-8000-1f2e3d4c5b6a",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    ],
)
def test_similar_texts_stay(text: str) -> None:
    assert make_redactor().redact_text(text) == text


SECRET_NAMES = [
    *("access_token", "refresh_token", "id_token", "client_secret", "password", "passwd", "secret", "api_key"),
    *("apikey", "apiKey", "private_key", "signature", "sig", "accessToken", "X-Api-Key", "slack_api_key", "AccessKey"),
    *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", "X-Goog-Credential"),
    *("AWSAccessKeyId", "GoogleAccessId", "Key-Pair-Id", "clientSecret", "session_token"),
    *("oauth_token", "x-vault-token", "slackToken", "signing_key", "encryptionKey", "private_key_pem", "credential"),
    *("client_credentials", "secret_value", "Ocp-Apim-Subscription-Key", "webhook_secret", "db_passphrase"),
]
OTHER_NAMES = [
    *("next_page_token", "nextPageToken", "continuation_token", "cursor", "after", "page_token", "startAt"),
    *("secret_type", "token_type", "password_changed_at", "secret_scanning", "key", "sign", "signed_at", "nextToken"),
    *("access_token_url", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Algorithm", "se", "sp", "Expires", "secrets", "tokens"),
    *("primary_key", "sort_key", "public_key", "idempotency_key", "sync_token", "next_sync_token", "page_token_type"),
    *("token_url", "credential_type", "tokenizer", "prev_page_token", "resumptionToken"),
]
PLACES = ["?a=1&%s=%s&b=2", "%s=%s", '{"%s": "%s"}', '{"body": "{\\"%s\\": \\"%s\\"}"}', "/x?to=%%2Fy%%3F%s%%3D%s%%26z"]


@pytest.mark.parametrize("context", PLACES)
@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_is_recognised_by_its_name(name: str, context: str) -> None:
    text = context % (name, "canary-1")
    redactor = make_redactor()
    outcome = redactor.redact_json(text) if text.startswith("{") else redactor.redact_text(text)
    placeholder = re.search(r"redacted-[a-z-]+-[0-9a-f]{8}", outcome)
    assert placeholder
    assert outcome == context % (name, placeholder[0])
    assert redactor.restore(outcome) == text
    assert (redactor.redact_json(outcome) if text.startswith("{") else redactor.redact_text(outcome)) == outcome


@pytest.mark.parametrize("context", PLACES)
@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_of_paging_tokens_and_names_about_secrets_are_not_secret(name: str, context: str) -> None:
    text = context % (name, "canary-0123456789-1")
    assert (make_redactor().redact_json(text) if text.startswith("{") else make_redactor().redact_text(text)) == text


@pytest.mark.parametrize(
    "value", ["true", "null", "7", '""', "[]", "{}", '"true"', '"None"', '"null"', '"***"', "1234567"]
)
def test_flags_counts_empty_and_masked_values_stay(value: str) -> None:
    text = f'{{"has_password": {value}, "secret": {value}, "password": {value}}}'
    assert make_redactor().redact_json(text) == text


def test_a_token_is_secret_if_it_is_long_and_no_sentence() -> None:
    text = '{"a": {"token": "short"}, "b": {"token": "a sentence of many words"}, "c": {"token": "0123456789abcdef"}}'
    a, b, c = (item["token"] for item in json.loads(make_redactor().redact_json(text)).values())
    assert (a, b) == ("short", "a sentence of many words")
    assert c.startswith("redacted-token-")


def test_a_recognised_secret_is_replaced_everywhere_even_earlier_in_the_page() -> None:
    redactor = make_redactor()
    page = json.loads(redactor.redact_json('{"echo": "is c4nary-012345 right?", "client_secret": "c4nary-012345"}'))
    assert page["echo"] == f"is {page['client_secret']} right?"
    assert redactor.redact_text("GET /x/c4nary-012345") == f"GET /x/{page['client_secret']}"
    assert redactor.find_leaks("GET /x/c4nary-012345") == {"client-secret"}
    assert redactor.redact_json("[123456789012, 7]") == "[123456789012, 7]"


def test_a_recognised_secret_number_becomes_zero_in_json() -> None:
    redactor = make_redactor()
    redactor.redact_text("?password=123456789012")
    assert redactor.redact_json("[123456789012, 7]") == "[0, 7]"


@given(st.sampled_from(SECRET_NAMES), st.text(min_size=3, max_size=20))
def test_a_recognised_secret_is_restored_in_json(name: str, value: str) -> None:
    redactor = make_redactor()
    text = json.dumps({name: value})
    assert json.loads(redactor.restore(redactor.redact_json(text))) == {name: value}
