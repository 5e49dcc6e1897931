"""Many connections in one process, a thread each: one stream of each synced into a lake, with a token of its own."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from tests.benchmarks.issue_pages import first_day
from tests.benchmarks.our_connection import integration_file


def main(url: str, folder: str, connections: int) -> None:
    spec = find_integration(str(integration_file("slow_issues")))
    (stream,) = spec.streams.values()

    def sync(number: int) -> int:
        config = {"base_url": url, "token": f"token-{number}"}
        connection = Connection(id=f"c{number}", integration=spec.name, start=first_day().date(), config=config)
        session = Session(spec, connection, Lake(Path(folder) / "lake"))
        return sync_stream(session, stream, SyncRange(from_mark=True)).records

    with ThreadPoolExecutor(connections) as threads:
        stored = sum(threads.map(sync, range(connections)))
    (Path(folder) / "stored").write_text(str(stored))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
