"""Ours as a library: one stream synced into a lake. No Dagster, and nothing is parsed."""

import sys

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from tests.benchmarks.our_connection import open_session


def main(url: str, out: str, integration: str = "issues") -> None:
    session = open_session(integration, url, out)
    (stream,) = session.spec.streams.values()
    sync_stream(session, stream, SyncRange(from_mark=True))


if __name__ == "__main__":
    main(*sys.argv[1:4])
