"""Issues and pull requests, and the people who work on them, for the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from random import Random

from dazz_assets.sandbox import HISTORY, QUIET, Change, Record, SandboxRequest, SandboxResponse, route

from . import sandbox_data as data
from . import sandbox_work_data as work
from .sandbox_api import ORGANISATION_ID, GitHubApi, after, error, invalid

_STATES = ("open", "closed", "all")


class WorkApi(GitHubApi):
    """Each repository's issues and pull requests, which share their numbers; the list of issues has both."""

    sizes_of_work: tuple[int, int, int]

    def __init__(self, seed: int, *, now: datetime | None) -> None:
        self.members: dict[int, Record] = {}
        self.issues: dict[int, Record] = {}
        self.pulls: dict[int, Record] = {}
        self._homes: dict[int, int] = {}
        super().__init__(seed, now=now)

    @route("GET", "/orgs/{org}/members")
    @route("GET", "/organizations/{org}/members")
    def list_members(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by number; https://docs.github.com/rest/orgs/members#list-organization-members"""
        if not self.is_org(org):
            return self.not_found(request)
        if refusal := self.refuse("members"):
            return refusal
        role = request.param("role") or "all"
        if role not in ("all", "admin", "member"):
            return invalid("role")
        wanted = [member for member in self.members.values() if role == "all" or self._role(member) == role]
        return self.numbered(request, f"organizations/{ORGANISATION_ID}/members", wanted)

    @route("GET", "/repos/{owner}/{name}/issues")
    def list_issues(self, request: SandboxRequest, owner: str, name: str) -> SandboxResponse:
        """Pages by number; https://docs.github.com/rest/issues/issues#list-repository-issues"""
        repository = self._find(f"{owner}/{name}")
        if repository is None:
            return self.not_found(request)
        if refusal := self.refuse("issues"):
            return refusal
        if not repository["has_issues"]:
            return error(410, "Issues has been disabled in this repository.", "/issues")
        return self._list_work(request, repository, "issues", self.issues, "desc")

    @route("GET", "/repositories/{number}/issues")
    def list_more_issues(self, request: SandboxRequest, number: str) -> SandboxResponse:
        """What the links of the list name."""
        return self._list_work(request, self.repositories[int(number)], "issues", self.issues, "desc")

    @route("GET", "/repos/{owner}/{name}/pulls")
    def list_pulls(self, request: SandboxRequest, owner: str, name: str) -> SandboxResponse:
        """Pages by number; https://docs.github.com/rest/pulls/pulls#list-pull-requests"""
        repository = self._find(f"{owner}/{name}")
        if repository is None:
            return self.not_found(request)
        if refusal := self.refuse("pull_requests"):
            return refusal
        default = "asc" if request.param("sort") not in (None, "created") else "desc"
        return self._list_work(request, repository, "pulls", self.pulls, default)

    @route("GET", "/repositories/{number}/pulls")
    def list_more_pulls(self, request: SandboxRequest, number: str) -> SandboxResponse:
        """What the links of the list name."""
        return self._list_work(request, self.repositories[int(number)], "pulls", self.pulls, "asc")

    def _list_work(
        self, request: SandboxRequest, repository: Record, kind: str, records: dict[int, Record], direction: str
    ) -> SandboxResponse:
        state, sort = request.param("state") or "open", request.param("sort") or "created"
        if state not in _STATES:
            return invalid("state")
        if sort not in ("created", "updated"):
            return invalid("sort")
        since = request.param("since") or ""
        wanted = [record for id_, record in records.items() if self._homes[id_] == repository["id"]]
        wanted = [r for r in wanted if state in ("all", r["state"]) and (kind == "pulls" or r["updated_at"] >= since)]
        wanted.sort(
            key=lambda record: (record[f"{sort}_at"], record["id"]),
            reverse=(request.param("direction") or direction) == "desc",
        )
        return self.numbered(request, f"repositories/{repository['id']}/{kind}", wanted)

    def _find(self, full_name: str) -> Record | None:
        return next((found for found in self.repositories.values() if found["full_name"] == full_name), None)

    def _role(self, member: Record) -> str:
        """Whether a member owns the organisation. Uses no random number."""
        return "admin" if member["id"] in (person["id"] for person in self.people[:2]) else "member"

    # Records, and how they change

    def populate_work(self, random: Random) -> None:
        """Make members, issues and pull requests."""
        members, issues, pulls = self.sizes_of_work
        others = [data.account(f"{random.choice(data.NOUNS)}-{n}", 4_000_000 + 37 * n) for n in range(members)]
        self.members = {person["id"]: person for person in [*self.people, *others][:members]}
        self.issues, self.pulls, self._homes = {}, {}, {}
        self._issue_numbers: Counter[int] = Counter()
        start, end = self.now - HISTORY, self.now - QUIET
        homes = sorted(self.repositories)
        for _ in range(issues):
            created = after(random, start, end - timedelta(days=1))
            self._settle_issue(random, self._add_issue(random, random.choice(homes), created), created, end)
        for _ in range(pulls):
            created = after(random, start, end - timedelta(days=1))
            self._settle_pull(random, self._add_pull(random, random.choice(homes), created), created, end)

    def forget_work(self, repository: int, change: Change) -> None:
        """The work on a repository that is gone, gone too."""
        for name, records in (("issues", self.issues), ("pull_requests", self.pulls)):
            gone = [id_ for id_ in records if self._homes[id_] == repository]
            change.removed[name] = list(map(str, gone))
            for id_ in gone:
                del records[id_]

    def evolve_work(self, random: Random, change: Change, until: datetime) -> None:
        """Change and add issues and pull requests; someone leaves and someone joins."""
        moved = random.sample(sorted(self._only_issues()), min(len(self._only_issues()), 4))
        for id_ in moved:
            record, at = self.issues[id_], after(random, change.at, until)
            if record["state"] == "open":
                work.close(record, at, random.choice(work.REASONS), self.people[0])
            else:
                work.reopen(record, at)
        merged = random.sample(sorted(self.pulls), min(len(self.pulls), 2))
        for id_ in merged:
            self._move_pull(random, self.pulls[id_], after(random, change.at, until))
        homes = sorted(self.repositories)
        new = [self._add_issue(random, random.choice(homes), after(random, change.at, until)) for _ in range(2)]
        pull = self._add_pull(random, random.choice(homes), after(random, change.at, until))
        twins = [self._twin(self.pulls[id_])["id"] for id_ in merged]
        change.changed.update(issues=_texts([*moved, *twins]), pull_requests=_texts(merged))
        change.added["issues"] = _texts([*(record["id"] for record in new), self._twin(pull)["id"]])
        change.added["pull_requests"] = _texts([pull["id"]])

        leaver = random.choice(sorted(self.members.keys() - {person["id"] for person in self.people}))
        del self.members[leaver]
        number = 8_000_000 + random.randrange(900_000)
        self.members[number] = data.account(f"{random.choice(data.NOUNS)}-{number}", number)
        change.removed["members"], change.added["members"] = [str(leaver)], [str(number)]

    def _only_issues(self) -> list[int]:
        return [id_ for id_, record in self.issues.items() if "pull_request" not in record]

    def _add_issue(self, random: Random, home: int, created: datetime) -> Record:
        number = self._issue_numbers[home] = self._issue_numbers[home] + 1
        # Of every ninth issue the author's account is gone.
        author = None if number % 9 == 0 else random.choice(self.people)
        record = work.issue(random, number, self.repositories[home], author, created)
        if number % 3 == 0:
            work.assign(record, self.people[number % len(self.people)])
        self._keep(self.issues, record, home)
        return record

    def _add_pull(self, random: Random, home: int, created: datetime) -> Record:
        number = self._issue_numbers[home] = self._issue_numbers[home] + 1
        record = work.pull_request(random, number, self.repositories[home], random.choice(self.people), created)
        self._keep(self.pulls, record, home)
        self._keep(self.issues, work.as_issue(random, record, self.repositories[home]), home)
        return record

    def _keep(self, records: dict[int, Record], record: Record, home: int) -> None:
        records[record["id"]] = record
        self._homes[record["id"]] = home

    def _settle_issue(self, random: Random, record: Record, created: datetime, end: datetime) -> None:
        if random.random() < 0.6:
            work.close(record, after(random, created, end), random.choice(work.REASONS), self.people[1])

    def _settle_pull(self, random: Random, record: Record, created: datetime, end: datetime) -> None:
        if random.random() < 0.7:
            self._move_pull(random, record, after(random, created, end))

    def _move_pull(self, random: Random, record: Record, at: datetime) -> None:
        """Merge or close an open pull request, or open it again; its issue follows."""
        twin = self._twin(record)
        if record["merged_at"]:
            record["updated_at"] = twin["updated_at"] = data.timestamp(at)  # someone commented
        elif record["state"] == "closed":
            work.reopen(record, at)
            work.reopen(twin, at)
            twin["state_reason"] = None
        else:
            merge = random.random() < 0.7
            work.merge(random, record, at) if merge else work.close(record, at)
            work.close(twin, at, None, self.people[2])
            twin["pull_request"] = {**twin["pull_request"], "merged_at": record["merged_at"]}
            twin["draft"] = record["draft"]

    def _twin(self, pull: Record) -> Record:
        """The pull request as the list of issues has it."""
        home = self._homes[pull["id"]]
        return next(
            found
            for id_, found in self.issues.items()
            if self._homes[id_] == home and found["number"] == pull["number"]
        )


def _texts(ids: Collection[int]) -> list[str]:
    return list(map(str, ids))
