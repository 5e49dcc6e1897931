"""A plain parse: each stored record by `model_validate_json`, the objects as dicts, tables made by `from_pylist`."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from dazz_assets import Incremental
from dazz_assets.spec.discovery import find_integration
from tests.benchmarks.our_connection import integration_file

_ROWS = 50_000


def main(integration: str, raw: str, out: str) -> None:
    spec = find_integration(str(integration_file(integration)))
    (stream,), (parser,) = spec.streams.values(), spec.parsers.values()
    parse = getattr(spec.integration(None, connection="benchmark"), parser.name)
    model: Any = stream.model
    writer = None
    for batch in ds.dataset(raw, format="parquet").to_batches(columns=["record"], batch_size=_ROWS):
        records = [model.model_validate_json(text) for text in batch.column("record").to_pylist()]
        table = pa.Table.from_pylist([found.model_dump() for found in parse(Incremental(records))])
        if table.num_rows:
            writer = writer or pq.ParquetWriter(Path(out) / "objects.parquet", table.schema, compression="zstd")
            writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
