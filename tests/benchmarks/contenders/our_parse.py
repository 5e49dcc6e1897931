"""Ours as a library: the records that a lake holds, parsed and published. No Dagster, and nothing is fetched."""

import sys

from dazz_assets.transform.parse_windows import parse
from tests.benchmarks.our_connection import open_session


def main(integration: str, folder: str, processes: str = "1", name: str | None = None) -> None:
    session = open_session(integration, "http://127.0.0.1:1", folder)
    parser = session.spec.parsers[name or next(iter(session.spec.parsers))]
    parse(session, parser, windows=None, processes=int(processes))


if __name__ == "__main__":
    main(*sys.argv[1:])
