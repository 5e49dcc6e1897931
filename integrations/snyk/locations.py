"""Where a Snyk issue is: its asset, and the packages and places in code to be changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dazz_assets.domain import AffectedCode, AffectedPackage, package_url

from .models import Coordinate, Issue, Project, SourceLocation, Target
from .packages import distribution, purl_type
from .repositories import SourceRepository, source_repository

_API = re.compile(r"https://api\.((?:[a-z]+\.)?snyk(?:gov)?\.io)")
_OF_SYSTEMS = ("apk", "deb", "rpm")
# What Snyk knows of the way to a weakness, the surest first; "no-info" and "not-applicable" say nothing.
_REACHABLE: dict[str, bool | None] = {"function": True, "package": None, "no-path-found": False}


@dataclass(frozen=True)
class Location:
    """Where a finding is. project_uid: the project that this is; None for a cloud resource or an environment."""

    resource_type: str
    resource_uid: str
    packages: list[AffectedPackage]
    code: list[AffectedCode]
    project_uid: str | None = None
    resource_name: str | None = None
    owner: str | None = None
    url: str | None = None
    repository: SourceRepository = field(default_factory=SourceRepository)


def app_url(api: str) -> str:
    """The web application of an API's region."""
    region = _API.match(api)
    return f"https://app.{region[1] if region else 'snyk.io'}"


def locate(issue: Issue, project: Project | None, targets: Mapping[str, Target], app: str) -> Location:
    """Where the issue is; the project is None for issues of an environment or of a project that is gone.

    targets: by their ids.
    """
    item = issue.relationships.scan_item.data
    location = Location(
        item.type,
        item.id,
        project_uid=item.id if item.type == "project" else None,
        url=_issue_url(issue, app),
        packages=list(_packages(issue, project)),
        code=list(_code(issue, project)),
    )
    if project:
        location = replace(
            location,
            resource_name=project.attributes.name,
            owner=project.owner,
            repository=source_repository(project, targets),
        )
    return _in_cloud(location, issue)


def fix_available(issue: Issue) -> bool | None:
    """Whether Snyk knows a fix for any of the issue's places; None if it says nothing."""
    return _any_known(map(_is_fixable, _present(issue)))


def reachability(issue: Issue) -> tuple[bool | None, str | None]:
    """Whether code reaches the weakness in any of its places, and Snyk's word for it."""
    words = [at.reachability for at in _present(issue)]
    word = next((word for word in _REACHABLE if word in words), None)
    return _REACHABLE.get(word or ""), word


def _present(issue: Issue) -> list[Coordinate]:
    """Where the issue is. Of one that is resolved in some places only the others count."""
    given = issue.attributes.coordinates
    return [at for at in given if at.state != "resolved"] or given


def _packages(issue: Issue, project: Project | None) -> Iterator[AffectedPackage]:
    """The packages of all coordinates, each once with what all its coordinates say."""
    places: dict[tuple[str, str | None], list[Coordinate]] = {}
    for coordinate in _present(issue):
        for at in coordinate.representations:
            if at.dependency:
                of = at.dependency.package_name, at.dependency.package_version
                places.setdefault(of, []).append(coordinate)
    return (_package(issue, project, *of, coordinates) for of, coordinates in places.items())


def _package(
    issue: Issue, project: Project | None, name: str, version: str | None, coordinates: list[Coordinate]
) -> AffectedPackage:
    key = issue.attributes.key
    manager = purl_type(project.attributes.type if project else None, key)
    namespace = distribution(key) if manager in _OF_SYSTEMS else None
    remedies = (remedy.details for at in coordinates for remedy in at.remedies)
    upgrades = (details.upgrade_package for details in remedies if details)
    return AffectedPackage(
        name=name,
        version=version,
        package_manager=manager,
        purl=package_url(manager, name, version, namespace),
        fix_available=_any_known(map(_is_fixable, coordinates)),
        fixed_in_version=next(filter(None, upgrades), None),
        manifest_path=_target_file(project),
    )


def _code(issue: Issue, project: Project | None) -> Iterator[AffectedCode]:
    """The places in code of all coordinates; of a configuration its file."""
    places = (at.source_location for item in _present(issue) for at in item.representations)
    found = [_place(at) for at in places if at]
    if not found and issue.attributes.type == "config" and (target := _target_file(project)):
        found = [AffectedCode(file_path=target)]
    return iter(dict.fromkeys(found))


def _place(at: SourceLocation) -> AffectedCode:
    start, end = (at.region.start, at.region.end) if at.region else (None, None)
    return AffectedCode(
        file_path=at.file,
        start_line=start.line if start else None,
        end_line=end.line if end else None,
        commit=at.commit_id,
    )


def _in_cloud(location: Location, issue: Issue) -> Location:
    """The location on the resource that the cloud names, where the issue is on one; Snyk lists none of these."""
    places = (at.cloud_resource for item in issue.attributes.coordinates for at in item.representations)
    resource = next((at.resource for at in places if at and at.resource), None)
    if resource is None:
        return location
    kind = resource.resource_type or "cloud resource"
    return replace(
        location, resource_type=kind, resource_uid=resource.native_id, resource_name=resource.name, project_uid=None
    )


def _is_fixable(at: Coordinate) -> bool | None:
    said = (
        *(at.is_fixable_manually, at.is_fixable_snyk, at.is_fixable_upstream),
        *(at.is_patchable, at.is_pinnable, at.is_upgradeable),
    )
    return _any_known(said)


def _any_known(said: Iterable[bool | None]) -> bool | None:
    """Whether any of what is known is true; None if nothing is known."""
    known = [word for word in said if word is not None]
    return any(known) if known else None


def _target_file(project: Project | None) -> str | None:
    return project.attributes.target_file or None if project else None


def _issue_url(issue: Issue, app: str) -> str | None:
    """The issue on its project's page; the page takes an organisation's id as well as its slug."""
    item, org = issue.relationships.scan_item.data, issue.relationships.organization
    if item.type != "project" or org is None:
        return None
    return f"{app}/org/{org.data.id}/project/{item.id}#issue-{issue.attributes.key}"
