"""A plain loop: `requests`, the records of all pages in one list, a table made of it, and a Parquet file."""

import sys
from typing import Any
from urllib.parse import urljoin

import pyarrow as pa
import pyarrow.parquet as pq
import requests


def main(url: str, out: str) -> None:
    records: list[dict[str, Any]] = []
    with requests.Session() as session:
        following: str | None = "/issues"
        while following:
            response = session.get(urljoin(url, following), timeout=60)
            response.raise_for_status()
            page = response.json()
            records.extend(page["data"])
            following = page["links"].get("next")
    pq.write_table(pa.Table.from_pylist(records), out, compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:3])
