"""How GitHub's REST API behaves, for the sandbox."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar
from urllib.parse import urlencode

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
    numbered_page,
    pick_time,
    route,
)

from . import sandbox_data as data

DOCS = "https://docs.github.com/rest"
VERSIONS = ("2022-11-28",)
ORGANISATION_ID = 71_204_518
_FILTERS = {"state": "state", "severity": "security_advisory.severity", "ecosystem": "dependency.package.ecosystem"}
_REFUSED = {"page", "first", "last"}


class GitHubSandbox(VendorSandbox):
    """An organisation's repositories and Dependabot alerts.

    Over the rate limit it answers with `over_limit` (403, or 429 as newer limits do).
    """

    name: ClassVar[str] = "github"
    token = "ghp_sandbox00000000000000000000000000000"  # noqa: S105 - opens nothing but this sandbox

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        org: str = "nimbus-works",
        repositories: int = 120,
        alerts: int = 2_500,
        limit: int = 5_000,
        over_limit: int = 403,
    ) -> None:
        self.org = org
        self.rate = RateLimit(limit, per=3_600)
        self.over_limit = over_limit
        self._sizes = repositories, alerts
        self._owner = data.account(org, ORGANISATION_ID, "Organization")
        self._people = [data.account(login, number) for login, number in data.PEOPLE.items()]
        self.repositories: dict[int, Record] = {}
        self.alerts: dict[tuple[int, int], Record] = {}
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        return {"token": self.token, "org": self.org, "base_url": url}

    # Responses

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        scheme, token = request.authorization()
        if scheme not in ("bearer", "token"):
            return _error(401, "Requires authentication")
        if token != self.token:
            return _error(401, "Bad credentials")
        quota = self._quota = self.rate.spend()
        if quota.exceeded:
            message = f"API rate limit exceeded for user ID {self._people[0]['id']}."
            return _error(self.over_limit, message, "/overview/rate-limits-for-the-rest-api")
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            return _error(400, f"Unsupported API version {version}", "/about-the-rest-api/api-versions")
        return None

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        headers = {
            "x-github-api-version-selected": VERSIONS[0],
            "x-github-media-type": "github.v3; format=json",
            **response.headers,
        }
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
        return _error(404, "Not Found")

    @route("GET", "/orgs/{org}/repos")
    @route("GET", "/organizations/{org}/repos")
    def list_repositories(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by number; https://docs.github.com/rest/repos/repos#list-organization-repositories"""
        if not self._is(org):
            return self.not_found(request)
        sort = request.param("sort") or "created"
        direction = request.param("direction") or ("asc" if sort == "full_name" else "desc")
        if sort not in ("created", "updated", "pushed", "full_name"):
            return _invalid("sort")
        field = sort if sort == "full_name" else f"{sort}_at"
        ordered = sorted(
            self.repositories.values(), key=lambda r: (r[field] or "", r["id"]), reverse=direction == "desc"
        )
        number = max(1, _number(request, "page", 1))
        page, last = numbered_page(ordered, number, _page_size(request))
        links = {
            "prev": number - 1 if number > 1 else None,
            "next": number + 1 if number < last else None,
            "last": last if number < last else None,
            "first": 1 if number > 1 else None,
        }
        return self._page(request, "repos", page, {rel: {"page": str(n)} for rel, n in links.items() if n})

    @route("GET", "/orgs/{org}/dependabot/alerts")
    @route("GET", "/organizations/{org}/dependabot/alerts")
    def list_alerts(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by before and after; https://docs.github.com/rest/dependabot/alerts"""
        if not self._is(org):
            return self.not_found(request)
        params = request.params()
        if refused := sorted(_REFUSED & params.keys()):
            return _error(400, f"Pagination using the `{refused[0]}` parameter is not supported.", "/dependabot/alerts")
        sort, direction = params.get("sort", "created"), params.get("direction", "desc")
        if sort not in ("created", "updated", "epss_percentage"):
            return _invalid("sort")
        if direction not in ("asc", "desc"):
            return _invalid("direction")
        filters = tuple((path, params[name]) for name, path in _FILTERS.items() if params.get(name))
        listing = self.listing((sort, direction, filters), lambda: self._listing(sort, direction, filters))
        try:
            page = listing.page(_page_size(request), after=params.get("after"), before=params.get("before"))
        except ValueError as error:
            return _error(400, str(error), "/dependabot/alerts")
        links = {"next": ("after", page.after), "prev": ("before", page.before)}
        cursors = {rel: {name: cursor} for rel, (name, cursor) in links.items() if cursor}
        return self._page(request, "dependabot/alerts", page.records, cursors)

    def _listing(self, sort: str, direction: str, filters: tuple[tuple[str, str], ...]) -> Listing:
        def key(alert: Record) -> tuple[str | int, ...]:
            value = alert[f"{sort}_at"] if sort != "epss_percentage" else _epss(alert)
            return (value, alert["repository"]["id"], alert["number"])

        chosen = (a for a in self.alerts.values() if all(_at(a, path) in words.split(",") for path, words in filters))
        return Listing(chosen, key, descending=direction == "desc")

    def _page(
        self, request: SandboxRequest, path: str, records: Sequence[Record], links: dict[str, dict[str, str]]
    ) -> SandboxResponse:
        """A page whose links name the organisation by number, as GitHub's do."""
        kept = {name: value for name, value in request.params().items() if name not in ("page", "after", "before")}
        url = f"{request.origin}/organizations/{ORGANISATION_ID}/{path}"
        link = ", ".join(f'<{url}?{urlencode(kept | place)}>; rel="{rel}"' for rel, place in links.items())
        return json_response(records, headers={"Link": link} if link else {}, records=len(records))

    def _is(self, org: str) -> bool:
        return org.lower() in (self.org.lower(), str(ORGANISATION_ID))

    # Records, and how they change

    def populate(self, random: Random) -> None:
        count, alerts = self._sizes
        self.rate.clear()
        self.repositories, self.alerts = {}, {}
        self._numbers: Counter[int] = Counter()  # the last alert number of each repository; numbers are never reused
        start, end = self.now - HISTORY, self.now - QUIET
        self._advisories = [data.advisory(random, _between(random, start - HISTORY, start)) for _ in range(150)]
        for _ in range(count):
            self._add_repository(random, start, end)
        owners = random.choices(list(self.repositories), [random.paretovariate(1.2) for _ in range(count)], k=alerts)
        # A scan finds several alerts at once, with equal times that may span pages.
        times = sorted(_between(random, start, end) for _ in range(max(1, alerts // 3)))
        for created, repository in zip(sorted(random.choices(times, k=alerts)), owners, strict=True):
            alert = self._add_alert(random, repository, created)
            self._settle(random, alert, created + (end - created) * random.random() ** 2)

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        removed = random.choice(sorted(self.repositories))
        gone = [key for key in self.alerts if key[0] == removed]
        del self.repositories[removed]
        for key in gone:
            del self.alerts[key]
        change.removed.update(repositories=[str(removed)], dependabot_alerts=[_key(key) for key in gone])

        touched = random.sample(sorted(self.repositories), max(1, len(self.repositories) // 20))
        for number in touched:
            moment = data.timestamp(_after(random, change.at, until))
            self.repositories[number].update(updated_at=moment, pushed_at=moment)
        moved = random.sample(sorted(self.alerts), max(1, len(self.alerts) // 50))
        for alert in moved:
            self._move(random, self.alerts[alert], _after(random, change.at, until))
        change.changed.update(repositories=[str(n) for n in touched], dependabot_alerts=[_key(key) for key in moved])

        created = self._add_repository(random, change.at, until)
        homes = [created, created, *random.choices(sorted(self.repositories), k=max(1, len(self.alerts) // 100))]
        new = [self._add_alert(random, home, _after(random, change.at, until)) for home in homes]
        keys = [_key((alert["repository"]["id"], alert["number"])) for alert in new]
        change.added.update(repositories=[str(created)], dependabot_alerts=keys)

    def _add_repository(self, random: Random, start: datetime, end: datetime) -> int:
        number = random.randrange(100_000_000, 999_999_999)
        created = _after(random, start, end)
        self.repositories[number] = data.repository(random, number, self._owner, created, created)
        return number

    def _add_alert(self, random: Random, repository: int, created: datetime) -> Record:
        number = self._numbers[repository] = self._numbers[repository] + 1
        found = random.choice(self._advisories)
        alert = data.alert(random, number, self.repositories[repository], found, created)
        if number % 4 == 0:
            alert["assignees"] = [self._in_charge(alert)]
        self.alerts[repository, number] = alert
        return alert

    def _in_charge(self, alert: Record) -> Record:
        """Who is assigned to an alert. Uses no random number, so that the alerts stay the same."""
        return self._people[int(alert["number"]) % len(self._people)]

    def _settle(self, random: Random, alert: Record, at: datetime) -> None:
        """Close most of the older alerts."""
        fate = random.random()
        if fate < 0.3:
            data.fix(alert, at)
        elif fate < 0.42:
            data.dismiss(alert, at, random.choice(data.DISMISSALS), self._in_charge(alert))
        elif fate < 0.46:
            data.auto_dismiss(alert, at)

    def _move(self, random: Random, alert: Record, at: datetime) -> None:
        if alert["state"] != "open":
            data.reopen(alert, at)
        elif random.random() < 0.5:
            data.fix(alert, at)
        elif random.random() < 0.5:
            data.dismiss(alert, at, random.choice(data.DISMISSALS), self._in_charge(alert))
        else:
            score = alert["security_advisory"]["cvss"]["score"]
            data.rescore(alert, at, 9.8 if score < 9 else 5.4)


def _between(random: Random, start: datetime, end: datetime) -> datetime:
    return start + (end - start) * random.random()


def _after(random: Random, start: datetime, end: datetime) -> datetime:
    """A whole second in (start, end]."""
    return pick_time(random, start, end, timedelta(seconds=1))


def _key(key: tuple[int, int]) -> str:
    return json.dumps(key, separators=(",", ":"))


def _epss(alert: Record) -> int:
    epss: Record = alert["security_advisory"]["epss"] or {}
    return int((epss.get("percentage") or 0) * 100_000)


def _at(record: Record, path: str) -> str:
    value = record
    for name in path.split("."):
        value = value[name]
    return str(value)


def _page_size(request: SandboxRequest) -> int:
    return min(100, max(1, _number(request, "per_page", 30)))


def _number(request: SandboxRequest, name: str, default: int) -> int:
    """A parameter as a number; like GitHub, ignore anything else."""
    text = request.param(name) or ""
    return int(text) if text.isdecimal() else default


def _invalid(parameter: str) -> SandboxResponse:
    return _error(422, f"Validation Failed: {parameter} is not included in the list")


def _error(status: int, message: str, page: str = "") -> SandboxResponse:
    return json_response({"message": message, "documentation_url": DOCS + page, "status": str(status)}, status=status)
