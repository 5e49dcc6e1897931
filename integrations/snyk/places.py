"""Where a Snyk issue is: its asset, and the package, file and line there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .models import Issue, Project, Representation

_API = re.compile(r"https://api\.((?:[a-z]+\.)?snyk(?:gov)?\.io)")


@dataclass(frozen=True)
class Place:
    """The parts of a finding that say where it is."""

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


def app_of(api: str) -> str:
    """The web application that belongs to an API's base URL: each region has its own."""
    region = _API.match(api)
    return f"https://app.{region[1] if region else 'snyk.io'}"


def place_of(issue: Issue, project: Project | None, app: str) -> Place:
    """Where the issue is; the project is None for issues of an environment or of a project that is gone."""
    item = issue.relationships.scan_item.data
    place = Place(item.type, item.id, url=_page(issue, app))
    if project:
        owner = project.relationships.owner if project.relationships else None
        place = replace(place, resource_name=project.attributes.name, owner=owner.data.id if owner else None)
    for coordinate in issue.attributes.coordinates[:1]:
        upgrades = (remedy.details.upgrade_package for remedy in coordinate.remedies if remedy.details)
        place = replace(place, fixed_in_version=next(filter(None, upgrades), None))
        for representation in coordinate.representations[:1]:
            place = _narrowed(place, representation)
    return _in_manifest(place, issue, project)


def _narrowed(place: Place, at: Representation) -> Place:
    if at.dependency:
        name, version = at.dependency.package_name, at.dependency.package_version
        return replace(place, package_name=name, package_version=version)
    if at.source_location:
        region = at.source_location.region
        return replace(place, file_path=at.source_location.file, start_line=region.start.line if region else None)
    resource = at.cloud_resource.resource if at.cloud_resource else None
    if resource and resource.native_id:
        kind = resource.resource_type or "cloud resource"
        return replace(place, resource_type=kind, resource_uid=resource.native_id, resource_name=resource.name)
    return place


def _in_manifest(place: Place, issue: Issue, project: Project | None) -> Place:
    target = project.attributes.target_file or None if project else None
    if project and place.package_name:
        return replace(place, manifest_path=target, package_manager=project.attributes.type)
    return replace(place, file_path=target) if issue.attributes.type == "config" else place


def _page(issue: Issue, app: str) -> str | None:
    """The issue on its project's page; the page takes an organisation's id as well as its slug."""
    item = issue.relationships.scan_item.data
    if item.type != "project":
        return None
    org = issue.relationships.organization.data.id
    return f"{app}/org/{org}/project/{item.id}#issue-{issue.attributes.key}"
