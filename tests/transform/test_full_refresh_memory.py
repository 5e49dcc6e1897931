"""A parser reads all records of a stream in memory that doesn't grow with them, and what is known of them once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dazz_assets import FullRefresh, Incremental, parser
from dazz_assets.connections import Connection
from dazz_assets.lake import Lake
from dazz_assets.lake.objects import object_file
from dazz_assets.lake.versions import ordered_rows
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.transform import records
from dazz_assets.transform.parse_windows import parse
from tests.benchmarks import stored_hosts
from tests.benchmarks.declared.hosts import AlertsStream, Host, HostAlert, HostsIntegration, HostsStream, Machine

FEW, MANY = 5_000, 20_000
# If they were held, 15,000 more hosts took more: as they are compressed in a file, or as an object each.
ARROW_GROWTH, PYTHON_GROWTH = 250_000, 1_000_000


class InUse:
    """The most memory that Arrow and Python had in use when it was looked at."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.arrow = self.python = 0

    def look(self) -> None:
        self.arrow = max(self.arrow, pa.total_allocated_bytes())
        self.python = max(self.python, tracemalloc.get_traced_memory()[0])


IN_USE = InUse()


def watched(hosts: FullRefresh[HostsStream]) -> Iterator[Host]:
    for number, host in enumerate(hosts):
        if number % 100 == 0:
            IN_USE.look()
        yield host


class WatchedHosts(HostsIntegration):
    name = "hosts"

    @parser
    def machines(self, hosts: FullRefresh[HostsStream]) -> Iterator[Machine]:
        for host in watched(hosts):
            yield Machine(id=self.object_id(host.id), name=host.name, zone=host.zone)

    @parser
    def counted(self, hosts: FullRefresh[HostsStream], alerts: Incremental[AlertsStream]) -> Iterator[HostAlert]:
        count = sum(1 for _ in watched(hosts))
        for alert in alerts:
            yield HostAlert(id=self.object_id(alert.id), zone=None, hosts_there=count)


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a few thousand records reach."""
    monkeypatch.setattr(stored_hosts, "WINDOWS", stored_hosts.WINDOWS[:2])
    monkeypatch.setattr(stored_hosts, "_ROWS_PER_GROUP", 1_000)
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", 200_000)
    monkeypatch.setattr(object_file, "_ROW_GROUP_ROWS", 1_000)
    monkeypatch.setattr(records, "_CACHED_BYTES", 50_000)


def parse_hosts(folder: Path, name: str, hosts: int) -> tuple[int, int]:
    """The bytes that Arrow and Python had in use while a parser read this many hosts."""
    stored_hosts.store_hosts(folder, hosts)
    spec = read_integration(WatchedHosts)
    config = {"base_url": "http://127.0.0.1:1", "token": "any"}
    connection = Connection(id="benchmark", integration=spec.name, start=stored_hosts.WINDOWS[0], config=config)
    session = Session(spec, connection, Lake(folder / "lake"))
    IN_USE.reset()
    tracemalloc.start()
    try:
        arrow, python = pa.total_allocated_bytes(), tracemalloc.get_traced_memory()[0]
        report = parse(session, session.spec.parsers[name], windows=None)
    finally:
        tracemalloc.stop()
    assert report.read["hosts"] == hosts
    return IN_USE.arrow - arrow, IN_USE.python - python


@pytest.mark.parametrize("name", ["machines", "counted"])
def test_four_times_as_many_records_take_no_more_memory(name: str, tmp_path: Path) -> None:
    few = parse_hosts(tmp_path / "few", name, FEW)
    many = parse_hosts(tmp_path / "many", name, MANY)
    assert min(few) > 0
    assert many[0] < few[0] + ARROW_GROWTH
    assert many[1] < few[1] + PYTHON_GROWTH


def test_what_is_superseded_is_found_once_and_not_for_each_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    module = import_module("dazz_assets.lake.versions.latest_versions")
    read_bounded = module.read_bounded

    def read(sql: str, values: Any) -> pa.Table:
        queries.append(sql)
        rows: pa.Table = read_bounded(sql, values)
        return rows

    monkeypatch.setattr(module, "read_bounded", read)
    parse_hosts(tmp_path, "counted", 1_000)
    # Of hosts and of alerts, and once more of hosts for the fingerprint of what is read of them.
    assert sum(sql.endswith("from superseded") for sql in queries) == 3
