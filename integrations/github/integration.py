"""GitHub, through its REST API: https://docs.github.com/rest"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from dazz_assets import (
    BearerToken,
    ConnectionConfig,
    FullRefresh,
    Incremental,
    Integration,
    LinkHeader,
    Rate,
    SignedJwt,
    TokenExchange,
    parser,
)
from dazz_assets.domain import CodeRepository, Finding, Identity, RawRecord, WorkItem

from .code_scanning import code_scanning_finding
from .dependabot import dependabot_finding
from .identities import member_identity, owner_identity
from .repositories import KnownRepositories
from .secret_scanning import secret_scanning_finding
from .streams import (
    GENERIC_SECRETS,
    CodeScanningAlertsStream,
    DependabotAlertsStream,
    GenericSecretAlertsStream,
    IssuesStream,
    MembersStream,
    OwnersStream,
    PullRequestsStream,
    RepositoriesStream,
    SecretScanningAlertsStream,
)
from .work_items import issue_work_item, pull_request_work_item


class GitHubConfig(ConnectionConfig):
    """An organisation, and a token or a GitHub App that may read it.

    token: a personal access token.
    app_id, installation_id, private_key: of a GitHub App that is installed in the organisation; the key is in PEM.
    For GitHub Enterprise Server set `base_url` to `https://<host>/api/v3`.
    """

    org: str
    token: SecretStr | None = None
    app_id: str | int | None = None
    installation_id: int | None = None
    private_key: SecretStr | None = None


class GitHubIntegration(Integration[GitHubConfig]):
    """An organisation's repositories, the alerts about them, the work on them, and its members.

    The hourly quota is read from the headers of each response; `rate` is the limit of points a minute. A refusal that
    names no wait is for a secondary limit: then at least a minute has to pass, and more if it is met again.
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    Each kind of alert, and of work, has a parser of its own: a token that may not read one of them costs that alone.
    """

    name = "github"
    base_url = "https://api.github.com"
    # https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
    auth = (
        TokenExchange(
            SignedJwt("{config.private_key}", claims={"iss": "{config.app_id}"}),
            url="/app/installations/{config.installation_id}/access_tokens",
        ),
        BearerToken("{config.token}"),
    )
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    params = {"per_page": 100}
    paginator = LinkHeader()
    rate = Rate(900, per=60, pause=60)
    permissions_url = "https://docs.github.com/rest/authentication/permissions-required-for-github-apps"
    permissions_header = "x-accepted-github-permissions"
    check = RepositoriesStream
    streams = (
        RepositoriesStream,
        MembersStream,
        OwnersStream,
        DependabotAlertsStream,
        CodeScanningAlertsStream,
        SecretScanningAlertsStream,
        GenericSecretAlertsStream,
        IssuesStream,
        PullRequestsStream,
    )

    @parser(refresh="changed")
    def findings(
        self, alerts: Incremental[DependabotAlertsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[Finding]:
        """Dependabot alerts as vulnerability findings; those of archived and deleted repositories are closed."""
        known = KnownRepositories(repositories)
        for alert in alerts:
            yield known.close(dependabot_finding(alert, self.object_id), alert.repository)

    @parser(refresh="changed")
    def code_scanning_findings(
        self, alerts: Incremental[CodeScanningAlertsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[Finding]:
        """Code scanning alerts as findings of the application's posture; closed like those of Dependabot."""
        known = KnownRepositories(repositories)
        for alert in alerts:
            yield known.close(code_scanning_finding(alert, self.object_id), alert.repository)

    @parser(refresh="changed")
    def secret_scanning_findings(
        self, alerts: Incremental[SecretScanningAlertsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[Finding]:
        """Secret scanning alerts as data security findings, without the secrets; closed like those of Dependabot.

        Those of generic patterns, if a server lists them unasked, come from their own stream alone.
        """
        known = KnownRepositories(repositories)
        for alert in alerts:
            if alert.secret_type not in GENERIC_SECRETS:
                yield known.close(secret_scanning_finding(alert, self.object_id), alert.repository)

    @parser(refresh="changed")
    def generic_secret_findings(
        self, alerts: Incremental[GenericSecretAlertsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[Finding]:
        """Alerts of generic patterns, as those of the others."""
        known = KnownRepositories(repositories)
        for alert in alerts:
            if alert.secret_type is None or alert.secret_type in GENERIC_SECRETS:
                finding = secret_scanning_finding(alert, self.object_id, stream="generic_secret_alerts")
                yield known.close(finding, alert.repository)

    @parser
    def code_repositories(self, repositories: FullRefresh[RepositoriesStream]) -> Iterator[CodeRepository]:
        """Repositories, with their owner."""
        for repository in repositories:
            owner = repository.owner
            yield CodeRepository(
                id=self.object_id(repository.id),
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

    @parser
    def identities(self, members: FullRefresh[MembersStream], owners: FullRefresh[OwnersStream]) -> Iterator[Identity]:
        """Members of the organisation; those who own it as administrators."""
        administrators = {owner.id for owner in owners}
        for member in members:
            yield member_identity(member, is_owner=member.id in administrators, object_id=self.object_id)

    @parser
    def organisation_identities(self, repositories: FullRefresh[RepositoriesStream]) -> Iterator[Identity]:
        """The organisation, which owns the repositories."""
        seen: set[int] = set()
        for repository in repositories:
            account = repository.owner
            if account and account.id is not None and account.id not in seen and account.type != "User":
                seen.add(account.id)
                yield owner_identity(account, account.id, repository, self.object_id)

    @parser
    def issue_work_items(
        self, issues: Incremental[IssuesStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[WorkItem]:
        """Issues; the pull requests among them come from their own stream."""
        for issue, repository in issues.with_parents(repositories):
            if issue.pull_request is None:
                yield issue_work_item(issue, repository, self.object_id)

    @parser
    def pull_request_work_items(
        self, pulls: Incremental[PullRequestsStream], repositories: FullRefresh[RepositoriesStream]
    ) -> Iterator[WorkItem]:
        """Pull requests."""
        for pull, repository in pulls.with_parents(repositories):
            yield pull_request_work_item(pull, repository, self.object_id)
