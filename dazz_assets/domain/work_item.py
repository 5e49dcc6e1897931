"""Work items: issues, tickets and tasks that people work on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dazz_assets.domain.captions import caption_of, fits_id, member_of
from dazz_assets.domain.field_values import RawRecord, Time
from dazz_assets.domain.object import DomainObject
from dazz_assets.domain.ocsf import TicketStatus

# Statuses of work that is over.
_OVER = (TicketStatus.RESOLVED, TicketStatus.CLOSED, TicketStatus.CANCELED)

TicketStatusId = Annotated[int, member_of(TicketStatus)]


class WorkItem(DomainObject):
    """An issue, ticket or task, with the names of OCSF's `ticket`. `assignee_id` and `creator_id` are identities."""

    uid: str = Field(description="The vendor's own id.")
    key: str | None = Field(default=None, description="What people call it: SHOP-12, acme/shop#7.")
    title: str
    type: str | None = Field(default=None, description="The vendor's word: Bug, Story, pull request.")
    src_url: str | None = Field(default=None, description="The vendor's own page for it.")
    raw_record: RawRecord

    status_id: TicketStatusId
    status: Annotated[str, fits_id(TicketStatus)] = Field(
        default_factory=caption_of("status_id", TicketStatus), description="OCSF's caption of `status_id`."
    )
    vendor_status: str | None = Field(default=None, description="The vendor's word: To Do, Working on it.")
    status_detail: str | None = Field(default=None, description="Why: Won't Do, not_planned.")
    vendor_priority: str | None = Field(default=None, description="The vendor's word: Highest, P1.")

    project_uid: str | None = Field(default=None, description="The vendor's id of its project, board or repository.")
    project_name: str | None = None
    parent_id: str | None = Field(default=None, description="The id of the work item that it is a part of.")
    assignee: str | None = None
    assignee_id: str | None = Field(default=None, description="The assignee's id as an `Identity`.")
    creator: str | None = None
    creator_id: str | None = Field(default=None, description="The creator's id as an `Identity`.")
    labels: list[str] = Field(default_factory=list)

    created_time: Time = None
    modified_time: Time = None
    due_time: Time = None
    closed_time: Time = None

    def closed(self, why: str, at: datetime | None = None) -> WorkItem:
        """The work item as Closed, for this reason, since it or its project is gone; itself if it is over already."""
        if self.status_id in _OVER:
            return self
        status = TicketStatus.CLOSED
        return self.model_copy(
            update={
                "status_id": status.value,
                "status": status.caption,
                "status_detail": why,
                "closed_time": at,
            }
        )
