"""The event log stores batches in one transaction, and reads the same as Dagster's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.dagster_internals import SqliteEventLogStorage
from dazz_assets.orchestration.event_storage import BatchingEventLogStorage, TemporaryEventLogStorage

KEYS = [f"k{number}" for number in range(40)]
PARTITIONS = dg.StaticPartitionsDefinition(KEYS)


@dg.multi_asset(
    specs=[dg.AssetSpec("a", partitions_def=PARTITIONS)],
    check_specs=[dg.AssetCheckSpec("sound", asset="a")],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def asset(context):  # type: ignore[no-untyped-def]
    for key in context.partition_keys:
        context.add_asset_metadata({"number": int(key[1:])}, partition_key=key)
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def materialize_all(instance: dg.DagsterInstance) -> str:
    tags = {"dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[-1]}
    return dg.materialize([asset], instance=instance, tags=tags).run_id


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the stored batches."""
    sizes: list[int] = []

    def count(log: type[BatchingEventLogStorage | TemporaryEventLogStorage]) -> None:
        store = log.store_event_batch

        def store_and_count(self: Any, events: Sequence[dg.EventLogEntry]) -> None:
            sizes.append(len(events))
            store(self, events)

        monkeypatch.setattr(log, "store_event_batch", store_and_count)

    count(BatchingEventLogStorage)
    count(TemporaryEventLogStorage)
    return sizes


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance with Dagster's own event log."""
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    with dg.DagsterInstance.local_temp(str(tmp_path / "plain")) as instance:
        assert isinstance(instance.event_log_storage, SqliteEventLogStorage)
        yield instance


def read_run(instance: dg.DagsterInstance, run_id: str) -> dict[str, object]:
    """Everything that an instance has stored of a run, without ids and times."""
    key = dg.AssetKey("a")
    records = instance.fetch_materializations(key, limit=100, ascending=True).records
    latest = instance.get_latest_materialization_event(key)
    check = dg.AssetCheckKey(key, "sound")
    history = instance.event_log_storage.get_asset_check_execution_history(check, limit=5)
    return {
        "log": [
            (entry.dagster_event_type, entry.step_key) for entry in instance.all_logs(run_id) if entry.is_dagster_event
        ],
        "materializations": [
            (record.partition_key, record.asset_materialization and record.asset_materialization.metadata)
            for record in records
        ],
        "latest": latest and latest.asset_materialization and latest.asset_materialization.partition,
        "partitions": instance.get_materialized_partitions(key),
        "checks": [item.status for item in history],
        "run id is the last": instance.get_asset_records([key])[0].asset_entry.last_run_id == run_id,
    }


def test_a_run_over_many_partitions_stores_few_batches(instance: dg.DagsterInstance, batches: list[int]) -> None:
    materialize_all(instance)
    assert sorted(batches) == [len(KEYS), len(KEYS) + 1]


def test_events_stored_in_batches_read_as_if_stored_one_by_one(
    instance: dg.DagsterInstance, plain: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = read_run(plain, materialize_all(plain))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    assert read_run(instance, materialize_all(instance)) == one_by_one
    with open_temporary_instance() as temporary:
        assert read_run(temporary, materialize_all(temporary)) == one_by_one


def test_a_temporary_instance_stores_batches_too(batches: list[int]) -> None:
    with open_temporary_instance() as temporary:
        materialize_all(temporary)
    assert sorted(batches) == [len(KEYS), len(KEYS) + 1]


def test_a_batch_that_fails_in_the_index_is_stored_once_by_the_fallback(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def raise_locked(self: BatchingEventLogStorage, _: object) -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(BatchingEventLogStorage, "_store_in_index", raise_locked)
    materialize_all(instance)
    assert "database is locked" in capfd.readouterr().err
    assert len(instance.fetch_materializations(dg.AssetKey("a"), limit=100).records) == len(KEYS)


def test_many_runs_leave_few_databases_open(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    assert isinstance(storage, BatchingEventLogStorage)
    for number in range(20):
        with storage.run_connection(f"run-{number}"):
            pass
    assert len(storage._engines) <= 8
    assert len(storage.get_all_run_ids()) == 20


def test_pages_fit_what_lies_in_them(instance: dg.DagsterInstance) -> None:
    run = materialize_all(instance)
    folder = Path(instance.root_directory) / "history" / "runs"
    sizes = {name: read_page_size(folder / f"{name}.db") for name in ("index", run)}
    assert sizes == {"index": 16_384, run: 1_024}


def read_page_size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("pragma page_size").fetchone()[0])
