"""At a million stored records, a sync that brought nothing opens no raw file, and takes as long as at a thousand."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import RAW_SCHEMA, Commit
from tests.desk import Customer, Desk, help_desk

MICROSECONDS_A_WEEK = 7 * 24 * 3600 * 1_000_000
WEEKS = 40


def _filled(customer: Customer, desk: Desk, records: int) -> None:
    """A lake with so many tickets of last year, besides those of the vendor, synced and parsed once."""
    customer.sync()
    customer.parse()
    table = customer.lake.raw("desk", "tickets", "acme", windowed=True)
    stored = table.open()
    assert stored is not None
    first = stored.greatest("sequence") or 0
    windows = customer.session.windows
    start = customer.session.start
    files, each = [], records // WEEKS
    for week in range(WEEKS):
        at = start + week * MICROSECONDS_A_WEEK
        numbers = np.arange(each) + week * each + 1_000_000
        ids = [str(number) for number in numbers]
        columns = {
            "key": pa.array(ids),
            "cursor": pa.array([str(at)] * each),
            "cursor_at": pa.array([at] * each),
            "content_hash": pa.array(numbers),
            "sequence": pa.array(numbers + first),
            "fetched_at": pa.array([at] * each, pa.timestamp("us", "UTC")),
            "page": pa.array([1] * each),
            "position": pa.array(np.arange(each)),
            "url": pa.array(["https://desk.test/tickets"] * each),
            "parent": pa.nulls(each, pa.string()),
            "problem": pa.nulls(each, pa.string()),
            "record": pa.array([f'{{"id":{id_},"title":"old","updated_at":"2026-01-05T00:00:00Z"}}' for id_ in ids]),
        }
        schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
        writer = table.new_file(windows.holding(at))
        writer.write(pa.table([columns[name] for name in schema.names], schema=schema))
        files.append(writer.close())
    passes = stored.transaction("passes") or 0
    table.commit(lambda _: Commit(files, transactions={"passes": passes + 1}))
    published = customer.lake.domain("incidents", "desk", "incidents", "acme", pa.schema([("id", pa.string())]))
    quarantine = customer.lake.quarantine("desk", "incidents", "acme")
    for target in (published, quarantine):
        target.commit(lambda _: Commit(transactions={"checked/tickets": passes + 1}))


def _seconds(customer: Customer) -> float:
    started = time.perf_counter()
    report = customer.sync("tickets", sync_range=SyncRange(from_mark=True))["tickets"]
    parsed = customer.parse()
    assert (report.records, parsed.windows) == (0, {})
    return time.perf_counter() - started


def _best(customer: Customer) -> float:
    return min(_seconds(customer) for _ in range(5))


@pytest.mark.xdist_group("million")
def test_it_opens_no_raw_file_and_its_cost_does_not_grow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with help_desk() as desk:
        desk.put(1, "2026-01-06T10:00:00Z", agent=1)
        few, many = (Customer(tmp_path / name, desk.vendor.url) for name in ("few", "many"))
        _filled(few, desk, 1_000)
        _filled(many, desk, 1_000_000)
        for file in (tmp_path / "many" / "lake" / "raw").rglob("*.parquet"):
            file.unlink()
        small, large = _best(few), _best(many)
    with capsys.disabled():
        print(f"\na sync that brought nothing: {small:.3f} s at a thousand records, {large:.3f} s at a million")
    # That no raw file is opened is proved by their absence; the bound leaves room for a busy machine.
    assert large < 10 * small + 2
