"""A loopback server for vendors: real HTTP, pages, limits and faults. How a vendor behaves is its integration's."""

from dazz_assets.sandbox.faults import Fault
from dazz_assets.sandbox.listings import Listing, Record, numbered_page
from dazz_assets.sandbox.quotas import Quota, RateLimit
from dazz_assets.sandbox.routing import SandboxRequest, SandboxResponse, json_response, route
from dazz_assets.sandbox.server import Sandbox, find_sandboxes, missing_packages
from dazz_assets.sandbox.traffic import ServedRequest, Stats
from dazz_assets.sandbox.vendor import HISTORY, QUIET, Change, NoTimeLeftError, VendorSandbox, pick_time

__all__ = [
    "HISTORY",
    "QUIET",
    "Change",
    "Fault",
    "Listing",
    "NoTimeLeftError",
    "Quota",
    "RateLimit",
    "Record",
    "Sandbox",
    "SandboxRequest",
    "SandboxResponse",
    "ServedRequest",
    "Stats",
    "VendorSandbox",
    "find_sandboxes",
    "json_response",
    "missing_packages",
    "numbered_page",
    "pick_time",
    "route",
]
