"""Domain objects: their tables, and findings in OCSF's terms."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from dazz_assets.domain import OUR_COLUMNS, DomainObject, Finding, RawRecord, Severity, Status


def finding(**fields: Any) -> Finding:
    given: dict[str, Any] = {
        "id": "f",
        "uid": "1",
        "class_uid": 2002,
        "title": "Something is wrong",
        "raw_record": RawRecord(stream="alerts", key="1"),
        "status_id": Status.NEW,
        "vendor_status": "open",
        "severity_id": Severity.HIGH,
        "resource_type": "repository",
        "resource_id": "r",
        "resource_uid": "7",
    }
    return Finding(**given | fields)


def test_a_table_is_the_class_name_in_snake_case_with_an_s() -> None:
    class CloudResource(DomainObject):
        pass

    class AWSAccount(DomainObject):
        pass

    assert [model.table_name() for model in (Finding, CloudResource, AWSAccount)] == [
        "findings",
        "cloud_resources",
        "aws_accounts",
    ]


def test_a_table_can_have_a_name_of_its_own() -> None:
    class Identity(DomainObject):
        table: ClassVar[str | None] = "identities"

    assert Identity.table_name() == "identities"


def test_a_finding_has_no_field_named_like_a_column_of_the_lake() -> None:
    assert not OUR_COLUMNS & set(Finding.model_fields)


@pytest.mark.parametrize(
    ("severity", "caption"),
    [(0, "Unknown"), (1, "Informational"), (3, "Medium"), (5, "Critical"), (6, "Fatal"), (99, "Other")],
)
def test_the_caption_of_a_severity_follows_from_its_id(severity: int, caption: str) -> None:
    assert finding(severity_id=severity).severity == caption


@pytest.mark.parametrize(
    ("status", "caption"), [(1, "New"), (2, "In Progress"), (3, "Suppressed"), (4, "Resolved"), (99, "Other")]
)
def test_the_caption_of_a_status_follows_from_its_id(status: int, caption: str) -> None:
    assert finding(status_id=status).status == caption


@pytest.mark.parametrize("wrong", [{"severity_id": 7}, {"status_id": 8}, {"class_uid": 2001}])
def test_a_number_that_ocsf_does_not_have_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        finding(**wrong)


@pytest.mark.parametrize("fields", [{"severity_id": 4, "severity": "High"}, {"status_id": 2, "status": "In Progress"}])
def test_a_caption_may_be_given_where_it_fits_its_id(fields: dict[str, Any]) -> None:
    assert finding(**fields).model_dump().items() >= fields.items()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"severity_id": 4, "severity": "Low"}, "severity_id 4 is 'High', not 'Low': leave severity out, or correct "),
        ({"severity_id": 4, "severity": "high"}, "severity_id 4 is 'High', not 'high'"),
        ({"severity_id": 4, "severity": "Severe"}, "1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal, 99"),
        ({"severity_id": 99, "severity": "Low"}, "severity_id 99 is 'Other', not 'Low'"),
        ({"status_id": 1, "status": "Resolved"}, "status_id 1 is 'New', not 'Resolved': leave status out, or correct "),
        ({"status_id": 2, "status": "InProgress"}, "status_id 2 is 'In Progress', not 'InProgress'"),
    ],
)
def test_a_caption_that_says_something_else_than_its_id_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        finding(**fields)


def test_beside_other_stands_any_word_that_ocsf_has_no_number_for() -> None:
    assert finding(severity_id=Severity.OTHER, severity="Severe").severity == "Severe"


def test_a_caption_beside_a_number_that_ocsf_does_not_have_is_no_second_mistake() -> None:
    with pytest.raises(ValidationError) as caught:
        finding(severity_id=7, severity="High")
    assert [error["loc"] for error in caught.value.errors()] == [("severity_id",)]


def test_each_caption_stands_beside_a_number() -> None:
    """A pair that is added to the model is checked as well, or this fails."""
    pairs = {name for name in Finding.model_fields if f"{name}_id" in Finding.model_fields}
    assert pairs == {"status", "severity"}
    for name in pairs:
        with pytest.raises(ValidationError, match=f"{name}_id .* is .*, not 'Nothing'"):
            finding(**{name: "Nothing"})


def test_ids_are_plain_numbers() -> None:
    assert type(finding().severity_id) is int
    assert type(finding().status_id) is int


def test_a_time_without_a_zone_is_refused_and_says_why() -> None:
    with pytest.raises(ValidationError, match="has no time zone"):
        finding(first_seen_time=datetime(2025, 1, 1))

    assert finding(first_seen_time=datetime(2025, 1, 1, tzinfo=UTC)).first_seen_time


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="severty"):
        finding(severty="High")
