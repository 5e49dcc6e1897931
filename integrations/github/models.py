"""What the parsers need of GitHub's records (REST API version 2022-11-28).

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
"""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, FiniteFloat

from dazz_assets import Lenient, LenientList


class Account(BaseModel):
    """A user or an organisation."""

    login: str
    id: Lenient[int] = None
    type: Lenient[str] = None
    html_url: Lenient[str] = None


class Member(BaseModel):
    """A member of the organisation: type User, or Bot."""

    login: str
    id: int
    type: Lenient[str] = None
    html_url: Lenient[str] = None


class RepositoryReference(BaseModel):
    """A repository, as embedded in other records."""

    id: int
    full_name: Lenient[str] = None
    owner: Lenient[Account] = None
    html_url: Lenient[str] = None


class Repository(RepositoryReference):
    """A repository, as listed."""

    private: Lenient[bool] = None
    visibility: Lenient[str] = None
    archived: Lenient[bool] = None
    default_branch: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None


class Package(BaseModel):
    """A package of an ecosystem: npm, pip, maven."""

    ecosystem: Lenient[str] = None
    name: str


class Dependency(BaseModel):
    """Where a repository depends on the package. `scope` is development or runtime."""

    package: Lenient[Package] = None
    manifest_path: Lenient[str] = None
    scope: Lenient[str] = None


class Identifier(BaseModel):
    """A name of an advisory: type CVE or GHSA."""

    type: str
    value: str


class Weakness(BaseModel):
    """A CWE."""

    cwe_id: str


class Cvss(BaseModel):
    """A CVSS score. Where there is none GitHub sends no vector, and a score of 0 or null."""

    score: Lenient[FiniteFloat] = None
    vector_string: Lenient[str] = None


class CvssSeverities(BaseModel):
    """The scores of each version of CVSS."""

    cvss_v3: Lenient[Cvss] = None
    cvss_v4: Lenient[Cvss] = None


class Epss(BaseModel):
    """Exploit prediction. Both are shares from 0 to 1, and come as numbers or as text."""

    percentage: Lenient[FiniteFloat] = None
    percentile: Lenient[FiniteFloat] = None


def _first(value: object) -> object:
    """An object, or the first of a list: the description of the API has the one, answers and examples the other."""
    return next(iter(cast("list[object]", value)), None) if isinstance(value, list) else value


class SecurityAdvisory(BaseModel):
    """The advisory that an alert is about. `cvss` is deprecated in favour of `cvss_severities`, which webhooks lack."""

    ghsa_id: Lenient[str] = None
    cve_id: Lenient[str] = None
    summary: Lenient[str] = None
    severity: Lenient[str] = None
    identifiers: LenientList[Identifier] = []
    cwes: LenientList[Weakness] = []
    cvss: Lenient[Cvss] = None
    cvss_severities: Lenient[CvssSeverities] = None
    epss: Lenient[Annotated[Epss | None, BeforeValidator(_first)]] = None


class PatchedVersion(BaseModel):
    """The first version without the weakness."""

    identifier: str


class SecurityVulnerability(BaseModel):
    """What of the advisory concerns the package at hand."""

    package: Lenient[Package] = None
    severity: Lenient[str] = None
    vulnerable_version_range: Lenient[str] = None
    first_patched_version: Lenient[PatchedVersion] = None


class DependabotAlert(BaseModel):
    """An alert about a dependency with a known weakness; numbered within its repository."""

    number: int
    state: str
    repository: RepositoryReference
    dependency: Lenient[Dependency] = None
    security_advisory: Lenient[SecurityAdvisory] = None
    security_vulnerability: Lenient[SecurityVulnerability] = None
    html_url: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None
    fixed_at: Lenient[AwareDatetime] = None
    dismissed_at: Lenient[AwareDatetime] = None
    dismissed_reason: Lenient[str] = None
    auto_dismissed_at: Lenient[AwareDatetime] = None


class Rule(BaseModel):
    """What a tool looked for. `security_severity_level` is for rules about security, `severity` for the others."""

    id: Lenient[str] = None
    name: Lenient[str] = None
    description: Lenient[str] = None
    severity: Lenient[str] = None
    security_severity_level: Lenient[str] = None
    tags: LenientList[str] = []


LineNumber = Annotated[int, Field(ge=1, lt=2**31)]


class CodeLocation(BaseModel):
    """A part of a file."""

    path: str
    start_line: Lenient[LineNumber] = None
    end_line: Lenient[LineNumber] = None


class AlertInstance(BaseModel):
    """Where a tool found it last."""

    commit_sha: Lenient[str] = None
    location: Lenient[CodeLocation] = None


class CodeScanningAlert(BaseModel):
    """What a tool found in the code; numbered within its repository."""

    number: int
    repository: RepositoryReference
    state: Lenient[str] = None
    rule: Lenient[Rule] = None
    most_recent_instance: Lenient[AlertInstance] = None
    html_url: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None
    fixed_at: Lenient[AwareDatetime] = None
    dismissed_at: Lenient[AwareDatetime] = None
    dismissed_reason: Lenient[str] = None


class SecretLocation(CodeLocation):
    """Where a secret was found first, if that was in a commit."""

    commit_sha: Lenient[str] = None


class SecretScanningAlert(BaseModel):
    """A secret that was found; numbered within its repository. The secret itself is not read."""

    number: int
    repository: RepositoryReference
    state: Lenient[str] = None
    secret_type: Lenient[str] = None
    secret_type_display_name: Lenient[str] = None
    resolution: Lenient[str] = None
    resolved_at: Lenient[AwareDatetime] = None
    first_location_detected: Lenient[SecretLocation] = None
    html_url: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None


def _named(value: object) -> object:
    """A label as an object: some are given by their name alone."""
    return {"name": value} if isinstance(value, str) else value


class Label(BaseModel):
    """A label."""

    name: str


class IssueType(BaseModel):
    """A type that the organisation gave its issues: Bug, Feature."""

    name: str


class WorkRecord(BaseModel):
    """What issues and pull requests have in common; numbered within their repository."""

    id: int
    number: int
    title: Lenient[str] = None
    state: Lenient[str] = None
    html_url: Lenient[str] = None
    user: Lenient[Account] = None
    assignee: Lenient[Account] = None
    labels: LenientList[Annotated[Label, BeforeValidator(_named)]] = []
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None
    closed_at: Lenient[AwareDatetime] = None


class Issue(WorkRecord):
    """An issue, or a pull request as the list of issues has it: then with `pull_request`."""

    state_reason: Lenient[str] = None
    type: Lenient[IssueType] = None
    pull_request: object = None


class PullRequest(WorkRecord):
    """A pull request."""

    draft: Lenient[bool] = None
    merged_at: Lenient[AwareDatetime] = None
