"""What the parsers need of GitHub's records (REST API version 2022-11-28)."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel


class Account(BaseModel):
    """A user or an organisation."""

    login: str


class RepositoryReference(BaseModel):
    """A repository, as embedded in other records."""

    id: int
    full_name: str
    owner: Account
    html_url: str


class Repository(RepositoryReference):
    """A repository, as listed."""

    private: bool
    visibility: str | None = None
    archived: bool | None = None
    created_at: AwareDatetime | None = None
    pushed_at: AwareDatetime | None = None


class Package(BaseModel):
    """A package of an ecosystem: npm, pip, maven."""

    ecosystem: str
    name: str


class Dependency(BaseModel):
    """Where a repository depends on the package."""

    package: Package
    manifest_path: str | None = None


class Identifier(BaseModel):
    """A name of an advisory: type CVE or GHSA."""

    type: str
    value: str


class Weakness(BaseModel):
    """A CWE."""

    cwe_id: str


class Cvss(BaseModel):
    """A CVSS score. Where there is none GitHub sends no vector, and a score of 0 or null."""

    score: float | None = None
    vector_string: str | None = None


class CvssSeverities(BaseModel):
    """The scores of each version of CVSS."""

    cvss_v3: Cvss | None = None
    cvss_v4: Cvss | None = None


class Epss(BaseModel):
    """Exploit prediction. Both are shares from 0 to 1, and come as numbers or as text."""

    percentage: float | None = None
    percentile: float | None = None


class SecurityAdvisory(BaseModel):
    """The advisory that an alert is about. `cvss` is deprecated in favour of `cvss_severities`, which webhooks lack."""

    ghsa_id: str
    cve_id: str | None = None
    summary: str
    severity: str
    identifiers: list[Identifier] = []
    cwes: list[Weakness] | None = None
    cvss: Cvss | None = None
    cvss_severities: CvssSeverities | None = None
    epss: Epss | None = None


class PatchedVersion(BaseModel):
    """The first version without the weakness."""

    identifier: str


class SecurityVulnerability(BaseModel):
    """What of the advisory concerns the package at hand."""

    severity: str
    vulnerable_version_range: str | None = None
    first_patched_version: PatchedVersion | None = None


class DependabotAlert(BaseModel):
    """An alert about a dependency with a known weakness; numbered within its repository."""

    number: int
    state: str
    dependency: Dependency
    security_advisory: SecurityAdvisory
    security_vulnerability: SecurityVulnerability
    html_url: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    dismissed_reason: str | None = None
    fixed_at: AwareDatetime | None = None
    repository: RepositoryReference
