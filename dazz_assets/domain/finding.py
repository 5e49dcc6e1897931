"""Findings: problems that a vendor reports about an asset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dazz_assets.domain.captions import caption_of, fits_id, member_of
from dazz_assets.domain.field_values import RawRecord, Time
from dazz_assets.domain.object import DomainObject
from dazz_assets.domain.ocsf import FindingClass, Severity, Status

ClassUid = Annotated[int, member_of(FindingClass)]
SeverityId = Annotated[int, member_of(Severity)]
StatusId = Annotated[int, member_of(Status)]

# What can still be closed. Resolved, suppressed, archived and deleted findings are closed already.
_OPEN = frozenset({Status.UNKNOWN, Status.NEW, Status.IN_PROGRESS, Status.OTHER})


class AffectedPackage(BaseModel):
    """A package that has to be changed, as OCSF's `affected_package`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="The vendor's name of it: left-pad, org.slf4j:slf4j-api.")
    version: str | None = Field(default=None, description="The version in use, if the vendor reports it.")
    package_manager: str | None = Field(default=None, description="The purl type: npm, pypi, maven, golang, deb.")
    purl: str | None = Field(default=None, description="The package URL, with the version in use.")
    affected_versions: str | None = Field(default=None, description="The range of versions with the weakness.")
    fix_available: bool | None = Field(default=None, description="Whether there is a fix; null if nothing says so.")
    fixed_in_version: str | None = Field(default=None, description="The first version without the weakness.")
    manifest_path: str | None = Field(default=None, description="The file that declares it.")
    scope: Literal["development", "runtime"] | None = None
    relationship: Literal["direct", "transitive"] | None = Field(
        default=None, description="How the asset depends on it."
    )


