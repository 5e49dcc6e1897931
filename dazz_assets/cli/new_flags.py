"""What `dazz new` is told, by flags or by answers at a terminal, and what it means."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import dazz_assets
from dazz_assets.assistant.generate.proposal import LONGEST_NAME, SECRET_FIELDS
from dazz_assets.cli.exit_status import Refused
from dazz_assets.declare.stream import Scalar
from dazz_assets.http import (
    ApiKey,
    Basic,
    BearerToken,
    CursorToken,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
)
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.mask import HIDDEN
from dazz_assets.http.placeholders import PLACEHOLDER
from dazz_assets.names import NAME_PATTERN, closest_name
from dazz_assets.privacy import secret_names, token_patterns

NONE = "none"
AUTHS = "bearer, header:NAME[:FORMAT], param:NAME, basic, none"
PAGINATORS = "link-header, next-link:PATH, cursor-token:PATH:PARAM, page-number[:PARAM], offset[:PARAM], none"

_VENDOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DEFAULT_FORMAT = "{config.token}"
_FORMAT = re.compile(rf"[^{{}}]*{re.escape(_DEFAULT_FORMAT)}[^{{}}]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNFIT_FOR_PATHS = re.compile(r"[\s\"'\\`<>^|#\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class VendorNames:
    """The name of an integration, and how the names of its classes begin."""

    name: str
    prefix: str


def read_vendor(text: str) -> VendorNames:
    """The names that a vendor's name makes: `my-vendor` is my_vendor and MyVendor, `GitHub` github and GitHub."""
    if not _VENDOR.fullmatch(text):
        plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        fix = plain if plain[:1].isalpha() else f"vendor-{plain}" if plain else "acme"
        raise Refused(f"{text!r} can't be the name of an integration: use letters, digits, _ and -, as {fix!r}")
    name = re.sub(r"[_-]+", "_", text.lower()).strip("_")
    prefix = "".join(word[:1].upper() + word[1:] for word in re.split(r"[_-]+", text))
    if keyword.iskeyword(name) or f"{prefix}Config" in dazz_assets.__all__:
        raise Refused(f"{text!r} has a meaning in code already: name the integration otherwise, as '{name}-api'")
    if len(name) > LONGEST_NAME:
        raise Refused(f"{text!r} has {len(name)} letters: use at most {LONGEST_NAME}, as it becomes part of names")
    return VendorNames(name, prefix)


def read_base_url(text: str) -> str:
    """An API's address, without a slash at its end."""
    if parse_origin(text) is None or "?" in text or "#" in text or "{" in text:
        shown = token_patterns.replace_tokens(text, lambda kind, value: HIDDEN)
        raise Refused(f"--base-url {shown!r} is no address of an API; write it as https://api.vendor.com")
    _demand_no_token("--base-url", text)
    return text.rstrip("/")


def read_auth(text: str) -> BearerToken | ApiKey | Basic | None:
    """How requests prove who they are."""
    kind, _, rest = text.partition(":")
    name, _, format = rest.partition(":")
    if kind == "header" and "{token}" in format:
        raise Refused(f"--auth: {{token}} is no field of the connection's config; write it as {_DEFAULT_FORMAT}")
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
    raise Refused(f"--auth {text!r} is none of: {AUTHS}")


def read_api_path(text: str) -> tuple[str, Mapping[str, Scalar]]:
    """The path after the base URL, and the parameters in its query."""
    _demand_no_secret(text)
    if "://" in text:
        raise Refused(f"--path {text!r}: give only what comes after the base URL, as /v1/issues")
    path, _, query = text.partition("?")
    path = path if path.startswith("/") else f"/{path}"
    for name in re.findall(r"[{}][^{}]*[{}]?", PLACEHOLDER.sub("", text)):
        raise Refused(f"--path: {name} is no field of the connection's config; write it as {{config.org}}")
    for match in PLACEHOLDER.finditer(text):
        _demand_setting(match[1], match[2])
    if unfit := _UNFIT_FOR_PATHS.search(path):
        raise Refused(f"--path {text!r} holds {unfit[0]!r}, which no path can; percent-encode it")
    return path, {name: _scalar(value) for name, value in parse_qsl(query, keep_blank_values=True)}


def _demand_no_secret(path: str) -> None:
    """What is written into code, and a message, holds no secret."""
    for name, value in parse_qsl(path.partition("?")[2]):
        if secret_names.is_credential_name(name) or token_patterns.find_token_kind(value):
            raise Refused(
                f"--path gives {name!r} a secret, by its name or looks, and would write it into code; leave it out, "
                f"and say how it is sent: --auth param:{name}"
            )
    _demand_no_token("--path", path)


def _demand_no_token(flag: str, text: str) -> None:
    if kind := token_patterns.find_token_kind(text):
        raise Refused(
            f"{flag} holds a secret by its looks ({kind}), and would write it into code; leave it out, and say how it "
            f"is sent by --auth, which is one of: {AUTHS}"
        )


def _demand_setting(kind: str, name: str) -> None:
    if kind == "cursor":
        raise Refused("--path: it can hold no bound of the cursor; give its parameter's name by `--since`")
    if kind == "parent":
        raise Refused("--path: the first stream has no parent; begin with one that lists by itself, and add others")
    if name in (*SECRET_FIELDS, "username", "base_url") or not name.isidentifier() or keyword.iskeyword(name):
        raise Refused(f"--path: {{config.{name}}} can't be part of it; name the field otherwise, as {{config.org}}")


def _scalar(text: str) -> Scalar:
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,17}", text) else text


def read_stream_name(text: str | None, derived: str) -> str:
    """A stream's name: as given, or as the path's last segment says."""
    name = text or derived
    if not name:
        raise Refused("the path has no word to name the stream by; name it by --stream, as --stream issues")
    if not NAME_PATTERN.fullmatch(name) or len(name) > LONGEST_NAME:
        raise Refused(
            f"{name!r} can't be a stream's name: use lower case letters, digits and _, at most {LONGEST_NAME}; "
            "name it by --stream"
        )
    return name


def read_key(text: str) -> tuple[str, ...]:
    """The paths of a key, separated by commas."""
    paths = tuple(path.strip() for path in text.split(","))
    if not all(paths):
        raise Refused(f"--key {text!r}: give the path of a field, or of several with commas, as repository.id,number")
    return paths


def read_paginator(text: str) -> Paginator | None:
    """A paginator, as it is written on the command line."""
    kind, _, rest = text.partition(":")
    path, _, param = rest.rpartition(":")
    if kind == "next-link" and rest:
        return NextLink(rest)
    if kind == "cursor-token" and path and param:
        return CursorToken(path, param)
    if kind == "page-number":
        return PageNumber(rest or "page")
    if kind == "offset":
        return Offset(rest or "offset")
    if text == "link-header":
        return LinkHeader()
    if text == NONE:
        return None
    close = closest_name(kind, (form.partition("[")[0].partition(":")[0] for form in PAGINATORS.split(", ")))
    meant = f"; did you mean {close!r}?" if close not in (None, kind) else ""
    raise Refused(f"--paginator {text!r} is none of: {PAGINATORS}{meant}")


def write_paginator(paginator: Paginator | None) -> str:
    """A paginator as `paginator_of` reads it."""
    match paginator:
        case LinkHeader():
            return "link-header"
        case NextLink(path):
            return f"next-link:{path}"
        case CursorToken(path, param):
            return f"cursor-token:{path}:{param}"
        case PageNumber(param):
            return f"page-number:{param}"
        case Offset(param):
            return f"offset:{param}"
        case _:
            return NONE
