"""Enumerations of the Open Cybersecurity Schema Framework, version 1.6: https://schema.ocsf.io/1.6.0"""

from __future__ import annotations

from enum import IntEnum


class FindingClass(IntEnum):
    """The `class_uid` of a finding: https://schema.ocsf.io/1.6.0/categories/findings"""

    VULNERABILITY = 2002
    COMPLIANCE = 2003
    DATA_SECURITY = 2006
    APPLICATION_SECURITY_POSTURE = 2007


class Captioned(IntEnum):
    """An enumeration with a caption for each number: a field `x_id` has the number, the field `x` the caption."""

    @property
    def caption(self) -> str:
        """OCSF's word for the number."""
        return self.name.replace("_", " ").title()


class Severity(Captioned):
    """`severity_id`: https://schema.ocsf.io/1.6.0/dictionary#severity_id"""

    UNKNOWN = 0
    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5
    FATAL = 6
    OTHER = 99


class Status(Captioned):
    """`status_id` of a finding: https://schema.ocsf.io/1.6.0/classes/vulnerability_finding"""

    UNKNOWN = 0
    NEW = 1
    IN_PROGRESS = 2
    SUPPRESSED = 3
    RESOLVED = 4
    ARCHIVED = 5
    DELETED = 6
    OTHER = 99


class TicketStatus(Captioned):
    """`status_id` of a ticket: https://schema.ocsf.io/1.6.0/objects/ticket"""

    UNKNOWN = 0
    NEW = 1
    IN_PROGRESS = 2
    NOTIFIED = 3
    ON_HOLD = 4
    RESOLVED = 5
    CLOSED = 6
    CANCELED = 7
    REOPENED = 8
    OTHER = 99


class UserType(Captioned):
    """`type_id` of a user: https://schema.ocsf.io/1.6.0/objects/user"""

    UNKNOWN = 0
    USER = 1
    ADMIN = 2
    SYSTEM = 3
    SERVICE = 4
    OTHER = 99
