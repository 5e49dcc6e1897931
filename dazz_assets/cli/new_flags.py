"""Read the flags of `dazz new`, and the answers to its questions, which have the same syntax."""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import dazz_assets
from dazz_assets.assistant.generate.proposal import LONGEST_NAME, is_secret_setting
from dazz_assets.cli.exit_status import UsageError
from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.stream import Scalar
from dazz_assets.http.auth.auth import ApiKey, Basic, BearerToken
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.mask import HIDDEN
from dazz_assets.http.paging.pagination import CursorToken, LinkHeader, NextLink, Offset, PageNumber, Paginator
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders
from dazz_assets.names import NAME_PATTERN, closest_name
from dazz_assets.privacy import secret_names, token_patterns

NONE = "none"
AUTHS = "bearer, header:NAME[:FORMAT], param:NAME, basic, none"
PAGINATORS = "link-header, next-link:PATH, cursor-token:PATH:PARAM, page-number[:PARAM], offset[:PARAM], none"

_VENDOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DEFAULT_FORMAT = "{config.token}"
_FORMAT = re.compile(rf"[^{{}}]*{re.escape(_DEFAULT_FORMAT)}[^{{}}]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa1-\xff])?")
_SENT_BY_ENGINE = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_NOT_IN_PATHS = re.compile(r"[\s\"'\\`<>^|#\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class VendorNames:
    """The name of an integration, and the prefix of its class names."""

    name: str
    prefix: str


def read_vendor(text: str) -> VendorNames:
    """Read a vendor's name: `my-vendor` gives my_vendor and MyVendor, `HelpDesk` gives helpdesk and HelpDesk."""
    if not _VENDOR.fullmatch(text):
        plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        suggestion = plain if plain[:1].isalpha() else f"vendor-{plain}" if plain else "acme"
        raise UsageError(
            f"{text!r} can't be the name of an integration: use letters, digits, _ and -, such as {suggestion!r}"
        )
    name = re.sub(r"[_-]+", "_", text.lower()).strip("_")
    prefix = "".join(word[:1].upper() + word[1:] for word in re.split(r"[_-]+", text))
    if keyword.iskeyword(name) or f"{prefix}Config" in dazz_assets.__all__:
        raise UsageError(
            f"{text!r} already has a meaning in Python or dazz_assets: choose another name, such as '{name}-api'"
        )
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"{text!r} has {len(name)} characters: use at most {LONGEST_NAME}, because other names are built from it"
        )
    return VendorNames(name, prefix)


def read_base_url(text: str) -> str:
    """Read the base URL of an API, and drop the slash at its end."""
    if parse_origin(text) is None or "?" in text or "#" in text or "{" in text:
        shown = token_patterns.replace_tokens(text, lambda kind, value: HIDDEN)
        raise UsageError(f"--base-url {shown!r} is not the URL of an API: write it like https://api.vendor.com")
    _reject_token("--base-url", text)
    return text.rstrip("/")


def read_auth(text: str) -> BearerToken | ApiKey | Basic | None:
    """Read the auth of an API, or None."""
    kind, _, rest = text.partition(":")
    name, _, format = rest.partition(":")
    if kind == "header" and "{token}" in format:
        raise UsageError(f"--auth: {{token}} is not a field of the connection's config: write {_DEFAULT_FORMAT}")
    if kind == "header" and _HEADER.fullmatch(name) and _FORMAT.fullmatch(format or _DEFAULT_FORMAT):
        return ApiKey(header=name, format=format or _DEFAULT_FORMAT)
    if kind == "param" and rest:
        return ApiKey(param=rest)
    if text == "bearer":
        return BearerToken(_DEFAULT_FORMAT)
    if text == "basic":
        return Basic("{config.username}", "{config.password}")
    if text == NONE:
        return None
    raise UsageError(f"--auth {text!r} is not one of: {AUTHS}{_suggest_form(kind, AUTHS)}")


def read_headers(texts: Sequence[str]) -> Mapping[str, str]:
    """Read headers, each a name and a value: `Accept: application/vnd.vendor+json`."""
    headers: dict[str, str] = {}
    for text in texts:
        name, colon, value = (part.strip() for part in text.partition(":"))
        # The text is not repeated: without its form, nothing says which part of it may be a secret.
        if not colon or not _HEADER.fullmatch(name):
            raise UsageError("--header takes a name, a colon and a value, like --header 'Accept: application/json'")
        if not _HEADER_VALUE.fullmatch(value):
            raise UsageError(f"--header {name!r} needs a value of printable Latin letters, like 'Accept: text/csv'")
        if name.lower() in _SENT_BY_ENGINE:
            raise UsageError(f"--header {name!r} is set for each request, and can't be given")
        if name.lower() in map(str.lower, headers):
            raise UsageError(f"--header {name!r} is given twice: join its values with commas in one")
        _reject_secret_header(name, value)
        _check_placeholders("--header", value)
        headers[name] = value
    return headers


def _reject_secret_header(name: str, value: str) -> None:
    """Raise UsageError for a secret, which would end up in code."""
    is_literal = not PLACEHOLDER.search(value)
    if token_patterns.find_token_kind(value) or (is_literal and secret_names.is_credential_name(name)):
        raise UsageError(
            f"the value of --header {name!r} looks like a secret, and would be written into code: send it with "
            f"--auth header:{name}, or put a field of the connection's config in its place, as in "
            f"--header '{name}: {{config.key}}'"
        )


