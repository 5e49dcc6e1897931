"""A loopback server for vendors: real HTTP, pages, limits and faults. How a vendor behaves is its integration's."""

from dazz_assets.sandbox.discovery import find_sandboxes
from dazz_assets.sandbox.faults import Fault
from dazz_assets.sandbox.limits import Quota, RateLimit
from dazz_assets.sandbox.messages import Request, Response, json_response
from dazz_assets.sandbox.paging import Listing, Record, numbered_page
from dazz_assets.sandbox.routing import route
from dazz_assets.sandbox.server import Sandbox
from dazz_assets.sandbox.traffic import Exchange, Stats
from dazz_assets.sandbox.vendor import HISTORY, QUIET, Change, NoTimeLeftError, VendorSandbox

__all__ = [
    "HISTORY",
    "QUIET",
    "Change",
    "Exchange",
    "Fault",
    "Listing",
    "NoTimeLeftError",
    "Quota",
    "RateLimit",
    "Record",
    "Request",
    "Response",
    "Sandbox",
    "Stats",
    "VendorSandbox",
    "find_sandboxes",
    "json_response",
    "numbered_page",
    "route",
]
