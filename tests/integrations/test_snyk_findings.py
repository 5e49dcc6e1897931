"""Snyk's issues, crossed with projects, become findings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.aws.integration import AwsIntegration
from integrations.aws.models import Bucket as AwsBucket
from integrations.snyk.integration import SnykConfig, SnykIntegration
from integrations.snyk.models import Issue, Org, Project, Target
from tests.domain.test_ocsf_events import event_of

PROJECT = Project.model_validate(
    {
        "id": "p1",
        "attributes": {"name": "acme/shop:package.json", "type": "npm", "target_file": "package.json"},
        "relationships": {"owner": {"data": {"id": "u1", "type": "user"}}},
    }
)
PACKAGE = [{"representations": [{"dependency": {"package_name": "left-turn", "package_version": "1.9"}}]}]
REGION = {"start": {"line": 7, "column": 1}, "end": {"line": 9, "column": 4}}
CODE = [{"representations": [{"sourceLocation": {"file": "src/a.py", "region": REGION, "commit_id": "c0ffee"}}]}]
BUCKET = {"native_id": "arn:aws:s3:::photos", "name": "photos", "resource_type": "aws_s3_bucket"}


def issue(item: dict[str, str] | None = None, **attributes: Any) -> Issue:
    given: dict[str, Any] = {
        "key": "SNYK-JS-LEFTTURN-1",
        "title": "Turns right",
        "type": "package_vulnerability",
        "status": "open",
        "ignored": False,
        "effective_severity_level": "high",
        "created_at": "2025-01-02T03:04:05.678Z",
        "updated_at": "2025-02-03T04:05:06.789012Z",
        "coordinates": PACKAGE,
    }
    related = {"organization": {"data": {"id": "o1", "type": "organization"}}}
    scanned = {"scan_item": {"data": item or {"id": "p1", "type": "project"}}}
    return Issue.model_validate({"id": "i1", "attributes": given | attributes, "relationships": related | scanned})


def parse(
    *issues: Issue,
    projects: tuple[Project, ...] = (PROJECT,),
    targets: tuple[Target, ...] = (),
    gone: dict[object, datetime] | None = None,
) -> list[Finding]:
    return list(SnykIntegration().findings(FullRefresh(projects, gone=gone), FullRefresh(targets), Incremental(issues)))


def test_a_package_issue_is_a_vulnerability_in_its_projects_manifest() -> None:
    [finding] = parse(issue())

    assert (finding.class_uid, finding.title, finding.uid) == (2002, "Turns right", "i1")
    assert (finding.resource_type, finding.resource_uid) == ("project", "p1")
    assert (finding.resource_name, finding.owner) == ("acme/shop:package.json", "u1")
    assert (finding.package_name, finding.package_version, finding.package_manager) == ("left-turn", "1.9", "npm")
    assert finding.manifest_path == "package.json"


def test_the_link_leads_to_the_issue_on_its_projects_page() -> None:
    [finding] = parse(issue())

    assert finding.src_url == "https://app.snyk.io/org/o1/project/p1#issue-SNYK-JS-LEFTTURN-1"


@pytest.mark.parametrize(
    ("api", "app"),
    [
        (None, "https://app.snyk.io"),
        ("https://api.eu.snyk.io", "https://app.eu.snyk.io"),
        ("http://127.0.0.1:8801", "https://app.snyk.io"),
    ],
)
def test_the_link_leads_to_the_region_of_the_api(api: str | None, app: str) -> None:
    snyk = SnykIntegration(SnykConfig(token=SecretStr("x"), base_url=api))
    [finding] = snyk.findings(FullRefresh([PROJECT]), FullRefresh([]), Incremental([issue()]))

    assert finding.src_url == f"{app}/org/o1/project/p1#issue-SNYK-JS-LEFTTURN-1"


def test_the_raw_record_is_named_by_stream_and_key() -> None:
    [finding] = parse(issue())

    assert (finding.raw_record.stream, finding.raw_record.key) == ("issues", "i1")


def test_an_issue_whose_project_is_gone_is_still_a_finding() -> None:
    [finding] = parse(issue(), projects=())

    assert (finding.resource_uid, finding.resource_name, finding.package_name) == ("p1", None, "left-turn")


def test_an_issue_of_a_deleted_project_is_closed_since_the_list_lacks_it() -> None:
    deleted_at = datetime(2025, 3, 4, tzinfo=UTC)
    [finding] = parse(issue(), projects=(), gone={"p1": deleted_at})

    assert (finding.status, finding.vendor_status) == ("Archived", "open")
    assert (finding.status_detail, finding.closed_time) == ("project no longer listed", deleted_at)


def test_an_issue_of_a_project_that_was_never_listed_stays_open() -> None:
    [finding] = parse(issue(), projects=())

    assert (finding.status, finding.closed_time) == ("New", None)


def test_every_package_to_be_changed_is_told() -> None:
    dependencies = [("lib/a", "1"), ("lib/b", "1"), ("lib/a", "1")]
    coordinates = [
        {"representations": [{"dependency": {"package_name": name, "package_version": version}}]}
        for name, version in dependencies
    ]
    [finding] = parse(issue(key="SNYK-DEBIAN11-LIB-1", coordinates=coordinates), projects=())

    assert [(item.name, item.purl) for item in finding.affected_packages] == [
        ("lib/a", "pkg:deb/debian/a@1"),
        ("lib/b", "pkg:deb/debian/b@1"),
    ]
    assert (finding.package_name, finding.package_version, finding.package_manager) == ("lib/a", "1", "deb")


@pytest.mark.parametrize(
    ("kind", "key", "purl"),
    [
        ("npm", "SNYK-JS-LEFTTURN-1", "pkg:npm/left-turn@1.9"),
        ("pip", "SNYK-PYTHON-LEFTTURN-1", "pkg:pypi/left-turn@1.9"),
        ("gradle", "SNYK-JAVA-LEFTTURN-1", "pkg:maven/left-turn@1.9"),
        ("gomodules", "SNYK-GOLANG-LEFTTURN-1", "pkg:golang/left-turn@1.9"),
        ("rpm", "SNYK-RHEL8-LEFTTURN-1", "pkg:rpm/redhat/left-turn@1.9"),
        ("unknown", "SNYK-ORACLE7-LEFTTURN-1", "pkg:rpm/oracle/left-turn@1.9"),
        ("unknown", "SNYK-WOLFILATEST-LEFTTURN-1", "pkg:apk/wolfi/left-turn@1.9"),
        ("apk", "SNYK-CHAINGUARDLATEST-LEFTTURN-1", "pkg:apk/chainguard/left-turn@1.9"),
        ("deb", "SNYK-DEBIANUNSTABLE-LEFTTURN-1", "pkg:deb/debian/left-turn@1.9"),
        ("unknown", "SNYK-UBUNTU2204-LEFTTURN-1", "pkg:deb/ubuntu/left-turn@1.9"),
        ("unknown", "SNYK-ALPINE318-LEFTTURN-1", "pkg:apk/alpine/left-turn@1.9"),
        ("rpm", "SNYK-ALMALINUX9-LEFTTURN-1", "pkg:rpm/almalinux/left-turn@1.9"),
        ("rpm", "SNYK-MARSLATEST-LEFTTURN-1", "pkg:rpm/left-turn@1.9"),
        ("unknown", "SNYK-UNMANAGED-LEFTTURN-1", None),
        ("unknown", "snyk:lic:npm:left-turn:GPL-3.0", "pkg:npm/left-turn@1.9"),
        ("unknown", "npm:left-turn:20180130", "pkg:npm/left-turn@1.9"),
        ("unknown", "SNYK-MARS-LEFTTURN-1", None),
    ],
)
def test_packages_have_a_package_url_by_their_project_or_their_key(kind: str, key: str, purl: str | None) -> None:
    project = PROJECT.model_copy(update={"attributes": PROJECT.attributes.model_copy(update={"type": kind})})
    [finding] = parse(issue(key=key), projects=(project,))

    assert finding.purl == purl


@pytest.mark.parametrize(
    ("flags", "available"),
    [
        ({"is_pinnable": True, "is_fixable_snyk": False}, True),
        ({"is_upgradeable": False, "is_fixable_snyk": False}, False),
        ({}, None),
    ],
)
def test_a_fix_is_available_where_snyk_knows_one(flags: dict[str, bool], available: bool | None) -> None:
    [finding] = parse(issue(coordinates=[{**PACKAGE[0], **flags}]))

    assert finding.fix_available is available


def place(package: str = "left-turn", /, **says: Any) -> dict[str, Any]:
    return {"representations": [{"dependency": {"package_name": package, "package_version": "1.9"}}], **says}


@pytest.mark.parametrize(
    ("places", "available"),
    [
        ([{"is_upgradeable": False}, {"is_upgradeable": True}], True),
        ([{"is_upgradeable": True}, {"is_upgradeable": False}], True),
        ([{}, {"is_pinnable": False}], False),
        ([{}, {}], None),
    ],
)
def test_a_package_in_several_places_is_one_with_a_fix_if_there_is_one_in_any(
    places: list[dict[str, bool]], available: bool | None
) -> None:
    [finding] = parse(issue(coordinates=[place(**says) for says in places]))

    assert [package.fix_available for package in finding.affected_packages] == [available]
    assert finding.fix_available is available


def test_the_version_with_the_fix_is_that_of_any_place_of_the_package() -> None:
    remedy = {"details": {"upgrade_package": "2.0"}}
    [finding] = parse(issue(coordinates=[place(), place("right-turn"), place(remedies=[remedy])]))

    assert [(package.name, package.fixed_in_version) for package in finding.affected_packages] == [
        ("left-turn", "2.0"),
        ("right-turn", None),
    ]


def test_places_where_an_open_issue_is_resolved_have_not_to_be_changed() -> None:
    gone = {"state": "resolved", "is_upgradeable": True, "reachability": "function"}
    here = {"state": "open", "is_upgradeable": False, "reachability": "no-path-found"}
    [finding] = parse(issue(coordinates=[place("right-turn", **gone), place(**gone), place(**here)]))

    assert [(package.name, package.fix_available) for package in finding.affected_packages] == [("left-turn", False)]
    assert (finding.fix_available, finding.reachable) == (False, False)


def test_an_issue_that_is_resolved_everywhere_says_where_it_was() -> None:
    [finding] = parse(issue(status="resolved", coordinates=[place(state="resolved"), place("up", state="resolved")]))

    assert [package.name for package in finding.affected_packages] == ["left-turn", "up"]


@pytest.mark.parametrize(
    ("words", "reachable", "word"),
    [
        (["no-info", "function"], True, "function"),
        (["no-path-found"], False, "no-path-found"),
        (["package"], None, "package"),
        (["not-applicable"], None, None),
    ],
)
def test_reachability_is_that_of_the_surest_place(words: list[str], reachable: bool | None, word: str | None) -> None:
    [finding] = parse(issue(coordinates=[{**PACKAGE[0], "reachability": said} for said in words]))

    assert (finding.reachable, finding.reachability) == (reachable, word)


@pytest.mark.parametrize(
    ("details", "exploited"), [({"sources": ["CISA"]}, True), ({"sources": ["Snyk"]}, False), ({}, None), (None, None)]
)
def test_what_cisa_lists_is_known_to_be_exploited(details: dict[str, Any] | None, exploited: bool | None) -> None:
    [finding] = parse(issue(exploit_details=details))

    assert finding.known_exploited is exploited


def test_the_key_of_a_code_issue_is_no_rule() -> None:
    own, named = [{"id": "SNYK-JS-LEFTTURN-1"}], [{"id": "javascript/XSS"}]
    found = parse(issue(type="code", problems=own), issue(type="code", problems=named))

    assert [finding.rule for finding in found] == [None, "javascript/XSS"]


def test_projects_join_their_findings_and_name_repository_and_owner() -> None:
    attributes = {"name": "acme/shop(main):web/package.json", "type": "yarn", "origin": "github", "status": "active"}
    owner = {"owner": {"data": {"id": "u1", "type": "user"}}}
    project = Project.model_validate({"id": "p1", "attributes": attributes, "relationships": owner})
    snyk = SnykIntegration()
    [stored] = snyk.code_projects(FullRefresh([project]), FullRefresh([]))
    [finding] = parse(issue())

    assert (stored.id, stored.repository_name, stored.is_active) == (finding.resource_id, "acme/shop", True)
    assert (stored.package_manager, stored.owner_id) == ("npm", snyk.object_id("u1"))


def test_owners_are_identities_each_once_and_a_project_without_one_is_its_organisations() -> None:
    owned = [PROJECT, PROJECT.model_copy(update={"id": "p2"})]
    snyk, org = SnykIntegration(), Org.model_validate({"id": "o1", "attributes": {"name": "Acme Ltd", "slug": "acme"}})
    organisation, user = snyk.identities(FullRefresh([org]), FullRefresh([*owned, project_of_target("github")]))
    found = list(snyk.code_projects(FullRefresh([*owned, project_of_target("github")]), FullRefresh([])))

    assert (organisation.name, organisation.type, organisation.src_url) == (
        "acme",
        "Organization",
        "https://app.snyk.io/org/acme",
    )
    assert (user.uid, user.name, user.type) == ("u1", None, "User")
    assert (user.raw_record.stream, user.raw_record.key) == ("projects", "p1")
    assert [project.owner_id for project in found] == [user.id, user.id, organisation.id]


def project_of_target(origin: str, name: str = "acme/shop(main):web/package.json") -> Project:
    related = {
        "target": {"data": {"id": "t1", "type": "target"}},
        "organization": {"data": {"id": "o1", "type": "org"}},
    }
    attributes = {"name": name, "type": "yarn", "origin": origin}
    return Project.model_validate({"id": "p1", "attributes": attributes, "relationships": related})


@pytest.mark.parametrize(
    ("origin", "told", "name", "url"),
    [
        ("github", {"display_name": "acme/store", "url": "https://github.com/acme/store"}, "acme/store", True),
        ("gitlab", {"display_name": "acme/store", "url": None}, "acme/store", False),
        ("github", None, "acme/shop", False),
        ("cli", {"display_name": "acme/store", "url": "https://github.com/acme/store"}, "acme/store", True),
        ("cli", {"display_name": "build-7", "url": None}, None, False),
        ("ecr", {"display_name": "acme/image", "url": "https://ecr.example/acme"}, None, False),
    ],
)
def test_projects_and_their_findings_name_the_repository_that_the_target_is(
    origin: str, told: dict[str, str | None] | None, name: str | None, url: bool
) -> None:
    project = project_of_target(origin)
    targets = () if told is None else (Target.model_validate({"id": "t1", "attributes": told}),)
    [finding] = parse(issue(), projects=(project,), targets=targets)
    [stored] = SnykIntegration().code_projects(FullRefresh([project]), FullRefresh(targets))

    assert finding.repository_name == stored.repository_name == name
    assert stored.repository_url == (told["url"] if told and url else None)


def test_a_project_has_its_page() -> None:
    [stored] = SnykIntegration().code_projects(FullRefresh([project_of_target("github")]), FullRefresh([]))

    assert stored.src_url == "https://app.snyk.io/org/o1/project/p1"


def test_a_code_issue_names_file_and_lines() -> None:
    [finding] = parse(issue(type="code", coordinates=CODE))

    assert (finding.class_uid, finding.file_path, finding.commit) == (2007, "src/a.py", "c0ffee")
    assert (finding.start_line, finding.end_line) == (7, 9)
    assert (finding.package_name, finding.manifest_path) == (None, None)


def test_a_cloud_issue_is_on_the_resource_that_the_cloud_names() -> None:
    coordinates = [{"representations": [{"cloud_resource": {"resource": BUCKET}}]}]
    [finding] = parse(issue({"id": "e1", "type": "environment"}, type="cloud", coordinates=coordinates))

    assert (finding.class_uid, finding.resource_type, finding.resource_uid) == (
        2003,
        "aws_s3_bucket",
        "arn:aws:s3:::photos",
    )
    assert finding.src_url is None


def test_a_cloud_issue_of_a_bucket_joins_the_resource_of_the_connection_to_aws_by_its_arn() -> None:
    coordinates = [{"representations": [{"cloud_resource": {"resource": BUCKET}}]}]
    [finding] = parse(issue({"id": "e1", "type": "environment"}, type="cloud", coordinates=coordinates))
    bucket = AwsBucket.model_validate({"Name": "photos"})
    [resource] = AwsIntegration().cloud_resources(
        FullRefresh([]), FullRefresh([bucket], parents=[None]), FullRefresh([])
    )

    assert finding.resource_uid == resource.uid
    assert finding.resource_id is None
    assert event_of(finding)["resources"] == [{"uid": resource.uid, "name": "photos", "type": "aws_s3_bucket"}]


@pytest.mark.parametrize(
    ("item", "coordinates", "has_object"),
    [
        ({"id": "p1", "type": "project"}, CODE, True),
        # Snyk lists no environments, and no resources in them.
        ({"id": "e1", "type": "environment"}, [], False),
        ({"id": "p1", "type": "project"}, [{"representations": [{"cloud_resource": {"resource": BUCKET}}]}], False),
    ],
)
def test_only_of_a_project_an_object_is_named(
    item: dict[str, str], coordinates: list[dict[str, Any]], *, has_object: bool
) -> None:
    [finding] = parse(issue(item, coordinates=coordinates))

    assert (finding.resource_id is not None) is has_object


@pytest.mark.parametrize(
    ("kind", "class_uid"),
    [
        ("package_vulnerability", 2002),
        ("license", 2003),
        ("cloud", 2003),
        ("config", 2003),
        ("code", 2007),
        ("custom", 2007),
    ],
)
def test_each_type_has_its_class(kind: str, class_uid: int) -> None:
    [finding] = parse(issue(type=kind, coordinates=[]))

    assert finding.class_uid == class_uid


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("info", "Informational"),
        ("low", "Low"),
        ("medium", "Medium"),
        ("high", "High"),
        ("critical", "Critical"),
        ("dire", "Other"),
    ],
)
def test_each_level_has_its_severity_beside_the_vendors_word(level: str, severity: str) -> None:
    [finding] = parse(issue(effective_severity_level=level))

    assert (finding.severity, finding.vendor_severity) == (severity, level)


def test_an_open_issue_is_new() -> None:
    [finding] = parse(issue())

    assert (finding.status, finding.vendor_status, finding.status_detail) == ("New", "open", None)


def test_an_ignored_issue_is_suppressed_though_the_vendor_calls_it_open() -> None:
    [finding] = parse(issue(ignored=True))

    assert (finding.status, finding.vendor_status, finding.status_detail) == ("Suppressed", "open", "ignored")


def test_a_resolved_issue_tells_when_and_how_even_if_it_was_ignored() -> None:
    resolution = {"type": "disappeared", "resolved_at": "2025-02-03T04:05:06.5Z", "details": ""}
    [finding] = parse(issue(status="resolved", ignored=True, resolution=resolution))

    assert (finding.status, finding.status_detail) == ("Resolved", "disappeared")
    assert finding.resolved_time == datetime(2025, 2, 3, 4, 5, 6, 500_000, tzinfo=UTC)


def test_an_issue_that_is_open_again_has_no_time_of_resolution() -> None:
    resolution = {"type": "fixed", "resolved_at": "2025-02-03T04:05:06Z"}
    [finding] = parse(issue(status="open", resolution=resolution))

    assert finding.resolved_time is None


def test_snyks_own_rating_in_the_newest_cvss_goes_first() -> None:
    ratings = [
        {"source": "NVD", "version": "4.0", "score": 9.9, "vector": "CVSS:4.0/NVD"},
        {"source": "Snyk", "version": "3.1", "score": 7.5, "vector": "CVSS:3.1/SNYK"},
        {"source": "Snyk", "version": "4.0", "score": 8.1, "vector": "CVSS:4.0/SNYK"},
    ]
    [rated, by_others, unrated] = parse(issue(severities=ratings), issue(severities=ratings[:1]), issue())

    assert (rated.cvss_score, rated.cvss_vector) == (8.1, "CVSS:4.0/SNYK")
    assert by_others.cvss_score == 9.9
    assert unrated.cvss_score is None


def test_exploit_maturity_is_told_where_it_is_known() -> None:
    levels = [{"format": "CVSSv3", "level": "High"}, {"format": "CVSSv4", "level": "Attacked"}]
    unknown = [{"format": "CVSSv4", "level": "Not Defined"}]
    found = parse(
        issue(exploit_details={"maturity_levels": levels}), issue(exploit_details={"maturity_levels": unknown}), issue()
    )

    assert [finding.exploit_maturity for finding in found] == ["Attacked", None, None]


@pytest.mark.parametrize(
    ("levels", "available"),
    [
        ({"CVSSv4": "Attacked"}, True),
        ({"CVSSv4": "Proof of Concept"}, True),
        ({"CVSSv4": "Unreported"}, False),
        ({"CVSSv3": "High"}, True),
        ({"CVSSv3": "Functional"}, True),
        ({"CVSSv3": "Unproven"}, False),
        ({"CVSSv3": "No Known Exploit"}, False),
        ({"CVSSv3": "Proof of Concept", "CVSSv4": "Unreported"}, False),
        ({"CVSSv3": "Unproven", "CVSSv4": "Not Defined"}, False),
        ({"CVSSv4": "Rumoured"}, None),
        ({"CVSSv4": "Not Defined"}, None),
        ({}, None),
    ],
)
def test_whether_there_is_an_exploit_is_told_by_its_maturity(levels: dict[str, str], available: bool | None) -> None:
    details = {"maturity_levels": [{"format": format, "level": level} for format, level in levels.items()]}
    [finding] = parse(issue(exploit_details=details, problems=[{"id": "CVE-2025-1"}]))
    [vulnerability] = event_of(finding)["vulnerabilities"]

    assert finding.exploit_available is available
    assert vulnerability.get("is_exploit_available") is available


def test_names_of_the_weakness_are_told_apart_whatever_their_order() -> None:
    problems = [{"id": "CVE-2025-1"}, {"id": "SNYK-JS-LEFTTURN-1"}, {"id": "GHSA-aaaa-bbbb-cccc"}]
    classes = [{"id": "CWE-79", "source": "CWE"}, {"id": "data", "source": "snyk-cloud"}]
    [finding] = parse(issue(problems=problems, classes=classes))

    assert (finding.cves, finding.ghsa) == (["CVE-2025-1"], "GHSA-aaaa-bbbb-cccc")
    assert (finding.cwes, finding.rule) == (["CWE-79"], "SNYK-JS-LEFTTURN-1")


def test_a_remedy_names_the_version_that_fixes_it() -> None:
    coordinates = [{**PACKAGE[0], "remedies": [{"type": "indeterminate", "details": {"upgrade_package": "2.0"}}]}]
    [finding] = parse(issue(coordinates=coordinates))

    assert finding.fixed_in_version == "2.0"