def check_auth_header(auth: BearerToken | ApiKey | Basic | None, headers: Mapping[str, str]) -> None:
    """Raise UsageError for a header that the auth sets."""
    own = auth.header if isinstance(auth, ApiKey) else "Authorization" if auth is not None else None
    for name in headers:
        if own is not None and name.lower() == own.lower():
            raise UsageError(
                f"--header {name!r} is the header that the auth sets: leave it out; --auth header:{name}:FORMAT says "
                "what to send in it"
            )


def read_api_path(text: str) -> tuple[str, Mapping[str, Scalar]]:
    """Read the path after the base URL, and the parameters of its query."""
    _reject_secret_params(text)
    if "://" in text:
        raise UsageError(f"--path {text!r}: give only what comes after the base URL, like /v1/issues")
    path, _, query = text.partition("?")
    path = path if path.startswith("/") else f"/{path}"
    _check_placeholders("--path", text)
    if secret := next((name for _, name in find_placeholders(text) if is_secret_setting(name)), None):
        raise UsageError(f"--path can't contain {{config.{secret}}}: URLs end up in logs; send a secret with --auth")
    if unfit := _NOT_IN_PATHS.search(path):
        raise UsageError(f"--path {text!r} contains {unfit[0]!r}, which is not allowed in a path: percent-encode it")
    return path, {name: _read_scalar(value) for name, value in parse_qsl(query, keep_blank_values=True)}


def _reject_secret_params(path: str) -> None:
    """Raise UsageError for a secret, which would end up in code and in messages."""
    for name, value in parse_qsl(path.partition("?")[2]):
        if secret_names.is_credential_name(name) or token_patterns.find_token_kind(value):
            raise UsageError(
                f"the value of {name!r} in --path looks like a secret, and would be written into code: leave it out, "
                f"and send it with --auth param:{name}"
            )
    _reject_token("--path", path)


def _reject_token(flag: str, text: str) -> None:
    if kind := token_patterns.find_token_kind(text):
        raise UsageError(
            f"{flag} contains what looks like a secret ({kind}), which would be written into code: leave it out, and "
            f"send it with --auth, which is one of: {AUTHS}"
        )


def _check_placeholders(flag: str, text: str) -> None:
    """Raise UsageError for a placeholder that is no field of a config."""
    for found in re.findall(r"[{}][^{}]*[{}]?", PLACEHOLDER.sub("", text)):
        raise UsageError(f"{flag}: {found} is not a field of the connection's config: write it like {{config.org}}")
    for kind, name in find_placeholders(text):
        if kind == "cursor":
            raise UsageError(f"{flag} can't contain a bound of the cursor: name its parameter with --since")
        if kind in ("parent", "parents"):
            raise UsageError(
                f"{flag}: the first stream can't have a parent: begin with a stream that can be listed on its own"
            )
        is_taken = name.startswith("_") or hasattr(ConnectionConfig, name) or name in ConnectionConfig.model_fields
        if is_taken or not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(
                f"{flag} can't contain {{config.{name}}}: use another name for the field, like {{config.org}}"
            )


def _read_scalar(text: str) -> Scalar:
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,17}", text) else text


def read_stream_name(text: str | None, derived: str) -> str:
    """Read a stream's name. derived: the default, taken from the path."""
    name = text or derived
    if not name:
        raise UsageError(
            "the path contains no word to name the stream after: name it with --stream, like --stream issues"
        )
    if not NAME_PATTERN.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} can't be a stream's name: with --stream, give one of lower case letters, digits and _, "
            f"at most {LONGEST_NAME} characters"
        )
    return name


def read_key(text: str) -> tuple[str, ...]:
    """Read the paths of a key, separated by commas."""
    paths = tuple(path.strip() for path in text.split(","))
    if not all(paths):
        raise UsageError(
            f"--key {text!r}: give the path of a field, or several separated by commas, like repository.id,number"
        )
    return paths


def read_paginator(text: str) -> Paginator | None:
    """Read a paginator, or None."""
    kind, _, rest = text.partition(":")
    path, _, param = rest.rpartition(":")
    if kind == "next-link" and rest:
        return NextLink(rest)
    if kind == "cursor-token" and path and param:
        return CursorToken(path, param=param)
    if kind == "page-number":
        return PageNumber(rest or "page")
    if kind == "offset":
        return Offset(rest or "offset")
    if text == "link-header":
        return LinkHeader()
    if text == NONE:
        return None
    raise UsageError(f"--paginator {text!r} is not one of: {PAGINATORS}{_suggest_form(kind, PAGINATORS)}")


def _suggest_form(kind: str, forms: str) -> str:
    """The end of a message: the form whose first word is close to a misspelt one."""
    close = closest_name(kind, (form.partition("[")[0].partition(":")[0] for form in forms.split(", ")))
    return f"; did you mean {close!r}?" if close not in (None, kind) else ""


def write_paginator(paginator: Paginator | None) -> str:
    """Write a paginator as `read_paginator` reads it."""
    match paginator:
        case LinkHeader():
            return "link-header"
        case NextLink(path):
            return f"next-link:{path}"
        case CursorToken(path, param=param):
            return f"cursor-token:{path}:{param}"
        case PageNumber(param):
            return f"page-number:{param}"
        case Offset(param):
            return f"offset:{param}"
        case _:
            return NONE
