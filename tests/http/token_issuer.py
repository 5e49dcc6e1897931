"""A vendor that issues tokens by each of the usual grants, and serves lists to who has one that is still valid."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import jwt

from dazz_assets.http.auth.signed_jwt import make_throwaway_key
from tests.http.loopback import ReceivedRequest, Reply, Vendor

CLIENT_ID = "dazz-at-acme"
CLIENT_SECRET = "canary-client-a8c1d6"
FIRST_REFRESH_TOKEN = "canary-refresh-0"
PRIVATE_KEY = make_throwaway_key("RS256") or ""
# What a test looks for in what people see: it stands in each secret that is issued or given.
CANARY = "canary-"

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenIssuer:
    """Issues tokens at `/oauth/token` and `/app/installations/<id>/access_tokens`, and answers all else with `page`.

    lifetime: seconds that an answer names; None names none. rotates: each refresh brings another refresh token.
    grace: a refresh token that was replaced may be used again.
    """

    def __init__(self, api: Vendor, issuer: Vendor | None = None) -> None:
        self.api = api
        self.lifetime: int | str | None = 3600
        self.rotates = True
        self.grace = False
        self.issued: list[str] = []
        self.valid: set[str] = set()
        self.refresh_tokens = [FIRST_REFRESH_TOKEN]
        self.jwts: list[dict[str, Any]] = []
        self.forms: list[dict[str, str]] = []
        self.refusal: Reply | None = None
        self.page: Callable[[ReceivedRequest], Reply] = lambda request: Reply(body={"data": [{"id": 1}]})
        self.on_token: Callable[[], None] = lambda: None
        api.handler = self._answer
        if issuer is not None:
            issuer.handler = self._answer

    @property
    def paths(self) -> list[str]:
        """What the API was asked, tokens as `token`."""
        return ["token" if _is_for_token(request) else request.path for request in self.api.requests]

    @property
    def asked_for_tokens(self) -> int:
        """How many requests for a token came to the API."""
        return self.paths.count("token")

    def revoke_all(self) -> None:
        """Take no token any more that was issued so far."""
        self.valid.clear()

    def _answer(self, request: ReceivedRequest) -> Reply:
        if _is_for_token(request):
            reply = self.refusal or self._issue(request)
            self.on_token()
            return reply
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and token.count(".") == 2:
            self.jwts.append(self._read_jwt(token))
        elif scheme != "Bearer" or token not in self.valid:
            return Reply(401, {"message": f"{token} is not valid"})
        return self.page(request)

    def _issue(self, request: ReceivedRequest) -> Reply:
        if request.path.startswith("/app/"):
            self.jwts.append(self._read_jwt(request.headers["Authorization"].removeprefix("Bearer ")))
            return Reply(201, {"token": self._new_token(), "expires_at": self.lifetime})
        form = dict(parse_qsl(request.body.decode()))
        self.forms.append(form)
        grant = form["grant_type"]
        if grant == _JWT_GRANT:
            self.jwts.append(self._read_jwt(form["assertion"]))
            return self._grant()
        if self._client(request, form) != (CLIENT_ID, CLIENT_SECRET):
            return Reply(401, {"error": "invalid_client"})
        return self._refresh(form["refresh_token"]) if grant == "refresh_token" else self._grant()

    def _refresh(self, token: str) -> Reply:
        if token not in self.refresh_tokens or (token != self.refresh_tokens[-1] and not self.grace):
            return Reply(400, {"error": "invalid_grant", "error_description": f"{token} was replaced"})
        if not self.rotates:
            return self._grant()
        self.refresh_tokens.append(f"{CANARY}refresh-{len(self.refresh_tokens)}")
        return self._grant(refresh_token=self.refresh_tokens[-1])

    def _grant(self, **more: str) -> Reply:
        lifetime = {} if self.lifetime is None else {"expires_in": self.lifetime}
        return Reply(body={"access_token": self._new_token(), "token_type": "Bearer", **lifetime, **more})

    def _new_token(self) -> str:
        self.issued.append(f"{CANARY}access-{len(self.issued) + 1}")
        self.valid.add(self.issued[-1])
        return self.issued[-1]

    def _client(self, request: ReceivedRequest, form: dict[str, str]) -> tuple[str, str]:
        scheme, _, login = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            id_, _, secret = b64decode(login).decode().partition(":")
            return id_, secret
        return form.get("client_id", ""), form.get("client_secret", "")

    def _read_jwt(self, token: str) -> dict[str, Any]:
        """The claims of a JWT that is signed with the key. Its times are for the test to look at."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key: Any = load_pem_private_key(PRIVATE_KEY.encode(), None)
        checked = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        claims: dict[str, Any] = jwt.decode(token, key.public_key(), ["RS256"], options=checked)  # type: ignore[arg-type]
        return claims


def _is_for_token(request: ReceivedRequest) -> bool:
    return request.path == "/oauth/token" or request.path.endswith("/access_tokens")
