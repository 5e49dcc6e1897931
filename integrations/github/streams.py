"""What is fetched from GitHub: https://docs.github.com/rest (version 2022-11-28)"""

from __future__ import annotations

from datetime import timedelta

from dazz_assets import Cursor, Stream

from .models import CodeScanningAlert, DependabotAlert, Issue, Member, PullRequest, Repository, SecretScanningAlert

# The fields of an account that identify a person, by the schema `simple-user`; `type` does not.
_OF_A_USER = (
    *("login", "id", "node_id", "name", "email", "avatar_url", "gravatar_id", "url", "html_url"),
    *("followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url", "organizations_url"),
    *("repos_url", "events_url", "received_events_url"),
)
# The types of secrets that are listed only if they are named; `password` is found by AI.
# https://docs.github.com/code-security/reference/secret-security/supported-secret-scanning-patterns
GENERIC_SECRETS = (
    *("ec_private_key", "generic_private_key", "openssh_private_key", "pgp_private_key", "rsa_private_key"),
    *("http_basic_authentication_header", "http_bearer_authentication_header"),
    *("mongodb_connection_string", "mysql_connection_url", "postgres_connection_string"),
    "password",
)
# What an alert says may change without its time of change.
_REREAD = timedelta(days=7)


def _of(*people: str) -> tuple[str, ...]:
    """The paths of the fields that identify these people."""
    return tuple(f"{who}.{field}" for who in people for field in _OF_A_USER)


class RepositoriesStream(Stream[Repository]):
    """Repositories of the organisation. https://docs.github.com/rest/repos/repos#list-organization-repositories"""

    path = "/orgs/{config.org}/repos"
    primary_key = "id"
    permissions = ("Metadata: read",)


class DependabotAlertsStream(Stream[DependabotAlert]):
    """Dependabot alerts of the organisation, in every state; `updated_at` is when the state last changed.

    https://docs.github.com/rest/dependabot/alerts#list-dependabot-alerts-for-an-organization
    The API has no filter for changes, but sorts by them: a sync reads the newest first, down to the mark. What changes
    in an open alert (EPSS, severity, the version with the fix) comes with the re-read.
    """

    path = "/orgs/{config.org}/dependabot/alerts"
    params = {"sort": "updated", "direction": "desc"}
    primary_key = ("repository.id", "number")
    cursor = Cursor("updated_at", order="desc", reread=_REREAD)
    permissions = ("Dependabot alerts: read",)
    # The owner of a repository is the organisation, not a person. A comment may mention anyone.
    personal = (
        *_of("dismissed_by", "assignees"),
        "dismissal_request.requester.login",
        "dismissal_request.requester.id",
        "dismissed_comment",
    )


class CodeScanningAlertsStream(Stream[CodeScanningAlert]):
    """Code scanning alerts on the default branches of the organisation's repositories, in every state.

    https://docs.github.com/rest/code-scanning/code-scanning#list-code-scanning-alerts-for-an-organization
    Read like Dependabot alerts. A rule's severity changes with the rule, and not with the alert. `updated_at` is not
    required: an alert without one is taken to be listed by when it was created, and the re-read finds it anywhere.
    """

    path = "/orgs/{config.org}/code-scanning/alerts"
    params = {"sort": "updated", "direction": "desc"}
    primary_key = ("repository.id", "number")
    cursor = Cursor("updated_at", order="desc", nulls="created_at", nulls_listed=True, reread=_REREAD)
    permissions = ("Code scanning alerts: read",)
    accept = {
        (403, "code scanning is not enabled"): "skip",
        (403, "code security must be enabled"): "skip",
        (403, "advanced security must be enabled"): "skip",
        (404, "no analysis found"): "skip",
    }
    personal = (*_of("dismissed_by", "dismissal_approved_by", "assignees"), "dismissed_comment")


