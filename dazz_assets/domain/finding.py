"""Findings: what a vendor says is wrong, with what, since when, and how badly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from dazz_assets.domain.object import DomainObject
from dazz_assets.domain.ocsf import Captioned, FindingClass, Severity, Status


def _has_zone(time: datetime | None) -> datetime | None:
    if time is not None and time.tzinfo is None:
        raise ValueError(f"{time.isoformat()} has no time zone: give times with a zone, as in 2025-01-31T12:00:00Z")
    return time


# Fields that hold the caption of what the field `<name>_id` before them holds.
_CAPTIONED: dict[str, type[Captioned]] = {"status": Status, "severity": Severity}


def _caption_of(field: str) -> Callable[[dict[str, Any]], str]:
    return lambda data: _CAPTIONED[field](data[f"{field}_id"]).caption


Time = Annotated[datetime | None, AfterValidator(_has_zone)]
ClassUid = Annotated[int, AfterValidator(lambda value: FindingClass(value).value)]
SeverityId = Annotated[int, AfterValidator(lambda value: Severity(value).value)]
StatusId = Annotated[int, AfterValidator(lambda value: Status(value).value)]


class RawRecord(BaseModel):
    """The vendor's record that an object came from: the name of its stream and its key there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str
    key: str


class Finding(DomainObject):
    """A finding, in the words of OCSF (https://schema.ocsf.io/1.6.0/classes), flattened.

    What OCSF normalises stands beside what the vendor said: `severity` and `severity_id` beside `vendor_severity`,
    `status` and `status_id` beside `vendor_status` and `status_detail`. The captions follow from the ids, and need
    not be given; those that are must fit, except that beside 99 (Other) stands any word that OCSF has no number for.
    Times have a zone; scores are CVSS base scores (0 to 10), EPSS values are shares (0 to 1).
    """

    uid: str = Field(description="The vendor's own id.")
    src_url: str | None = Field(default=None, description="The vendor's own page or resource of this finding.")
    class_uid: ClassUid = Field(description="OCSF class: 2002, 2003, 2006 or 2007.")
    title: str
    raw_record: RawRecord

    status_id: StatusId
    status: str = Field(default_factory=_caption_of("status"), description="OCSF's caption of `status_id`.")
    vendor_status: str = Field(description="The vendor's word.")
    status_detail: str | None = Field(default=None, description="Why, as the vendor says: tolerable_risk, fixed.")

    severity_id: SeverityId
    severity: str = Field(default_factory=_caption_of("severity"), description="OCSF's caption of `severity_id`.")
    vendor_severity: str | None = Field(default=None, description="The vendor's word.")
    cvss_score: float | None = None
    cvss_vector: str | None = None
    exploit_maturity: str | None = Field(default=None, description="The vendor's word: Proof of Concept, Attacked.")
    epss_score: float | None = Field(default=None, description="Probability of exploitation within 30 days.")
    epss_percentile: float | None = None

    resource_type: str = Field(description="Kind of the asset: repository, project, environment, cloud resource type.")
    resource_id: str = Field(description="The asset's id among domain objects.")
    resource_uid: str = Field(description="The asset's id at the vendor.")
    resource_name: str | None = None
    owner: str | None = Field(default=None, description="Who the asset belongs to.")

    package_name: str | None = None
    package_version: str | None = Field(default=None, description="The version in use, where the vendor tells it.")
    package_manager: str | None = Field(default=None, description="The package's ecosystem: npm, pip, maven.")
    affected_versions: str | None = Field(default=None, description="The range of versions that have the weakness.")
    fixed_in_version: str | None = None
    manifest_path: str | None = None
    file_path: str | None = None
    start_line: int | None = None

    cves: list[str] = Field(default_factory=list)
    ghsa: str | None = None
    cwes: list[str] = Field(default_factory=list)
    rule: str | None = Field(default=None, description="The vendor's rule or advisory: SNYK-CC-00181.")

    first_seen_time: Time = None
    last_seen_time: Time = Field(default=None, description="When the vendor last said something of it.")
    resolved_time: Time = None

    @field_validator(*_CAPTIONED)
    @classmethod
    def _fits_its_id(cls, caption: str, info: ValidationInfo) -> str:
        """Refuse a caption that says something else than the id. https://schema.ocsf.io/1.6.0/dictionary#severity"""
        field = str(info.field_name)
        known = _CAPTIONED[field]
        if (number := info.data.get(f"{field}_id")) is None:  # It is refused itself.
            return caption
        meant = known(number)
        is_own_word = meant.name == "OTHER" and caption not in {item.caption for item in known}
        if caption != meant.caption and not is_own_word:
            raise ValueError(
                f"{field}_id {number} is {meant.caption!r}, not {caption!r}: leave {field} out, or correct {field}_id "
                f"({', '.join(f'{item.value} {item.caption}' for item in known)})"
            )
        return caption
