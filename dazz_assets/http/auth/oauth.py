"""Auths that buy a token: by the grants of OAuth 2 (RFC 6749, RFC 7523), or in a vendor's own exchange.

Requests and answers are our own, as they are a form and a few JSON fields: oauthlib reads the system's clock, and
raises for a scope that the server narrowed.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from dazz_assets.http.auth.auth import fill_template, fill_texts
from dazz_assets.http.auth.fetched_token import AuthConnection, Fetch, Token, TokenAuth, read_lifetime, read_token
from dazz_assets.http.auth.signed_jwt import SignedJwt
from dazz_assets.http.errors import CredentialError, FetchError
from dazz_assets.http.page import Request, Response
from dazz_assets.http.placeholders import PLACEHOLDER

Sending = Literal["body", "basic"]
"""Where the client's id and secret are: in the form, or in the header Authorization."""

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(kw_only=True)
class _Client(TokenAuth):
    """An OAuth 2 client, which asks a token endpoint."""

    token_url: str
    client_id: str = "{config.client_id}"
    client_secret: str = field(default="{config.client_secret}", repr=False)
    scope: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    send: Sending = "body"

    @property
    def endpoint(self) -> str:
        """See `TokenAuth`."""
        return self.token_url

    def _ask(self, config: Mapping[str, str], grant: Mapping[str, str]) -> Request:
        """The request for a token, by a grant."""
        id_, secret = fill_template(self.client_id, config), fill_template(self.client_secret, config)
        scope = {"scope": fill_template(self.scope, config)} if self.scope else {}
        form = {**grant, **scope, **fill_texts(self.params, config)}
        if self.send == "basic":
            login = b64encode(f"{id_}:{secret}".encode()).decode()
            return _post_form(self.address(config), form).with_header("Authorization", f"Basic {login}")
        known = {name: text for name, text in (("client_id", id_), ("client_secret", secret)) if text}
        return _post_form(self.address(config), {**form, **known})

    @property
    def _advice(self) -> str:
        other = "basic" if self.send == "body" else "body"
        fields = _name_fields(self.client_id, self.client_secret)
        return (
            f"Check {fields} in the connection's config and the auth's token_url and scope; "
            f'if the vendor takes id and secret elsewhere, set send="{other}".'
        )


@dataclass(kw_only=True)
class ClientCredentials(_Client):
    """OAuth 2 client credentials (RFC 6749, section 4.4): id and secret buy a token.

    `ClientCredentials(token_url="https://auth.vendor.com/oauth/token", scope="read")`

    token_url: where tokens are issued; its host needs no `hosts`. With a slash at its start, below `base_url`.
    client_id, client_secret: by default the fields of these names in the config.
    scope, params: what else the form holds.
    send: id and secret in the form (`"body"`), or in the header Authorization (`"basic"`).
    """

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """See `TokenAuth`."""
        now = self._connection.clock()
        response = yield self._ask(config, {"grant_type": "client_credentials"})
        return _read_grant(response, now, self._advice)


@dataclass(kw_only=True)
class RefreshToken(_Client):
    """OAuth 2 refresh (RFC 6749, section 6): a refresh token, which may work only once, buys an access token.

    `RefreshToken(token_url="https://auth.vendor.com/oauth/token")`

    A refresh token that comes with the answer replaces the one before. It is kept in the secret store before it is
    needed, under a lock that other processes respect; the access token with it, so that they share both.
    A new token in the config begins anew.

    refresh_token: a field of the config. client_secret: empty for a client that has none. Others as in
    `ClientCredentials`.
    """

    refresh_token: str = "{config.refresh_token}"  # noqa: S105

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """See `TokenAuth`."""
        given, now = fill_template(self.refresh_token, config), self._connection.clock()
        name = stored_name(self._connection.name, given)
        with self._locked(name):
            stored = self._read(name) or StoredToken(given)
            if (token := self._usable(stored, refused, now)) is not None:
                return token
            if stored.begun is None:
                self._write(name, replace(stored, begun=now))
            response = yield self._ask(config, {"grant_type": "refresh_token", "refresh_token": stored.refresh_token})
            if stored.begun is None and _is_refusal(response):
                self._write(name, stored)
            newer = _read_refresh_token(response)
            if newer is not None:
                self._connection.mask.learn(newer)
            try:
                token = _read_grant(response, now, self._explain_refusal(stored))
            except FetchError:
                if newer is not None:  # It has replaced the one before, whatever else is wrong.
                    self._write(name, StoredToken(newer))
                raise
            self._write(name, StoredToken(newer or stored.refresh_token, token.value, token.due))
            return token

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with ExitStack() as stack:
            with _explain_store(self._connection):
                stack.enter_context(self._connection.secret_store.lock(name))
            yield

    def _usable(self, stored: StoredToken, refused: str, now: float) -> Token | None:
        """The stored access token, perhaps of another process, if it may still be used."""
        if self._connection.is_repeatable or stored.access_token in (None, refused):
            return None
        token = Token(stored.access_token or "", stored.due)
        return None if token.is_due(now) else token

    def _read(self, name: str) -> StoredToken | None:
        with _explain_store(self._connection):
            text = self._connection.secret_store.read(name)
            stored = None if text is None else StoredToken.from_text(text)
        if stored is not None:
            self._connection.mask.learn(stored.refresh_token)
        return stored

    def _write(self, name: str, stored: StoredToken) -> None:
        with _explain_store(self._connection):
            self._connection.secret_store.write(name, stored.to_text())

    def _explain_refusal(self, stored: StoredToken) -> str:
        """What to do when the refresh token is refused."""
        fields = _name_fields(self.refresh_token)
        if stored.begun is not None:
            begun = datetime.fromtimestamp(stored.begun, UTC)
            return (
                f"A refresh that began at {begun:%Y-%m-%d %H:%M:%S} UTC was cut off before its answer was stored, so "
                f"the vendor may have replaced the refresh token without our knowing the new one: authorise the "
                f"connection again at the vendor, and set {fields} in its config to the new token."
            )
        return (
            f"The refresh token may be revoked, expired, or used by someone else: authorise the connection again at "
            f"the vendor, and set {fields} in its config to the new token. {self._advice}"
        )