class SecretScanningAlertsStream(Stream[SecretScanningAlert]):
    """Secret scanning alerts of the organisation, open and resolved, without the secrets and without generic patterns.

    https://docs.github.com/rest/secret-scanning/secret-scanning#list-secret-scanning-alerts-for-an-organization
    `updated_at` is null until an alert changes, and GitHub doesn't say where the list has those. So each sync lists all
    alerts, and stores what is new. An empty `after` asks for cursors, as page numbers fail on long lists.
    """

    path = "/orgs/{config.org}/secret-scanning/alerts"
    params = {"hide_secret": "true", "after": ""}
    primary_key = ("repository.id", "number")
    cursor = Cursor("updated_at", nulls="created_at")
    permissions = ("Secret scanning alerts: read",)
    accept = {
        (403, "secret scanning is disabled"): "skip",
        (403, "secret protection must be enabled"): "skip",
        (403, "advanced security must be enabled"): "skip",
        (404, "secret scanning is disabled"): "skip",
    }
    # Not asked for, and never shown if it comes all the same.
    sensitive = "secret"
    personal = (
        *_of("resolved_by", "assigned_to", "push_protection_bypassed_by"),
        *_of("push_protection_bypass_request_reviewer", "closure_request_reviewer"),
        *("resolution_comment", "push_protection_bypass_request_comment"),
        *("push_protection_bypass_request_reviewer_comment", "closure_request_comment"),
        "closure_request_reviewer_comment",
    )


class GenericSecretAlertsStream(SecretScanningAlertsStream):
    """Secret scanning alerts of generic patterns, such as private keys: they come only if their types are named.

    https://docs.github.com/code-security/reference/secret-security/supported-secret-scanning-patterns
    Listed and stored like the others. A server that does not know one of the types costs this stream alone.
    """

    params = {"hide_secret": "true", "after": "", "secret_type": ",".join(GENERIC_SECRETS)}


class MembersStream(Stream[Member]):
    """Members of the organisation. https://docs.github.com/rest/orgs/members#list-organization-members"""

    path = "/orgs/{config.org}/members"
    primary_key = "id"
    permissions = ("Members: read",)
    personal = _OF_A_USER


class OwnersStream(MembersStream):
    """Those of the members who own the organisation: the list of members doesn't tell their role.

    https://docs.github.com/rest/orgs/members#list-organization-members
    """

    params = {"role": "admin"}


class IssuesStream(Stream[Issue]):
    """Issues of each repository, open and closed; pull requests are among them, with less than their own stream has.

    https://docs.github.com/rest/issues/issues#list-repository-issues
    An organisation's own list has the issues of the repositories that a person can see, and is closed to Apps.
    """

    parent = RepositoriesStream
    path = "/repos/{parent.owner.login}/{parent.name}/issues"
    params = {"state": "all", "sort": "updated", "direction": "asc"}
    primary_key = "id"
    cursor = Cursor("updated_at", since="since", order="asc")
    permissions = ("Issues: read",)
    accept = {(410, "issues"): "skip"}
    personal = (
        *_of("user", "assignee", "assignees", "closed_by", "milestone.creator", "pinned_comment.user"),
        *_of("performed_via_github_app.owner"),
        *("body", "pinned_comment.body"),
    )


class PullRequestsStream(Stream[PullRequest]):
    """Pull requests of each repository, open, merged and closed.

    https://docs.github.com/rest/pulls/pulls#list-pull-requests
    Without a filter for changes: a sync reads the newest first, down to the repository's mark.
    """

    parent = RepositoriesStream
    path = "/repos/{parent.owner.login}/{parent.name}/pulls"
    params = {"state": "all", "sort": "updated", "direction": "desc"}
    primary_key = "id"
    cursor = Cursor("updated_at", order="desc")
    permissions = ("Pull requests: read",)
    # The owner of a fork is its author, as a rule, whose name is then known wherever it stands.
    personal = (
        *_of("user", "assignee", "assignees", "requested_reviewers", "auto_merge.enabled_by", "milestone.creator"),
        "body",
    )
