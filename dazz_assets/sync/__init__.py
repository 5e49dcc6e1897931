"""One pass over a stream into the lake, and one parse of windows into domain objects."""

from dazz_assets.sync.extent import Extent
from dazz_assets.sync.parse import parse
from dazz_assets.sync.progress import Progress
from dazz_assets.sync.reports import ParseReport, StreamReport
from dazz_assets.sync.session import Session
from dazz_assets.sync.stream import first_window, sync_stream
from dazz_assets.sync.windows import Windows

__all__ = [
    "Extent",
    "ParseReport",
    "Progress",
    "Session",
    "StreamReport",
    "Windows",
    "first_window",
    "parse",
    "sync_stream",
]
