"""What the benchmarks' vendor has: issues of about 1.3 kB, nested as those of security APIs, rendered page by page."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

_DAYS = 27
# Beyond the time and the id, this many different issues: more text than a compressor looks back on.
_VARIANTS = 20_000


def first_day() -> datetime:
    """Midnight of the day on which the first issue changed: four weeks ago, so that all lie in a few windows."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=_DAYS + 1)


class IssuePages:
    """The vendor's list, in the order of the last change, which spreads evenly over four weeks.

    records: how many issues there are. size: issues a page. start: when the first one changed.
    """

    def __init__(self, records: int, size: int, start: datetime) -> None:
        self.records = records
        self.size = size
        self._start = start
        self._step = timedelta(days=_DAYS) / max(records, 1)
        self._tails = [_tail(random.Random(number)) for number in range(min(records, _VARIANTS))]

    @property
    def count(self) -> int:
        """The number of pages."""
        return -(-self.records // self.size)

    def render_all(self) -> list[bytes]:
        """All pages, each with a link to the next."""
        return [self.render(number * self.size) for number in range(self.count)]

    def render(self, first: int) -> bytes:
        """The page that begins with this issue, counted from 0."""
        end = min(first + self.size, self.records)
        links = {"next": f"/issues?after={end}"} if end < self.records else {}
        meta = {"total": self.records, "pages": self.count}
        around = json.dumps({"data": [], "links": links, "meta": meta})
        issues = ",".join(self._issues(first, end))
        return around.replace("[]", f"[{issues}]", 1).encode()

    def first_since(self, moment: datetime) -> int:
        """The number of the first issue that changed at a moment or later."""
        found = max(0, (moment - self._start) // self._step)
        while found < self.records and self._changed_at(found) < moment:
            found += 1
        return found

    def _issues(self, first: int, end: int) -> Iterator[str]:
        for number in range(first, end):
            changed = self._changed_at(number).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            id_, tail = f"{number:08x}-7c1e-4d2b-a1f0-{number:012x}", self._tails[number % _VARIANTS]
            yield f'{{"id": "{id_}", "attributes": {{"updated_at": "{changed}", {tail}'

    def _changed_at(self, number: int) -> datetime:
        moment = self._start + number * self._step
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _tail(rng: random.Random) -> str:
    """The text of an issue from its second attribute to its end."""
    issue = {"attributes": _attributes(rng), "type": "issue", "relationships": _relationships(rng)}
    return json.dumps(issue, ensure_ascii=False).removeprefix('{"attributes": {')


def _attributes(rng: random.Random) -> dict[str, Any]:
    package, cve = f"library-{rng.randrange(4000)}", f"CVE-2025-{rng.randrange(10_000, 99_999)}"
    return {
        "title": f"Deserialisation of untrusted data in {package} – größere Prüfung nötig",
        "severity": rng.choice(["low", "medium", "high", "critical"]),
        "status": rng.choice(["open", "open", "open", "resolved"]),
        "created_at": f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:30:00.000Z",
        "ignored": rng.random() < 0.05,
        "rule": f"RULE-{rng.getrandbits(40):010x}",
        "package": {"name": package, "ecosystem": "npm", "version": _version(rng), "fixed_in": [_version(rng)]},
        "identifiers": [{"scheme": "CVE", "value": cve, "href": f"https://advisories.example/cve/{cve}"}]
        + [{"scheme": "CWE", "value": f"CWE-{rng.randrange(20, 1300)}", "href": None} for _ in range(2)],
        "locations": [
            {"manifest": f"services/{rng.getrandbits(24):06x}/package-lock.json", "line": rng.randrange(9000)},
            {"manifest": f"apps/{rng.getrandbits(24):06x}/package-lock.json", "line": rng.randrange(9000)},
        ],
        "remedies": [{"kind": "upgrade", "automatic": rng.random() < 0.6, "text": "Upgrade to a version with the fix"}],
        "score": {"cvss": round(rng.uniform(1, 10), 1), "epss": rng.random(), "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N"},
    }


def _relationships(rng: random.Random) -> dict[str, Any]:
    organisation, project = "5b0c6a5e-20f4-4a8e-9a51-6c1d5a3f9e11", f"{rng.getrandbits(64):016x}"
    return {
        kind: {"data": {"type": kind, "id": id_}, "links": {"self": f"/{kind}s/{id_}"}}
        for kind, id_ in (("organisation", organisation), ("project", project))
    }


def _version(rng: random.Random) -> str:
    return f"{rng.randrange(20)}.{rng.randrange(30)}.{rng.randrange(50)}"
