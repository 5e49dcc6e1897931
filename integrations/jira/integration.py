"""Jira Cloud, through its REST API: https://developer.atlassian.com/cloud/jira/platform/rest/v3/"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote

from dazz_assets import (
    Basic,
    Cursor,
    CursorToken,
    FullRefresh,
    Incremental,
    Integration,
    Offset,
    Rate,
    RefreshToken,
    Stream,
    parser,
)
from dazz_assets.domain import Identity, RawRecord, UserType, WorkItem

from .config import JiraConfig
from .models import Issue, IssueFields, Project, User
from .progress import progress_of

# The fields of a user that identify a person; `accountType` and `active` do not.
OF_A_USER = ("accountId", "displayName", "emailAddress", "self")
# What the parsers read; without `fields` only ids come.
FIELDS = (
    *("summary", "issuetype", "status", "priority", "resolution", "project", "parent", "assignee", "creator"),
    *("labels", "created", "updated", "duedate", "resolutiondate", "statuscategorychangedate"),
)
# A text, and who is mentioned, in a paragraph and in an item of a list (Atlassian Document Format).
OF_A_DOCUMENT = tuple(
    f"{path}.{field}"
    for path in ("content.content", "content.content.content.content")
    for field in ("text", "attrs.id", "attrs.text")
)
# Each endpoint takes so many GETs a second: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
BURST = Rate(100, per=1)

USER_TYPES = {"atlassian": UserType.USER, "customer": UserType.USER, "app": UserType.SERVICE}


class MyselfStream(Stream):
    """Who asks. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/"""

    path = "/rest/api/3/myself"
    shape = "object"
    personal = OF_A_USER


class ProjectsStream(Stream[Project]):
    """Projects that the user can browse.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/#api-rest-api-3-project-search-get
    """

    path = "/rest/api/3/project/search"
    records = "values"
    paginator = Offset(param="startAt", size_param="maxResults", size=50, more="isLast")
    permissions = ("read:jira-work", "Browse projects")
    rate = BURST


class UsersStream(Stream[User]):
    """Users, former ones, apps and customers too. A bare list; a page may be short, so an empty one is the last.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-users/#api-rest-api-3-users-search-get
    """

    path = "/rest/api/3/users/search"
    primary_key = "accountId"
    paginator = Offset(param="startAt", size_param="maxResults", size=200)
    permissions = ("read:jira-user", "Browse users and groups")
    rate = BURST
    personal = OF_A_USER


class IssuesStream(Stream[Issue]):
    """Issues of all projects that the user can browse.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-get

    Bounds are epoch milliseconds, as JQL takes other times for those of the user's zone. The look-back brings what the
    search, which is eventually consistent, did not show at the time:
    https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/
    """

    path = "/rest/api/3/search/jql"
    params = {
        "jql": "updated >= {cursor.since} AND updated < {cursor.until} ORDER BY updated ASC",
        "fields": ",".join(FIELDS),
        "maxResults": 100,
    }
    records = "issues"
    cursor = Cursor("fields.updated", order="asc", format="epoch_ms", lookback=timedelta(minutes=10))
    paginator = CursorToken("nextPageToken", param="nextPageToken", more="isLast")
    permissions = ("read:jira-work", "Browse projects")
    rate = BURST
    personal = tuple(f"fields.{who}.{field}" for who in ("assignee", "creator") for field in OF_A_USER)


class CommentsStream(Stream):
    """Comments of the issues that changed: a comment that is added or edited changes its issue's `updated`.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
    """

    parent = IssuesStream
    parents = "changed"
    path = "/rest/api/3/issue/{parent.id}/comment"
    records = "comments"
    cursor = Cursor("updated")
    paginator = Offset(param="startAt", size_param="maxResults", size=100, more="total")
    permissions = ("read:jira-work", "Browse projects")
    rate = BURST
    personal = (
        *(f"{who}.{field}" for who in ("author", "updateAuthor") for field in OF_A_USER),
        *(f"body.{path}" for path in OF_A_DOCUMENT),
    )


class JiraIntegration(Integration[JiraConfig]):
    """A site's projects and users, its issues, and what was said about them.

    Jira answers a wrong or expired API token as it answers strangers: with lists that are empty. Only for `myself` it
    requires who asks, so that is asked for first.
    """

    base_url = "{config.api_url}"
    auth = (
        Basic("{config.email}", "{config.token}"),
        RefreshToken(token_url="{config.auth_url}/oauth/token"),  # noqa: S106
    )
    primary_key = "id"
    concurrency = 4
    facts = {"me": MyselfStream}
    permissions_url = "https://developer.atlassian.com/cloud/jira/platform/scopes-for-oauth-2-3LO-and-forge-apps/"
    check = ProjectsStream
    streams = (ProjectsStream, UsersStream, IssuesStream, CommentsStream)

    @parser(refresh="changed")
    def work_items(
        self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]
    ) -> Iterator[WorkItem]:
        """Issues as work items; those of projects that are no longer listed are closed."""
        names = {project.id: project.name for project in projects}
        for issue in issues:
            fields = issue.fields or IssueFields()
            project = fields.project
            progress = progress_of(fields)
            item = WorkItem(
                id=self.object_id(issue.id),
                uid=issue.id,
                key=issue.key,
                title=fields.summary or issue.key,
                type=fields.issuetype.name if fields.issuetype else None,
                src_url=self._page(f"browse/{issue.key}"),
                raw_record=RawRecord(stream="issues", key=issue.id),
                status_id=progress.status,
                vendor_status=fields.status.name if fields.status else None,
                status_detail=progress.detail,
                vendor_priority=fields.priority.name if fields.priority else None,
                project_uid=project.id if project else None,
                project_name=(names.get(project.id) or project.name) if project else None,
                parent_id=self.object_id(fields.parent.id) if fields.parent else None,
                assignee=fields.assignee.display_name if fields.assignee else None,
                assignee_id=self._identity_id(fields.assignee),
                creator=fields.creator.display_name if fields.creator else None,
                creator_id=self._identity_id(fields.creator),
                labels=fields.labels,
                created_time=fields.created,
                modified_time=fields.updated,
                due_time=datetime.combine(fields.duedate, time(), UTC) if fields.duedate else None,
                closed_time=progress.closed_time,
            )
            gone = projects.gone_since(project.id) if project else None
            yield item.closed("project no longer listed", gone) if gone else item

    @parser
    def identities(self, users: FullRefresh[UsersStream]) -> Iterator[Identity]:
        """Users as identities. One whose profile hides the address has none."""
        for user in users:
            yield Identity(
                id=self.object_id(user.account_id),
                uid=user.account_id,
                full_name=user.display_name,
                email_addr=user.email_address or None,
                src_url=self._page(f"jira/people/{user.account_id}"),
                raw_record=RawRecord(stream="users", key=user.account_id),
                type_id=USER_TYPES.get(user.account_type, UserType.OTHER) if user.account_type else UserType.UNKNOWN,
                vendor_type=user.account_type,
                is_active=user.active,
            )

    def _identity_id(self, user: User | None) -> str | None:
        return self.object_id(user.account_id) if user else None

    def _page(self, path: str) -> str | None:
        """A page of the site for people; None without a config, as in a test."""
        with suppress(RuntimeError):
            return f"https://{self.config.site}.atlassian.net/{quote(path)}"
        return None
