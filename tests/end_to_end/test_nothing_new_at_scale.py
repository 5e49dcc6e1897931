"""A sync and a parse without new records open no raw file, of a million stored records as of a thousand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import RAW_SCHEMA, Commit
from tests.help_desk_vendor import Customer, Desk, help_desk

MICROSECONDS_PER_WEEK = 7 * 24 * 3600 * 1_000_000
WEEKS = 40


def _fill(customer: Customer, desk: Desk, records: int) -> None:
    """Sync and parse once, then store this number of old tickets as if they had been synced and parsed too."""
    customer.sync()
    customer.parse()
    table = customer.lake.raw("desk", "tickets", "acme", windowed=True)
    stored = table.open()
    assert stored is not None
    first = stored.max_value("sequence") or 0
    windows = customer.session.windows
    start = customer.session.start
    files, per_week = [], records // WEEKS
    for week in range(WEEKS):
        at = start + week * MICROSECONDS_PER_WEEK
        numbers = np.arange(per_week) + week * per_week + 1_000_000
        ids = [str(number) for number in numbers]
        columns = {
            "key": pa.array(ids),
            "cursor": pa.array([str(at)] * per_week),
            "cursor_at": pa.array([at] * per_week),
            "content_hash": pa.array(numbers),
            "sequence": pa.array(numbers + first),
            "fetched_at": pa.array([at] * per_week, pa.timestamp("us", "UTC")),
            "page": pa.array([1] * per_week),
            "position": pa.array(np.arange(per_week)),
            "url": pa.array(["https://desk.test/tickets"] * per_week),
            "parent": pa.nulls(per_week, pa.string()),
            "problem": pa.nulls(per_week, pa.string()),
            "record": pa.array([f'{{"id":{id_},"title":"old","updated_at":"2026-01-05T00:00:00Z"}}' for id_ in ids]),
        }
        schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
        writer = table.new_file(windows.containing(at))
        writer.write(pa.table([columns[name] for name in schema.names], schema=schema))
        files.append(writer.close())
    passes = stored.transaction("passes") or 0
    table.commit(lambda _: Commit(files, transactions={"passes": passes + 1}))
    published = customer.lake.domain("incidents", "desk", "incidents", "acme", pa.schema([("id", pa.string())]))
    quarantine = customer.lake.quarantine("desk", "incidents", "acme")
    for target in (published, quarantine):
        target.commit(lambda _: Commit(transactions={"checked/tickets": passes + 1}))


@pytest.mark.xdist_group("million")
def test_a_sync_without_new_records_opens_no_raw_file(tmp_path: Path) -> None:
    with help_desk() as desk:
        desk.put(1, "2026-01-06T10:00:00Z", agent=1)
        for name, records in (("few", 1_000), ("many", 1_000_000)):
            customer = Customer(tmp_path / name, desk.vendor.url)
            _fill(customer, desk, records)
            files = list((tmp_path / name / "lake" / "raw").rglob("*.parquet"))
            assert len(files) > WEEKS
            for file in files:
                file.unlink()  # None of them can be opened.
            report = customer.sync("tickets", sync_range=SyncRange(from_mark=True))["tickets"]
            assert (report.records, customer.parse().windows) == (0, {})
