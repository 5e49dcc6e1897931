"""How far an issue is: its status as OCSF has it, why, and since when it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dazz_assets.domain import TicketStatus

from .models import IssueFields

# Each site names its statuses as it likes, but each status is of one of these categories.
STATUSES = {"new": TicketStatus.NEW, "indeterminate": TicketStatus.IN_PROGRESS, "done": TicketStatus.RESOLVED}


@dataclass(frozen=True)
class Progress:
    """The status, the vendor's reason for it, and when the issue was closed."""

    status: TicketStatus
    detail: str | None = None
    closed_time: datetime | None = None


def progress_of(fields: IssueFields) -> Progress:
    """How far an issue is.

    An issue may be done without a resolution, and have one without being done: workflows set them as they like.
    """
    category = fields.status.status_category if fields.status else None
    status = STATUSES.get(category.key, TicketStatus.OTHER) if category else TicketStatus.UNKNOWN
    resolution = fields.resolution.name if fields.resolution else None
    if status is TicketStatus.RESOLVED:
        return Progress(status, resolution, fields.resolutiondate or fields.statuscategorychangedate)
    return Progress(status, resolution)
