"""JSON Web Tokens that we sign ourselves (RFC 7519)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Literal

from dazz_assets.http.auth.auth import fill_template, fill_texts
from dazz_assets.http.auth.fetched_token import Fetch, Token, TokenAuth
from dazz_assets.http.errors import CredentialError

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]
SKEW = 30
"""Seconds that the vendor's clock may be behind ours: `iat` lies so far back."""
_EC_CURVES = {"ES256": "SECP256R1", "ES384": "SECP384R1", "ES512": "SECP521R1"}


@dataclass
class SignedJwt(TokenAuth):
    """A JSON Web Token that is signed with a private key, sent as a bearer token.

    `SignedJwt("{config.private_key}", claims={"iss": "{config.app_id}"})`. In `JwtGrant` and `TokenExchange` it is
    what buys a token.

    key: in PEM, also with `\\n` for its line breaks, as environment variables have it; for HS256 and the like the
        shared secret.
    claims: besides `iat` and `exp`, which are added. audience: `aud`. headers: such as `{"kid": ...}`.
    lifetime: from `iat` to `exp`; many vendors take ten minutes or an hour at most.
    """

    key: str = field(repr=False)
    algorithm: Algorithm = field(default="RS256", kw_only=True)
    claims: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    audience: str = field(default="", kw_only=True)
    lifetime: timedelta = field(default=timedelta(minutes=9), kw_only=True)
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def fetch(self, config: Mapping[str, str], refused: str) -> Fetch:
        """Sign another one, which takes no request."""
        now = self._connection.clock()
        return Token.living(self.sign(config, now), self.lifetime.total_seconds() - SKEW, now)
        yield  # what makes this a generator

    def sign(self, config: Mapping[str, str], now: float, claims: Mapping[str, str] | None = None) -> str:
        """The token. now: epoch seconds. claims: further ones, which those of the author go before.

        Raises CredentialError: the key can't sign, or a claim is of a wrong type.
        """
        import jwt

        issued = int(now) - SKEW
        audience = {"aud": fill_template(self.audience, config)} if self.audience else {}
        times = {"iat": issued, "exp": issued + int(self.lifetime.total_seconds())}
        content = {**(claims or {}), **audience, **fill_texts(self.claims, config), **times}
        key = fill_template(self.key, config)
        problem = ""
        try:
            return jwt.encode(
                content, _unfold(key), algorithm=self.algorithm, headers=fill_texts(self.headers, config) or None
            )
        except (jwt.PyJWTError, ValueError) as error:
            advice = f"Give the whole key for {self.algorithm}, from its line -----BEGIN to its line -----END."
            problem = f"{self.key} is no private key that {self.algorithm} signs with ({type(error).__name__})."
        except TypeError as error:
            advice, problem = "Correct the integration's auth.", f"the JWT can't be signed: {error}."
        raise CredentialError(problem, advice=advice)  # Raised out here, so that it has no context with a key in it.


def find_jwts(auth: object) -> Iterator[SignedJwt]:
    """The JWT that an auth is, or those in its fields."""
    if isinstance(auth, SignedJwt):
        yield auth
    elif is_dataclass(auth):
        for item in fields(auth):
            yield from find_jwts(getattr(auth, item.name, None))


def make_throwaway_key(algorithm: str) -> str | None:
    """A key that signs what is never checked, in PEM; None for an algorithm that takes any text."""
    return None if algorithm.startswith("HS") else _make_key(algorithm)


@cache
def _make_key(algorithm: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm in _EC_CURVES:
        key = ec.generate_private_key(getattr(ec, _EC_CURVES[algorithm])())
    elif algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _unfold(key: str) -> str:
    """The key with line breaks where it was written on one line."""
    return key.replace("\\n", "\n") if "-----BEGIN" in key else key
