"""A process that is killed leaves either its whole commit or nothing that anyone sees."""

from pathlib import Path

from dazz_assets.lake import Lake, Table, compact
from tests.lake.rows import MONDAY, Row, age, files_on_disk, keys, opened, python, store

WRITES_AND_DIES = """
import os, signal, sys
from dazz_assets.lake import Lake
from tests.lake.rows import MONDAY, Row, raw_file, raw_rows

table = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
raw_file(table, MONDAY, Row("whole", 1, 2))
table.new_file(MONDAY).write(raw_rows([Row("half", 1, 3)]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_files_of_a_pass_that_was_killed_before_its_commit_are_seen_by_nobody(lake: Lake, issues: Table) -> None:
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert python(WRITES_AND_DIES, lake).wait(timeout=30) == -9

    assert len(files_on_disk(issues)) == 3
    assert opened(issues).version == version
    assert keys(issues) == ["a"]
    store(issues, MONDAY, Row("whole", 1, 2))
    assert keys(issues) == ["a", "whole"]


def test_vacuum_takes_them_only_after_seven_days(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    live = files_on_disk(issues)
    assert python(WRITES_AND_DIES, lake).wait(timeout=30) == -9
    orphans = files_on_disk(issues) - live

    assert [report.removed for report in compact(lake)] == [0]
    assert files_on_disk(issues) == live | orphans

    root = Path(issues.location.inside(issues.place.folder))
    for orphan in orphans:
        age(root / orphan, days=8)
    for file in live:
        age(root / file, days=8)
    assert [report.removed for report in compact(lake)] == [2]
    assert files_on_disk(issues) == live
    assert keys(issues) == ["a"]


def test_a_folder_whose_first_commit_never_came_is_no_table(lake: Lake, issues: Table) -> None:
    (Path(issues.location.inside(issues.place.folder)) / "_delta_log").mkdir(parents=True)
    assert not issues.exists()
    assert list(compact(lake)) == []
    store(issues, MONDAY, Row("a", 1, 1))
    assert keys(issues) == ["a"]


def test_a_discarded_file_is_gone(issues: Table) -> None:
    writer = issues.new_file(MONDAY)
    writer.discard()
    assert files_on_disk(issues) == set()
