"""Raw rows of all issues, made once and written to a file with each codec, with and without the records' statistics."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.writer import make_batch
from dazz_assets.http import Page, Request
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.spec.discovery import find_integration
from dazz_assets.windows import Windows
from tests.benchmarks.issue_pages import IssuePages, first_day
from tests.benchmarks.our_connection import integration_file

PAGES_PER_ROW_GROUP = 60
_REPEATING = ["url", "parent", "problem", "fetched_at", "page"]
CODECS = [("none", None), ("snappy", None), ("lz4", None), ("zstd", 1), ("zstd", 3), ("zstd", 9)]


def _make_rows(records: int) -> list[pa.RecordBatch]:
    """Batches as a sync writes them: about 8 MB of records each."""
    (stream,) = find_integration(str(integration_file("issues"))).streams.values()
    reader, request = RowReader(stream, Windows("week")), Request("https://issues.example/issues")
    pages, rows = IssuePages(records, 100, first_day()), []
    for number, body in enumerate(pages.render_all()):
        page = Page(status=200, body=body, url=request.url, fetched_at=datetime.now(UTC), request=request)
        step = WalkedPage(page, number + 1, page.listed(ResponseRules(records="data")).records, None)
        rows.append((number * 100, reader.read_rows([step], None, {})))
    return [make_batch(rows[first : first + PAGES_PER_ROW_GROUP]) for first in range(0, len(rows), PAGES_PER_ROW_GROUP)]


def _write(batches: list[pa.RecordBatch], file: Path, codec: str, level: int | None, all_statistics: bool) -> None:
    names = [name for name in batches[0].schema.names if all_statistics or name != "record"]
    with pq.ParquetWriter(
        file,
        batches[0].schema,
        compression=codec,  # type: ignore[arg-type]
        compression_level=level,
        use_dictionary=_REPEATING,  # type: ignore[arg-type]
        write_statistics=names,
    ) as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]), row_group_size=batch.num_rows)


def main(folder: str, records: int, repeat: int) -> None:
    batches, file = _make_rows(records), Path(folder) / "rows.parquet"
    found: dict[str, list[float]] = {}
    for _ in range(repeat):
        for codec, level in CODECS:
            for all_statistics in (False, True):
                started, used = time.perf_counter(), time.process_time()
                _write(batches, file, codec, level, all_statistics)
                took = [time.perf_counter() - started, time.process_time() - used, file.stat().st_size / 1e6]
                started = time.perf_counter()
                pq.read_table(file, columns=["record"], use_threads=False)
                took.append(time.perf_counter() - started)
                name = f"{codec}{'' if level is None else f' {level}'}{', statistics of records' * all_statistics}"
                found[name] = min(found.get(name, took), took, key=lambda figures: figures[1])
    (Path(folder) / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
