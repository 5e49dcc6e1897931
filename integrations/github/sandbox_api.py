"""What all of GitHub's REST API has in common, for the sandbox: tokens, limits, permissions, pages, errors."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import ClassVar
from urllib.parse import urlencode

from dazz_assets.sandbox import (
    Listing,
    RateLimit,
    Record,
    SandboxRequest,
    SandboxResponse,
    VendorSandbox,
    json_response,
    numbered_page,
    pick_time,
    route,
)

from . import sandbox_data as data

DOCS = "https://docs.github.com/rest"
VERSIONS = ("2022-11-28",)
ORGANISATION_ID = 71_204_518
APP_ID = "481516"
INSTALLATION_ID = "2342108"
_LONGEST_JWT = 600
_APP_TOKENS = "/app/installations/"
_TOKEN_LIFE = timedelta(hours=1)


class GitHubApi(VendorSandbox):
    """Answers only those who sign in: with the token, or as the App, whose tokens live an hour.

    Over the rate limit it answers with `over_limit` (403, or 429 as newer limits do). denied: permissions that the
    token lacks, as `x-accepted-github-permissions` names them. most_per_page: of records; GitHub's is 100.
    """

    name: ClassVar[str] = "github"
    token = "ghp_sandbox00000000000000000000000000000"  # noqa: S105 - opens nothing but this sandbox

    org: str
    rate: RateLimit
    over_limit: int
    most_per_page: int

    def __init__(self, seed: int, *, now: datetime | None) -> None:
        self.denied: set[str] = set()
        self.issued: list[str] = []
        self.owner = data.account(self.org, ORGANISATION_ID, "Organization")
        self.people = [data.account(login, number) for login, number in data.PEOPLE.items()]
        self.repositories: dict[int, Record] = {}
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        return {"token": self.token, "org": self.org, "base_url": url}

    def app_settings(self, url: str) -> dict[str, str]:
        """The config of a connection that signs in as the App."""
        return {
            "app_id": APP_ID,
            "installation_id": INSTALLATION_ID,
            "private_key": self._app_keys[0],
            "org": self.org,
            "base_url": url,
        }

    # Signing in, and limits

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        self._accepted = ""
        scheme, token = request.authorization()
        if scheme not in ("bearer", "token"):
            return error(401, "Requires authentication")
        if request.path.startswith(_APP_TOKENS):
            self._quota = self.rate.spend()
            return None if self._is_apps(token) else error(401, "A JSON web token could not be decoded")
        if token not in (self.token, *self.issued):
            return error(401, "Bad credentials")
        quota = self._quota = self.rate.spend()
        if quota.exceeded:
            message = f"API rate limit exceeded for user ID {self.people[0]['id']}."
            return error(self.over_limit, message, "/overview/rate-limits-for-the-rest-api")
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            return error(400, f"Unsupported API version {version}", "/about-the-rest-api/api-versions")
        return None

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        headers = {
            "x-github-api-version-selected": VERSIONS[0],
            "x-github-media-type": "github.v3; format=json",
            **response.headers,
        }
        if self._accepted:
            headers["x-accepted-github-permissions"] = self._accepted
        if response.status != 401:
            headers |= {
                "x-ratelimit-limit": str(self._quota.limit),
                "x-ratelimit-remaining": str(self._quota.remaining),
                "x-ratelimit-used": str(self._quota.used),
                "x-ratelimit-reset": str(self._quota.reset),
                "x-ratelimit-resource": "core",
            }
        return SandboxResponse(response.status, response.body, headers, response.records)

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return error(404, "Not Found")

    def refuse(self, permission: str) -> SandboxResponse | None:
        """Name the permission that the request needs, and refuse a token that lacks it."""
        self._accepted = f"{permission}=read"
        return error(403, "Resource not accessible by integration") if permission in self.denied else None

    @route("POST", _APP_TOKENS + "{installation}/access_tokens")
    def create_token(self, request: SandboxRequest, installation: str) -> SandboxResponse:
        """A token for an hour; https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app"""
        if installation != INSTALLATION_ID:
            return self.not_found(request)
        token = f"ghs_sandbox{len(self.issued):029}"
        self.issued.append(token)
        ends = data.timestamp(datetime.fromtimestamp(time.time(), UTC) + _TOKEN_LIFE)
        permissions = {"metadata": "read", "vulnerability_alerts": "read", "members": "read"}
        body = {"token": token, "expires_at": ends, "permissions": permissions, "repository_selection": "all"}
        return json_response(body, status=201)

    def _is_apps(self, token: str) -> bool:
        import jwt

        try:
            claims = jwt.decode(token, self._app_keys[1], algorithms=["RS256"], issuer=APP_ID)
        except jwt.PyJWTError:
            return False
        return bool(claims["exp"] - time.time() <= _LONGEST_JWT)

    @cached_property
    def _app_keys(self) -> tuple[str, str]:
        """The App's private key, and the public one, in PEM; opens nothing but this sandbox."""
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        return private.decode(), public.decode()

    # Pages

    def is_org(self, org: str) -> bool:
        return org.lower() in (self.org.lower(), str(ORGANISATION_ID))

    def numbered(self, request: SandboxRequest, path: str, ordered: Sequence[Record]) -> SandboxResponse:
        """A page by number."""
        number = max(1, as_number(request, "page", 1))
        page, last = numbered_page(ordered, number, self._page_size(request))
        links = {
            "prev": number - 1 if number > 1 else None,
            "next": number + 1 if number < last else None,
            "last": last if number < last else None,
            "first": 1 if number > 1 else None,
        }
        return self.linked(request, path, page, {rel: {"page": str(n)} for rel, n in links.items() if n})

    def between(self, request: SandboxRequest, path: str, listing: Listing) -> SandboxResponse:
        """A page before or after a cursor."""
        try:
            found = listing.page(self._page_size(request), after=request.param("after"), before=request.param("before"))
        except ValueError as problem:
            return error(400, str(problem))
        links = {"next": ("after", found.after), "prev": ("before", found.before)}
        cursors = {rel: {name: cursor} for rel, (name, cursor) in links.items() if cursor}
        return self.linked(request, path, found.records, cursors)

    def linked(
        self, request: SandboxRequest, path: str, records: Sequence[Record], links: Mapping[str, dict[str, str]]
    ) -> SandboxResponse:
        """A page whose links name the organisation, or the repository, by number, as GitHub's do."""
        kept = {name: value for name, value in request.params().items() if name not in ("page", "after", "before")}
        url = f"{request.origin}/{path}"
        link = ", ".join(f'<{url}?{urlencode(kept | place)}>; rel="{rel}"' for rel, place in links.items())
        return json_response(records, headers={"Link": link} if link else {}, records=len(records))

    def _page_size(self, request: SandboxRequest) -> int:
        return min(self.most_per_page, max(1, as_number(request, "per_page", 30)))


def after(random: Random, start: datetime, end: datetime) -> datetime:
    """A whole second in (start, end]."""
    return pick_time(random, start, end, timedelta(seconds=1))


def key_text(*key: int) -> str:
    """A key of two parts as the lake has it."""
    return json.dumps(key, separators=(",", ":"))


def as_number(request: SandboxRequest, name: str, default: int) -> int:
    """A parameter as a number; like GitHub, ignore anything else."""
    text = request.param(name) or ""
    return int(text) if text.isdecimal() else default


def invalid(parameter: str) -> SandboxResponse:
    """A parameter has a value that it can't have."""
    return error(422, f"Validation Failed: {parameter} is not included in the list")


def error(status: int, message: str, page: str = "") -> SandboxResponse:
    """An error in GitHub's form."""
    return json_response({"message": message, "documentation_url": DOCS + page, "status": str(status)}, status=status)
