"""Concurrent syncs and queries in several processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.lake import Lake, NoLakeError, QueryError
from dazz_assets.lake.queries.sql import query
from dazz_assets.sandbox import Sandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.end_to_end.command import connect, dazz, finished


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox([SnykSandbox(seed=4, orgs=2, projects=10, issues=600)]) as sandbox:
        connect(tmp_path, sandbox, [("snyk", "acme"), ("snyk", "123")])
        yield sandbox


def test_queries_work_while_two_connections_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    syncs = [dazz(tmp_path, "sync", "snyk", "--connection", connection) for connection in ("acme", "123")]
    lake, counts = Lake(tmp_path / "home" / "lake"), []
    while any(sync.poll() is None for sync in syncs):
        try:
            (row,) = query(lake, "select count(*) as n from raw.snyk_issues").to_pylist()
            counts.append(row["n"])
        except (NoLakeError, QueryError):
            assert counts == []  # nothing is stored yet
    for sync in syncs:
        finished(sync)
    # A query sees complete passes: a first sync of 53 windows makes three of them per connection.
    assert counts == sorted(counts)
    assert len(set(counts) - {0}) <= 6
    rows = query(lake, "select connection, count(*) as n from findings group by connection order by connection")
    assert rows.to_pylist() == [{"connection": "123", "n": 600}, {"connection": "acme", "n": 600}]


def test_two_syncs_of_one_connection_run_one_after_the_other(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = (dazz(tmp_path, "sync", "snyk", "--connection", "acme", "--json") for _ in range(2))
    reports = [json.loads(finished(process)) for process in (first, second)]
    records = sorted(
        entry["records"] for report in reports for entry in report["streams"] if entry["stream"] == "issues"
    )
    assert records == [0, 600]
    table = Lake(tmp_path / "home" / "lake").raw("snyk", "issues", "acme", windowed=True).open()
    assert table is not None
    assert table.rows == 600


def test_no_secret_is_written_to_the_home(sandbox: Sandbox, tmp_path: Path) -> None:
    finished(dazz(tmp_path, "sync", "snyk", "--connection", "acme"))
    sandbox["snyk"].token = "another"
    failed = dazz(tmp_path, "sync", "snyk", "--connection", "acme")
    out, error = failed.communicate(timeout=180)
    assert failed.returncode == 1
    assert "snyk/acme" in error
    secret = SnykSandbox(seed=4, orgs=1, projects=1, issues=1).token.encode()
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(written) > 20
    assert [path for path in written if secret in path.read_bytes()] == []
    assert secret.decode() not in out + error
