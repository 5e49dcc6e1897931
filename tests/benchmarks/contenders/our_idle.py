"""Ours as a library, on a lake that is up to date: a sync and a parse with nothing to do, several times.

Writes the seconds of the fastest one to a file: the imports before it are not part of them.
"""

import sys
import time
from pathlib import Path

from dazz_assets.errors import ParseError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.transform.parse_windows import parse
from tests.benchmarks.our_connection import open_session

_RUNS = 10


def main(url: str, folder: str) -> None:
    Path(folder, "seconds").write_text(str(min(_time_idle_sync(url, folder) for _ in range(_RUNS))))


def _time_idle_sync(url: str, folder: str) -> float:
    started = time.perf_counter()
    session = open_session("issues", url, folder)
    (stream,), (parser,) = session.spec.streams.values(), session.spec.parsers.values()
    fetched = sync_stream(session, stream, SyncRange(from_mark=True))
    parsed = parse(session, parser, windows=())
    seconds = time.perf_counter() - started
    if fetched.records or parsed.windows:
        raise ParseError("a sync without new records stored some")
    return seconds


if __name__ == "__main__":
    main(*sys.argv[1:3])