class AffectedCode(BaseModel):
    """A place in code that has to be changed, as OCSF's `affected_code`. Lines count from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_path: str
    start_line: int | None = None
    end_line: int | None = None
    commit: str | None = Field(default=None, description="The commit that was looked at.")


# The columns that tell of the first package or place, by the name that they have there.
_OF_PACKAGE = {
    "package_name": "name",
    "package_version": "version",
    **{
        name: name
        for name in (
            *("package_manager", "purl", "affected_versions", "fixed_in_version", "manifest_path"),
            *("scope", "relationship"),
        )
    },
}
_OF_CODE = {name: name for name in ("file_path", "start_line", "end_line", "commit")}


class Finding(DomainObject):
    """A finding with the names and enumerations of OCSF (https://schema.ocsf.io/1.6.0/classes), flattened.

    OCSF's normalised values and the vendor's own words are separate fields: `severity` and `severity_id` beside
    `vendor_severity`, `status` and `status_id` beside `vendor_status` and `status_detail`. Captions default to those of
    the ids. A caption that is given must match its id; for 99 (Other), it can be any word that OCSF has no number for.
    Times must have a time zone. Scores are CVSS base scores (0 to 10), EPSS values are fractions (0 to 1).

    One issue of the vendor's is one finding, however many packages or places have to be changed: `affected_packages`
    and `affected_code` list them, and the columns beside (`package_name`, `file_path`) are those of the first.
    """

    uid: str = Field(description="The vendor's own id.")
    src_url: str | None = Field(default=None, description="The vendor's own page or resource for this finding.")
    class_uid: ClassUid = Field(description="OCSF class: 2002, 2003, 2006 or 2007.")
    title: str
    raw_record: RawRecord

    status_id: StatusId
    status: Annotated[str, fits_id(Status)] = Field(
        default_factory=caption_of("status_id", Status), description="OCSF's caption of `status_id`."
    )
    vendor_status: str = Field(description="The vendor's word.")
    status_detail: str | None = Field(default=None, description="Why: tolerable_risk, auto_dismissed, fixed.")

    severity_id: SeverityId
    severity: Annotated[str, fits_id(Severity)] = Field(
        default_factory=caption_of("severity_id", Severity), description="OCSF's caption of `severity_id`."
    )
    vendor_severity: str | None = Field(default=None, description="The vendor's word.")
    cvss_score: float | None = None
    cvss_vector: str | None = None
    exploit_maturity: str | None = Field(default=None, description="The vendor's word: Proof of Concept, Attacked.")
    exploit_available: bool | None = Field(default=None, description="Whether there is an exploit; null if unknown.")
    known_exploited: bool | None = Field(default=None, description="Whether a list such as CISA's KEV names it.")
    epss_score: float | None = Field(default=None, description="Probability of exploitation within 30 days.")
    epss_percentile: float | None = None
    reachable: bool | None = Field(default=None, description="Whether the asset's code gets there; null if unknown.")
    reachability: str | None = Field(default=None, description="The vendor's word: function, no-path-found.")
    vendor_risk_score: float | None = Field(default=None, description="The vendor's own score, on its own scale.")

    resource_type: str = Field(description="Kind of the asset: repository, project, environment, cloud resource type.")
    resource_id: str | None = Field(
        description="The asset's id as a domain object; null where no object of the connection is the asset."
    )
    resource_uid: str = Field(description="The asset's id at the vendor, or in its cloud: an ARN.")
    resource_name: str | None = None
    repository_name: str | None = Field(
        default=None, description="The repository that the asset is, or is in, with its owner: acme/shop."
    )
    owner: str | None = Field(default=None, description="The owner of the asset.")

    affected_packages: list[AffectedPackage] = Field(default_factory=list)
    package_name: str | None = None
    package_version: str | None = Field(default=None, description="The version in use, if the vendor reports it.")
    package_manager: str | None = Field(default=None, description="The purl type: npm, pypi, maven, golang, deb.")
    purl: str | None = None
    affected_versions: str | None = Field(default=None, description="The range of versions with the weakness.")
    fix_available: bool | None = Field(default=None, description="Whether any of it can be fixed; null if unknown.")
    fixed_in_version: str | None = None
    manifest_path: str | None = None
    scope: Literal["development", "runtime"] | None = None
    relationship: Literal["direct", "transitive"] | None = Field(
        default=None, description="How the asset depends on it."
    )

    affected_code: list[AffectedCode] = Field(default_factory=list)
    file_path: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    commit: str | None = None

    malware: bool | None = Field(default=None, description="Whether it is malicious, not weak; null if unknown.")
    cves: list[str] = Field(default_factory=list)
    ghsa: str | None = None
    cwes: list[str] = Field(default_factory=list)
    rule: str | None = Field(default=None, description="The vendor's rule or advisory, by its own id.")

    first_seen_time: Time = None
    last_seen_time: Time = Field(default=None, description="When the vendor last reported it.")
    resolved_time: Time = Field(default=None, description="When the weakness was gone.")
    closed_time: Time = Field(
        default=None,
        description="When it was resolved or dismissed, or its asset was gone; `resolved_time` by default.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_columns(cls, given: Any) -> Any:
        """Fill the columns of the first package and the first place, and the time of closing, where not given."""
        if not isinstance(given, dict):
            return given
        filled = {"closed_time": given.get("resolved_time")}
        for field, columns in (("affected_packages", _OF_PACKAGE), ("affected_code", _OF_CODE)):
            if items := given.get(field):
                item = items[0] if isinstance(items[0], dict) else items[0].__dict__
                filled.update({column: item.get(name) for column, name in columns.items()})
        return {**filled, **given}

    def closed(self, why: str, at: datetime | None = None) -> Finding:
        """The finding as Archived, for this reason, since its asset is gone; itself if it is closed already."""
        if self.status_id not in _OPEN:
            return self
        status = Status.ARCHIVED
        return self.model_copy(
            update={
                "status_id": status.value,
                "status": status.caption,
                "status_detail": why,
                "closed_time": at,
            }
        )
