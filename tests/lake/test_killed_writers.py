"""A process that is killed leaves either its complete commit or no visible rows."""

from pathlib import Path

from dazz_assets.lake import Lake, Table, compact
from tests.lake.rows import MONDAY, Row, files_on_disk, make_older, newest_version, start_python, store, stored_keys

WRITE_AND_DIE = """
import os, signal, sys
from dazz_assets.lake import Lake
from tests.lake.rows import MONDAY, Row, write_raw_file, make_raw_rows

table = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
write_raw_file(table, MONDAY, Row("whole", 1, 2))
table.new_file(MONDAY).write(make_raw_rows([Row("half", 1, 3)]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_files_of_a_pass_that_was_killed_before_its_commit_are_invisible(lake: Lake, issues: Table) -> None:
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert start_python(WRITE_AND_DIE, lake).wait(timeout=30) == -9

    assert len(files_on_disk(issues)) == 3
    assert newest_version(issues).version == version
    assert stored_keys(issues) == ["a"]
    store(issues, MONDAY, Row("whole", 1, 2))
    assert stored_keys(issues) == ["a", "whole"]


def test_vacuum_removes_uncommitted_files_only_after_seven_days(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    live = files_on_disk(issues)
    assert start_python(WRITE_AND_DIE, lake).wait(timeout=30) == -9
    orphans = files_on_disk(issues) - live

    assert [report.removed for report in compact(lake)] == [0]
    assert files_on_disk(issues) == live | orphans

    root = Path(issues.root.filesystem_path(issues.path.folder))
    for orphan in orphans:
        make_older(root / orphan, days=8)
    for file in live:
        make_older(root / file, days=8)
    assert [report.removed for report in compact(lake)] == [2]
    assert files_on_disk(issues) == live
    assert stored_keys(issues) == ["a"]


def test_a_folder_without_a_commit_is_not_a_table(lake: Lake, issues: Table) -> None:
    (Path(issues.root.filesystem_path(issues.path.folder)) / "_delta_log").mkdir(parents=True)
    assert not issues.exists()
    assert list(compact(lake)) == []
    store(issues, MONDAY, Row("a", 1, 1))
    assert stored_keys(issues) == ["a"]


def test_a_discarded_file_is_removed(issues: Table) -> None:
    writer = issues.new_file(MONDAY)
    writer.discard()
    assert files_on_disk(issues) == set()
