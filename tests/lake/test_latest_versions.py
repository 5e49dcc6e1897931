"""The latest version of a record has the greatest cursor; of several with that cursor, it was fetched last."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.lake import (
    Commit,
    Lake,
    Table,
    hashes_since,
    latest_versions,
    stored_versions,
    window_fingerprints,
)
from dazz_assets.lake.versions import ordered_rows
from dazz_assets.lake.versions.latest_versions import LatestVersions
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, newest_version, read_column, store, write_raw_file

Files = list[tuple[date | None, list[Row]]]
WINDOWS = [MONDAY + timedelta(days=7 * week) for week in range(3)]


def latest_sequences(
    table: Table, windows: Collection[date | None] | None = None, *, problems: bool = True
) -> dict[str, int]:
    batches = list(latest_versions(newest_version(table), ["key", "sequence"], windows, problems=problems))
    keys = read_column(batches, "key")
    assert len(keys) == len(set(keys))
    return dict(zip(keys, read_column(batches, "sequence"), strict=True))


@st.composite
def histories(draw: st.DrawFn) -> Files:
    """Passes over a stream. Rows are in the window of their cursor; those without a cursor are in any window."""
    files: Files = []
    sequence = 0
    for _ in range(draw(st.integers(1, 5))):
        rows_of_pass: dict[date | None, list[Row]] = {}
        for _ in range(draw(st.integers(0, 6))):
            sequence += 1
            at = draw(st.none() | st.integers(0, 8))
            window = draw(st.sampled_from([*WINDOWS, None])) if at is None else WINDOWS[at // 3]
            row = Row(draw(st.sampled_from("abcd")), at, sequence, hash=draw(st.integers(-(2**63), 2**63 - 1)))
            rows_of_pass.setdefault(window, []).append(row)
        files += rows_of_pass.items()
    return files


def find_latest(files: Files) -> dict[str, tuple[date | None, Row]]:
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
def test_any_history_has_the_latest_versions_that_a_simple_loop_finds(files: Files, windows: set[date | None]) -> None:
    with tempfile.TemporaryDirectory() as home:
        table = Lake(Path(home) / "lake").raw("snyk", "issues", "acme", windowed=True)
        table.commit(lambda _: Commit([write_raw_file(table, window, *rows) for window, rows in files]))
        expected = find_latest(files)

        assert latest_sequences(table) == {key: row.sequence for key, (_, row) in expected.items()}
        assert latest_sequences(table, windows) == {
            key: row.sequence for key, (window, row) in expected.items() if window in windows
        }
        assert set(window_fingerprints(newest_version(table))) == {window for window, _ in expected.values()}


@settings(max_examples=15, deadline=None)
@given(histories(), st.sampled_from([1, 2**24]), st.booleans())
def test_any_history_is_read_in_the_order_of_cursor_and_key(files: Files, sorted_bytes: int, ordered: bool) -> None:
    """ordered: whether the rows of a file are stored in that order."""
    if ordered:
        files = [(window, sorted(rows, key=_place)) for window, rows in files]
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordered_rows, "_SORTED_BYTES", sorted_bytes)
        table = Lake(Path(home) / "lake").raw("snyk", "issues", "acme", windowed=True)
        table.commit(lambda _: Commit([write_raw_file(table, window, *rows) for window, rows in files]))
        latest = sorted(find_latest(files).values(), key=lambda found: _place(found[1]))

        versions = LatestVersions(newest_version(table))
        assert read_column(versions.read_in_order(["sequence"]), "sequence") == [row.sequence for _, row in latest]
        assert sorted(read_column(versions.read(["sequence"]), "sequence")) == sorted(r.sequence for _, r in latest)
        for window in (*WINDOWS, None):
            expected = [row.sequence for at, row in latest if at == window]
            assert read_column(versions.read_window(window, ["key", "sequence"]), "sequence") == expected


def _place(row: Row) -> tuple[float, str]:
    return (float("inf") if row.at is None else row.at, row.key)


def test_the_greatest_cursor_wins_even_if_it_was_fetched_first(issues: Table) -> None:
    store(issues, NEXT_MONDAY, Row("a", 20, 1))
    store(issues, MONDAY, Row("a", 10, 2))
    assert latest_sequences(issues) == {"a": 1}
    assert latest_sequences(issues, {MONDAY}) == {}
    assert latest_sequences(issues, {NEXT_MONDAY}) == {"a": 1}


def test_of_equal_cursors_the_row_fetched_last_wins(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 10, 1), Row("a", 10, 3), Row("a", 10, 2))
    assert latest_sequences(issues) == {"a": 3}


def test_a_snapshot_stream_has_one_row_per_key(orgs: Table) -> None:
    store(orgs, None, Row("a", None, 1), Row("b", None, 2), Row("a", None, 3))
    assert latest_sequences(orgs) == {"a": 3, "b": 2}
    assert read_column(latest_versions(newest_version(orgs), ["window_start"]), "window_start") == [None, None]


def test_a_version_without_a_cursor_is_older_than_any_with_one(issues: Table) -> None:
    store(issues, MONDAY, Row("a", -5, 1), Row("a", None, 2))
    assert latest_sequences(issues) == {"a": 1}


def test_cursors_at_the_limits_of_64_bits_are_compared_correctly(issues: Table) -> None:
    cursors = (-(2**63) + 1, 2**63 - 1, 0, -1)
    store(issues, MONDAY, *(Row("a", at, 2**62 - index) for index, at in enumerate(cursors)))
    assert latest_sequences(issues) == {"a": 2**62 - 1}


def test_rows_with_a_problem_can_be_left_out(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("hash", None, 2, problem="no cursor"))
    assert latest_sequences(issues) == {"a": 1, "hash": 2}
    assert latest_sequences(issues, problems=False) == {"a": 1}


def test_records_come_back_byte_for_byte(issues: Table) -> None:
    row = Row('quote" \U0001f980 \u2028 \\ud800', 1, 1)
    store(issues, MONDAY, row)
    assert read_column(latest_versions(newest_version(issues), ["record"]), "record") == [row.record]


def test_columns_are_in_the_requested_order(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    (batch,) = latest_versions(newest_version(issues), ["window_start", "record", "key"])
    assert batch.schema.names == ["window_start", "record", "key"]
    assert batch.column("window_start").to_pylist() == [MONDAY]


def test_an_empty_table_has_no_records(issues: Table) -> None:
    store(issues, MONDAY)
    assert latest_sequences(issues) == {}
    assert window_fingerprints(newest_version(issues)) == {}


def test_files_with_only_older_cursors_are_not_opened(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    store(issues, NEXT_MONDAY, Row("a", 10, 2))
    older = next(file for file in newest_version(issues).files if file.window == MONDAY)
    Path(issues.root.filesystem_path(f"{issues.path.folder}/{older.path}")).unlink()

    assert latest_sequences(issues, {NEXT_MONDAY}) == {"a": 2}
    assert hashes_since(newest_version(issues), 5).to_pylist() == [0]


class TestStoredVersions:
    def test_are_ordered_by_key_and_newest_first(self, issues: Table) -> None:
        store(issues, NEXT_MONDAY, Row("a", 20, 1), Row("b", 20, 2), Row("c", 20, 3))
        store(issues, MONDAY, Row("a", 10, 4), Row("b", 10, 5), Row("b", None, 6))
        batches = list(stored_versions(newest_version(issues), ["b", "a"], ["key", "sequence"]))
        found = list(zip(read_column(batches, "key"), read_column(batches, "sequence"), strict=True))
        assert found == [("a", 1), ("a", 4), ("b", 2), ("b", 5), ("b", 6)]

    def test_are_none_for_unknown_keys(self, issues: Table) -> None:
        store(issues, MONDAY, Row("a", 1, 1))
        assert list(stored_versions(newest_version(issues), [], ["key"])) == []
        assert list(stored_versions(newest_version(issues), ["z"], ["key"])) == []


class TestHashesSince:
    def test_are_of_rows_at_or_after_a_cursor(self, issues: Table) -> None:
        store(issues, MONDAY, *(Row("a", at, at, hash=at * 100) for at in (1, 2, 3)))
        assert set(hashes_since(newest_version(issues), 2).to_pylist()) == {200, 300}
        assert hashes_since(newest_version(issues), 3).to_pylist() == [300]
        assert hashes_since(newest_version(issues), 4).to_pylist() == []

    def test_include_rows_without_a_cursor(self, issues: Table) -> None:
        store(issues, MONDAY, Row("a", 1, 1, hash=1), Row("b", None, 2, hash=2))
        assert hashes_since(newest_version(issues), 5).to_pylist() == [2]

    def test_are_of_all_rows_without_a_bound(self, orgs: Table) -> None:
        store(orgs, None, Row("a", None, 1, hash=-5), Row("b", None, 2, hash=7))
        assert set(hashes_since(newest_version(orgs), None).to_pylist()) == {-5, 7}

    def test_are_none_for_an_empty_table(self, issues: Table) -> None:
        store(issues, MONDAY)
        assert len(hashes_since(newest_version(issues), None)) == 0


@pytest.mark.parametrize("windowed", [True, False])
def test_a_table_without_files_has_no_latest_versions(lake: Lake, windowed: bool) -> None:
    table = lake.raw("snyk", "orgs", "acme", windowed=windowed)
    table.commit(lambda _: Commit())
    assert latest_sequences(table) == {}
