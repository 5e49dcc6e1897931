"""The latest version of a record: of the rows of one key, the greatest cursor, and of those the one fetched last."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.lake import Commit, Lake, Table, hashes_since, latest_versions, versions_of, window_fingerprints
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, column, opened, raw_file, store

Files = list[tuple[date | None, list[Row]]]
WINDOWS = [MONDAY + timedelta(days=7 * week) for week in range(3)]


def winners(table: Table, windows: Collection[date | None] | None = None, *, problems: bool = True) -> dict[str, int]:
    batches = list(latest_versions(opened(table), ["key", "sequence"], windows, problems=problems))
    keys = column(batches, "key")
    assert len(keys) == len(set(keys))
    return dict(zip(keys, column(batches, "sequence"), strict=True))


@st.composite
def histories(draw: st.DrawFn) -> Files:
    """Passes over a stream: rows in the window of their cursor, a few without one in any window."""
    files: Files = []
    sequence = 0
    for _ in range(draw(st.integers(1, 5))):
        passed: dict[date | None, list[Row]] = {}
        for _ in range(draw(st.integers(0, 6))):
            sequence += 1
            at = draw(st.none() | st.integers(0, 8))
            window = draw(st.sampled_from([*WINDOWS, None])) if at is None else WINDOWS[at // 3]
            row = Row(draw(st.sampled_from("abcd")), at, sequence, hash=draw(st.integers(-(2**63), 2**63 - 1)))
            passed.setdefault(window, []).append(row)
        files += passed.items()
    return files


def naive(files: Files) -> dict[str, tuple[date | None, Row]]:
    best: dict[str, tuple[date | None, Row]] = {}
    for window, rows in files:
        for row in rows:
            if row.key not in best or _rank(row) > _rank(best[row.key][1]):
                best[row.key] = (window, row)
    return best


def _rank(row: Row) -> tuple[float, int]:
    return (float("-inf") if row.at is None else row.at, row.sequence)


@settings(max_examples=15, deadline=None)
@given(histories(), st.sets(st.sampled_from([*WINDOWS, None])))
def test_any_history_has_the_latest_versions_of_a_naive_model(files: Files, windows: set[date | None]) -> None:
    with tempfile.TemporaryDirectory() as home:
        table = Lake(Path(home) / "lake").raw("snyk", "issues", "acme", windowed=True)
        table.commit(lambda _: Commit([raw_file(table, window, *rows) for window, rows in files]))
        expected = naive(files)

        assert winners(table) == {key: row.sequence for key, (_, row) in expected.items()}
        assert winners(table, windows) == {
            key: row.sequence for key, (window, row) in expected.items() if window in windows
        }
        assert set(window_fingerprints(opened(table))) == {window for window, _ in expected.values()}


def test_the_greatest_cursor_wins_although_it_was_fetched_first(issues: Table) -> None:
    store(issues, NEXT_MONDAY, Row("a", 20, 1))
    store(issues, MONDAY, Row("a", 10, 2))
    assert winners(issues) == {"a": 1}
    assert winners(issues, {MONDAY}) == {}
    assert winners(issues, {NEXT_MONDAY}) == {"a": 1}


def test_of_equal_cursors_the_last_fetched_wins(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 10, 1), Row("a", 10, 3), Row("a", 10, 2))
    assert winners(issues) == {"a": 3}


def test_a_snapshot_stream_has_one_row_a_key(orgs: Table) -> None:
    store(orgs, None, Row("a", None, 1), Row("b", None, 2), Row("a", None, 3))
    assert winners(orgs) == {"a": 3, "b": 2}
    assert column(latest_versions(opened(orgs), ["window_start"]), "window_start") == [None, None]


def test_a_version_without_a_cursor_is_older_than_any_with_one(issues: Table) -> None:
    store(issues, MONDAY, Row("a", -5, 1), Row("a", None, 2))
    assert winners(issues) == {"a": 1}


def test_cursors_at_the_ends_of_64_bits_are_compared_rightly(issues: Table) -> None:
    ends = (-(2**63) + 1, 2**63 - 1, 0, -1)
    store(issues, MONDAY, *(Row("a", at, 2**62 - index) for index, at in enumerate(ends)))
    assert winners(issues) == {"a": 2**62 - 1}


def test_rows_with_a_problem_are_left_out_where_asked(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("hash", None, 2, problem="no cursor"))
    assert winners(issues) == {"a": 1, "hash": 2}
    assert winners(issues, problems=False) == {"a": 1}


def test_records_come_back_byte_for_byte(issues: Table) -> None:
    row = Row('quote" \U0001f980 \u2028 \\ud800', 1, 1)
    store(issues, MONDAY, row)
    assert column(latest_versions(opened(issues), ["record"]), "record") == [row.record]


def test_columns_come_in_the_order_asked_for_with_the_window(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    (batch,) = latest_versions(opened(issues), ["window_start", "record", "key"])
    assert batch.schema.names == ["window_start", "record", "key"]
    assert batch.column("window_start").to_pylist() == [MONDAY]


def test_an_empty_table_has_no_records(issues: Table) -> None:
    store(issues, MONDAY)
    assert winners(issues) == {}
    assert window_fingerprints(opened(issues)) == {}


def test_files_that_the_log_shows_to_be_older_stay_closed(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    store(issues, NEXT_MONDAY, Row("a", 10, 2))
    older = next(file for file in opened(issues).files if file.window == MONDAY)
    Path(issues.location.inside(f"{issues.place.folder}/{older.path}")).unlink()

    assert winners(issues, {NEXT_MONDAY}) == {"a": 2}
    assert hashes_since(opened(issues), 5).to_pylist() == [0]


class TestVersionsOf:
    def test_come_newest_first_key_by_key(self, issues: Table) -> None:
        store(issues, NEXT_MONDAY, Row("a", 20, 1), Row("b", 20, 2), Row("c", 20, 3))
        store(issues, MONDAY, Row("a", 10, 4), Row("b", 10, 5), Row("b", None, 6))
        batches = list(versions_of(opened(issues), ["b", "a"], ["key", "sequence"]))
        found = list(zip(column(batches, "key"), column(batches, "sequence"), strict=True))
        assert found == [("a", 1), ("a", 4), ("b", 2), ("b", 5), ("b", 6)]

    def test_of_no_keys_are_none(self, issues: Table) -> None:
        store(issues, MONDAY, Row("a", 1, 1))
        assert list(versions_of(opened(issues), [], ["key"])) == []
        assert list(versions_of(opened(issues), ["z"], ["key"])) == []


class TestHashesSince:
    def test_are_those_at_or_after_a_cursor(self, issues: Table) -> None:
        store(issues, MONDAY, *(Row("a", at, at, hash=at * 100) for at in (1, 2, 3)))
        assert set(hashes_since(opened(issues), 2).to_pylist()) == {200, 300}
        assert hashes_since(opened(issues), 3).to_pylist() == [300]
        assert hashes_since(opened(issues), 4).to_pylist() == []

    def test_include_rows_without_a_cursor(self, issues: Table) -> None:
        store(issues, MONDAY, Row("a", 1, 1, hash=1), Row("b", None, 2, hash=2))
        assert hashes_since(opened(issues), 5).to_pylist() == [2]

    def test_are_all_without_a_bound(self, orgs: Table) -> None:
        store(orgs, None, Row("a", None, 1, hash=-5), Row("b", None, 2, hash=7))
        assert set(hashes_since(opened(orgs), None).to_pylist()) == {-5, 7}

    def test_of_an_empty_table_are_none(self, issues: Table) -> None:
        store(issues, MONDAY)
        assert len(hashes_since(opened(issues), None)) == 0


@pytest.mark.parametrize("windowed", [True, False])
def test_latest_of_a_table_without_files_is_empty(lake: Lake, windowed: bool) -> None:
    table = lake.raw("snyk", "orgs", "acme", windowed=windowed)
    table.commit(lambda _: Commit())
    assert winners(table) == {}
