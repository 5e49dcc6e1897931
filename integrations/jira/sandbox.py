"""How Jira Cloud's REST API behaves, for the sandbox."""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar

from dazz_assets.sandbox import (
    HISTORY,
    QUIET,
    Change,
    Listing,
    Record,
    SandboxRequest,
    SandboxResponse,
    VendorSandbox,
    json_response,
    pick_time,
    route,
)

from . import sandbox_data as data
from .sandbox_jql import read_jql
from .sandbox_limits import Limits
from .sandbox_oauth import TokenEndpoint

EMAIL = "sync@nimbus-works.test"
CLOUD_ID = "1324a887-45db-1bf4-1e99-ef0ff456d421"
SCOPES = {"/rest/api/3/myself": "read:jira-user", "/rest/api/3/users/search": "read:jira-user"}
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline "
    "is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_GATEWAY = re.compile(r"/ex/jira/([^/]+)(/.*)")


class JiraSandbox(VendorSandbox):
    """A site with its projects, users, issues and comments.

    Pages have at most `most` records, whatever is asked for. `unindexed` are ids of issues that the search does not
    show yet. `may_browse_users`: whether the user of the token has the global permission for the list of users.
    """

    name: ClassVar[str] = "jira"
    token = "ATATT3xSandbox00000000000000000000000000"  # noqa: S105 - opens nothing but this sandbox

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        projects: int = 11,
        users: int = 120,
        issues: int = 240,
        burst: int = 100,
        points: int = 65_000,
        most: int = 50,
    ) -> None:
        self.limits = Limits(burst, points)
        self.oauth = TokenEndpoint()
        self.most = most
        self.may_browse_users = True
        self.unindexed: set[str] = set()
        self._sizes = projects, users, issues
        self._generation = 0
        self._queries: dict[str, int] = {}  # each with a number, which its page tokens have
        self.projects: dict[str, Record] = {}
        self.users: dict[str, Record] = {}
        self.issues: dict[str, Record] = {}
        self.comments: dict[str, list[Record]] = {}
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        return {"site": "nimbus", "email": EMAIL, "token": self.token, "base_url": url}

    def oauth_settings(self, url: str) -> dict[str, str]:
        """The config of a connection by OAuth: through the gateway, by the id of the site."""
        app = {"client_id": self.oauth.client_id, "client_secret": self.oauth.client_secret}
        base_url = f"{url}/ex/jira/{CLOUD_ID}"
        token = {"refresh_token": self.oauth.refresh_token, "auth_url": url}
        return {"site": "nimbus", "cloud_id": CLOUD_ID, "base_url": base_url, **app, **token}

    def forget_pages(self) -> None:
        """Take no page token that was given out so far, as if it were older than seven days."""
        self._generation += 1

    # Responses

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        if gateway := _GATEWAY.fullmatch(request.path):
            if gateway[1] != CLOUD_ID or request.authorization()[0] != "bearer":
                return json_response({"code": 401, "message": "Unauthorized"}, status=401)
            request = replace(request, path=gateway[2])
        elif request.authorization()[0] == "bearer":
            return json_response({"code": 401, "message": "Unauthorized"}, status=401)
        return super().respond(request)

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if request.path == "/oauth/token":
            return None
        scheme, token = request.authorization()
        if scheme == "bearer":
            if not self.oauth.accepts(token):
                return json_response({"code": 401, "message": "Unauthorized"}, status=401)
            if SCOPES.get(request.path, "read:jira-work") not in self.oauth.scopes:
                return json_response({"code": 401, "message": "Unauthorized; scope does not match"}, status=401)
        elif not self._is_user(request):
            return self._answer_stranger(request)
        return self.limits.refuse(request)

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        headers = {"atl-traceid": "0" * 32, **self.limits.headers(request, response), **response.headers}
        if "basic" in request.authorization() and not self._is_user(request):
            headers["x-seraph-loginreason"] = "AUTHENTICATED_FAILED"
        return SandboxResponse(response.status, response.body, headers, response.records)

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return json_response({"message": f"null for uri: {request.path}", "status-code": 404}, status=404)

    def _is_user(self, request: SandboxRequest) -> bool:
        try:
            pair = base64.b64decode(request.authorization()[1]).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return pair == f"{EMAIL}:{self.token}"

    def _answer_stranger(self, request: SandboxRequest) -> SandboxResponse:
        """Who is not known, with a wrong token or none, may see what is public: nothing, of this site."""
        if request.path == "/rest/api/3/project/search":
            return self._numbered(request, [], "values")
        if request.path == "/rest/api/3/search/jql":
            return json_response({"issues": [], "isLast": True})
        if request.path.endswith("/comment"):
            return _no_issue()
        message = "Client must be authenticated to access this resource."
        return json_response({"message": message, "status-code": 401}, status=401)

    @route("POST", "/oauth/token")
    def refresh(self, request: SandboxRequest) -> SandboxResponse:
        """https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/"""
        return self.oauth.respond(request)

    @route("GET", "/rest/api/3/myself")
    def show_myself(self, request: SandboxRequest) -> SandboxResponse:
        """Who asks, with the time zone in which JQL reads times."""
        return json_response(data.short(next(iter(self.users.values()))) | {"emailAddress": EMAIL})

    @route("GET", "/rest/api/3/project/search")
    def list_projects(self, request: SandboxRequest) -> SandboxResponse:
        """Pages by startAt, with a total."""
        return self._numbered(request, sorted(self.projects.values(), key=lambda item: str(item["key"])), "values")

    @route("GET", "/rest/api/3/users/search")
    def list_users(self, request: SandboxRequest) -> SandboxResponse:
        """Pages by startAt, without a word of how many there are."""
        if not self.may_browse_users:
            return _error(403, "You do not have permission to browse users.")
        start, size = self._place(request)
        page = list(self.users.values())[start : start + size]
        return json_response(page, records=len(page))

    @route("GET", "/rest/api/3/issue/{issue}/comment")
    def list_comments(self, request: SandboxRequest, issue: str) -> SandboxResponse:
        """Pages by startAt, with a total and no isLast."""
        if issue not in self.issues:
            return _no_issue()
        return self._numbered(request, self.comments.get(issue, []), "comments")

    @route("GET", "/rest/api/3/search")
    def search_as_before(self, request: SandboxRequest) -> SandboxResponse:
        """Removed in 2025."""
        return _error(410, REMOVED)

    @route("GET", "/rest/api/3/search/jql")
    def search(self, request: SandboxRequest) -> SandboxResponse:
        """Pages by a token, which holds for the same query only, and for seven days.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-get
        """
        text, fields = request.param("jql") or "", (request.param("fields") or "id").split(",")
        try:
            query = read_jql(text, data.ZONE)
        except ValueError as error:
            return _error(400, str(error))
        found = (text, frozenset(self.unindexed))
        listing = self.listing(found, lambda: self._listing(query.fits, query.place, query.is_descending))
        mark = f"{self._generation}.{self._queries.setdefault(text, len(self._queries))}."
        after = request.param("nextPageToken") or ""
        if after and not after.startswith(mark):
            return _error(400, "The provided nextPageToken is invalid or has expired.")
        page = listing.page(self._place(request)[1], after=after.removeprefix(mark))
        records = [_with_fields(issue, fields) for issue in page.records]
        body: Record = {"issues": records, "isLast": page.after is None}
        if page.after:
            body["nextPageToken"] = mark + page.after
        return json_response(body, records=len(records))

    def _listing(
        self, fits: Callable[[Record], bool], place: Callable[[Record], tuple[int, int]], descending: bool
    ) -> Listing:
        shown = (issue for number, issue in self.issues.items() if number not in self.unindexed)
        return Listing((issue for issue in shown if fits(issue)), place, descending=descending)

    def _place(self, request: SandboxRequest) -> tuple[int, int]:
        """Where a page begins, and how many records it has at most."""
        params = request.params()
        start, size = (int(params.get(name) or default) for name, default in (("startAt", 0), ("maxResults", 50)))
        return start, min(size, self.most)

    def _numbered(self, request: SandboxRequest, records: Sequence[Record], name: str) -> SandboxResponse:
        start, size = self._place(request)
        page = records[start : start + size]
        body: Record = {name: page, "startAt": start, "maxResults": size, "total": len(records)}
        if name == "values":
            body["isLast"] = start + size >= len(records)
        return json_response(body, records=len(page))

    # Records, and how they change

    def populate(self, random: Random) -> None:
        projects, users, issues = self._sizes
        self.limits.clear()
        self.oauth.reset()
        self.unindexed.clear()
        self._queries.clear()
        self.projects, self.users, self.issues, self.comments = {}, {}, {}, {}
        self._numbers: defaultdict[str, int] = defaultdict(int)  # the last issue of each project, and of all
        self._numbers |= {"issue": 10_100, "comment": 20_100}
        start, end = self.now - HISTORY, self.now - QUIET
        for number, (key, name) in enumerate(list(data.PROJECTS.items())[:projects], 10_000):
            self.projects[str(number)] = data.project(key, name, number)
        for number in range(users):
            self._add_user(random, {0: "app"}.get(number % 20, "customer" if number % 12 == 5 else "atlassian"))
        for account in random.sample(list(self.users.values()), users // 15):
            data.former(account)
        # Several issues are made at once, so that equal times may span pages.
        times = sorted(_after(random, start, end) for _ in range(max(1, issues * 2 // 3)))
        for created in sorted(random.choices(times, k=issues)):
            issue = self._add_issue(random, created)
            if random.random() < 0.6:
                data.move(random, issue, _after(random, created, end))
            for _ in range(random.choice((0, 0, 1, 3))):
                self._add_comment(random, issue, _after(random, _updated(issue), end))

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        self._remove_project(random, change)
        self._change_users(random, change)
        numbers = random.sample(sorted(self.issues), max(4, len(self.issues) // 20))
        moved, commented = numbers[::2], numbers[1::2]
        for number in moved:
            data.move(random, self.issues[number], _after(random, change.at, until))
        said = [self._add_comment(random, self.issues[n], _after(random, change.at, until)) for n in commented]
        new = [self._add_issue(random, _after(random, change.at, until)) for _ in range(len(numbers))]
        said += [self._add_comment(random, issue, until) for issue in new[::3]]
        edited = self._edit_comments(random, set(commented), change, until)
        change.changed.update(issues=numbers + [home for home, _ in edited], comments=[text for _, text in edited])
        change.added.update(issues=[issue["id"] for issue in new], comments=said)

    def _remove_project(self, random: Random, change: Change) -> None:
        """Archive a project, whose issues nobody finds any more; one of a few stays."""
        if len(self.projects) < 4:
            return
        removed = random.choice(sorted(self.projects))
        del self.projects[removed]
        gone = [number for number, issue in self.issues.items() if issue["fields"]["project"]["id"] == removed]
        comments = [comment["id"] for number in gone for comment in self.comments.pop(number, [])]
        for number in gone:
            del self.issues[number]
        change.removed.update(projects=[removed], issues=gone, comments=comments)

    def _change_users(self, random: Random, change: Change) -> None:
        left = random.choice([key for key, user in self.users.items() if user["accountType"] == "atlassian"][1:])
        data.former(self.users[left])
        change.changed["users"], change.added["users"] = [left], [self._add_user(random, "atlassian")]

    def _edit_comments(self, random: Random, but: set[str], change: Change, until: datetime) -> list[tuple[str, str]]:
        """Edit some comments, not of these issues; gives the issue and the comment of each."""
        homes = [number for number, said in sorted(self.comments.items()) if said and number not in but]
        homes = [number for number in homes if _updated(self.issues[number]) <= change.at]
        edited: list[tuple[str, str]] = []
        for number in random.sample(homes, max(1, len(homes) // 20)):
            comment, at = self.comments[number][-1], data.timestamp(_after(random, change.at, until))
            comment.update(updated=at, body=data.document(f"{random.choice(data.SENTENCES)} (edited)"))
            self.issues[number]["fields"]["updated"] = at
            edited.append((number, str(comment["id"])))
        return edited

    def _add_user(self, random: Random, kind: str) -> str:
        user = data.user(random, kind)
        self.users[user["accountId"]] = user
        return str(user["accountId"])

    def _add_issue(self, random: Random, created: datetime) -> Record:
        home = random.choice(list(self.projects.values()))
        self._numbers["issue"] += 1
        self._numbers[home["key"]] += 1
        key = f"{home['key']}-{self._numbers[home['key']]}"
        issue = data.issue(
            random, self._numbers["issue"], key, home, (self._person(random), self._person(random)), created
        )
        siblings = [other for other in self.issues.values() if other["fields"]["project"]["id"] == home["id"]]
        wholes = [other for other in siblings if other["fields"]["issuetype"]["hierarchyLevel"] >= 0]
        if wholes and issue["fields"]["issuetype"]["hierarchyLevel"] == 0 and random.random() < 0.4:
            data.belong(issue, random.choice(wholes))
        self.issues[issue["id"]] = issue
        return issue

    def _add_comment(self, random: Random, issue: Record, at: datetime) -> str:
        """Comment on an issue, which changes it."""
        self._numbers["comment"] += 1
        author, mentioned = self._person(random), self._person(random)
        comment = data.comment(random, self._numbers["comment"], issue, author, mentioned, at)
        self.comments.setdefault(issue["id"], []).append(comment)
        issue["fields"]["updated"] = comment["updated"]
        return str(comment["id"])

    def _person(self, random: Random) -> Record:
        return random.choice([user for user in self.users.values() if user["accountType"] == "atlassian"])


def _after(random: Random, start: datetime, end: datetime) -> datetime:
    """A whole millisecond in (start, end]."""
    return pick_time(random, start, end, timedelta(milliseconds=1))


def _updated(issue: Record) -> datetime:
    return datetime.fromisoformat(issue["fields"]["updated"])


def _with_fields(issue: Record, names: Sequence[str]) -> Record:
    """An issue with the fields that were asked for; only its id, if none was."""
    if list(names) == ["id"]:
        return {"id": issue["id"]}
    return {**issue, "fields": {name: value for name, value in issue["fields"].items() if name in names}}


def _no_issue() -> SandboxResponse:
    return _error(404, "Issue does not exist or you do not have permission to see it.")


def _error(status: int, message: str) -> SandboxResponse:
    return json_response({"errorMessages": [message], "errors": {}}, status=status)
