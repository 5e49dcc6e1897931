"""GitHub's three kinds of alerts, for the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from random import Random

from dazz_assets.sandbox import HISTORY, QUIET, Change, Listing, Record, SandboxRequest, SandboxResponse, route

from . import sandbox_alert_data as alert_data
from . import sandbox_data as data
from .sandbox_api import ORGANISATION_ID, GitHubApi, after, error, invalid, key_text

_FILTERS = {"state": "state", "severity": "security_advisory.severity", "ecosystem": "dependency.package.ecosystem"}
_REFUSED = {"page", "first", "last"}
Alerts = dict[tuple[int, int], Record]


class AlertsApi(GitHubApi):
    """Alerts of Dependabot, code scanning and secret scanning, numbered within their repositories."""

    sizes_of_alerts: tuple[int, int, int]
    advisories: Sequence[data.Advisory]

    def __init__(self, seed: int, *, now: datetime | None) -> None:
        self.alerts: Alerts = {}
        self.code_alerts: Alerts = {}
        self.secret_alerts: Alerts = {}
        super().__init__(seed, now=now)

    @route("GET", "/orgs/{org}/dependabot/alerts")
    @route("GET", "/organizations/{org}/dependabot/alerts")
    def list_alerts(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by before and after; https://docs.github.com/rest/dependabot/alerts"""
        if not self.is_org(org):
            return self.not_found(request)
        params = request.params()
        if refused := sorted(_REFUSED & params.keys()):
            return error(400, f"Pagination using the `{refused[0]}` parameter is not supported.", "/dependabot/alerts")
        filters = tuple((path, params[name]) for name, path in _FILTERS.items() if params.get(name))
        wanted = [a for a in self.alerts.values() if all(_at(a, path) in words.split(",") for path, words in filters)]
        return self.refuse("vulnerability_alerts") or self._list_alerts(
            request, "dependabot", wanted, ("created", "updated", "epss_percentage"), filters
        )

    @route("GET", "/orgs/{org}/code-scanning/alerts")
    @route("GET", "/organizations/{org}/code-scanning/alerts")
    def list_code_alerts(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by before and after; https://docs.github.com/rest/code-scanning/code-scanning"""
        if not self.is_org(org):
            return self.not_found(request)
        return self.refuse("security_events") or self._list_alerts(
            request, "code-scanning", self.code_alerts.values(), ("created", "updated")
        )

    @route("GET", "/orgs/{org}/secret-scanning/alerts")
    @route("GET", "/organizations/{org}/secret-scanning/alerts")
    def list_secret_alerts(self, request: SandboxRequest, org: str) -> SandboxResponse:
        """Pages by number, or by before and after for who asks with an empty one of them. Alerts of generic patterns
        are listed only if their types are named.

        https://docs.github.com/rest/secret-scanning/secret-scanning
        """
        if not self.is_org(org):
            return self.not_found(request)
        if refusal := self.refuse("secret_scanning_alerts"):
            return refusal
        types = request.param("secret_type")
        named = types.split(",") if types else alert_data.SECRETS
        alerts = [alert for alert in self.secret_alerts.values() if alert["secret_type"] in named]
        if request.param("hide_secret") == "true":
            alerts = [{name: value for name, value in alert.items() if name != "secret"} for alert in alerts]
        if {"after", "before"} & request.params().keys():
            hidden = request.param("hide_secret")
            return self._list_alerts(request, "secret-scanning", alerts, ("created", "updated"), (hidden, types))
        newest = sorted(alerts, key=lambda alert: str(alert["created_at"]), reverse=True)
        return self.numbered(request, f"organizations/{ORGANISATION_ID}/secret-scanning/alerts", newest)

    def _list_alerts(
        self,
        request: SandboxRequest,
        kind: str,
        alerts: Collection[Record],
        sorts: Sequence[str],
        filters: tuple[object, ...] = (),
    ) -> SandboxResponse:
        sort, direction = request.param("sort") or "created", request.param("direction") or "desc"
        if sort not in sorts:
            return invalid("sort")
        if direction not in ("asc", "desc"):
            return invalid("direction")

        def key(alert: Record) -> tuple[str | int, ...]:
            # What was never updated is listed by when it was created.
            value = _epss(alert) if sort == "epss_percentage" else alert.get(f"{sort}_at") or alert["created_at"]
            return (value, alert["repository"]["id"], alert["number"])

        listing = self.listing(
            (kind, sort, direction, filters), lambda: Listing(alerts, key, descending=direction == "desc")
        )
        return self.between(request, f"organizations/{ORGANISATION_ID}/{kind}/alerts", listing)

    # Records, and how they change

    def populate_dependabot(self, random: Random) -> None:
        """Make the Dependabot alerts."""
        alerts = self.sizes_of_alerts[0]
        self.alerts = {}
        self._numbers: Counter[int] = Counter()  # the last alert number of each repository; numbers are never reused
        start, end = self.now - HISTORY, self.now - QUIET
        owners = _busy(random, list(self.repositories), alerts)
        # A scan finds several alerts at once, with equal times that may span pages.
        times = sorted(_between(random, start, end) for _ in range(max(1, alerts // 3)))
        for created, repository in zip(sorted(random.choices(times, k=alerts)), owners, strict=True):
            alert = self._add_alert(random, repository, created)
            self._settle(random, alert, created + (end - created) * random.random() ** 2)

    def populate_scanning(self, random: Random) -> None:
        """Make the alerts of code scanning and secret scanning."""
        _, code, secrets = self.sizes_of_alerts
        self.code_alerts, self.secret_alerts = {}, {}
        self._code_numbers: Counter[int] = Counter()
        self._secret_numbers: Counter[int] = Counter()
        start, end = self.now - HISTORY, self.now - QUIET
        for repository in _busy(random, list(self.repositories), code):
            code_alert = self._add_code_alert(random, repository, after(random, start, end - timedelta(days=1)))
            if random.random() < 0.4:
                created = datetime.fromisoformat(code_alert["created_at"])
                self._close_code_alert(random, code_alert, after(random, created, end))
        for repository in _busy(random, list(self.repositories), secrets):
            secret = self._add_secret_alert(random, repository, after(random, start, end - timedelta(days=1)))
            if random.random() < 0.4:
                created = datetime.fromisoformat(secret["created_at"])
                self._resolve_secret(random, secret, after(random, created, end))

    def forget_alerts(self, repository: int, change: Change) -> None:
        """The alerts of a repository that is gone, gone too."""
        of_secrets = [key for key in self.secret_alerts if key[0] == repository]
        change.removed.update(self._secrets_by_stream(of_secrets))
        stores = {"dependabot_alerts": self.alerts, "code_scanning_alerts": self.code_alerts}
        for name, alerts in stores.items():
            change.removed[name] = [key_text(*key) for key in alerts if key[0] == repository]
        for alerts in (*stores.values(), self.secret_alerts):
            for key in [key for key in alerts if key[0] == repository]:
                del alerts[key]

    def evolve_dependabot(self, random: Random, change: Change, until: datetime, created: int) -> None:
        """Change and add alerts; some in a repository that was created just now."""
        moved = random.sample(sorted(self.alerts), max(1, len(self.alerts) // 50))
        for key in moved:
            self._move(random, self.alerts[key], after(random, change.at, until))
        homes = [created, created, *random.choices(sorted(self.repositories), k=max(1, len(self.alerts) // 100))]
        new = [self._add_alert(random, home, after(random, change.at, until)) for home in homes]
        change.changed["dependabot_alerts"] = [key_text(*key) for key in moved]
        change.added["dependabot_alerts"] = list(map(_key_of, new))

    def evolve_scanning(self, random: Random, change: Change, until: datetime) -> None:
        """Change and add alerts of code scanning and secret scanning."""
        moved = random.sample(sorted(self.code_alerts), min(len(self.code_alerts), 3))
        for key in moved:
            alert, at = self.code_alerts[key], after(random, change.at, until)
            if alert["state"] == "open":
                self._close_code_alert(random, alert, at)
            else:
                alert_data.reopen_code_alert(alert, at)
        changed = random.sample(sorted(self.secret_alerts), min(len(self.secret_alerts), 2))
        for key in changed:
            alert, at = self.secret_alerts[key], after(random, change.at, until)
            if alert["state"] == "open":
                self._resolve_secret(random, alert, at)
            else:
                alert_data.reopen_secret_alert(alert, at)
        homes = sorted(self.repositories)
        new = [self._add_code_alert(random, random.choice(homes), after(random, change.at, until)) for _ in range(2)]
        secret = self._add_secret_alert(random, random.choice(homes), after(random, change.at, until))
        change.changed["code_scanning_alerts"] = [key_text(*key) for key in moved]
        change.added["code_scanning_alerts"] = list(map(_key_of, new))
        change.changed.update(self._secrets_by_stream(changed))
        change.added.update(self._secrets_by_stream([(secret["repository"]["id"], secret["number"])]))

    def _secrets_by_stream(self, keys: Collection[tuple[int, int]]) -> dict[str, list[str]]:
        """These secret scanning alerts, by the streams that list them."""
        found: dict[str, list[str]] = {"secret_scanning_alerts": [], "generic_secret_alerts": []}
        for key in keys:
            is_generic = self.secret_alerts[key]["secret_type"] in alert_data.GENERIC_SECRETS
            found["generic_secret_alerts" if is_generic else "secret_scanning_alerts"].append(key_text(*key))
        return found

    def _add_alert(self, random: Random, repository: int, created: datetime) -> Record:
        number = self._numbers[repository] = self._numbers[repository] + 1
        found = random.choice(self.advisories)
        alert = data.alert(random, number, self.repositories[repository], found, created)
        if number % 4 == 0:
            alert["assignees"] = [self._in_charge(alert)]
        self.alerts[repository, number] = alert
        return alert

    def _add_code_alert(self, random: Random, repository: int, created: datetime) -> Record:
        number = self._code_numbers[repository] = self._code_numbers[repository] + 1
        alert = alert_data.code_alert(random, number, self.repositories[repository], created)
        self.code_alerts[repository, number] = alert
        return alert

    def _add_secret_alert(self, random: Random, repository: int, created: datetime) -> Record:
        number = self._secret_numbers[repository] = self._secret_numbers[repository] + 1
        alert = alert_data.secret_alert(random, number, self.repositories[repository], created)
        self.secret_alerts[repository, number] = alert
        return alert

    def _in_charge(self, alert: Record) -> Record:
        """Who is assigned to an alert. Uses no random number, so that the alerts stay the same."""
        return self.people[int(alert["number"]) % len(self.people)]

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

    def _close_code_alert(self, random: Random, alert: Record, at: datetime) -> None:
        reason = random.choice(alert_data.DISMISSALS) if random.random() < 0.4 else None
        alert_data.close_code_alert(alert, at, reason, self._in_charge(alert) if reason else None)

    def _resolve_secret(self, random: Random, alert: Record, at: datetime) -> None:
        alert_data.resolve_secret_alert(alert, at, random.choice(alert_data.RESOLUTIONS), self._in_charge(alert))


def _busy(random: Random, repositories: Sequence[int], count: int) -> list[int]:
    """As many repositories as there are records; a few of them have most."""
    return random.choices(repositories, [random.paretovariate(1.2) for _ in repositories], k=count)


def _between(random: Random, start: datetime, end: datetime) -> datetime:
    return start + (end - start) * random.random()


def _key_of(alert: Record) -> str:
    return key_text(alert["repository"]["id"], alert["number"])


def _epss(alert: Record) -> int:
    epss: Record = alert["security_advisory"]["epss"] or {}
    return int((epss.get("percentage") or 0) * 100_000)


def _at(record: Record, path: str) -> str:
    value = record
    for name in path.split("."):
        value = value[name]
    return str(value)
