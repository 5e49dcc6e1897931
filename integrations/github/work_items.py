"""Issues and pull requests as work items."""

from __future__ import annotations

from typing import Any

from dazz_assets.domain import RawRecord, TicketStatus, WorkItem

from .models import Account, Issue, PullRequest, Repository, WorkRecord
from .repositories import ObjectId

# Why an issue was closed; without a word for it, it is just closed.
REASONS = {
    "completed": TicketStatus.RESOLVED,
    "not_planned": TicketStatus.CANCELED,
    "duplicate": TicketStatus.CANCELED,
}


def issue_work_item(issue: Issue, repository: Repository | None, object_id: ObjectId) -> WorkItem:
    """An issue. repository: where it is, if that is still listed."""
    reason, status = issue.state_reason or "", TicketStatus.UNKNOWN
    if issue.state == "open":
        status = TicketStatus.REOPENED if reason == "reopened" else TicketStatus.NEW
    elif issue.state == "closed":
        status = REASONS.get(reason, TicketStatus.CLOSED)
    return WorkItem(
        id=object_id("issue", issue.id),
        type=issue.type.name if issue.type else None,
        raw_record=RawRecord(stream="issues", key=str(issue.id)),
        status_id=status,
        status_detail=issue.state_reason,
        **_common_fields(issue, "Issue", repository, object_id),
    )


def pull_request_work_item(pull: PullRequest, repository: Repository | None, object_id: ObjectId) -> WorkItem:
    """A pull request: in progress while it is open. repository: as for an issue."""
    status, detail = TicketStatus.UNKNOWN, None
    if pull.state == "open":
        status, detail = TicketStatus.IN_PROGRESS, "draft" if pull.draft else None
    elif pull.state == "closed":
        status, detail = (TicketStatus.RESOLVED, "merged") if pull.merged_at else (TicketStatus.CANCELED, None)
    return WorkItem(
        id=object_id("pull_request", pull.id),
        type="pull request",
        raw_record=RawRecord(stream="pull_requests", key=str(pull.id)),
        status_id=status,
        status_detail=detail,
        **_common_fields(pull, "Pull request", repository, object_id),
    )


def _common_fields(record: WorkRecord, kind: str, repository: Repository | None, object_id: ObjectId) -> dict[str, Any]:
    name = repository.full_name if repository else None
    return {
        "uid": str(record.id),
        "key": f"{name}#{record.number}" if name else None,
        "title": record.title or f"{kind} {record.number}",
        "src_url": record.html_url,
        "vendor_status": record.state,
        "project_uid": str(repository.id) if repository else None,
        "project_name": name,
        "assignee": record.assignee.login if record.assignee else None,
        "assignee_id": _identity_id(record.assignee, object_id),
        "creator": record.user.login if record.user else None,
        "creator_id": _identity_id(record.user, object_id),
        "labels": [label.name for label in record.labels],
        "created_time": record.created_at,
        "modified_time": record.updated_at,
        "closed_time": record.closed_at,
    }


def _identity_id(account: Account | None, object_id: ObjectId) -> str | None:
    return object_id(account.id) if account and account.id is not None else None
