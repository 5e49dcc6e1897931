"""Tell by the name of a config field, parameter, JSON member or header whether its value is secret.

This is the only table of such names. It excludes tokens that page through a list (`next_page_token`, `cursor`), names
that only describe a secret (`secret_type`, `has_password`), and keys that sort or identify (`primary_key`,
`idempotency_key`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from dazz_assets.names import snake_case

# Matched at the end of a name: `slack_api_key` is an `api_key`.
_SECRET_ENDINGS = (
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "bearer_token",
    "session_token",
    "security_token",
    "api_token",
    "private_token",
    "csrf_token",
    "clone_token",
    "deploy_token",
    "secret",
    "client_secret",
    "secret_value",
    "secret_string",
    "secret_key",
    "secret_access_key",
    "private_key",
    "private_key_pem",
    "access_key",
    "api_key",
    "application_key",
    "auth_key",
    "decryption_key",
    "encryption_key",
    "hmac_key",
    "signing_key",
    "subscription_key",
    "connection_string",
    "credential",
    "credentials",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "client_assertion",
    # Signed URLs: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and
    # https://cloud.google.com/storage/docs/authentication/signatures
    "amz_signature",
    "amz_credential",
    "goog_signature",
    "goog_credential",
)
# Matched as a whole name only: at the end of a longer name these words mean other things.
_SECRET_NAMES = (
    "pwd",
    "token",
    "sig",
    "signature",
    "session_id",
    "jsessionid",
    "cookie",
    "set_cookie",
    "proxy_authorization",
)
# These identify the caller but prove nothing: they are redacted, but a config may hold them as plain text.
_IDENTIFIER_NAMES = ("aws_access_key_id", "google_access_id", "key_pair_id")
_OTHER_KIND = "secret-token"
KINDS = (*(name.replace("_", "-") for name in (*_SECRET_ENDINGS, *_SECRET_NAMES, *_IDENTIFIER_NAMES)), _OTHER_KIND)


def _any_of(names: tuple[str, ...]) -> str:
    """A pattern that matches any of the names, with or without their underscores."""
    return "|".join(name.replace("_", "_?") for name in sorted(names, key=len, reverse=True))


_SECRET = re.compile(rf"(?:.*?_)??({_any_of(_SECRET_ENDINGS)})|({_any_of((*_SECRET_NAMES, *_IDENTIFIER_NAMES))})")
_TOKEN = re.compile(r".*_token")
_PAGING_TOKEN = re.compile(
    r"(?:.*_)?(?:after|before|continu(?:e|ation)|cursor|delta|end|idempotency|iterator|marker|next|offset|page|paging|"
    r"pagination|position|prev|previous|resume|resumption|scroll|skip|start|starting|sync)_token"
)
_KIND_BY_NAME = {
    name.replace("_", ""): name.replace("_", "-") for name in (*_SECRET_ENDINGS, *_SECRET_NAMES, *_IDENTIFIER_NAMES)
}

_SHORTEST_TOKEN = 16
"""Characters. `token` can mean many things; a secret one is at least this long and holds no white space."""


@lru_cache(maxsize=4096)
def secret_kind(name: str) -> str | None:
    """The kind of secret (`access-token`) that a member, parameter or header of this name holds, or None."""
    snake = snake_case(re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_"))
    if match := _SECRET.fullmatch(snake):
        return _KIND_BY_NAME[(match[1] or match[2]).replace("_", "")]
    return _OTHER_KIND if _TOKEN.fullmatch(snake) and not _PAGING_TOKEN.fullmatch(snake) else None


def is_credential_name(name: str) -> bool:
    """Whether a value of this name is a credential: a config must declare it secret, and code must not contain it."""
    kind = secret_kind(name)
    return kind is not None and kind.replace("-", "_") not in _IDENTIFIER_NAMES


def may_be_secret(value: str) -> bool:
    """Whether a value is not empty, a flag, or already masked (`***`)."""
    return len(value) >= 3 and value.lower() not in ("true", "false", "null", "none") and bool(re.search(r"\w", value))


def is_secret_value(kind: str, value: str) -> bool:
    """Whether a value of this kind counts as secret. A `token` must be long and hold no white space."""
    if not may_be_secret(value):
        return False
    return kind != "token" or (len(value) >= _SHORTEST_TOKEN and not re.search(r"\s", value))
