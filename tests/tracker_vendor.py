"""A tracker's API on loopback, whose issues have comments, and an integration that asks for those of changed issues."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dazz_assets import Cursor, Stream
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.http import Accept
from dazz_assets.reports import StreamReport
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SKIPPED: Accept = {404: "skip", 410: "skip", (403, "switched off"): "skip"}


class IssuesStream(Stream):
    """Issues, whose time of change moves with each comment."""

    path = "/issues"
    cursor = Cursor("changed", since="since")


class CommentsStream(Stream):
    """What each issue has, whole: a removed comment goes."""

    parent = IssuesStream
    path = "/issues/{parent.id}/comments"
    parents = "changed"
    accept = {200: "keep", **SKIPPED}


class ChangesStream(Stream):
    """What happened to each issue: it only grows."""

    parent = IssuesStream
    path = "/issues/{parent.id}/changes"
    cursor = Cursor("changed", since="since")
    parents = "changed"
    accept = SKIPPED


class TrackerIntegration(DeskApi):
    name = "tracker"
    streams = (IssuesStream, CommentsStream, ChangesStream)


class Tracker:
    """Issues with comments; each comment is also a change.

    fails: issues for which a status is answered in place of a list, with the words in `says`.
    """

    def __init__(self, vendor: Vendor) -> None:
        self.day = 1
        self.issues: dict[str, str] = {}
        self.comments: dict[str, dict[str, str]] = {}
        self.fails: dict[str, int] = {}
        self.says = "no"
        self.errors: set[str] = set()
        self.vendor = vendor
        vendor.handler = self.answer

    def comment(self, issue: str, id_: str) -> None:
        self.day += 1
        self.issues[issue] = f"2026-02-{self.day:02}T00:00:00Z"
        self.comments.setdefault(issue, {})[id_] = self.issues[issue]

    def remove(self, issue: str, id_: str) -> None:
        self.day += 1
        self.issues[issue] = f"2026-02-{self.day:02}T00:00:00Z"
        del self.comments[issue][id_]

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/issues":
            since = asked.query.get("since", [""])[0]
            found = [{"id": id_, "changed": at} for id_, at in self.issues.items() if at >= since]
            return Reply(body={"items": found})
        issue = asked.path.split("/")[2]
        if issue in self.fails:
            return Reply(self.fails[issue], {"message": self.says})
        since = asked.query.get("since", [""])[0]
        listed = {id_: at for id_, at in self.comments.get(issue, {}).items() if at >= since}
        body: dict[str, Any] = {"items": [{"id": id_, "changed": at} for id_, at in listed.items()]}
        if issue in self.errors:
            body["errors"] = [{"message": "some are missing"}]
        return Reply(body=body)

    def asked_for(self) -> list[str]:
        """The issues whose children were requested since the last call."""
        paths = [asked.path for asked in self.vendor.requests if asked.path != "/issues"]
        self.vendor.requests.clear()
        return sorted({path.split("/")[2] for path in paths})


@contextmanager
def tracker_vendor() -> Iterator[Tracker]:
    """Three issues with a comment each."""
    with Vendor() as vendor:
        tracker = Tracker(vendor)
        for issue in "abc":
            tracker.comment(issue, f"{issue}1")
        yield tracker


def keys(customer: Customer, stream: str) -> list[str]:
    return [row["key"] for row in customer.rows(f"select key from raw.tracker_{stream} order by key")]


def refetch(customer: Customer, stream: str) -> StreamReport:
    return customer.sync(stream, sync_range=SyncRange(refetch=True))[stream]


def files(folder: Path) -> set[Path]:
    """All files below a folder, of which none is ever written twice."""
    return {path for path in folder.rglob("*") if path.is_file()}
