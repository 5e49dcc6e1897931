"""The counter of passes, the mark and the fingerprints of windows outlive checkpoints and the clean-up of the log."""

from pathlib import Path

from dazz_assets.lake import Commit, Lake, Table, compact
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, age, findings, opened, publish, store


def _clean_the_log(table: Table) -> None:
    """A checkpoint, and a month later the clean-up of what lies before it."""
    log = Path(table.location.inside(f"{table.place.folder}/_delta_log"))
    for entry in log.glob("*.json"):
        age(entry, days=40)
    delta = opened(table).delta
    delta.create_checkpoint()
    delta.cleanup_metadata()
    assert not (log / "00000000000000000000.json").exists()


def test_transactions_of_a_raw_table(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=5, content=3)
    store(issues, MONDAY, Row("b", 1, 2))
    _clean_the_log(issues)
    list(compact(lake))

    snapshot = opened(issues)
    assert [snapshot.transaction(name) for name in ("passes", "mark", "content")] == [2, 5, 3]
    assert snapshot.greatest("sequence") == 2
    store(issues, MONDAY, Row("c", 1, 3))
    assert opened(issues).transaction("passes") == 3


def test_fingerprints_of_a_domain_table(lake: Lake) -> None:
    table = findings(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: [], None: ["b"]})
    before = opened(table).windows()
    table.commit(lambda _: Commit(transactions={"checked/issues": 4}))
    _clean_the_log(table)

    after = opened(table)
    assert after.windows() == before
    assert after.transaction("checked/issues") == 4
