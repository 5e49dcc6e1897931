"""The domain models: the objects that parsers make from vendors' records."""

from dazz_assets.domain.cloud_resource import CloudResource
from dazz_assets.domain.code_repository import CodeProject, CodeRepository
from dazz_assets.domain.field_values import RawRecord, Tag
from dazz_assets.domain.finding import AffectedCode, AffectedPackage, Finding
from dazz_assets.domain.identity import Identity
from dazz_assets.domain.object import OUR_COLUMNS, DomainObject
from dazz_assets.domain.ocsf import FindingClass, Severity, Status, TicketStatus, UserType
from dazz_assets.domain.packages import package_url
from dazz_assets.domain.work_item import WorkItem

__all__ = [
    "OUR_COLUMNS",
    "AffectedCode",
    "AffectedPackage",
    "CloudResource",
    "CodeProject",
    "CodeRepository",
    "DomainObject",
    "Finding",
    "FindingClass",
    "Identity",
    "RawRecord",
    "Severity",
    "Status",
    "Tag",
    "TicketStatus",
    "UserType",
    "WorkItem",
    "package_url",
]
