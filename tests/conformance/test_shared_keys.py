"""Records of one page that share a key are different records: the key is no key (conformance 109)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, NextLink, Stream
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class LoginsStream(Stream[Any]):
    path = "/logins"
    records = "logins"
    primary_key = "user"
    cursor = Cursor("at", since="since")
    paginator = NextLink("next")


class LoginsIntegration(CommonIntegration):
    streams = (LoginsStream,)


def logins(first_day: int, *users: Any, following: str | None = None) -> Reply:
    found = [{"user": user, "at": f"2026-02-{first_day + n:02}T00:00:00Z"} for n, user in enumerate(users)]
    return Reply(body={"logins": found, "next": following})


@pytest.mark.parametrize("users", [["ann", "bob", "ann", "cid", "ann"], [0, 7, 0, 8, 0], ["N/A", "ann", "N/A", "N/A"]])
def test_109_records_of_a_page_that_share_a_key_are_told_at_first(
    connect: Connect, api: Vendor, users: list[Any]
) -> None:
    acme = connect(LoginsIntegration)
    api.script(logins(1, *users))
    report = acme.sync(LoginsStream)
    assert report.repeated == 0  # They may be versions of one record, so no check fails.
    (warning,) = report.warnings
    assert warning.startswith("2 records have the key (`user`) of another one in the same page, and only the latest")
    assert acme.versions(LoginsStream) == len(users)
    api.script(logins(10, "ann", "ann"))
    assert acme.sync(LoginsStream).warnings == []


def test_109_a_record_that_comes_on_two_pages_has_changed_meanwhile(connect: Connect, api: Vendor) -> None:
    acme = connect(LoginsIntegration)
    api.script(logins(1, "ann", "bob", following="/logins?after=bob"), logins(3, "ann"))
    report = acme.sync(LoginsStream)
    assert (report.repeated, report.warnings) == (0, [])


def test_109_one_that_comes_twice_as_it_is_has_not(connect: Connect, api: Vendor) -> None:
    acme = connect(LoginsIntegration)
    page = logins(1, "ann", "bob").body
    api.script(Reply(body={"logins": page["logins"] * 2}))
    report = acme.sync(LoginsStream)
    assert (report.repeated, report.warnings) == (0, [])


def test_109_a_refetch_tells_it_once(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("LoginsIntegration", LoginsIntegration))
    api.script(logins(1, "ann", "ann"))
    report = acme.sync_range(LoginsStream, replace=True)
    assert report.repeated == 1
    assert len(report.warnings) == 1
