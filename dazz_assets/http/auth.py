"""How a request says who sends it: values whose templates are filled from the connection's config."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Protocol

from dazz_assets.http.errors import CredentialError
from dazz_assets.http.page import Request, Response
from dazz_assets.http.placeholders import fill_placeholders, find_placeholders


class Auth(Protocol):
    """What an integration's `auth` must be able to do: sign requests, by a generator as those of httpx are.

    >>> class TokenExchange:
    ...     token = ""
    ...
    ...     def flow(self, request, config):
    ...         if not self.token:
    ...             login = Request("https://api.vendor.com/login", "POST", body={"key": config["key"]})
    ...             response = yield login
    ...             self.token = response.raise_for_status().value("token")
    ...         yield request.with_header("Authorization", f"Bearer {self.token}")

    Each connection has a copy of its own, so what it keeps in itself belongs to one customer. Of the threads of a
    connection one at a time runs its code, and sends what it asks for itself; only the signed request goes out side by
    side with others.
    """

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """Yields the request with its credentials, and before or after it, if need be, requests of its own.

        request: as it is sent (see `Request`). config: the fields of the connection's config as text.

        Each `yield` returns the response, also one that is no success. The flow is begun anew for each attempt and each
        redirect (conformance 22). A response that may be another one in a moment (429, 5xx) ends it: the engine waits
        and begins the attempt again. The response to the signed request that was yielded last is the stream's.

        An exception of its own fails the stream, and is not tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class BearerToken:
    """`Authorization: Bearer <token>`, as `BearerToken("{config.token}")` (RFC 6750)."""

    token: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`."""
        yield request.with_header("Authorization", f"Bearer {_header_text(self.token, config)}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header (`ApiKey(format="token {config.token}")`) or in the query (`ApiKey(param="key")`).

    header: its name, `Authorization` where neither it nor `param` is given.
    format: the template of the value.
    """

    header: str | None = None
    param: str | None = None
    format: str = "{config.token}"

    def __post_init__(self) -> None:
        if self.header is not None and self.param is not None:
            raise ValueError("ApiKey takes a header or a param, not both: remove one of them")

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`."""
        if self.param is None:
            yield request.with_header(self.header or "Authorization", _header_text(self.format, config))
        else:  # Once: a link may repeat the key of the request it came with.
            yield request.with_param(self.param, _filled(self.format, config))


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication, as `Basic("{config.username}", "{config.password}")` (RFC 7617)."""

    username: str
    password: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`."""
        pair = f"{_filled(self.username, config)}:{_filled(self.password, config)}"
        yield request.with_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")


def auth_templates(auth: object) -> list[str]:
    """The texts that an auth was made with, in which placeholders may stand; none of one that is no dataclass."""
    if not is_dataclass(auth):
        return []
    values = [getattr(auth, field.name) for field in fields(auth)]
    return [value for value in values if isinstance(value, str)]


def auth_config_fields(auth: object) -> list[str]:
    """The fields of the config that the templates of an auth name, in their order, each once."""
    return list(dict.fromkeys(name for kind, name in find_placeholders(auth_templates(auth)) if kind == "config"))


def _filled(template: str, config: Mapping[str, str]) -> str:
    def look_up(_: str, name: str) -> str:
        if name not in config:
            raise CredentialError(f"the auth needs the config field {name!r}, which has no value.")
        return config[name]

    return str(fill_placeholders(template, look_up))


def _header_text(template: str, config: Mapping[str, str]) -> str:
    """A filled template that can stand in a header; the error names fields and never their values."""
    text = _filled(template, config)
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    named = " or ".join(sorted({repr(name) for _, name in find_placeholders(template)})) or "the template"
    raise CredentialError(
        f"{named} holds what no HTTP header can carry: a line break, a space at an end, or a letter beyond ASCII."
    )
