"""Everything that an integration or a Dagster project imports, except domain models (`dazz_assets.domain`).

Each name is imported on first use, so that a parser's test loads neither Dagster nor the lake, and `dazz --help` not
even what sends requests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dazz_assets.connections import Connection
    from dazz_assets.declare.config import ConnectionConfig
    from dazz_assets.declare.cursor import Cursor
    from dazz_assets.declare.integration import Integration
    from dazz_assets.declare.lenient import Lenient, LenientList
    from dazz_assets.declare.parser import FullRefresh, Incremental, parser
    from dazz_assets.declare.stream import Stream
    from dazz_assets.errors import DefinitionError
    from dazz_assets.http.auth.auth import ApiKey, Auth, Basic, BearerToken
    from dazz_assets.http.auth.oauth import ClientCredentials, JwtGrant, RefreshToken, TokenExchange
    from dazz_assets.http.auth.signed_jwt import SignedJwt
    from dazz_assets.http.page import Page, Request, Response
    from dazz_assets.http.paging.more import Last
    from dazz_assets.http.paging.pagination import (
        CursorToken,
        GraphQLCursor,
        LinkHeader,
        NextLink,
        Offset,
        PageNumber,
        Paginator,
    )
    from dazz_assets.http.rate_limit import Rate
    from dazz_assets.http.seam import Seam
    from dazz_assets.http.told_limits import Budget
    from dazz_assets.lake import Lake
    from dazz_assets.orchestration.component import IntegrationComponent
    from dazz_assets.orchestration.definitions import build_definitions
    from dazz_assets.orchestration.translator import Node, Translator
    from dazz_assets.secret_store import SecretStore
    from dazz_assets.spec.specs import IntegrationSpec

_MODULES = {
    "ApiKey": "dazz_assets.http.auth.auth",
    "Auth": "dazz_assets.http.auth.auth",
    "Basic": "dazz_assets.http.auth.auth",
    "BearerToken": "dazz_assets.http.auth.auth",
    "Budget": "dazz_assets.http.told_limits",
    "ClientCredentials": "dazz_assets.http.auth.oauth",
    "Connection": "dazz_assets.connections",
    "ConnectionConfig": "dazz_assets.declare.config",
    "Cursor": "dazz_assets.declare.cursor",
    "CursorToken": "dazz_assets.http.paging.pagination",
    "DefinitionError": "dazz_assets.errors",
    "FullRefresh": "dazz_assets.declare.parser",
    "GraphQLCursor": "dazz_assets.http.paging.pagination",
    "Incremental": "dazz_assets.declare.parser",
    "Integration": "dazz_assets.declare.integration",
    "IntegrationComponent": "dazz_assets.orchestration.component",
    "IntegrationSpec": "dazz_assets.spec.specs",
    "JwtGrant": "dazz_assets.http.auth.oauth",
    "Lake": "dazz_assets.lake",
    "Last": "dazz_assets.http.paging.more",
    "Lenient": "dazz_assets.declare.lenient",
    "LenientList": "dazz_assets.declare.lenient",
    "LinkHeader": "dazz_assets.http.paging.pagination",
    "NextLink": "dazz_assets.http.paging.pagination",
    "Node": "dazz_assets.orchestration.translator",
    "Offset": "dazz_assets.http.paging.pagination",
    "Page": "dazz_assets.http.page",
    "PageNumber": "dazz_assets.http.paging.pagination",
    "Paginator": "dazz_assets.http.paging.pagination",
    "Rate": "dazz_assets.http.rate_limit",
    "RefreshToken": "dazz_assets.http.auth.oauth",
    "Request": "dazz_assets.http.page",
    "Response": "dazz_assets.http.page",
    "Seam": "dazz_assets.http.seam",
    "SecretStore": "dazz_assets.secret_store",
    "SignedJwt": "dazz_assets.http.auth.signed_jwt",
    "Stream": "dazz_assets.declare.stream",
    "TokenExchange": "dazz_assets.http.auth.oauth",
    "Translator": "dazz_assets.orchestration.translator",
    "build_definitions": "dazz_assets.orchestration.definitions",
    "parser": "dazz_assets.declare.parser",
}

__all__ = [
    "ApiKey",
    "Auth",
    "Basic",
    "BearerToken",
    "Budget",
    "ClientCredentials",
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
    "JwtGrant",
    "Lake",
    "Last",
    "Lenient",
    "LenientList",
    "LinkHeader",
    "NextLink",
    "Node",
    "Offset",
    "Page",
    "PageNumber",
    "Paginator",
    "Rate",
    "RefreshToken",
    "Request",
    "Response",
    "Seam",
    "SecretStore",
    "SignedJwt",
    "Stream",
    "TokenExchange",
    "Translator",
    "build_definitions",
    "parser",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
