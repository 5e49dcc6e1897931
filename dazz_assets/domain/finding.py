"""Findings: problems that a vendor reports about an asset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from dazz_assets.domain.object import DomainObject
from dazz_assets.domain.ocsf import Captioned, FindingClass, Severity, Status


def _require_zone(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError(
            f"{time.isoformat()} has no time zone: use times with a zone, for example 2025-01-31T12:00:00Z"
        )
    return time


# The caption fields. Each has the caption of the number in the field `<name>_id`, which must be declared before it.
_CAPTION_ENUMS: dict[str, type[Captioned]] = {"status": Status, "severity": Severity}


def _default_caption(field: str) -> Callable[[dict[str, Any]], str]:
    captions = {item.value: item.caption for item in _CAPTION_ENUMS[field]}
    return lambda data: captions[data[f"{field}_id"]]


def _member_of(enumeration: type[IntEnum]) -> AfterValidator:
    """Requires a number of an enumeration. Looked up first, as a call of the enumeration takes ten times as long."""
    numbers = {item.value: item.value for item in enumeration}

    def require(number: int) -> int:
        return numbers[number] if number in numbers else enumeration(number).value

    return AfterValidator(require)


Time = Annotated[datetime, AfterValidator(_require_zone)] | None
ClassUid = Annotated[int, _member_of(FindingClass)]
SeverityId = Annotated[int, _member_of(Severity)]
StatusId = Annotated[int, _member_of(Status)]


class RawRecord(BaseModel):
    """The vendor's record that an object was made from: its stream and its key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str
    key: str


class Finding(DomainObject):
    """A finding with the names and enumerations of OCSF (https://schema.ocsf.io/1.6.0/classes), flattened.

    OCSF's normalised values and the vendor's own words are separate fields: `severity` and `severity_id` beside
    `vendor_severity`, `status` and `status_id` beside `vendor_status` and `status_detail`. Captions default to those of
    the ids. A caption that is given must match its id; for 99 (Other), it can be any word that OCSF has no number for.
    Times must have a time zone. Scores are CVSS base scores (0 to 10), EPSS values are fractions (0 to 1).
    """

    uid: str = Field(description="The vendor's own id.")
    src_url: str | None = Field(default=None, description="The vendor's own page or resource for this finding.")
    class_uid: ClassUid = Field(description="OCSF class: 2002, 2003, 2006 or 2007.")
    title: str
    raw_record: RawRecord

    status_id: StatusId
    status: str = Field(default_factory=_default_caption("status"), description="OCSF's caption of `status_id`.")
    vendor_status: str = Field(description="The vendor's word.")
    status_detail: str | None = Field(default=None, description="The vendor's reason: tolerable_risk, fixed.")

    severity_id: SeverityId
    severity: str = Field(default_factory=_default_caption("severity"), description="OCSF's caption of `severity_id`.")
    vendor_severity: str | None = Field(default=None, description="The vendor's word.")
    cvss_score: float | None = None
    cvss_vector: str | None = None
    exploit_maturity: str | None = Field(default=None, description="The vendor's word: Proof of Concept, Attacked.")
    epss_score: float | None = Field(default=None, description="Probability of exploitation within 30 days.")
    epss_percentile: float | None = None

    resource_type: str = Field(description="Kind of the asset: repository, project, environment, cloud resource type.")
    resource_id: str = Field(description="The asset's id as a domain object.")
    resource_uid: str = Field(description="The asset's id at the vendor.")
    resource_name: str | None = None
    owner: str | None = Field(default=None, description="The owner of the asset.")

    package_name: str | None = None
    package_version: str | None = Field(default=None, description="The version in use, if the vendor reports it.")
    package_manager: str | None = Field(default=None, description="The package's ecosystem: npm, pip, maven.")
    affected_versions: str | None = Field(default=None, description="The range of versions with the weakness.")
    fixed_in_version: str | None = None
    manifest_path: str | None = None
    file_path: str | None = None
    start_line: int | None = None

    cves: list[str] = Field(default_factory=list)
    ghsa: str | None = None
    cwes: list[str] = Field(default_factory=list)
    rule: str | None = Field(default=None, description="The vendor's rule or advisory: SNYK-CC-00181.")

    first_seen_time: Time = None
    last_seen_time: Time = Field(default=None, description="When the vendor last reported it.")
    resolved_time: Time = None

    @field_validator(*_CAPTION_ENUMS)
    @classmethod
    def _check_caption(cls, caption: str, info: ValidationInfo) -> str:
        """Refuse a caption that contradicts the id. https://schema.ocsf.io/1.6.0/dictionary#severity"""
        field = str(info.field_name)
        enumeration = _CAPTION_ENUMS[field]
        if (number := info.data.get(f"{field}_id")) is None:  # The id itself was refused.
            return caption
        expected = enumeration(number)
        is_vendor_word = expected.name == "OTHER" and caption not in {item.caption for item in enumeration}
        if caption != expected.caption and not is_vendor_word:
            raise ValueError(
                f"{field}_id {number} is {expected.caption!r}, not {caption!r}: leave {field} out, or correct "
                f"{field}_id ({', '.join(f'{item.value} {item.caption}' for item in enumeration)})"
            )
        return caption
