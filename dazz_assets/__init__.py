"""What an integration imports. Domain models come from `dazz_assets.domain`."""

from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.cursor import Cursor
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.inputs import FullRefresh, Incremental
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.parser import parser
from dazz_assets.authoring.stream import Stream
from dazz_assets.http import (
    ApiKey,
    Auth,
    Basic,
    BearerToken,
    CursorToken,
    GraphQLCursor,
    Last,
    LinkHeader,
    NextLink,
    Offset,
    Page,
    PageNumber,
    Paginator,
    Rate,
    Request,
    Response,
    Seam,
)

__all__ = [
    "ApiKey",
    "Auth",
    "Basic",
    "BearerToken",
    "ConnectionConfig",
    "Cursor",
    "CursorToken",
    "DefinitionError",
    "FullRefresh",
    "GraphQLCursor",
    "Incremental",
    "Integration",
    "Last",
    "LinkHeader",
    "NextLink",
    "Offset",
    "Page",
    "PageNumber",
    "Paginator",
    "Rate",
    "Request",
    "Response",
    "Seam",
    "Stream",
    "parser",
]
