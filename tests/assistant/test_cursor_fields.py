"""Which fields can be a cursor, and which one `dazz new` proposes: what changes whenever the record does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dazz_assets.assistant.generate import NoProposalError, Proposal, propose, write_call, write_source
from dazz_assets.assistant.infer import find_cursor_fields
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import read_integration
from tests.assistant.choices import make_choices, write
from tests.spec.samples import page_of

DAY = "2026-01-02T00:00:00Z"


def cursors_of(*records: Any) -> list[str]:
    return [item.path for item in find_cursor_fields(records)]


def meaning_of(name: str, noun: str = "") -> str:
    """What a time of this name, which may be a path, says."""
    record: Any = DAY
    for part in reversed(name.split("/")):
        record = {part: record}
    ((found),) = find_cursor_fields([record], noun)
    return found.says


def proposal_of(*records: dict[str, Any], **settings: Any) -> Proposal:
    return propose(
        make_choices("acme", **settings), page_of([{"id": at, **record} for at, record in enumerate(records)])
    )


def cursor_of(*records: dict[str, Any], **settings: Any) -> str | None:
    """The code of the cursor that is proposed."""
    cursor = proposal_of(*records, **settings).plan.cursor
    return None if cursor is None else write_call(cursor)


# Candidates


def test_times_of_change_rank_above_creation_and_others() -> None:
    record = {
        "due_date": "2026-01-01",
        "createdAt": "2026-01-01T00:00:00Z",
        "meta": {"last_modified": "2026-01-01T00:00:00Z"},
        "id": 5,
        "size": 1767225600,
        "note": "2026",
    }
    assert cursors_of(record) == ["meta.last_modified", "createdAt", "due_date"]


@pytest.mark.parametrize("value", [1767225600, 1767225600000, 1767225600.5, "1767225600"])
def test_epoch_numbers_are_a_cursor_if_their_name_suggests_it(value: object) -> None:
    assert cursors_of({"updated": value}) == ["updated"]
    assert cursors_of({"views": value}) == []


def test_values_that_are_not_times_are_not_a_cursor() -> None:
    assert cursors_of({"updated_at": "yesterday"}) == []
    assert cursors_of({"updated_at": "2026-01-01"}, {"updated_at": "never"}) == []
    assert cursors_of({"updated_at": 7}) == []


def test_a_cursor_missing_from_some_records_ranks_below_one_of_its_kind_that_none_lacks() -> None:
    first = {"changed_at": "2026-01-01", "updated_at": "2026-01-01", "created_at": "2026-01-01"}
    second = {"updated_at": "2026-01-02", "created_at": "2026-01-02"}
    assert [(item.path, item.is_always) for item in find_cursor_fields([first, second])] == [
        ("updated_at", True),
        ("changed_at", False),
        ("created_at", True),
    ]


def test_the_direction_of_a_cursor_is_the_order_of_the_page() -> None:
    days = [{"at": f"2026-01-0{day}"} for day in (1, 2, 3)]
    assert [item.direction for item in find_cursor_fields(days)] == ["asc"]
    assert [item.direction for item in find_cursor_fields(days[::-1])] == ["desc"]
    assert [item.direction for item in find_cursor_fields([days[1], days[0], days[2]])] == [None]
    assert [item.direction for item in find_cursor_fields(days[:2])] == [None]


@pytest.mark.parametrize(
    "name",
    [
        *("updated_at", "updatedAt", "updated", "last_updated", "lastUpdated", "update_time", "UpdateTimestamp"),
        *("lastModifiedDateTime", "LastModifiedDate", "modifiedon", "dateModified", "modification_date", "last_mod"),
        *("changed_on", "last_changed", "whenChanged", "System.ChangedDate", "last-change", "edited_at", "mtime"),
        *("sys_updated_on", "SystemModstamp", "updated_ts", "lastmodifieddate", "modified_at_utc", "updatedAtMs"),
        *("attributes/updated_at", "fields/updated", "meta/lastModified", "auditInfo/lastUpdated", "sys/updatedAt"),
    ],
)
def test_names_that_say_that_the_record_changed(name: str) -> None:
    assert meaning_of(name) == "changed"


@pytest.mark.parametrize("name", ["last_seen", "lastSeen", "LastObservedAt", "last_activity_at", "meta/lastSeen"])
def test_names_that_say_that_the_record_was_seen(name: str) -> None:
    assert meaning_of(name) == "seen"


@pytest.mark.parametrize(
    "name", ["created_at", "createdDateTime", "dateCreated", "first_seen", "published", "opened_at", "sys_created_on"]
)
def test_names_that_say_that_the_record_was_made(name: str) -> None:
    assert meaning_of(name) == "created"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "status_changed_at",
            "last_status_change_at",
            "passwordChanged",
            "statuscategorychangedate",
            "next_update_at",
        ),
        *("last_login", "due_date", "resolved_at", "timestamp", "model_date", "price_updated_at"),
        *("project/updated_at", "latest_comment/edited_at", "attributes/owner/created_at"),
    ],
)
def test_a_part_of_the_record_or_another_thing_is_not_the_record(name: str) -> None:
    assert meaning_of(name) == "other"


def test_what_a_record_is_called_may_stand_in_the_name() -> None:
    assert meaning_of("issue_updated_at", "issue") == meaning_of("issue/updated_at", "issue") == "changed"
    assert meaning_of("alertCreatedDate", "alert") == "created"
    assert meaning_of("project_updated_at", "issue") == "other"


# What is proposed


@pytest.mark.parametrize(
    ("record", "cursor"),
    [
        ({"created_at": DAY, "updated_at": DAY}, 'Cursor("updated_at")'),
        ({"lastSeen": DAY, "created": DAY, "lastModified": DAY}, 'Cursor("lastModified")'),
        ({"statusChanged": DAY, "passwordChanged": DAY, "lastUpdated": DAY}, 'Cursor("lastUpdated")'),
        ({"created_at": DAY, "attributes": {"updated_at": DAY}}, 'Cursor("attributes.updated_at")'),
        ({"firstSeen": DAY, "lastSeen": DAY}, 'Cursor("lastSeen")'),
        ({"created_at": DAY, "project": {"updated_at": DAY}}, None),
        ({"created_at": DAY, "last_status_change_at": DAY}, None),
        ({"due_date": DAY}, None),
    ],
)
def test_what_changes_with_the_record_is_proposed_and_nothing_else(record: dict[str, Any], cursor: str | None) -> None:
    assert cursor_of(record) == cursor


def test_a_time_of_change_that_some_records_lack_falls_back_on_their_creation() -> None:
    records: list[Any] = [
        {"updated_at": DAY, "created_at": DAY},
        {"updated_at": None, "created_at": DAY},
        {"created_at": DAY},
    ]
    assert cursor_of(*records) == cursor_of(*records, cursor="updated_at")
    assert cursor_of(*records) == 'Cursor("updated_at", nulls="created_at")'
    assert cursor_of({"updated_at": DAY}, {"updated_at": None}) is None


def comments_of(proposal: Proposal) -> str:
    """The comments of the generated integration, as one text."""
    lines = [line.strip() for line in write_source(proposal.plan)["integration.py"].splitlines()]
    return " ".join(line.removeprefix("# ") for line in lines if line.startswith("# "))


def test_a_list_with_only_a_time_of_creation_is_fetched_whole_and_told_why() -> None:
    proposal = proposal_of({"createdDate": DAY})
    note = (
        "No cursor: `createdDate` stays as it is when a record changes. Where records never change, as in a log of "
        'events, it can be one: `Cursor("createdDate")`.'
    )
    assert proposal.plan.cursor is None
    assert proposal.open_questions[1:3] == (note[:-1], "no cursor: each sync fetches the whole list")
    assert comments_of(proposal) == note


def test_a_cursor_on_the_time_of_creation_is_told_what_it_misses() -> None:
    proposal = proposal_of({"created_at": DAY}, cursor="created_at", since="from")
    note = "`created_at` stays as it is when a record changes, so later changes are missed."
    assert note[:-1] in proposal.open_questions
    assert comments_of(proposal) == note


def test_a_cursor_on_when_a_record_was_seen_is_told_what_it_misses() -> None:
    proposal = proposal_of({"last_seen": DAY}, since="from")
    note = "`last_seen` says when a record was last seen: a change without that, such as of its status, is missed."
    assert note[:-1] in proposal.open_questions
    assert comments_of(proposal) == note


def test_a_parameter_for_changes_without_a_time_of_change_names_the_times_there_are() -> None:
    with pytest.raises(NoProposalError, match="no field says when a record changed; there are: created_at"):
        proposal_of({"created_at": DAY}, since="from")


def test_a_cursor_on_the_time_of_change_or_none_by_choice_needs_no_word() -> None:
    assert proposal_of({"created_at": DAY, "updated_at": DAY}).plan.cursor_note == ""
    assert proposal_of({"created_at": DAY}, cursor="").plan.cursor_note == ""


def test_a_note_on_a_strange_name_is_still_a_comment(tmp_path: Path) -> None:
    proposal = proposal_of({'created\n"at"\u2028': DAY})
    folder = write(tmp_path / "acme", write_source(proposal.plan))
    (class_,) = load_classes(folder)
    (stream,) = read_integration(class_).streams.values()
    assert stream.cursor is None
