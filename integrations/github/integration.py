"""GitHub, through its REST API: https://docs.github.com/rest"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from dazz_assets import (
    BearerToken,
    ConnectionConfig,
    Cursor,
    Incremental,
    Integration,
    LinkHeader,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import Finding, FindingClass, RawRecord, Severity, Status

from .models import Cvss, DependabotAlert, Repository, SecurityAdvisory

SEVERITIES = {
    "low": Severity.LOW,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
STATES = {
    "open": Status.NEW,
    "dismissed": Status.SUPPRESSED,
    "auto_dismissed": Status.SUPPRESSED,
    "fixed": Status.RESOLVED,
}
# The fields of an account that identify a person, by the schema `simple-user`; `type` does not.
OF_A_USER = (
    *("login", "id", "node_id", "name", "email", "avatar_url", "gravatar_id", "url", "html_url"),
    *("followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url", "organizations_url"),
    *("repos_url", "events_url", "received_events_url"),
)


class GitHubConfig(ConnectionConfig):
    """An organisation and a token that may read its repositories and Dependabot alerts.

    For GitHub Enterprise Server set `base_url` to `https://<host>/api/v3`.
    """

    token: SecretStr
    org: str


class RepositoriesStream(Stream[Repository]):
    """Repositories of the organisation. https://docs.github.com/rest/repos/repos#list-organization-repositories"""

    path = "/orgs/{config.org}/repos"
    primary_key = "id"


class DependabotAlertsStream(Stream[DependabotAlert]):
    """Dependabot alerts of the organisation, in every state; `updated_at` is when the state last changed.

    https://docs.github.com/rest/dependabot/alerts#list-dependabot-alerts-for-an-organization
    The API has no filter for changes, but sorts by them: a sync reads the newest first, down to the mark.
    """

    path = "/orgs/{config.org}/dependabot/alerts"
    params = {"sort": "updated", "direction": "desc"}
    primary_key = ("repository.id", "number")
    cursor = Cursor("updated_at", order="desc")
    # The owner of a repository is the organisation, not a person. A comment may mention anyone.
    personal = (
        *(f"{who}.{field}" for who in ("dismissed_by", "assignees") for field in OF_A_USER),
        "dismissal_request.requester.login",
        "dismissal_request.requester.id",
        "dismissed_comment",
    )


class GitHubIntegration(Integration[GitHubConfig]):
    """An organisation's repositories and the alerts about their dependencies.

    The hourly quota is read from the headers of each response; `rate` is the limit of points a minute.
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    name = "github"
    base_url = "https://api.github.com"
    auth = BearerToken("{config.token}")
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    params = {"per_page": 100}
    paginator = LinkHeader()
    rate = Rate(900, per=60)
    check = RepositoriesStream
    streams = (RepositoriesStream, DependabotAlertsStream)

    @parser
    def findings(self, alerts: Incremental[DependabotAlertsStream]) -> Iterator[Finding]:
        """Dependabot alerts as vulnerability findings."""
        for alert in alerts:
            yield self._finding(alert)

    def _finding(self, alert: DependabotAlert) -> Finding:
        repository, advisory, vulnerability = alert.repository, alert.security_advisory, alert.security_vulnerability
        cvss, epss, fixed = _cvss(advisory), advisory.epss, vulnerability.first_patched_version
        return Finding(
            id=self.object_id(repository.id, alert.number),
            uid=str(alert.number),
            src_url=alert.html_url,
            class_uid=FindingClass.VULNERABILITY,
            title=advisory.summary,
            raw_record=RawRecord(stream="dependabot_alerts", key=f"[{repository.id},{alert.number}]"),
            status_id=STATES.get(alert.state, Status.OTHER),
            vendor_status=alert.state,
            status_detail=alert.dismissed_reason,
            severity_id=SEVERITIES.get(vulnerability.severity, Severity.OTHER),
            vendor_severity=vulnerability.severity,
            cvss_score=cvss.score if cvss else None,
            cvss_vector=cvss.vector_string if cvss else None,
            epss_score=epss.percentage if epss else None,
            epss_percentile=epss.percentile if epss else None,
            resource_type="repository",
            resource_id=self.object_id(repository.id),
            resource_uid=str(repository.id),
            resource_name=repository.full_name,
            owner=repository.owner.login,
            package_name=alert.dependency.package.name,
            package_manager=alert.dependency.package.ecosystem,
            affected_versions=vulnerability.vulnerable_version_range,
            fixed_in_version=fixed.identifier if fixed else None,
            manifest_path=alert.dependency.manifest_path,
            cves=_cves(advisory),
            ghsa=advisory.ghsa_id,
            cwes=[weakness.cwe_id for weakness in advisory.cwes or ()],
            first_seen_time=alert.created_at,
            last_seen_time=alert.updated_at,
            resolved_time=alert.fixed_at,
        )


def _cvss(advisory: SecurityAdvisory) -> Cvss | None:
    """The score in the newest version of CVSS that has one."""
    given = advisory.cvss_severities
    candidates = (given.cvss_v4, given.cvss_v3, advisory.cvss) if given else (advisory.cvss,)
    return next((cvss for cvss in candidates if cvss and cvss.vector_string), None)


def _cves(advisory: SecurityAdvisory) -> list[str]:
    named = [identifier.value for identifier in advisory.identifiers if identifier.type == "CVE"]
    return list(dict.fromkeys([*([advisory.cve_id] if advisory.cve_id else []), *named]))
