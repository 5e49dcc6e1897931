"""How Snyk's REST API behaves, for the sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

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

VERSIONS = ("2023-05-29", "2024-01-23", "2024-10-15")
SUNSET = "Thu, 31 Dec 2099 00:00:00 GMT"
MEDIA = "application/vnd.api+json"
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(~(beta|experimental))?")
_WORDS = {"type", "status", "effective_severity_level", "ignored"}
_TIMES = {"updated_after", "updated_before", "created_after", "created_before"}
_PAGING = {"starting_after", "ending_before"}
_TOKENS = "/oauth2/token"


class SnykSandbox(VendorSandbox):
    """Organisations with their projects and issues; the last organisation is empty.

    Next links are relative, with `/rest` in front unless `rest_in_links` is False: both forms exist. Of `versions` the
    newest is current; the others are served with their end announced. denied: lists that the token may not read, by the
    last segment of their paths. last_leads_to_itself: the next link of a last page is its own, as it was seen to be:
    https://github.com/snyk-labs/pysnyk/issues/212
    """

    name: ClassVar[str] = "snyk"
    token = "00000000-sand-box0-0000-000000000000"  # noqa: S105 - opens nothing but this sandbox
    client_id = "sandbox-service-account"
    client_secret = "sandbox-secret-0000"  # noqa: S105

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        orgs: int = 6,
        projects: int = 240,
        issues: int = 3_000,
        limit: int = 1_620,
        rest_in_links: bool = True,
        last_leads_to_itself: bool = False,
        versions: tuple[str, ...] = VERSIONS,
    ) -> None:
        self.rest_in_links = rest_in_links
        self.last_leads_to_itself = last_leads_to_itself
        self.versions = versions
        self.rate = RateLimit(limit, per=60, keeps_closed=True)
        self._sizes = orgs, projects, issues
        self.orgs: dict[str, Record] = {}
        self.projects: dict[str, Record] = {}
        self.targets: dict[str, Record] = {}
        self.issues: dict[str, Record] = {}
        self.issued: list[str] = []
        self.denied: set[str] = set()
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        return {"token": self.token, "base_url": url}

    def oauth_settings(self, url: str) -> dict[str, str]:
        """The config of a connection that signs in by OAuth 2."""
        return {"client_id": self.client_id, "client_secret": self.client_secret, "base_url": url}

    # Responses

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if request.path == _TOKENS:
            return None
        scheme, token = request.authorization()
        known = {"token": [self.token], "bearer": [self.token, *self.issued]}
        if token not in known.get(scheme, []):
            return _error(
                401, "Unauthorized", "Authentication credentials not recognized, or user access is not provisioned"
            )
        if self.rate.spend().exceeded:
            return _error(429, "Too Many Requests", "Request rate limit exceeded")
        version = _VERSION.fullmatch(request.param("version") or "")
        if version is None:
            return _error(
                400, "Bad Request", "parameter 'version' in query has an error: a date as in 2024-10-15 is required"
            )
        if version[1] < self.versions[0]:
            return _error(404, "Not Found", f"Requested version not available: {version[1]}")
        if request.path.rpartition("/")[2] in self.denied:
            return _error(403, "Forbidden", "Your account does not have the permission for this resource")
        return None

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        headers = {"snyk-request-id": str(uuid4()), **response.headers}
        if version := _VERSION.fullmatch(request.param("version") or ""):
            served = max((known for known in self.versions if known <= version[1]), default=self.versions[0])
            successors = [known for known in self.versions if known > served]
            headers |= {"snyk-version-requested": version[0], "snyk-version-served": served}
            headers["snyk-version-lifecycle-stage"] = "deprecated" if successors else "released"
            if successors:
                headers |= {"deprecation": f"{successors[0]}T00:00:00Z", "sunset": SUNSET}
        return SandboxResponse(response.status, response.body, headers, response.records)

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return _error(404, "Not Found", "The requested resource could not be found")

    @route("POST", _TOKENS)
    def create_token(self, request: SandboxRequest) -> SandboxResponse:
        """A token for an hour; https://docs.snyk.io/snyk-api/authentication-for-api"""
        form = dict(parse_qsl(request.body.decode()))
        given = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if given != ("client_credentials", self.client_id, self.client_secret):
            return json_response({"error": "invalid_client"}, status=401)
        token = f"sandbox-access-{len(self.issued):04}"
        self.issued.append(token)
        return json_response({"access_token": token, "token_type": "bearer", "expires_in": 3_599})

    @route("GET", "/rest/orgs")
    def list_orgs(self, request: SandboxRequest) -> SandboxResponse:
        """Organisations that the token can see; https://docs.snyk.io/snyk-api/reference/orgs"""
        return self._page(request, ("orgs",), self.orgs.values)

    @route("GET", "/rest/orgs/{org}/projects")
    def list_projects(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Projects of an organisation; https://docs.snyk.io/snyk-api/reference/projects"""
        if org not in self.orgs:
            return self.not_found(request)
        return self._page(request, ("projects", org), lambda: _of(org, self.projects))

    @route("GET", "/rest/orgs/{org}/targets")
    def list_targets(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """What an organisation scans; https://docs.snyk.io/snyk-api/reference/targets"""
        if org not in self.orgs:
            return self.not_found(request)
        return self._page(request, ("targets", org), lambda: _of(org, self.targets))

    @route("GET", "/rest/orgs/{org}/issues")
    def list_issues(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Issues of an organisation; https://docs.snyk.io/snyk-api/reference/issues

        `..._after` takes its bound in, `..._before` leaves it out. The order is that of the ids, which tells nothing.
        """
        if org not in self.orgs:
            return self.not_found(request)
        params = request.params()
        try:
            bounds = {name: datetime.fromisoformat(params[name]) for name in _TIMES & params.keys()}
        except ValueError as error:
            return _error(400, "Bad Request", str(error))
        if any(bound.tzinfo is None for bound in bounds.values()):
            return _error(400, "Bad Request", "times must be RFC 3339 with a zone")
        words = {name: params[name].split(",") for name in _WORDS & params.keys()}
        item = params.get("scan_item.id")

        def chosen() -> Iterable[Record]:
            return (issue for issue in _of(org, self.issues) if _fits(issue, words, bounds, item))

        query = tuple(sorted((name, value) for name, value in params.items() if name not in {*_PAGING, "limit"}))
        return self._page(request, ("issues", org, query), chosen)

    def _page(
        self, request: SandboxRequest, query: tuple[object, ...], records: Callable[[], Iterable[Record]]
    ) -> SandboxResponse:
        params = request.params()
        limit = params.get("limit", "10")
        if not limit.isdecimal() or int(limit) not in range(10, 101, 10):
            return _error(400, "Bad Request", "parameter 'limit' in query has an error: a multiple of 10 up to 100")
        listing = self.listing(query, lambda: Listing(records(), key=lambda record: (record["id"],)))
        after, before = (params.get(name, "").removeprefix("v1.") for name in ("starting_after", "ending_before"))
        try:
            page = listing.page(int(limit), after=after, before=before)
        except ValueError as error:
            return _error(400, "Bad Request", str(error))
        links = {"self": self._link(request, {name: params[name] for name in _PAGING & params.keys()})}
        if page.after:
            links["next"] = self._link(request, {"starting_after": f"v1.{page.after}"})
        elif self.last_leads_to_itself:
            links["next"] = links["self"]
        if page.before:
            links["prev"] = self._link(request, {"ending_before": f"v1.{page.before}"})
        body = {"jsonapi": {"version": "1.0"}, "links": links, "data": page.records}
        return json_response(body, content_type=MEDIA, records=len(page.records))

    def _link(self, request: SandboxRequest, place: dict[str, str]) -> str:
        kept = {name: value for name, value in request.params().items() if name not in _PAGING}
        path = request.path if self.rest_in_links else request.path.removeprefix("/rest")
        return f"{path}?{urlencode(kept | place)}"

    # Records, and how they change

    def populate(self, random: Random) -> None:
        orgs, projects, issues = self._sizes
        self.rate.clear()
        self.orgs, self.projects, self.targets, self.issues = {}, {}, {}, {}
        self.issued.clear()
        start, end = self.now - HISTORY, self.now - QUIET
        group = data.uuid(random)
        for i in range(orgs):
            team = data.TEAMS[i] if i < len(data.TEAMS) else f"Team {i + 1}"
            org = data.organisation(random, team, group, start)
            self.orgs[org["id"]] = org
        homes = list(self.orgs)[:-1] or list(self.orgs)
        for _ in range(projects):
            self._add_project(random, random.choice(homes), start, end)
        # A scan finds several issues at once, with equal times that may span pages.
        times = [_after(random, start, end) for _ in range(max(1, issues // 3))]
        for home in random.choices(list(self.projects), [random.paretovariate(1.2) for _ in range(projects)], k=issues):
            created = random.choice(times)
            issue = self._add_issue(random, home, created)
            self._settle(random, issue, _after(random, created, end))

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        removed = random.choice(sorted(self.projects))
        gone = [key for key, issue in self.issues.items() if _item(issue) == removed]
        unused = self.projects.pop(removed)["relationships"]["target"]["data"]["id"]
        del self.targets[unused]
        for key in gone:
            del self.issues[key]
        change.removed.update(projects=[removed], targets=[unused], issues=gone)

        renamed = random.sample(sorted(self.projects), max(1, len(self.projects) // 50))
        for key in renamed:
            attributes = self.projects[key]["attributes"]
            attributes["status"] = "inactive" if attributes["status"] == "active" else "active"
        moved = random.sample(sorted(self.issues), max(1, len(self.issues) // 50))
        for key in moved:
            self._move(random, self.issues[key], _after(random, change.at, until))
        change.changed.update(projects=renamed, issues=moved)

        org = random.choice(sorted(self.orgs)[:-1] or sorted(self.orgs))
        created = self._add_project(random, org, change.at, until)
        homes = [created, created, *random.choices(sorted(self.projects), k=max(1, len(self.issues) // 100))]
        new = [self._add_issue(random, home, _after(random, change.at, until))["id"] for home in homes]
        target = self.projects[created]["relationships"]["target"]["data"]["id"]
        change.added.update(projects=[created], targets=[target], issues=new)

    def _add_project(self, random: Random, org: str, start: datetime, end: datetime) -> str:
        project = data.project(random, org, _after(random, start, end))
        self.projects[project["id"]] = project
        target = data.target(project)
        self.targets[target["id"]] = target
        return str(project["id"])

    def _add_issue(self, random: Random, home: str, created: datetime) -> Record:
        project = self.projects[home]
        org = project["relationships"]["organization"]["data"]["id"]
        issue = data.issue(random, org, project, created)
        self.issues[issue["id"]] = issue
        return issue

    def _settle(self, random: Random, issue: Record, at: datetime) -> None:
        """Resolve or ignore some of the older issues."""
        fate = random.random()
        if fate < 0.35:
            data.resolve(issue, at, random.choice(("fixed", "disappeared")))
        elif fate < 0.45:
            data.ignore(issue, at, ignored=True)

    def _move(self, random: Random, issue: Record, at: datetime) -> None:
        if issue["attributes"]["status"] == "resolved":
            data.reopen(issue, at)
        elif random.random() < 0.5:
            data.resolve(issue, at, "fixed")
        elif random.random() < 0.5:
            data.ignore(issue, at, ignored=not issue["attributes"]["ignored"])
        else:
            level = issue["attributes"]["effective_severity_level"]
            data.rate(issue, at, "critical" if level != "critical" else "low")


def _after(random: Random, start: datetime, end: datetime) -> datetime:
    """A whole millisecond in (start, end]."""
    return pick_time(random, start, end, timedelta(milliseconds=1))


def _of(org: str, records: dict[str, Record]) -> Iterable[Record]:
    return (r for r in records.values() if r["relationships"]["organization"]["data"]["id"] == org)


def _item(issue: Record) -> str:
    return str(issue["relationships"]["scan_item"]["data"]["id"])


def _fits(issue: Record, words: dict[str, list[str]], bounds: dict[str, datetime], item: str | None) -> bool:
    attributes = issue["attributes"]
    if any(str(attributes[name]).lower() not in allowed for name, allowed in words.items()):
        return False
    if item and _item(issue) != item:
        return False
    for name, bound in bounds.items():
        field, _, side = name.partition("_")
        time = datetime.fromisoformat(attributes[f"{field}_at"])
        if time < bound if side == "after" else time >= bound:
            return False
    return True


def _error(status: int, title: str, detail: str) -> SandboxResponse:
    error = {"id": str(uuid4()), "status": str(status), "code": f"SNYK-{status}", "title": title, "detail": detail}
    return json_response({"jsonapi": {"version": "1.0"}, "errors": [error]}, status=status, content_type=MEDIA)
