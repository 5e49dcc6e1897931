"""How GitHub's REST API behaves, for the sandbox."""

from __future__ import annotations

from datetime import datetime
from random import Random

from dazz_assets.sandbox import HISTORY, QUIET, Change, RateLimit, SandboxRequest, SandboxResponse, route

from . import sandbox_data as data
from .sandbox_alerts import AlertsApi
from .sandbox_api import ORGANISATION_ID as ORGANISATION_ID
from .sandbox_api import after, invalid
from .sandbox_work import WorkApi


class GitHubSandbox(AlertsApi, WorkApi):
    """An organisation: its repositories, the alerts about them, the work on them, and its members."""

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        org: str = "nimbus-works",
        repositories: int = 16,
        alerts: int = 2_500,
        code_alerts: int = 250,
        secret_alerts: int = 60,
        members: int = 24,
        issues: int = 300,
        pulls: int = 120,
        limit: int = 5_000,
        over_limit: int = 403,
        most_per_page: int = 100,
    ) -> None:
        self.org = org
        self.rate = RateLimit(limit, per=3_600)
        self.over_limit = over_limit
        self.most_per_page = most_per_page
        self._repositories = repositories
        self.sizes_of_alerts = alerts, code_alerts, secret_alerts
        self.sizes_of_work = members, issues, pulls
        super().__init__(seed, now=now)

    @route("GET", "/orgs/{org}/repos")
    @route("GET", "/organizations/{org}/repos")
    def list_repositories(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by number; https://docs.github.com/rest/repos/repos#list-organization-repositories"""
        if not self.is_org(org):
            return self.not_found(request)
        if refusal := self.refuse("metadata"):
            return refusal
        sort = request.param("sort") or "created"
        direction = request.param("direction") or ("asc" if sort == "full_name" else "desc")
        if sort not in ("created", "updated", "pushed", "full_name"):
            return invalid("sort")
        field = sort if sort == "full_name" else f"{sort}_at"
        ordered = sorted(
            self.repositories.values(), key=lambda r: (r[field] or "", r["id"]), reverse=direction == "desc"
        )
        return self.numbered(request, f"organizations/{ORGANISATION_ID}/repos", ordered)

    # Records, and how they change

    def populate(self, random: Random) -> None:
        self.rate.clear()
        self.issued.clear()
        self.repositories = {}
        start, end = self.now - HISTORY, self.now - QUIET
        self.advisories = [data.advisory(random, start - HISTORY * random.random()) for _ in range(150)]
        for _ in range(self._repositories):
            self._add_repository(random, start, end)
        self.populate_dependabot(random)
        self.populate_scanning(random)
        self.populate_work(random)

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        removed = random.choice(sorted(self.repositories))
        del self.repositories[removed]
        change.removed["repositories"] = [str(removed)]
        self.forget_alerts(removed, change)
        self.forget_work(removed, change)

        touched = random.sample(sorted(self.repositories), max(1, len(self.repositories) // 20))
        for number in touched:
            moment = data.timestamp(after(random, change.at, until))
            self.repositories[number].update(updated_at=moment, pushed_at=moment)
        created = self._add_repository(random, change.at, until)
        change.changed["repositories"], change.added["repositories"] = [str(n) for n in touched], [str(created)]
        self.evolve_dependabot(random, change, until, created)
        self.evolve_scanning(random, change, until)
        self.evolve_work(random, change, until)

    def _add_repository(self, random: Random, start: datetime, end: datetime) -> int:
        number = random.randrange(100_000_000, 999_999_999)
        created = after(random, start, end)
        self.repositories[number] = data.repository(random, number, self.owner, created, created)
        return number
