"""Dependabot alerts become findings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.github.integration import GitHubIntegration
from integrations.github.models import DependabotAlert, Repository
from integrations.github.streams import RepositoriesStream
from tests.domain.test_ocsf_events import event_of


def alert(**changes: Any) -> DependabotAlert:
    record: dict[str, Any] = {
        "number": 4,
        "state": "open",
        "dependency": {"package": {"ecosystem": "npm", "name": "left-turn"}, "manifest_path": "web/package.json"},
        "security_advisory": {
            "ghsa_id": "GHSA-aaaa-bbbb-cccc",
            "cve_id": "CVE-2025-1",
            "summary": "left-turn turns right",
            "severity": "high",
            "identifiers": [{"type": "GHSA", "value": "GHSA-aaaa-bbbb-cccc"}, {"type": "CVE", "value": "CVE-2025-1"}],
            "cwes": [{"cwe_id": "CWE-79", "name": "Cross-site Scripting"}],
            "cvss": {"score": 7.5, "vector_string": "CVSS:3.1/AV:N"},
            "epss": {"percentage": 0.25, "percentile": "0.9e0"},
        },
        "security_vulnerability": {
            "severity": "high",
            "vulnerable_version_range": "< 2.0",
            "first_patched_version": {"identifier": "2.0"},
        },
        "html_url": "https://github.com/acme/shop/security/dependabot/4",
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": "2025-02-03T04:05:06Z",
        "repository": {
            "id": 12,
            "full_name": "acme/shop",
            "owner": {"login": "acme"},
            "html_url": "https://github.com/acme/shop",
        },
    }
    return DependabotAlert.model_validate(record | changes)


LISTED = Repository.model_validate({"id": 12, "full_name": "acme/shop", "archived": False})
ARCHIVED = Repository.model_validate({"id": 12, "full_name": "acme/shop", "archived": True})
DELETED_AT = datetime(2025, 3, 4, tzinfo=UTC)


def parse(*alerts: DependabotAlert, repositories: FullRefresh[RepositoriesStream] | None = None) -> list[Finding]:
    listed: FullRefresh[RepositoriesStream] = FullRefresh([LISTED])
    return list(GitHubIntegration().findings(Incremental(alerts), repositories or listed))


def test_an_alert_is_one_vulnerability_finding_of_its_repository() -> None:
    [finding] = parse(alert())

    assert (finding.class_uid, finding.title, finding.uid) == (2002, "left-turn turns right", "4")
    assert finding.src_url == "https://github.com/acme/shop/security/dependabot/4"
    assert (finding.resource_type, finding.resource_uid, finding.resource_name) == ("repository", "12", "acme/shop")
    assert finding.owner == "acme"


def test_the_package_its_place_and_its_fix_are_told() -> None:
    [finding] = parse(alert())

    assert (finding.package_name, finding.package_manager) == ("left-turn", "npm")
    assert (finding.manifest_path, finding.affected_versions) == ("web/package.json", "< 2.0")
    assert finding.fixed_in_version == "2.0"
    assert (finding.cves, finding.ghsa, finding.cwes) == (["CVE-2025-1"], "GHSA-aaaa-bbbb-cccc", ["CWE-79"])


def with_advisory(**says: Any) -> DependabotAlert:
    return alert(security_advisory={"ghsa_id": "GHSA-aaaa-bbbb-cccc", **says})


@pytest.mark.parametrize(
    ("word", "malware"), [("malware", True), ("general", False), ("novel", False), (None, None), (["malware"], None)]
)
def test_an_advisory_about_malware_says_so(word: object, malware: bool | None) -> None:
    [finding] = parse(with_advisory(classification=word))

    assert finding.malware is malware
    assert event_of(finding)["unmapped"].get("malware") is malware


@pytest.mark.parametrize(
    ("word", "told"), [("direct", "direct"), ("transitive", "transitive"), ("inconclusive", None), (None, None)]
)
def test_how_the_repository_depends_on_the_package_is_told_where_it_is_known(
    word: str | None, told: str | None
) -> None:
    dependency = {"package": {"ecosystem": "npm", "name": "left-turn"}, "relationship": word}
    [finding] = parse(alert(dependency=dependency))

    assert finding.relationship == finding.affected_packages[0].relationship == told
    assert event_of(finding)["unmapped"].get("relationship") == told


def test_a_withdrawn_advisory_closes_its_open_alert_and_leaves_a_closed_one_as_it_is() -> None:
    withdrawn = {"ghsa_id": "GHSA-aaaa-bbbb-cccc", "withdrawn_at": "2025-03-04T00:00:00Z"}
    opened, fixed = parse(
        alert(security_advisory=withdrawn),
        alert(security_advisory=withdrawn, state="fixed", fixed_at="2025-02-03T04:05:06Z"),
    )

    assert (opened.status, opened.vendor_status, opened.status_detail) == ("Archived", "open", "advisory withdrawn")
    assert opened.closed_time == datetime(2025, 3, 4, tzinfo=UTC)
    assert (fixed.status, fixed.closed_time) == ("Resolved", datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC))


def test_the_id_depends_on_repository_and_number_alone() -> None:
    first, renamed, other = parse(
        alert(),
        alert(state="fixed", html_url="https://github.com/acme/store/security/dependabot/4"),
        alert(number=5),
    )

    assert first.id == renamed.id
    assert first.id != other.id


def test_the_raw_record_is_named_by_stream_and_key() -> None:
    [finding] = parse(alert())

    assert (finding.raw_record.stream, finding.raw_record.key) == ("dependabot_alerts", "[12,4]")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("open", "New"),
        ("fixed", "Resolved"),
        ("dismissed", "Suppressed"),
        ("auto_dismissed", "Suppressed"),
        ("on_the_moon", "Other"),
    ],
)
def test_each_state_has_its_status_beside_the_vendors_word(state: str, status: str) -> None:
    [finding] = parse(alert(state=state))

    assert (finding.status, finding.vendor_status) == (status, state)


def test_a_dismissed_alert_tells_when_and_why() -> None:
    [finding] = parse(alert(state="dismissed", dismissed_reason="tolerable_risk", dismissed_at="2025-02-03T04:05:06Z"))

    assert (finding.status_detail, finding.closed_time) == ("tolerable_risk", datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert finding.resolved_time is None


def test_an_alert_that_a_rule_dismissed_says_so() -> None:
    [finding] = parse(alert(state="auto_dismissed", auto_dismissed_at="2025-02-03T04:05:06Z"))

    assert (finding.status_detail, finding.closed_time) == ("auto_dismissed", datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC))


def test_an_open_alert_is_not_closed_whenever_it_was_dismissed_before() -> None:
    [finding] = parse(alert(dismissed_at="2025-02-03T04:05:06Z"))

    assert (finding.status_detail, finding.closed_time) == (None, None)


def test_an_alert_of_a_deleted_repository_is_closed_since_the_list_lacks_it() -> None:
    [finding] = parse(alert(), repositories=FullRefresh([], gone={12: DELETED_AT}))

    assert (finding.status, finding.vendor_status) == ("Archived", "open")
    assert (finding.status_detail, finding.closed_time) == ("repository no longer listed", DELETED_AT)


def test_an_alert_of_an_archived_repository_is_closed() -> None:
    [finding] = parse(alert(), repositories=FullRefresh([ARCHIVED]))

    assert (finding.status, finding.status_detail) == ("Archived", "repository archived")


def test_an_alert_of_a_repository_that_was_never_listed_stays_open() -> None:
    [finding] = parse(alert(), repositories=FullRefresh([]))

    assert finding.status == "New"


def test_what_was_fixed_stays_fixed_when_its_repository_is_gone() -> None:
    fixed = alert(state="fixed", fixed_at="2025-02-03T04:05:06Z")
    [finding] = parse(fixed, repositories=FullRefresh([], gone={12: DELETED_AT}))

    assert (finding.status, finding.closed_time) == ("Resolved", datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("ecosystem", "name", "purl"),
    [
        ("pip", "Django_Filters", "pkg:pypi/django-filters"),
        ("maven", "org.slf4j:slf4j-api", "pkg:maven/org.slf4j/slf4j-api"),
        ("npm", "@angular/core", "pkg:npm/%40angular/core"),
        ("go", "golang.org/x/net", "pkg:golang/golang.org/x/net"),
        ("rubygems", "rack", "pkg:gem/rack"),
        ("rust", "time", "pkg:cargo/time"),
        ("actions", "actions/checkout", "pkg:githubactions/actions/checkout"),
        ("other", "thing", None),
    ],
)
def test_packages_have_a_package_url(ecosystem: str, name: str, purl: str | None) -> None:
    [finding] = parse(alert(dependency={"package": {"ecosystem": ecosystem, "name": name}}))

    assert finding.purl == purl
    assert finding.package_manager == (purl.partition(":")[2].partition("/")[0] if purl else None)


@pytest.mark.parametrize(
    ("given", "scope"), [("development", "development"), ("runtime", "runtime"), ("unknown", None), (None, None)]
)
def test_a_dependency_is_of_development_or_of_runtime(given: str | None, scope: str | None) -> None:
    [finding] = parse(alert(dependency={"package": {"ecosystem": "npm", "name": "a"}, "scope": given}))

    assert finding.scope == scope


@pytest.mark.parametrize(("patched", "available"), [({"identifier": "2.0"}, True), (None, False)])
def test_a_fix_is_available_where_a_version_has_it(patched: dict[str, str] | None, available: bool) -> None:
    [finding] = parse(alert(security_vulnerability={"severity": "high", "first_patched_version": patched}))

    assert finding.fix_available is available


def test_repositories_join_their_findings_and_name_their_owner() -> None:
    repository = LISTED.model_validate({**LISTED.model_dump(), "owner": {"login": "acme", "id": 7}})
    github = GitHubIntegration()
    [stored] = github.code_repositories(FullRefresh([repository]))
    [finding] = parse(alert())

    assert (stored.id, stored.name, stored.is_archived) == (finding.resource_id, "acme/shop", False)
    assert (stored.owner, stored.owner_id) == ("acme", github.object_id(7))


def test_times_are_those_of_the_alert() -> None:
    [finding] = parse(alert(state="fixed", fixed_at="2025-02-03T04:05:06Z"))

    assert finding.first_seen_time == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert finding.last_seen_time == finding.resolved_time == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "severity"),
    [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical"), ("dire", "Other")],
)
def test_each_severity_has_its_caption_beside_the_vendors_word(word: str, severity: str) -> None:
    [finding] = parse(alert(security_vulnerability={"severity": word}))

    assert (finding.severity, finding.vendor_severity) == (severity, word)


def test_the_score_is_that_of_the_newest_cvss_that_has_a_vector() -> None:
    v3, v4 = {"score": 7.5, "vector_string": "CVSS:3.1/AV:N"}, {"score": 8.7, "vector_string": "CVSS:4.0/AV:N"}
    none = {"score": 0.0, "vector_string": None}
    advisory = alert().model_dump()["security_advisory"]
    scored = [
        alert(security_advisory=advisory | {"cvss_severities": {"cvss_v3": v3, "cvss_v4": v4}}),
        alert(security_advisory=advisory | {"cvss_severities": {"cvss_v3": v3, "cvss_v4": none}}),
        alert(security_advisory=advisory | {"cvss": none, "cvss_severities": None}),
    ]

    assert [(f.cvss_score, f.cvss_vector) for f in parse(*scored)] == [
        (8.7, "CVSS:4.0/AV:N"),
        (7.5, "CVSS:3.1/AV:N"),
        (None, None),
    ]


def test_exploit_prediction_may_come_as_text_or_not_at_all() -> None:
    advisory = alert().model_dump()["security_advisory"]
    with_it, without = parse(alert(), alert(security_advisory=advisory | {"epss": None}))

    assert (with_it.epss_score, with_it.epss_percentile) == (0.25, 0.9)
    assert (without.epss_score, without.epss_percentile) == (None, None)
