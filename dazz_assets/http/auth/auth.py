"""Adds credentials to requests, from templates that are filled from the connection's config."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from typing import Any, Protocol

from dazz_assets.http.errors import CredentialError
from dazz_assets.http.page import Request, Response
from dazz_assets.http.placeholders import fill_placeholders, find_placeholders, find_texts


class Auth(Protocol):
    """Signs requests: the protocol of an integration's `auth`. `flow` is a generator, as in httpx.

    >>> class SessionLogin:
    ...     token = ""
    ...
    ...     def flow(self, request, config):
    ...         if not self.token:
    ...             login = Request("https://api.vendor.com/login", "POST", body={"key": config["key"]})
    ...             response = yield login
    ...             self.token = response.raise_for_status().value("token")
    ...         yield request.with_header("Authorization", f"Bearer {self.token}")

    Each connection gets its own copy, so attributes such as a token belong to one customer. One thread of a connection
    at a time runs the flow and sends the auth's own requests; only signed requests are sent in parallel.

    If the class is a dataclass, the templates in its fields are filled before the connection's first flow.
    """

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """The request with its credentials and, before or after it, any requests of its own.

        request: as it is sent (see `Request`). config: the fields of the connection's config as text.

        Each `yield` returns the response, successful or not. A new flow starts for each attempt and each redirect
        (conformance 22). A transient failure (429, 5xx) ends the flow: the engine waits and makes another attempt. The
        stream gets the response to the last signed request.

        An exception that the flow raises fails the stream and is not retried.
        """
        ...


@dataclass(frozen=True, slots=True)
class BearerToken:
    """`Authorization: Bearer <token>` (RFC 6750): `BearerToken("{config.token}")`."""

    token: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`."""
        yield request.with_header("Authorization", f"Bearer {fill_header_template(self.token, config)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key in a header or in the query.

    `ApiKey(header="X-Api-Key", format="{config.api_key}")`, `ApiKey(param="key", format="{config.api_key}")`.

    header: its name; `Authorization` if neither `header` nor `param` is given.
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
            yield request.with_header(self.header or "Authorization", fill_header_template(self.format, config))
        else:  # `with_param` replaces a key that a next link may repeat from the previous request.
            yield request.with_param(self.param, fill_template(self.format, config))


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication (RFC 7617): `Basic("{config.username}", "{config.password}")`."""

    username: str
    password: str

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`."""
        pair = f"{fill_template(self.username, config)}:{fill_template(self.password, config)}"
        yield request.with_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")


def auth_templates(auth: object) -> list[str]:
    """The texts in the fields of an auth, which may hold placeholders; empty if it is not a dataclass."""
    found: list[str] = []
    for _, value in _field_values(auth):
        found += auth_templates(value) if is_dataclass(value) else find_texts(value)
    return found


def auth_config_fields(auth: object) -> list[str]:
    """The config fields that the templates of an auth name, in order, each once."""
    return list(dict.fromkeys(name for kind, name in find_placeholders(auth_templates(auth)) if kind == "config"))


def fill_own_auth(auth: Auth, config: Mapping[str, str]) -> Auth:
    """The author's own auth, made again with the templates in its fields filled; the auth itself if it has none.

    The library's auths fill theirs in `flow`, where they know what a header can carry.
    Raises CredentialError: a field has no value, or the auth's class refuses the filled ones.
    """
    if getattr(getattr(type(auth), "flow", None), "__module__", "").startswith("dazz_assets."):
        return auth
    templates = [(field, value) for field, value in _field_values(auth) if any(find_placeholders(value))]
    filled = [(field, fill_texts(value, config)) for field, value in templates]
    if not filled:
        return auth
    try:
        made = replace(auth, **{field.name: value for field, value in filled if field.init})  # type: ignore[type-var]
        for field, value in filled:
            if not field.init:
                object.__setattr__(made, field.name, value)
        return made
    except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
        problem = f"{type(auth).__name__} can't be made with its templates filled: {type(error).__name__}: {error}"
        failed = CredentialError(f"{problem}.", advice="Correct the integration's auth.")
    raise failed  # Raised out here, so that it has no context that could hold a secret.


def _field_values(auth: object) -> list[tuple[Field[Any], Any]]:
    if not is_dataclass(auth):
        return []
    return [(field, getattr(auth, field.name)) for field in fields(auth) if hasattr(auth, field.name)]


def fill_texts(value: Any, config: Mapping[str, str]) -> Any:
    """The value with the templates in it filled, at any depth of mappings, lists and tuples."""
    if isinstance(value, str):
        return fill_template(value, config)
    if isinstance(value, Mapping):
        return {key: fill_texts(item, config) for key, item in value.items()}
    if isinstance(value, list | tuple):
        filled = [fill_texts(item, config) for item in value]
        return tuple(filled) if isinstance(value, tuple) else filled
    return value


def fill_template(template: str, config: Mapping[str, str]) -> str:
    """The text with its placeholders filled. CredentialError: a field has no value."""

    def look_up(_: str, name: str) -> str:
        if name not in config:
            raise CredentialError(f"the auth needs the config field {name!r}, which has no value.")
        return config[name]

    return str(fill_placeholders(template, look_up))


def fill_header_template(template: str, config: Mapping[str, str]) -> str:
    """The filled template, checked to fit in a header. The error names fields but never their values."""
    text = fill_template(template, config)
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    names = " or ".join(sorted({repr(name) for _, name in find_placeholders(template)})) or "the template"
    raise CredentialError(
        f"{names} holds what an HTTP header can't carry: a line break, a space at either end, or a non-ASCII letter."
    )
