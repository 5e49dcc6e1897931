"""How a request says who sends it: values whose templates are filled from the connection's config."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Protocol
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit

from requests import PreparedRequest

from dazz_assets.http.errors import CredentialError


class Auth(Protocol):
    """What an integration's `auth` must be able to do."""

    def apply(self, prepared: PreparedRequest, values: Mapping[str, str]) -> PreparedRequest:
        """The request with its credentials; called anew for each attempt (conformance 22).

        `values` are the fields of the connection's config as text. CredentialError: they don't fill the templates.
        """
        ...

    def fields(self) -> set[str]:
        """The fields of the config that the templates name."""
        ...


@dataclass(frozen=True, slots=True)
class BearerToken:
    """`Authorization: Bearer <token>`, as `BearerToken("{token}")`."""

    token: str

    def apply(self, prepared: PreparedRequest, values: Mapping[str, str]) -> PreparedRequest:
        prepared.headers["Authorization"] = f"Bearer {_header_text(self.token, values)}"
        return prepared

    def fields(self) -> set[str]:
        return _fields(self.token)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header (`ApiKey(format="token {token}")`) or in the query (`ApiKey(param="key")`).

    header: its name, `Authorization` where neither it nor `param` is given.
    format: the template of the value.
    """

    header: str | None = None
    param: str | None = None
    format: str = "{token}"

    def __post_init__(self) -> None:
        if self.header is not None and self.param is not None:
            raise ValueError("ApiKey takes a header or a param, not both: remove one of them")

    def apply(self, prepared: PreparedRequest, values: Mapping[str, str]) -> PreparedRequest:
        if self.param is None:
            prepared.headers[self.header or "Authorization"] = _header_text(self.format, values)
        else:
            prepared.url = _with_parameter(prepared.url or "", self.param, _filled(self.format, values))
        return prepared

    def fields(self) -> set[str]:
        return _fields(self.format)


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication, as `Basic("{username}", "{password}")`."""

    username: str
    password: str

    def apply(self, prepared: PreparedRequest, values: Mapping[str, str]) -> PreparedRequest:
        pair = f"{_filled(self.username, values)}:{_filled(self.password, values)}"
        prepared.headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return prepared

    def fields(self) -> set[str]:
        return _fields(self.username) | _fields(self.password)


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = ""
    for literal, name, _, _ in Formatter().parse(template):
        text += literal
        if name is not None:
            if name not in values:
                raise CredentialError(f"the auth needs the config field {name!r}, which has no value.")
            text += values[name]
    return text


def _header_text(template: str, values: Mapping[str, str]) -> str:
    """A filled template that can stand in a header; the error names fields and never their values."""
    text = _filled(template, values)
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    named = " or ".join(sorted(map(repr, _fields(template)))) or "the template"
    raise CredentialError(
        f"{named} holds what no HTTP header can carry: a line break, a space at an end, or a letter beyond ASCII."
    )


def _with_parameter(url: str, name: str, value: str) -> str:
    """The URL with this parameter, once: a link may repeat the key of the request it came with."""
    parts = urlsplit(url)
    others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*others, f"{quote_plus(name)}={quote_plus(value)}"])))
