"""Find and replace tokens known by their shape: vendors' tokens, JWTs, private keys, `Authorization` values.

The table is our own: scanners that have one (detect-secrets, gitleaks) read files line by line, and are far larger than
what is needed here. If a vendor does not document the shape of its tokens, the pattern is that of gitleaks' rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple


class TokenPattern(NamedTuple):
    """A kind of token, its pattern, and the source that documents it.

    hints: every text with such a token contains one of these, so searching for them first is fast.
    pattern: its group is the secret if it has one, else the whole match.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: str
    source: str


_START = r"(?<![A-Za-z0-9_-])"
_GITLEAKS = "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml"
_RFC_6750 = "https://datatracker.ietf.org/doc/html/rfc6750#section-2.1"
_AFTER_SCHEME = r"(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{16,}=*"
"""A token after an auth scheme: long, with a digit. `Bearer authentication` is prose."""

TOKEN_PATTERNS = (
    TokenPattern(
        "private-key",
        ("-----BEGIN",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|.*)",
        "https://datatracker.ietf.org/doc/html/rfc7468",
    ),
    TokenPattern(
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        _START + r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
        "https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/",
    ),
    TokenPattern(
        "gitlab-token",
        ("glpat-", "gldt-", "glrt-", "glptt-", "gloas-"),
        _START + r"gl(?:pat|dt|rt|ptt|oas)-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?",
        "https://docs.gitlab.com/security/tokens/#token-prefixes",
    ),
    TokenPattern(
        "slack-token",
        ("xox", "xapp-", "xwfp-"),
        _START + r"(?:xox[a-z]|xapp|xwfp)(?:\.xox[a-z])?-[A-Za-z0-9-]{10,}",
        "https://docs.slack.dev/authentication/tokens",
    ),
    TokenPattern(
        "slack-webhook",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})",
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    TokenPattern(
        "aws-key-id",
        ("AKIA", "ASIA"),
        _START + r"A(?:KIA|SIA)[A-Z2-7]{16}(?![A-Za-z0-9])",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
    ),
    TokenPattern(
        "aws-secret-key",
        ("ecret",),
        r"(?i:secret[_ -]?(?:access[_ -]?)?key)[\\\"']*\s*[:=]\s*[\\\"']*([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        _GITLEAKS,
    ),
    TokenPattern("google-api-key", ("AIza",), _START + r"AIza[A-Za-z0-9_-]{35}", _GITLEAKS),
    TokenPattern(
        "google-token",
        ("ya29.",),
        _START + r"ya29\.[A-Za-z0-9_.-]{20,}",
        "https://developers.google.com/identity/protocols/oauth2",
    ),
    TokenPattern(
        "stripe-key",
        ("k_live_", "k_test_", "whsec_"),
        _START + r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,})",
        "https://docs.stripe.com/keys",
    ),
    TokenPattern(
        "snyk-token",
        ("snyk_",),
        _START + r"snyk_[a-z]{2,5}\.[0-9a-z]{8}\.[A-Za-z0-9._-]{20,}",
        "https://docs.snyk.io/snyk-api/authentication-for-api",
    ),
    TokenPattern(
        "atlassian-token", ("ATATT3", "ATCTT3", "ATBB"), _START + r"AT(?:[AC]TT3|BB)[A-Za-z0-9_=-]{20,}", _GITLEAKS
    ),
    TokenPattern(
        "npm-token",
        ("npm_",),
        _START + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
        "https://github.blog/2021-09-23-announcing-npms-new-access-token-format/",
    ),
    TokenPattern("sk-key", ("sk-",), _START + r"sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}", _GITLEAKS),
    TokenPattern(
        "jwt",
        ("eyJ",),
        _START + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}",
        "https://datatracker.ietf.org/doc/html/rfc7519#section-3",
    ),
    TokenPattern(
        "cloudfront-policy",
        ("eyJTdGF0ZW1lbnQi",),
        _START + r"eyJTdGF0ZW1lbnQi[A-Za-z0-9_~-]+",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html",
    ),
    TokenPattern(
        "url-login",
        ("://",),
        r"(?<=://)([^\s/?#@:\"'<>\\]*:[^\s/?#@\"'<>\\]+)@",
        "https://datatracker.ietf.org/doc/html/rfc3986#section-3.2.1",
    ),
    TokenPattern("bearer-token", ("earer ", "EARER "), r"\b[Bb](?:earer|EARER) +(" + _AFTER_SCHEME + ")", _RFC_6750),
    TokenPattern(
        "basic-login", ("asic ", "ASIC "), r"\b[Bb](?:asic|ASIC) +((?=[A-Za-z+/]*[0-9])[A-Za-z0-9+/]{12,}=*)", _RFC_6750
    ),
    TokenPattern("token", ("oken ", "OKEN "), r"\b[Tt](?:oken|OKEN) +(" + _AFTER_SCHEME + ")", _RFC_6750),
)

KINDS = tuple(token_pattern.kind for token_pattern in TOKEN_PATTERNS)

_HINT = re.compile(
    "|".join(sorted({re.escape(hint) for token_pattern in TOKEN_PATTERNS for hint in token_pattern.hints}))
)
_compile = cache(re.compile)  # Most processes need few of the patterns.


def replace_tokens(text: str, stand_in: Callable[[str, str], str]) -> str:
    """The text with each token replaced with what `stand_in` returns for its kind and value."""
    if not _HINT.search(text):
        return text
    for token_pattern in TOKEN_PATTERNS:
        if any(hint in text for hint in token_pattern.hints):
            text = _compile(token_pattern.pattern).sub(
                lambda match, kind=token_pattern.kind: _replace_group(
                    match, stand_in(kind, match[match.lastindex or 0])
                ),  # type: ignore[misc]
                text,
            )
    return text


def find_token_kind(text: str) -> str | None:
    """The kind of a token in the text, or None if it holds none."""
    kinds: list[str] = []

    def note(kind: str, value: str) -> str:
        kinds.append(kind)
        return value

    replace_tokens(text, note)
    return kinds[0] if kinds else None


def _replace_group(match: re.Match[str], value: str) -> str:
    """The whole match with its group, or all of it if it has none, replaced with a value."""
    first, last = match.span(match.lastindex or 0)
    start = match.start()
    return match[0][: first - start] + value + match[0][last - start :]
