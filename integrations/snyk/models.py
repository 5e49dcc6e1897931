"""What the parsers need of Snyk's records (REST API version 2024-10-15).

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field, FiniteFloat

from dazz_assets import Lenient, LenientList


class Reference(BaseModel):
    """The id and type of a related record."""

    id: str
    type: str


class Relation(BaseModel):
    """A link to a related record."""

    data: Reference


class OrgAttributes(BaseModel):
    """What an organisation is called: by people, and in addresses."""

    name: Lenient[str] = None
    slug: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None


class Org(BaseModel):
    """An organisation."""

    id: str
    attributes: Lenient[OrgAttributes] = None


class ProjectTag(BaseModel):
    """A tag of a project."""

    key: str
    value: Lenient[str] = None


class ProjectAttributes(BaseModel):
    """What a project looks at: `target_file` of kind `type`, found at `origin` (github, cli)."""

    name: str
    type: Lenient[str] = None
    target_file: Lenient[str] = None
    target_reference: Lenient[str] = None
    origin: Lenient[str] = None
    status: Lenient[str] = None
    created: Lenient[AwareDatetime] = None
    tags: LenientList[ProjectTag] = []


class ProjectRelationships(BaseModel):
    """What a project is of, and whose: its organisation's, and someone's, where someone said so."""

    organization: Lenient[Relation] = None
    owner: Lenient[Relation] = None
    target: Lenient[Relation] = None


class Project(BaseModel):
    """A manifest, or the code, of a repository; an image; a configuration."""

    id: str
    attributes: ProjectAttributes
    relationships: Lenient[ProjectRelationships] = None

    @property
    def owner(self) -> str | None:
        """The id of the user who owns it."""
        owner = self.relationships.owner if self.relationships else None
        return owner.data.id if owner else None

    @property
    def organisation(self) -> str | None:
        """The id of the organisation that it is in."""
        organisation = self.relationships.organization if self.relationships else None
        return organisation.data.id if organisation else None

    @property
    def target(self) -> str | None:
        """The id of the target that it is of."""
        target = self.relationships.target if self.relationships else None
        return target.data.id if target else None


class TargetAttributes(BaseModel):
    """What a target is called, and where it is; an image may have no URL."""

    display_name: Lenient[str] = None
    url: Lenient[str] = None


class Target(BaseModel):
    """What is scanned: a repository, an image, a folder. It has a project for each manifest in it."""

    id: str
    attributes: Lenient[TargetAttributes] = None


class Classification(BaseModel):
    """A class of an issue: a CWE where `source` is CWE, else a rule's category or a standard."""

    id: str
    source: Lenient[str] = None


class Problem(BaseModel):
    """What an issue is an instance of: an advisory, a CVE, a rule."""

    id: str


class PackageDependency(BaseModel):
    """A package in use."""

    package_name: str
    package_version: Lenient[str] = None


class Position(BaseModel):
    """A line, counted from 1."""

    line: int = Field(ge=0, lt=2**31)


class Region(BaseModel):
    """A part of a file."""

    start: Lenient[Position] = None
    end: Lenient[Position] = None


class SourceLocation(BaseModel):
    """Where in the code."""

    file: str
    region: Lenient[Region] = None
    commit_id: Lenient[str] = None


class CloudResource(BaseModel):
    """Something in a cloud account; `native_id` is the cloud's own id of it, an ARN at AWS."""

    native_id: str
    name: Lenient[str] = None
    resource_type: Lenient[str] = None


class CloudRepresentation(BaseModel):
    """A cloud resource in its environment."""

    resource: Lenient[CloudResource] = None


class Representation(BaseModel):
    """One place of an issue, in the form that fits its type."""

    dependency: Lenient[PackageDependency] = None
    source_location: Lenient[SourceLocation] = Field(default=None, alias="sourceLocation")
    cloud_resource: Lenient[CloudRepresentation] = None


class RemedyDetails(BaseModel):
    """The version to upgrade to."""

    upgrade_package: Lenient[str] = None


class Remedy(BaseModel):
    """A way to fix an issue."""

    details: Lenient[RemedyDetails] = None


class Coordinate(BaseModel):
    """Where an issue is, whether its weakness can be reached there, and how to fix it.

    state: open, or resolved where it is gone from this place, though not from others.
    """

    representations: LenientList[Representation] = []
    remedies: LenientList[Remedy] = []
    state: Lenient[str] = None
    reachability: Lenient[str] = None
    is_fixable_manually: Lenient[bool] = None
    is_fixable_snyk: Lenient[bool] = None
    is_fixable_upstream: Lenient[bool] = None
    is_patchable: Lenient[bool] = None
    is_pinnable: Lenient[bool] = None
    is_upgradeable: Lenient[bool] = None


class Rating(BaseModel):
    """One source's opinion of the severity, in one version of CVSS."""

    source: Lenient[str] = None
    version: Lenient[str] = None
    score: Lenient[FiniteFloat] = None
    vector: Lenient[str] = None


class MaturityLevel(BaseModel):
    """How ripe exploits are: format CVSSv3 or CVSSv4."""

    format: str
    level: str


class ExploitDetails(BaseModel):
    """What is known of exploits. `sources` say so: CISA, if it lists the weakness as exploited."""

    maturity_levels: LenientList[MaturityLevel] = []
    sources: Lenient[LenientList[str]] = None


class RiskScore(BaseModel):
    """Snyk's own score, from 0 to 1,000."""

    value: Lenient[FiniteFloat] = None


class Risk(BaseModel):
    """What Snyk makes of everything it knows."""

    score: Lenient[RiskScore] = None


class Resolution(BaseModel):
    """When and why an issue went away: type fixed or disappeared."""

    resolved_at: Lenient[AwareDatetime] = None
    type: Lenient[str] = None


class IssueAttributes(BaseModel):
    """What an issue says. `type` is package_vulnerability, license, code, cloud, config or custom."""

    key: Lenient[str] = None
    title: Lenient[str] = None
    type: Lenient[str] = None
    status: str
    ignored: Lenient[bool] = None
    effective_severity_level: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None
    classes: LenientList[Classification] = []
    coordinates: LenientList[Coordinate] = []
    problems: LenientList[Problem] = []
    severities: LenientList[Rating] = []
    exploit_details: Lenient[ExploitDetails] = None
    risk: Lenient[Risk] = None
    resolution: Lenient[Resolution] = None


class IssueRelationships(BaseModel):
    """Whose an issue is, and what it was found in: a project or an environment."""

    organization: Lenient[Relation] = None
    scan_item: Relation


class Issue(BaseModel):
    """Something that Snyk found, open or resolved."""

    id: str
    attributes: IssueAttributes
    relationships: IssueRelationships
