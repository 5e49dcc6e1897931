"""The counter of passes, the mark and the fingerprints of windows survive checkpoints and log cleanup."""

from pathlib import Path

from dazz_assets.lake import Commit, Lake, Table, compact
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, findings_table, make_older, newest_version, publish, store


def _clean_up_log(table: Table) -> None:
    """Create a checkpoint, and remove the log entries before it as if they were a month old."""
    log = Path(table.root.filesystem_path(f"{table.path.folder}/_delta_log"))
    for entry in log.glob("*.json"):
        make_older(entry, days=40)
    delta = newest_version(table).delta
    delta.create_checkpoint()
    delta.cleanup_metadata()
    assert not (log / "00000000000000000000.json").exists()


def test_transactions_of_a_raw_table_survive(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=5, content=3)
    store(issues, MONDAY, Row("b", 1, 2))
    _clean_up_log(issues)
    list(compact(lake))

    stored = newest_version(issues)
    assert [stored.transaction(name) for name in ("passes", "mark", "content")] == [2, 5, 3]
    assert stored.max_value("sequence") == 2
    store(issues, MONDAY, Row("c", 1, 3))
    assert newest_version(issues).transaction("passes") == 3


def test_fingerprints_of_a_domain_table_survive(lake: Lake) -> None:
    table = findings_table(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: [], None: ["b"]})
    before = newest_version(table).window_states()
    table.commit(lambda _: Commit(transactions={"checked/issues": 4}))
    _clean_up_log(table)

    after = newest_version(table)
    assert after.window_states() == before
    assert after.transaction("checked/issues") == 4
