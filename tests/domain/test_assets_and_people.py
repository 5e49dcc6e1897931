"""Packages, places, resources, work items and identities beside findings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from dazz_assets.domain import (
    OUR_COLUMNS,
    AffectedCode,
    AffectedPackage,
    CloudResource,
    CodeProject,
    CodeRepository,
    DomainObject,
    Identity,
    RawRecord,
    Status,
    Tag,
    TicketStatus,
    UserType,
    WorkItem,
    package_url,
)
from dazz_assets.lake.objects.object_columns import make_batch
from tests.domain.test_domain_models import finding

RECORD = RawRecord(stream="things", key="1")
AT = datetime(2026, 1, 2, tzinfo=UTC)


def work_item(**fields: Any) -> WorkItem:
    given: dict[str, Any] = {"status_id": TicketStatus.NEW, "vendor_status": "To Do", "title": "Fix it"}
    return WorkItem(**{"id": "w", "uid": "1", "raw_record": RECORD, **given, **fields})


@pytest.mark.parametrize(
    ("made", "table"),
    [
        (CodeRepository(id="r", uid="1", name="acme/shop", raw_record=RECORD), "code_repositories"),
        (CodeProject(id="p", uid="1", name="acme/shop", raw_record=RECORD, created_time=AT), "code_projects"),
        (Identity(id="i", uid="1", raw_record=RECORD, groups=["7"]), "identities"),
        (work_item(labels=["bug"]), "work_items"),
        (
            CloudResource(
                id="c", uid="arn:1", type="bucket", provider="AWS", raw_record=RECORD, tags=[Tag(name="a", value="b")]
            ),
            "cloud_resources",
        ),
    ],
)
def test_each_has_a_table_that_takes_it(made: DomainObject, table: str) -> None:
    assert made.table_name() == table
    assert make_batch([made], type(made)).num_rows == 1
    assert not OUR_COLUMNS & set(type(made).model_fields)


def test_captions_of_tickets_and_users_follow_from_their_ids() -> None:
    assert work_item(status_id=TicketStatus.IN_PROGRESS).status == "In Progress"
    assert Identity(id="i", uid="1", raw_record=RECORD, type_id=UserType.SERVICE).type == "Service"
    assert Identity(id="i", uid="1", raw_record=RECORD).type == "Unknown"


def test_captions_that_contradict_their_ids_are_refused() -> None:
    with pytest.raises(ValidationError, match="status_id 6 is 'Closed', not 'Resolved'"):
        work_item(status_id=TicketStatus.CLOSED, status="Resolved")


def test_the_columns_of_a_finding_are_those_of_its_first_package_and_place() -> None:
    found = finding(
        affected_packages=[
            AffectedPackage(name="a", version="1", package_manager="npm", purl="pkg:npm/a@1", scope="runtime"),
            AffectedPackage(name="b"),
        ],
        affected_code=[AffectedCode(file_path="a.py", start_line=7, end_line=9, commit="c0ffee")],
    )

    assert (found.package_name, found.package_version, found.package_manager) == ("a", "1", "npm")
    assert (found.purl, found.scope) == ("pkg:npm/a@1", "runtime")
    assert (found.file_path, found.start_line, found.end_line, found.commit) == ("a.py", 7, 9, "c0ffee")


def test_a_column_that_is_given_stands() -> None:
    found = finding(affected_packages=[{"name": "a", "fixed_in_version": "2"}], fixed_in_version="3")

    assert (found.package_name, found.fixed_in_version) == ("a", "3")


def test_a_resolved_finding_was_closed_when_it_was_resolved() -> None:
    assert finding(resolved_time=AT).closed_time == AT
    assert finding().closed_time is None


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.NEW, Status.IN_PROGRESS, Status.OTHER])
def test_an_open_finding_can_be_closed(status: Status) -> None:
    closed = finding(status_id=status).closed("project deleted", AT)

    assert (closed.status_id, closed.status, closed.vendor_status) == (5, "Archived", "open")
    assert (closed.status_detail, closed.closed_time, closed.resolved_time) == ("project deleted", AT, None)


@pytest.mark.parametrize("status", [Status.SUPPRESSED, Status.RESOLVED, Status.ARCHIVED, Status.DELETED])
def test_a_closed_finding_stays_as_it_is(status: Status) -> None:
    found = finding(status_id=status, status_detail="tolerable_risk")

    assert found.closed("project deleted", AT) == found


OVER = (TicketStatus.RESOLVED, TicketStatus.CLOSED, TicketStatus.CANCELED)


@pytest.mark.parametrize("status", [status for status in TicketStatus if status not in OVER])
def test_a_work_item_that_is_not_over_can_be_closed(status: TicketStatus) -> None:
    closed = work_item(status_id=status, status_detail="waits").closed("project no longer listed", AT)

    assert (closed.status_id, closed.status, closed.vendor_status) == (TicketStatus.CLOSED, "Closed", "To Do")
    assert (closed.status_detail, closed.closed_time) == ("project no longer listed", AT)
    assert WorkItem.model_validate(closed.model_dump()) == closed


def test_a_work_item_may_be_closed_nobody_knows_since_when() -> None:
    assert work_item(closed_time=AT).closed("item no longer listed").closed_time is None


@pytest.mark.parametrize("status", OVER)
def test_a_work_item_that_is_over_stays_as_it_is(status: TicketStatus) -> None:
    item = work_item(status_id=status, status_detail="Won't Do")

    assert item.closed("project no longer listed", AT) == item


@pytest.mark.parametrize(
    ("given", "purl"),
    [
        (("npm", "@angular/core", "1.0"), "pkg:npm/%40angular/core@1.0"),
        (("maven", "org.slf4j:slf4j-api", "2"), "pkg:maven/org.slf4j/slf4j-api@2"),
        (("golang", "golang.org/x/net", "v1"), "pkg:golang/golang.org/x/net@v1"),
        (("pypi", "Django_Filters", None), "pkg:pypi/django-filters"),
        (("deb", "binutils/libctf0", "2.35", "debian"), "pkg:deb/debian/libctf0@2.35"),
        ((None, "anything"), None),
        (("npm", ""), None),
        (("swift", "github.com/vapor/vapor"), "pkg:swift/github.com/vapor/vapor"),
    ],
)
def test_a_package_url_is_made_by_the_rules_of_the_ecosystem(given: Any, purl: str | None) -> None:
    assert package_url(*given) == purl
