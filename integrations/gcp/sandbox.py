"""How Google Cloud's APIs behave, for the sandbox: three hosts, and the endpoint for tokens, at one address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar
from urllib.parse import parse_qs

import jwt

from dazz_assets.sandbox import (
    HISTORY,
    QUIET,
    Change,
    Listing,
    RateLimit,
    Record,
    SandboxRequest,
    SandboxResponse,
    VendorSandbox,
    json_response,
    pick_time,
    route,
)

from . import sandbox_data as data

EMAIL = "dazz-reader@nimbus-platform-0000.iam.gserviceaccount.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
CONSUMER = "projects/300112233445"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_JWT = 3_600
# A page may have fewer records than are asked for.
_LARGEST_PAGE = {"projects": 4, "assets": 40, "buckets": 12}
_EMPTY_PAGE = "~"


class GcpSandbox(VendorSandbox):
    """Projects with their assets and buckets; the last project is being deleted, and the one before has nothing.

    The second page of each list is empty, and has a token. A removed bucket stays in the inventory until the next
    change. disabled, denied: ids of projects whose inventory is switched off, and that may not be read.
    requester_pays: names of buckets that tell their policy only to those who pay.
    """

    name: ClassVar[str] = "gcp"

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        projects: int = 6,
        buckets: int = 60,
        resources: int = 300,
        limit: int = 100,
    ) -> None:
        self.rate = RateLimit(limit, per=60)
        self._sizes = projects, buckets, resources
        self.tokens: set[str] = set()
        self.issued = 0
        self.disabled: set[str] = set()
        self.denied: set[str] = set()
        self.requester_pays: set[str] = set()
        self.projects: dict[str, Record] = {}
        self.buckets: dict[str, Record] = {}
        self.policies: dict[str, Record] = {}
        self.assets: dict[str, Record] = {}
        self._late: list[str] = []
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        key_file = {"type": "service_account", "client_email": EMAIL, "private_key": data.signing_key_pem()}
        return {
            "service_account": json.dumps(key_file),
            "base_url": url,
            "asset_url": url,
            "storage_url": url,
            "token_url": f"{url}/token",
        }

    # Tokens

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        scheme, token = request.authorization()
        if request.path == "/token" or (scheme == "bearer" and token in self.tokens):
            return None
        if request.path.startswith("/storage/"):
            return _storage_error(401, "Invalid Credentials", "authError")
        return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return _error(404, "NOT_FOUND", "Method not found.")

    @route("POST", "/token")
    def issue_token(self, request: SandboxRequest) -> SandboxResponse:
        """An access token for a signed JWT; https://developers.google.com/identity/protocols/oauth2/service-account"""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != _GRANT:
            return _refused_grant("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                data.signing_key().public_key(),
                algorithms=["RS256"],
                audience=[TOKEN_URL, f"{request.origin}/token"],
                options={"require": ["iss", "aud", "iat", "exp"]},
            )
        except jwt.InvalidSignatureError:
            return _refused_grant("invalid_grant", "Invalid JWT Signature.")
        except jwt.InvalidTokenError as error:
            return _refused_grant("invalid_grant", f"Invalid JWT: {error}")
        if claims["iss"] != EMAIL:
            return _refused_grant("invalid_grant", "Invalid grant: account not found")
        if claims["exp"] - claims["iat"] > _LONGEST_JWT:
            return _refused_grant("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)")
        if SCOPE not in str(claims.get("scope", "")).split():
            return _refused_grant("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        self.issued += 1
        token = f"ya29.sandbox-{self.issued:012d}"
        self.tokens.add(token)
        return json_response({"access_token": token, "expires_in": 3_599, "token_type": "Bearer"})

    # Lists

    @route("GET", "/v3/projects:search")
    def search_projects(self, request: SandboxRequest) -> SandboxResponse:
        """Of several terms in `query` one suffices; https://cloud.google.com/resource-manager/reference/rest/v3"""
        terms = (request.param("query") or "").split()
        found = [item for item in self.projects.values() if not terms or any(_fits(item, term) for term in terms)]
        return self._page(request, "projects", ("projects", *terms), lambda: found, "name")

    @route("GET", "/v1/projects/{project}/assets")
    def list_assets(self, request: SandboxRequest, project: str) -> SandboxResponse:
        """The inventory of a project; https://cloud.google.com/asset-inventory/docs/reference/rest/v1/assets/list"""
        if self.rate.spend().exceeded:
            limit = "Quota exceeded for quota metric 'List Assets Requests' and limit 'List Assets Requests per minute'"
            message = f"{limit} of service 'cloudasset.googleapis.com' for consumer '{CONSUMER}'."
            return _error(429, "RESOURCE_EXHAUSTED", message, "RATE_LIMIT_EXCEEDED")
        size = request.param("pageSize") or "100"
        if not size.isdecimal() or not 1 <= int(size) <= 1_000:
            return _error(400, "INVALID_ARGUMENT", "Invalid page size. It must be between 1 and 1000.")
        home = self.projects.get(project)
        if home is None or project in self.denied:
            return _error(403, "PERMISSION_DENIED", "The caller does not have permission")
        if home["state"] != "ACTIVE":
            message = f"Project #{data.number(home)} has been deleted."
            return _error(403, "PERMISSION_DENIED", message, "CONSUMER_INVALID")
        if project in self.disabled:
            message = f"Cloud Asset API has not been used in project {project} before or it is disabled."
            return _error(403, "PERMISSION_DENIED", message, "SERVICE_DISABLED")

        def of_project() -> Iterable[Record]:
            return (item for item in self.assets.values() if item["ancestors"][0] == home["name"])

        with_content = request.param("contentType") == "RESOURCE"
        read_time = {"readTime": data.timestamp(self._latest)}
        return self._page(request, "assets", ("assets", project), of_project, "name", read_time, whole=with_content)

    @route("GET", "/storage/v1/b")
    def list_buckets(self, request: SandboxRequest) -> SandboxResponse:
        """Buckets of a project; https://cloud.google.com/storage/docs/json_api/v1/buckets/list"""
        project = request.param("project")
        if project is None:
            return _storage_error(400, "Required parameter: project", "required")
        home = self.projects.get(project)
        if home is None or project in self.denied:
            return _storage_error(403, f"{EMAIL} does not have storage.buckets.list access.", "forbidden")
        if home["state"] != "ACTIVE":
            return _storage_error(404, "The requested project was not found.", "notFound")

        def of_project() -> Iterable[Record]:
            return (item for item in self.buckets.values() if item["projectNumber"] == data.number(home))

        return self._page(request, "buckets", ("buckets", project), of_project, "name", {"kind": "storage#buckets"})

    @route("GET", "/storage/v1/b/{bucket}/iam")
    def get_policy(self, request: SandboxRequest, bucket: str) -> SandboxResponse:
        """The policy of a bucket; https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy"""
        if bucket not in self.policies:
            return _storage_error(404, "The specified bucket does not exist.", "notFound")
        if bucket in self.requester_pays and not request.param("userProject"):
            message = "Bucket is a requester pays bucket but no user project provided."
            return _storage_error(400, message, "required")
        return json_response(self.policies[bucket], records=1)

    def _page(
        self,
        request: SandboxRequest,
        kind: str,
        query: tuple[str, ...],
        records: Callable[[], Iterable[Record]],
        key: str,
        more: Record | None = None,
        *,
        whole: bool = True,
    ) -> SandboxResponse:
        """A page of a list, which leaves out what is empty. whole: with more of each record than its name."""
        token = request.param("pageToken") or ""
        listing = self.listing(query, lambda: Listing(records(), key=lambda record: (record[key],)))
        body = dict(more or {})
        found: list[Record] = []
        if token.startswith(_EMPTY_PAGE):
            body["nextPageToken"] = token.removeprefix(_EMPTY_PAGE)
        else:
            size = request.param("maxResults" if kind == "buckets" else "pageSize") or "100"
            try:
                page = listing.page(min(int(size), _LARGEST_PAGE[kind]), after=token)
            except ValueError:
                return _error(400, "INVALID_ARGUMENT", "The page token is invalid.")
            found = list(page.records)
            if page.after:
                body["nextPageToken"] = page.after if token else f"{_EMPTY_PAGE}{page.after}"
        if found:
            shown = found if whole else [{name: item[name] for name in ("name", "assetType")} for item in found]
            body["items" if kind == "buckets" else kind] = shown
        return json_response(body, records=len(found))

    # Records, and how they change

    def populate(self, random: Random) -> None:
        projects, buckets, resources = self._sizes
        self.rate.clear()
        self.tokens, self._late = set(), []
        self.projects, self.buckets, self.policies, self.assets = {}, {}, {}, {}
        start, end = self.now - HISTORY, self.now - QUIET
        for i in range(projects):
            team = data.TEAMS[i] if i < len(data.TEAMS) else f"team{i + 1}"
            home = data.project(random, team, _after(random, start, end))
            self.projects[home["projectId"]] = home
            if i == projects - 1 and projects > 1:
                data.delete_project(home, _after(random, start, end))
            self._put(data.project_asset(home))
        for _ in range(buckets):
            self._add_bucket(random, start, end)
        for _ in range(resources):
            self._add_resource(random, start, end)

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        for name in self._late:
            del self.assets[name]
        removed_late, self._late = [self._key(name, data.BUCKET) for name in self._late], []
        removed = random.choice(sorted(self.buckets))
        del self.buckets[removed], self.policies[removed]
        self._late.append(f"//storage.googleapis.com/{removed}")
        resources = sorted(name for name, item in self.assets.items() if item["assetType"].startswith("compute."))
        gone = random.choice(resources)
        removed_late.append(self._key(gone, self.assets.pop(gone)["assetType"]))
        change.removed.update(buckets=[removed], bucket_policies=[_policy_key(removed)], assets=removed_late)

        toggled = random.sample(sorted(self.policies), max(1, len(self.policies) // 10))
        for name in toggled:
            data.toggle_access(self.policies[name])
        change.changed.update(bucket_policies=[_policy_key(name) for name in toggled])

        bucket = self._add_bucket(random, change.at, until)
        new = [self._add_resource(random, change.at, until) for _ in range(max(1, len(self.assets) // 50))]
        new.append(f"//storage.googleapis.com/{bucket}")
        change.added.update(
            buckets=[bucket],
            bucket_policies=[_policy_key(bucket)],
            assets=[self._key(name, self.assets[name]["assetType"]) for name in new],
        )

    @property
    def _homes(self) -> list[Record]:
        """Projects that have something in them."""
        active = [item for item in self.projects.values() if item["state"] == "ACTIVE"]
        return active[:-1] or active

    def _add_bucket(self, random: Random, start: datetime, end: datetime) -> str:
        home = random.choice(self._homes)
        bucket = data.bucket(random, home, _after(random, start, end))
        name = str(bucket["name"])
        self.buckets[name], self.policies[name] = bucket, data.policy(random, bucket, home)
        self._put(data.bucket_asset(bucket, home))
        return name

    def _add_resource(self, random: Random, start: datetime, end: datetime) -> str:
        return self._put(data.resource(random, random.choice(self._homes), _after(random, start, end)))

    def _put(self, asset: Record) -> str:
        self.assets[asset["name"]] = asset
        return str(asset["name"])

    def _key(self, name: str, kind: str) -> str:
        return json.dumps([name, kind], separators=(",", ":"))


def _after(random: Random, start: datetime, end: datetime) -> datetime:
    return pick_time(random, start, end, timedelta(milliseconds=1))


def _policy_key(bucket: str) -> str:
    return f"projects/_/buckets/{bucket}"


def _fits(project: Record, term: str) -> bool:
    field, _, value = term.partition(":")
    return str(project.get({"id": "projectId", "lifecycleState": "state"}.get(field, field))).lower() == value.lower()


def _refused_grant(error: str, description: str) -> SandboxResponse:
    return json_response({"error": error, "error_description": description}, status=400)


def _error(status: int, word: str, message: str, reason: str = "") -> SandboxResponse:
    error: Record = {"code": status, "message": message, "status": word}
    if reason:
        metadata = {"consumer": CONSUMER, "service": "cloudasset.googleapis.com"}
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
        error["details"] = [{**info, "metadata": metadata}]
    return json_response({"error": error}, status=status)


def _storage_error(status: int, message: str, reason: str) -> SandboxResponse:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return json_response({"error": {"code": status, "message": message, "errors": errors}}, status=status)
