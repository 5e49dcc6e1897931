"""GitHub, through its REST API: https://docs.github.com/rest"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from dazz_assets import (
    BearerToken,
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    LinkHeader,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import CodeRepository, Finding, FindingClass, RawRecord, Severity, Status

from .alerts import SEVERITIES, STATES, affected_packages, closing, cves, cvss, epss, severity, title
from .models import DependabotAlert, Repository, RepositoryReference, SecurityAdvisory

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

    @parser(refresh="changed")
    def findings(
        self, alerts: Incremental[DependabotAlertsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[Finding]:
        """Dependabot alerts as vulnerability findings; those of archived and deleted repositories are closed."""
        archived = {repository.id for repository in repositories if repository.archived}
        for alert in alerts:
            finding = self._finding(alert)
            if alert.repository.id in archived:
                finding = finding.closed("repository archived")
            elif gone := repositories.gone_since(alert.repository.id):
                finding = finding.closed("repository no longer listed", gone)
            yield finding

    @parser
    def code_repositories(self, repositories: FullRefresh[RepositoriesStream]) -> Iterator[CodeRepository]:
        """Repositories, with their owner."""
        for repository in repositories:
            owner = repository.owner
            yield CodeRepository(
                id=self._repository_id(repository),
                uid=str(repository.id),
                name=repository.full_name or str(repository.id),
                src_url=repository.html_url,
                raw_record=RawRecord(stream="repositories", key=str(repository.id)),
                is_archived=repository.archived,
                is_private=repository.private,
                visibility=repository.visibility,
                default_branch=repository.default_branch,
                owner=owner.login if owner else None,
                owner_id=self.object_id(owner.id) if owner and owner.id is not None else None,
                created_time=repository.created_at,
            )

    def _repository_id(self, repository: RepositoryReference) -> str:
        return self.object_id(repository.id)

    def _finding(self, alert: DependabotAlert) -> Finding:
        repository = alert.repository
        advisory = alert.security_advisory or SecurityAdvisory()
        packages = affected_packages(alert)
        score, prediction = cvss(advisory), epss(advisory)
        word = severity(alert)
        closed_time, why = closing(alert)
        return Finding(
            id=self.object_id(repository.id, alert.number),
            uid=str(alert.number),
            src_url=alert.html_url,
            class_uid=FindingClass.VULNERABILITY,
            title=title(alert),
            raw_record=RawRecord(stream="dependabot_alerts", key=f"[{repository.id},{alert.number}]"),
            status_id=STATES.get(alert.state, Status.OTHER),
            vendor_status=alert.state,
            status_detail=why,
            severity_id=SEVERITIES.get(word, Severity.OTHER) if word else Severity.UNKNOWN,
            vendor_severity=word,
            cvss_score=score.score,
            cvss_vector=score.vector_string,
            epss_score=prediction.percentage,
            epss_percentile=prediction.percentile,
            resource_type="repository",
            resource_id=self._repository_id(repository),
            resource_uid=str(repository.id),
            resource_name=repository.full_name,
            owner=repository.owner.login if repository.owner else None,
            affected_packages=packages,
            fix_available=packages[0].fix_available if packages else None,
            cves=cves(advisory),
            ghsa=advisory.ghsa_id,
            cwes=[weakness.cwe_id for weakness in advisory.cwes],
            first_seen_time=alert.created_at,
            last_seen_time=alert.updated_at,
            resolved_time=alert.fixed_at,
            closed_time=closed_time,
        )
