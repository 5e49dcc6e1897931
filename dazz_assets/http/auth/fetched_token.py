"""Auths that fetch a token and use it until it is about to expire: what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import time
from typing import Any

from dazz_assets.http.auth.auth import fill_template
from dazz_assets.http.errors import CredentialError, RefusedError
from dazz_assets.http.mask import Mask
from dazz_assets.http.page import Request, Response
from dazz_assets.http.placeholders import PLACEHOLDER, path_segment
from dazz_assets.http.quotes import end_sentence
from dazz_assets.http.responses.failures import vendor_message
from dazz_assets.secret_store import MemorySecretStore, SecretStore

LEEWAY = 60.0
"""Seconds before its end at which a token is replaced, but not before half of its life (conformance 20)."""
# Numbers above these are no seconds from now: they are seconds, or milliseconds, since the epoch.
_EPOCH, _EPOCH_MS = 1e9, 1e11

Fetch = Generator[Request, Response, "Token"]
"""Yields the requests that bring a token, and returns it."""


@dataclass(frozen=True)
class AuthConnection:
    """What an auth that fetches tokens must know of its connection.

    name: integration and connection, `desk/acme`. base_url: of the API. clock: epoch seconds.
    mask: is told of each secret that is fetched. open_secret_store: for tokens that the vendor replaces.
    is_repeatable: send the same requests in each session, and so use no token of an earlier one.
    """

    name: str = ""
    base_url: str = ""
    clock: Callable[[], float] = time
    mask: Mask = field(default_factory=lambda: Mask([]))
    open_secret_store: Callable[[], SecretStore] = MemorySecretStore
    is_repeatable: bool = False

    @cached_property
    def secret_store(self) -> SecretStore:
        """The store, opened on first use."""
        return self.open_secret_store()


@dataclass(frozen=True, slots=True)
class Token:
    """A fetched token. due: when to fetch another, in epoch seconds; None if the vendor does not say when it ends."""

    value: str = field(repr=False)
    due: float | None = None

    @classmethod
    def living(cls, value: str, seconds: float | None, now: float) -> Token:
        """A token that lives for so many seconds; None if that is not known."""
        return cls(value, None if seconds is None else now + seconds - min(LEEWAY, seconds / 2))

    def is_due(self, now: float) -> bool:
        """Whether it has ended, or is about to."""
        return self.due is not None and now >= self.due


@dataclass(kw_only=True)
class TokenAuth:
    """An auth that fetches a token, and sends it until shortly before it ends or until it is refused.

    Threads that need a token at the same time share one: the `Authenticator` runs one of them at a time.

    header, format: how the token is sent.
    """

    header: str = "Authorization"
    format: str = "Bearer {token}"

    _token: Token | None = field(default=None, init=False, repr=False, compare=False)
    _connection = AuthConnection()

    def connect(self, connection: AuthConnection) -> None:
        """Say whose auth it is, before its first flow."""
        self._connection = connection

    @property
    def endpoint(self) -> str:
        """The template of where its own requests go; empty if it sends none."""
        return ""

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """Fetch a token. refused: the value of one that the vendor no longer takes; empty if there is none."""
        raise NotImplementedError

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`. A refused token is replaced once, and the request then repeated once (conformance 18)."""
        token = self._token
        if token is None or token.is_due(self._connection.clock()):
            token = yield from self._renew(config, "")
        response = yield self._sign(request, token)
        if response.status != 401:
            return
        newer = self._token
        if newer is None or newer.value == token.value:  # else another thread has replaced it
            newer = yield from self._renew(config, token.value)
        if newer.value != token.value:
            yield self._sign(request, newer)

    def _renew(self, config: Mapping[str, str], refused: str) -> Fetch:
        token = yield from self.fetch(config, refused)
        if not (token.value.isascii() and token.value.isprintable() and token.value == token.value.strip()):
            raise CredentialError(
                "the token that the vendor sent holds what an HTTP header can't carry.", advice="Ask the vendor."
            )
        self._connection.mask.learn(token.value)
        self._token = token
        return token

    def _sign(self, request: Request, token: Token) -> Request:
        return request.with_header(self.header, self.format.replace("{token}", token.value))

    def address(self, config: Mapping[str, str]) -> str:
        """Where its own requests go: below base_url if the endpoint begins with a slash.

        A placeholder at its start is an address by itself; others are encoded, each as a segment of a path.
        Raises CredentialError.
        """
        from dazz_assets.http.hosts import parse_origin  # loads urllib3, which no class that names an auth needs

        template = self.endpoint
        start = PLACEHOLDER.match(template)
        base = fill_template(start[0], config).rstrip("/") if start else ""
        if template.startswith("/"):
            base = self._connection.base_url.rstrip("/")
        encoded = {name: path_segment(value) for name, value in config.items() if value not in {"", ".", ".."}}
        address = base + fill_template(template[start.end() if start else 0 :], encoded)
        if parse_origin(address) is None:
            raise CredentialError(
                f"the auth's address {template} is, with this config, none that begins with https:// and has a host."
            )
        return address


def read_token(response: Response, path: str, advice: str) -> str:
    """The text at a path of a response. Raises RefusedError and CredentialError, which quote the vendor."""
    try:
        response.raise_for_status()
    except RefusedError as error:
        error.advice = advice
        raise
    try:
        value, names = response.value(path), response.document.names()
    except ValueError:
        raise CredentialError(f"{response.status}, but the answer is not JSON.", advice=advice) from None
    if isinstance(value, str) and value:
        return value
    if response.has("error"):
        said = end_sentence(vendor_message(response.body))
        raise CredentialError(f"{response.status}. The vendor says: {said}", advice=advice)
    fields = f"its fields are {', '.join(names)}" if names else "it has no fields"
    raise CredentialError(f"{response.status}, but the answer holds no token at `{path}`: {fields}.", advice=advice)


def read_lifetime(value: Any, now: float) -> float | None:
    """The seconds until a time: seconds from now, or since the epoch, or ISO 8601. None if there is none.

    Raises CredentialError for anything else.
    """
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        seconds = _read_time(value) - now
    else:
        seconds = number if number < _EPOCH else number / (1000 if number >= _EPOCH_MS else 1) - now
    return seconds if seconds > 0 else None  # A token that has ended already is used until it is refused.


def _read_time(value: Any) -> float:
    try:
        time_ = datetime.fromisoformat(str(value))
    except ValueError:
        raise CredentialError(
            "the answer says when the token ends in a form that is not known.",
            advice="Correct `expires` in the integration's auth.",
        ) from None
    return (time_ if time_.tzinfo else time_.replace(tzinfo=UTC)).timestamp()
