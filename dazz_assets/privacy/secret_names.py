"""Names that say of a value that it is secret: of a config's field, a parameter, a member, a header.

The one table of them. What pages through a list is none (`next_page_token`, `cursor`), nor is what only speaks of one
(`secret_type`, `has_password`), nor what only sorts or tells apart (`primary_key`, `idempotency_key`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from dazz_assets.names import snake_case

# A name says so by its end: `slack_api_key` is an `api_key`.
_ENDS = (
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
    # Of signed URLs: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and
    # https://cloud.google.com/storage/docs/authentication/signatures
    "amz_signature",
    "amz_credential",
    "goog_signature",
    "goog_credential",
)
# These words mean other things as the end of a longer name.
_WHOLE = (
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
# These say who asks, and prove nothing: they are shown to no one, but may stand in a config as they are.
_WHO = ("aws_access_key_id", "google_access_id", "key_pair_id")
_ANY_OTHER = "secret-token"
KINDS = (*(name.replace("_", "-") for name in (*_ENDS, *_WHOLE, *_WHO)), _ANY_OTHER)


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(name.replace("_", "_?") for name in sorted(names, key=len, reverse=True))


_NAME = re.compile(rf"(?:.*?_)??({_any_of(_ENDS)})|({_any_of((*_WHOLE, *_WHO))})")
_TOKEN = re.compile(r".*_token")
_PAGING_TOKEN = re.compile(
    r"(?:.*_)?(?:after|before|continu(?:e|ation)|cursor|delta|end|idempotency|iterator|marker|next|offset|page|paging|"
    r"pagination|position|prev|previous|resume|resumption|scroll|skip|start|starting|sync)_token"
)
_CANONICAL = {name.replace("_", ""): name.replace("_", "-") for name in (*_ENDS, *_WHOLE, *_WHO)}

_SHORTEST_TOKEN = 16
"""A `token` may be many things; a secret one is at least so long and has no space in it."""


@lru_cache(maxsize=4096)
def secret_kind(name: str) -> str | None:
    """What kind of secret a member, a parameter or a header of this name holds (`access-token`), if it does."""
    plain = snake_case(re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_"))
    if match := _NAME.fullmatch(plain):
        return _CANONICAL[(match[1] or match[2]).replace("_", "")]
    return _ANY_OTHER if _TOKEN.fullmatch(plain) and not _PAGING_TOKEN.fullmatch(plain) else None


def names_credential(name: str) -> bool:
    """Whether what has this name proves who asks, so that a config must keep it secret, and code not have it."""
    kind = secret_kind(name)
    return kind is not None and kind.replace("-", "_") not in _WHO


def may_be_secret(value: str) -> bool:
    """Whether a value is more than a flag, nothing, or something masked."""
    return len(value) >= 3 and value.lower() not in ("true", "false", "null", "none") and bool(re.search(r"\w", value))


def is_secret_value(kind: str, value: str) -> bool:
    """Whether a value of this kind is taken for secret: for a `token` it must be long, and no sentence."""
    if not may_be_secret(value):
        return False
    return kind != "token" or (len(value) >= _SHORTEST_TOKEN and not re.search(r"\s", value))
