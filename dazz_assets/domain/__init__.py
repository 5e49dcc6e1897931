"""The domain models: the objects that parsers make from vendors' records."""

from dazz_assets.domain.finding import Finding, RawRecord
from dazz_assets.domain.object import OUR_COLUMNS, DomainObject
from dazz_assets.domain.ocsf import FindingClass, Severity, Status

__all__ = ["OUR_COLUMNS", "DomainObject", "Finding", "FindingClass", "RawRecord", "Severity", "Status"]