@dataclass
class JwtGrant(TokenAuth):
    """A JWT that we sign buys a token (RFC 7523, section 2.1), as with service accounts.

    `JwtGrant(SignedJwt("{config.private_key}", claims={"iss": "{config.email}"}),
    token_url="https://auth.vendor.com/token", scope="read")`

    token_url: as in `ClientCredentials`; it is the JWT's audience unless that has one. scope: sent in the form and as
    the claim `scope`, which some servers read instead.
    """

    jwt: SignedJwt
    token_url: str = field(kw_only=True)
    scope: str = field(default="", kw_only=True)

    @property
    def endpoint(self) -> str:
        """See `TokenAuth`."""
        return self.token_url

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """See `TokenAuth`."""
        now, address = self._connection.clock(), self.address(config)
        scope = {"scope": fill_template(self.scope, config)} if self.scope else {}
        assertion = self.jwt.sign(config, now, {"aud": address, **scope})
        self._connection.mask.learn(assertion)
        response = yield _post_form(address, {"grant_type": _JWT_GRANT, "assertion": assertion, **scope})
        return _read_grant(response, now, _advise_on_jwt(self.jwt))


@dataclass
class TokenExchange(TokenAuth):
    """A JWT that we sign buys a token at an address of the vendor's own, as an app's installation does.

    `TokenExchange(SignedJwt("{config.private_key}", claims={"iss": "{config.app_id}"}),
    url="/app/installations/{config.installation_id}/access_tokens")`

    It is a POST with the JWT as bearer token and `body` as JSON. url: as `token_url` in `ClientCredentials`.
    token, expires: paths in the answer of the token and of its end (seconds from now, or a time as epoch or ISO 8601).
    """

    jwt: SignedJwt
    url: str = field(kw_only=True)
    token: str = field(default="token", kw_only=True)
    expires: str = field(default="expires_at", kw_only=True)
    body: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def endpoint(self) -> str:
        """See `TokenAuth`."""
        return self.url

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """See `TokenAuth`."""
        now = self._connection.clock()
        signed = self.jwt.sign(config, now)
        self._connection.mask.learn(signed)
        request = Request(self.address(config), "POST", body=fill_texts(self.body, config) or None)
        response = yield request.with_header("Authorization", f"Bearer {signed}")
        value = read_token(response, self.token, _advise_on_jwt(self.jwt))
        return Token.living(value, read_lifetime(response.value(self.expires), now), now)


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What the secret store holds of a refresh token. due: see `Token`.

    begun: when a refresh began whose answer was not stored, in epoch seconds.
    """

    refresh_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    due: float | None = None
    begun: float | None = None

    @classmethod
    def from_text(cls, text: str) -> StoredToken:
        """What `to_text` wrote. Raises ValueError for anything else, without showing it."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            pass
        raise ValueError("it holds something else than a refresh token; remove it, and authorise the connection again")

    def to_text(self) -> str:
        """The text to store, as JSON."""
        return json.dumps(asdict(self))


def stored_name(connection: str, given: str) -> str:
    """The name in the secret store of what became of the refresh token that a config gives.

    Another token in the config has another name, so that what was stored for the one before counts no more.
    """
    return f"{connection}/{hashlib.sha256(given.encode()).hexdigest()[:16]}"


def _post_form(url: str, form: Mapping[str, str]) -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(url, "POST", headers=headers, body=urlencode(form).encode())


def _read_grant(response: Response, now: float, advice: str) -> Token:
    """The token in the answer of a token endpoint (RFC 6749, section 5.1)."""
    value = read_token(response, "access_token", advice)
    return Token.living(value, read_lifetime(response.value("expires_in"), now), now)


def _read_refresh_token(response: Response) -> str | None:
    """The refresh token that an answer brings in place of the one that was sent; None if it brings none."""
    try:
        value = response.value("refresh_token") if 200 <= response.status < 300 else None
    except ValueError:
        return None
    return value if isinstance(value, str) and value else None


def _is_refusal(response: Response) -> bool:
    """Whether the vendor says that it has not taken a refresh token, which may then be sent again."""
    try:
        return response.status >= 400 or (response.has("error") and not response.has("access_token"))
    except ValueError:
        return False


def _advise_on_jwt(jwt: SignedJwt) -> str:
    return (
        f"Check {_name_fields(jwt.key)} and the claims of the JWT, that its lifetime is one that the vendor takes, and "
        "that this machine's clock is right."
    )


def _name_fields(*templates: str) -> str:
    """The config fields that templates name, for a message."""
    names = [f"`config.{match[2]}`" for text in templates for match in PLACEHOLDER.finditer(text)]
    return " and ".join(dict.fromkeys(names)) or "the credentials"


@contextmanager
def _explain_store(connection: AuthConnection) -> Iterator[None]:
    """Turn whatever goes wrong with the secret store into a CredentialError."""
    problem = ""
    try:
        yield
    except FetchError:
        raise
    except Exception as error:  # noqa: BLE001  a deployment's own store may raise anything
        problem = f"{type(error).__name__}: {error}".removeprefix("SecretStoreError: ").rstrip(".")
    if problem:  # Raised out here, so that it has no context that could hold a secret.
        raise CredentialError(f"the secret store: {problem}.", advice="Nothing is sent without it: mend it first.")
