"""A vendor that repeats each secret it receives wherever it can, and an integration that sends secrets in every way."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, quote

from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.privacy.test_redaction import ENCODINGS

USER = "jo"
CORES = {
    "password": "canary1f4b7c",
    "query_key": "canary2d9e03",
    "header_key": "canary3a6c5d",
    "client_secret": "canary4b8f21",
    "hook_token": "canary5e0d74",
}
"""The part of each secret that nothing escapes."""

SECRETS = {
    "password": f'p/+w "{CORES["password"]}" é=',
    "query_key": f"k&/+{CORES['query_key']}%2F=",
    "header_key": f"h/{CORES['header_key']}+==",
    "client_secret": f"c\\{CORES['client_secret']} ü&x=1",
    "hook_token": f"{CORES['hook_token']}/'t",
}

UNNAMED_CORES = {
    "github": "canary7a11b0c2d3e4f5a6b7c8d9e0f1a2",
    "stripe": "canary7b22c1d3e4f5a6b7c8",
    "jwt": "canary7c33d2e4f5a6b7c8",
    "private key": "canary7d44e3f5a6b7c8",
    "signature": "canary7e55f4a6b7c8",
    "azure": "canary7f66a5b7c8d9",
    "password": "canary7a77b6c8d9e0",
    "cookie": "canary7b88c7d9e0f1",
    "clone token": "canary7c99d8e0f1a2",
}
"""Cores of secrets that are not in the config, recognised by their shape or by the name beside them."""

UNNAMED_SECRETS = {
    "text": f"use ghp_{UNNAMED_CORES['github']} or sk_live_{UNNAMED_CORES['stripe']}",
    "jwt": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.{UNNAMED_CORES['jwt']}",
    "pem": f"-----BEGIN PRIVATE KEY-----\n{UNNAMED_CORES['private key']}\n-----END PRIVATE KEY-----",
    "download": f"https://b.s3.amazonaws.com/a?X-Amz-Expires=60&X-Amz-Signature={UNNAMED_CORES['signature']}",
    "upload": f"https://x.blob.core.windows.net/c/b?sv=2024-11-04&sig={UNNAMED_CORES['azure']}%3D",
    "temp_clone_token": UNNAMED_CORES["clone token"],
    "database": {"host": "db", "password": UNNAMED_CORES["password"]},
}

INTEGRATION = '''
"""A vendor that requires every kind of secret."""

from collections.abc import Generator, Iterator, Mapping
from datetime import datetime

import requests
from pydantic import BaseModel, SecretStr

from dazz_assets import (
    ApiKey, Basic, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, NextLink, Request, Response, Stream,
    parser,
)
from dazz_assets.domain import DomainObject

URL = "https://api.parrot.example"


class ParrotConfig(ConnectionConfig):
    username: str
    password: SecretStr
    query_key: SecretStr
    header_key: SecretStr
    client_secret: SecretStr
    hook_token: SecretStr


class Everything:
    """Basic, a key in the query, a key in a header, and a login by a form before each request."""

    parts = (Basic("{config.username}", "{config.password}"), ApiKey(param="key", format="{config.query_key}"),
             ApiKey(header="X-Api-Key", format="{config.header_key}"))

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        for part in self.parts:
            request = next(part.flow(request, config))
        login = {"grant_type": "client_credentials", "client_secret": config["client_secret"]}
        session = requests.post(f"{config.get('base_url') or URL}/oauth/token", data=login).json()
        yield request.with_header("X-Session", session["access_token"])


class Thing(BaseModel):
    id: str


class Part(BaseModel):
    id: str
    at: datetime


class Copy(DomainObject):
    echo: str


class ThingsStream(Stream[Thing]):
    """Things."""

    path = "/things"


class PartsStream(Stream[Part]):
    """Parts of a thing."""

    parent = ThingsStream
    path = "/things/{parent.id}/parts"
    method = "POST"
    body = {"hook": {"token": "{config.hook_token}"}, "of": "{parent.id}"}
    cursor = Cursor("at", since="since")


class ParrotIntegration(Integration[ParrotConfig]):
    """A vendor that requires every kind of secret."""

    base_url = URL
    auth = Everything()
    records = "items"
    primary_key = "id"
    paginator = NextLink("next")
    streams = (ThingsStream, PartsStream)

    @parser
    def copies(self, things: FullRefresh[ThingsStream], parts: Incremental[PartsStream]) -> Iterator[Copy]:
        """Parts."""
        for part in parts:
            yield Copy(id=self.object_id(part.id), echo=part.id)
'''


class Parrot:
    """`/things` redirects to `/v2/things`, two pages; `POST /things/<id>/parts`, two pages each, and a 403 for one.

    in_records: whether records repeat secrets too. A sync stores records as the vendor sends them.
    """

    def __init__(self) -> None:
        self.in_records = True
        self.received: set[str] = set()
        self.problems: list[str] = []
        self.vendor = Vendor()
        self.vendor.handler = self.answer
        self.url = self.vendor.url

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/oauth/token":
            return self._login(asked)
        self._check_received("password", asked.headers.get("Authorization") == f"Basic {_basic_login()}")
        self._check_received("query_key", asked.query.get("key") == [SECRETS["query_key"]])
        self._check_received("header_key", asked.headers.get("X-Api-Key") == SECRETS["header_key"])
        self._check_received("client_secret", asked.headers.get("X-Session") == f"session-{UNNAMED_CORES['cookie']}")
        if asked.path == "/things":
            return self._reply({}, status=302, Location=f"/v2/things?{_secrets_as_query()}")
        if asked.path == "/v2/things":
            return self._things(asked)
        received = json.loads(asked.body)["hook"]["token"]
        self._check_received("hook_token", received == SECRETS["hook_token"])
        if "/t3/" in asked.path:
            given = "; ".join([asked.headers["Authorization"], asked.target, received, *SECRETS.values()])
            return self._reply({"message": f"{given} may not see this", "request": dict(asked.headers)}, status=403)
        return self._parts(asked)

    def _check_received(self, secret: str, is_right: bool) -> None:
        self.received.add(secret)
        if not is_right:
            self.problems.append(f"{secret} did not arrive unchanged")

    def _login(self, asked: ReceivedRequest) -> Reply:
        form = parse_qs(asked.body.decode())
        self._check_received("client_secret", form.get("client_secret") == [SECRETS["client_secret"]])
        # Repeat the form as it came, and as it was parsed.
        body = {"access_token": f"session-{UNNAMED_CORES['cookie']}", "form": asked.body.decode(), "fields": form}
        return self._reply(body)

    def _things(self, asked: ReceivedRequest) -> Reply:
        if asked.query.get("page") == ["2"]:
            return self._reply({"items": [self._record("t3")], "next": None})
        signed = f"X-Amz-Signature={UNNAMED_CORES['signature']}"
        link = f"{self.url}/v2/things?page=2&{_secrets_as_query()}&{signed}"
        return self._reply({"items": [self._record("t1"), self._record("t2")], "next": link})

    def _parts(self, asked: ReceivedRequest) -> Reply:
        thing_id = asked.path.split("/")[2]
        if asked.query.get("page") == ["2"]:
            return self._reply({"items": [self._record(f"{thing_id}-2", at="2026-01-13T00:00:00Z")], "next": None})
        link = f"{asked.path}?page=2&{_secrets_as_query()}"
        return self._reply({"items": [self._record(f"{thing_id}-1", at="2026-01-12T00:00:00Z")], "next": link})

    def _record(self, id_: str, **more: str) -> dict[str, object]:
        echo: dict[str, object] = {}
        if self.in_records:
            written = {
                f"{name} {way}": encode(secret) for name, secret in SECRETS.items() for way, encode in ENCODINGS.items()
            }
            echo = {"written": written, "as keys": dict.fromkeys(SECRETS.values(), 1), **UNNAMED_SECRETS}
            echo["a text within a text"] = json.dumps(written)
        return {"id": id_, **more, **echo}

    def _reply(self, body: Mapping[str, object], status: int = 200, **headers: str) -> Reply:
        echoed = " ".join(encode(SECRETS[name]) for name in SECRETS for encode in (quote, _base64))
        return Reply(
            status,
            body,
            {
                "Content-Type": "application/json",
                "X-Repeated": echoed,
                "Link": f'<{self.url}/v2/things?{_secrets_as_query()}>; rel="help"',
                "Set-Cookie": f"session={UNNAMED_CORES['cookie']}; Path=/",
                **headers,
            },
        )


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _basic_login() -> str:
    return _base64(f"{USER}:{SECRETS['password']}")


def _secrets_as_query() -> str:
    """Return all secrets as the parameters of a link."""
    return "&".join(f"{name}={quote(secret, safe='')}" for name, secret in SECRETS.items())


def write_parrot(folder: Path) -> Path:
    """Write the integration to a file in a folder, and return its path."""
    folder.mkdir(parents=True)
    file = folder / "parrot.py"
    file.write_text(INTEGRATION, encoding="utf-8")
    return file
