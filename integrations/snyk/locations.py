"""Where a Snyk issue is: its asset, and the package, file and line there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .models import Issue, Project, Representation

_API = re.compile(r"https://api\.((?:[a-z]+\.)?snyk(?:gov)?\.io)")


@dataclass(frozen=True)
class Location:
    """Where a finding is."""

    resource_type: str
    resource_uid: str
    resource_name: str | None = None
    owner: str | None = None
    url: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    package_manager: str | None = None
    fixed_in_version: str | None = None
    manifest_path: str | None = None
    file_path: str | None = None
    start_line: int | None = None


def app_url(api: str) -> str:
    """The web application of an API's region."""
    region = _API.match(api)
    return f"https://app.{region[1] if region else 'snyk.io'}"


def locate(issue: Issue, project: Project | None, app: str) -> Location:
    """Where the issue is; the project is None for issues of an environment or of a project that is gone."""
    item = issue.relationships.scan_item.data
    location = Location(item.type, item.id, url=_issue_url(issue, app))
    if project:
        owner = project.relationships.owner if project.relationships else None
        location = replace(location, resource_name=project.attributes.name, owner=owner.data.id if owner else None)
    for coordinate in issue.attributes.coordinates[:1]:
        upgrades = (remedy.details.upgrade_package for remedy in coordinate.remedies if remedy.details)
        location = replace(location, fixed_in_version=next(filter(None, upgrades), None))
        for representation in coordinate.representations[:1]:
            location = _narrow(location, representation)
    return _add_manifest(location, issue, project)


def _narrow(location: Location, at: Representation) -> Location:
    if at.dependency:
        name, version = at.dependency.package_name, at.dependency.package_version
        return replace(location, package_name=name, package_version=version)
    if at.source_location:
        region = at.source_location.region
        return replace(location, file_path=at.source_location.file, start_line=region.start.line if region else None)
    resource = at.cloud_resource.resource if at.cloud_resource else None
    if resource and resource.native_id:
        kind = resource.resource_type or "cloud resource"
        return replace(location, resource_type=kind, resource_uid=resource.native_id, resource_name=resource.name)
    return location


def _add_manifest(location: Location, issue: Issue, project: Project | None) -> Location:
    target = project.attributes.target_file or None if project else None
    if project and location.package_name:
        return replace(location, manifest_path=target, package_manager=project.attributes.type)
    return replace(location, file_path=target) if issue.attributes.type == "config" else location


def _issue_url(issue: Issue, app: str) -> str | None:
    """The issue on its project's page; the page takes an organisation's id as well as its slug."""
    item = issue.relationships.scan_item.data
    if item.type != "project":
        return None
    org = issue.relationships.organization.data.id
    return f"{app}/org/{org}/project/{item.id}#issue-{issue.attributes.key}"
