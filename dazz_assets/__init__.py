"""Everything that an integration or a Dagster project imports, except domain models (`dazz_assets.domain`).

Names that need Dagster or the lake are imported on first use, so that a parser's test loads neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dazz_assets.connections import Connection
from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration
from dazz_assets.declare.parser import FullRefresh, Incremental, parser
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.http.auth import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.page import Page, Request, Response
from dazz_assets.http.pagination import (
    CursorToken,
    GraphQLCursor,
    Last,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
)
from dazz_assets.http.rate_limit import Rate
from dazz_assets.http.seam import Seam

if TYPE_CHECKING:
    from dazz_assets.lake import Lake
    from dazz_assets.orchestration.component import IntegrationComponent
    from dazz_assets.orchestration.definitions import build_definitions
    from dazz_assets.orchestration.translator import Node, Translator
    from dazz_assets.spec.specs import IntegrationSpec

_LAZY = {
    "IntegrationComponent": "dazz_assets.orchestration.component",
    "IntegrationSpec": "dazz_assets.spec.specs",
    "Lake": "dazz_assets.lake",
    "Node": "dazz_assets.orchestration.translator",
    "Translator": "dazz_assets.orchestration.translator",
    "build_definitions": "dazz_assets.orchestration.definitions",
}

__all__ = [
    "ApiKey",
    "Auth",
    "Basic",
    "BearerToken",
    "Connection",
    "ConnectionConfig",
    "Cursor",
    "CursorToken",
    "DefinitionError",
    "FullRefresh",
    "GraphQLCursor",
    "Incremental",
    "Integration",
    "IntegrationComponent",
    "IntegrationSpec",
    "Lake",
    "Last",
    "LinkHeader",
    "NextLink",
    "Node",
    "Offset",
    "Page",
    "PageNumber",
    "Paginator",
    "Rate",
    "Request",
    "Response",
    "Seam",
    "Stream",
    "Translator",
    "build_definitions",
    "parser",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
