"""What the parsers need of Snyk's records (REST API version 2024-10-15)."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field


class Reference(BaseModel):
    """The id and type of a related record."""

    id: str
    type: str


class Relation(BaseModel):
    """A link to a related record."""

    data: Reference


class OrgAttributes(BaseModel):
    """What an organisation is called."""

    name: str
    slug: str


class Org(BaseModel):
    """An organisation."""

    id: str
    attributes: OrgAttributes


class ProjectAttributes(BaseModel):
    """What a project looks at: `target_file` of kind `type`."""

    name: str
    type: str
    target_file: str | None = None


class ProjectRelationships(BaseModel):
    """Who a project belongs to, where someone said so."""

    owner: Relation | None = None


class Project(BaseModel):
    """A manifest, or the code, of a repository; an image; a configuration."""

    id: str
    attributes: ProjectAttributes
    relationships: ProjectRelationships | None = None


class Classification(BaseModel):
    """A class of an issue: a CWE where `source` is CWE, else a rule's category or a standard."""

    id: str
    source: str | None = None


class Problem(BaseModel):
    """What an issue is an instance of: an advisory, a CVE, a rule."""

    id: str


class PackageDependency(BaseModel):
    """A package in use."""

    package_name: str
    package_version: str | None = None


class Position(BaseModel):
    """A line, counted from 1."""

    line: int


class Region(BaseModel):
    """A part of a file."""

    start: Position


class SourceLocation(BaseModel):
    """Where in the code."""

    file: str
    region: Region | None = None


class CloudResource(BaseModel):
    """Something in a cloud account; `native_id` is the cloud's own id of it, an ARN at AWS."""

    native_id: str | None = None
    name: str | None = None
    resource_type: str | None = None


class CloudRepresentation(BaseModel):
    """A cloud resource in its environment."""

    resource: CloudResource | None = None


class Representation(BaseModel):
    """One place of an issue, in the form that fits its type."""

    dependency: PackageDependency | None = None
    source_location: SourceLocation | None = Field(default=None, alias="sourceLocation")
    cloud_resource: CloudRepresentation | None = None


class RemedyDetails(BaseModel):
    """The version to upgrade to."""

    upgrade_package: str | None = None


class Remedy(BaseModel):
    """A way to fix an issue."""

    details: RemedyDetails | None = None


class Coordinate(BaseModel):
    """Where an issue is and how to fix it there."""

    representations: list[Representation] = []
    remedies: list[Remedy] = []


class Rating(BaseModel):
    """One source's opinion of the severity, in one version of CVSS."""

    source: str | None = None
    version: str | None = None
    score: float | None = None
    vector: str | None = None


class MaturityLevel(BaseModel):
    """How ripe exploits are: format CVSSv3 or CVSSv4."""

    format: str
    level: str


class ExploitDetails(BaseModel):
    """What is known of exploits."""

    maturity_levels: list[MaturityLevel] = []


class Resolution(BaseModel):
    """When and why an issue went away: type fixed or disappeared."""

    resolved_at: AwareDatetime
    type: str


class IssueAttributes(BaseModel):
    """What an issue says. `type` is package_vulnerability, license, code, cloud, config or custom."""

    key: str
    title: str
    type: str
    status: str
    ignored: bool = False
    effective_severity_level: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    classes: list[Classification] = []
    coordinates: list[Coordinate] = []
    problems: list[Problem] = []
    severities: list[Rating] = []
    exploit_details: ExploitDetails | None = None
    resolution: Resolution | None = None


class IssueRelationships(BaseModel):
    """Whose an issue is, and what it was found in: a project or an environment."""

    organization: Relation
    scan_item: Relation


class Issue(BaseModel):
    """Something that Snyk found, open or resolved."""

    id: str
    attributes: IssueAttributes
    relationships: IssueRelationships
