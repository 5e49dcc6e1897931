"""A parse in several processes publishes what one process publishes, fails as it fails, and leaves nothing behind."""

from __future__ import annotations

import importlib
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest

from dazz_assets import Incremental, parser
from dazz_assets.connections import Connection
from dazz_assets.errors import ParseError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.reports import ParseReport, Progress
from dazz_assets.session import Session
from dazz_assets.transform.compare import compare_parse
from dazz_assets.transform.parse_windows import parse
from dazz_assets.transform.parse_workers import Shares
from dazz_assets.transform.window_parser import WindowTask
from tests.help_desk_vendor import Customer, Desk, Incident, TicketsOnly, TicketsStream
from tests.transform.busy_desk import BusyDesk, BusyDeskIntegration, parse_anything_in_processes

ROOT = Path(__file__).parents[2]
START = date(2026, 1, 5)


@pytest.fixture
def busy() -> Iterator[BusyDesk]:
    desk = BusyDesk()
    with desk.vendor:
        yield desk


@pytest.fixture
def customer(busy: BusyDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Customer:
    parse_anything_in_processes(monkeypatch)
    return Customer(tmp_path, busy.vendor.url, BusyDeskIntegration)


def parse_busy(customer: Customer, processes: int, *windows: date | None, **options: Any) -> ParseReport:
    (cases,) = customer.spec.parsers.values()
    return parse(customer.session, cases, windows=windows or None, processes=processes, **options)


def parse_changed(customer: Customer, processes: int) -> ParseReport:
    (cases,) = customer.spec.parsers.values()
    return parse(customer.session, cases, windows=(), processes=processes)


def published(customer: Customer) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that the parser publishes to, with what they were parsed from."""
    return {name: customer.rows(f"select * from {name} order by all") for name in ("cases", "answers", "quarantine")}


def stored_files(customer: Customer) -> set[Path]:
    root = customer.lake.root.local
    assert root is not None
    return {path for kind in ("domain", "quarantine") for path in (root / kind).rglob("*.parquet")}


def copy_of(customer: Customer, folder: Path) -> Customer:
    """The same customer with a copy of the lake."""
    root = customer.lake.root.local
    assert root is not None
    shutil.copytree(root, folder / "lake")
    other = Customer(folder, "", BusyDeskIntegration)
    other.connection = customer.connection
    return other


def use_processes(caplog: pytest.LogCaptureFixture) -> set[int | None]:
    """The processes that parsed a window since the last call."""
    found = {record.process for record in caplog.records if record.name == "busy_desk"}
    caplog.clear()
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_published_is_the_same_in_one_process_and_in_several(
    customer: Customer, busy: BusyDesk, tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    caplog.set_level(logging.INFO, "busy_desk")
    busy.agents = [{"id": number, "name": f"Agent {number}"} for number in (1, 2, 3)] + [{"id": "four"}]
    busy.fill(seed)
    customer.sync()
    several = copy_of(customer, tmp_path / "several")
    one = asdict(parse_busy(customer, 1))
    assert use_processes(caplog) == {os.getpid()}
    assert asdict(parse_busy(several, 3)) == one
    assert len(use_processes(caplog) - {os.getpid()}) == 2
    assert one["duplicates"]
    assert one["quarantined"]
    assert published(several) == published(customer)
    # An agent leaves, and tickets change: their old windows lose them, and duplicates return.
    busy.agents = busy.agents[1:]
    busy.fill(seed + 100)
    customer.sync()
    shutil.rmtree(tmp_path / "several" / "lake" / "raw")
    for kind in ("raw", "departures"):
        shutil.copytree(tmp_path / "lake" / kind, tmp_path / "several" / "lake" / kind, dirs_exist_ok=True)
    assert asdict(parse_changed(several, 3)) == asdict(parse_changed(customer, 1))
    assert len(use_processes(caplog)) == 3
    assert published(several) == published(customer)
    assert any(row["left_at"] for row in published(several)["cases"])


def test_a_comparison_is_the_same_in_several_processes(customer: Customer, busy: BusyDesk) -> None:
    busy.fill(3)
    customer.sync()
    (cases,) = customer.spec.parsers.values()
    alone, together = (compare_parse(customer.session, cases, processes=number) for number in (1, 2))
    assert asdict(together) == asdict(alone)
    assert together.tables[0].added > 0
    parse_busy(customer, 2)
    assert not compare_parse(customer.session, cases, processes=2)


def refuse(customer: Customer, processes: int) -> ParseError:
    """The error of a parse, which leaves no file behind."""
    before = stored_files(customer)
    with pytest.raises(ParseError) as caught:
        parse_busy(customer, processes)
    assert stored_files(customer) == before
    assert caught.value.report is not None
    return caught.value


def test_an_exception_is_told_as_in_one_process_with_its_traceback(customer: Customer, busy: BusyDesk) -> None:
    busy.fill(4)
    busy.put(1001, "2026-01-07T10:00:00Z", "raise first of all")
    busy.put(1002, "2026-02-24T10:00:00Z", "raise later")
    customer.sync()
    alone, together = refuse(customer, 1), refuse(customer, 2)
    assert "the parser raised LookupError: first of all (line " in str(alone)
    assert ", when it had read record 1001 of busy_tickets; nothing was published" in str(alone)
    assert str(together) == str(alone)
    # Whichever process came to it.
    for error in (alone, together):
        assert "busy_desk.py" in str(error.__cause__) or error.__cause__.__class__ is LookupError


def test_the_traceback_in_another_process_is_the_cause_of_the_error(customer: Customer, busy: BusyDesk) -> None:
    _put_in_largest_window(busy, "raise alarm")
    customer.sync()
    error = refuse(customer, 2)
    assert error.__cause__ is not None
    assert "in _act" in str(error.__cause__)
    assert "LookupError: alarm" in str(error.__cause__)


def _put_in_largest_window(busy: BusyDesk, title: str) -> None:
    """A ticket in the window that another process takes first, as it has the most records."""
    for number in range(10):
        busy.put(number, f"2026-01-{20 + number % 3}T10:00:00Z", f"t{number}")
    busy.put(100, "2026-01-06T10:00:00Z", "early")
    busy.put(101, "2026-01-21T12:00:00Z", title)
    busy.put(102, "2026-01-28T10:00:00Z", "late")


@pytest.mark.parametrize("wrong", [40, 90])
def test_too_many_invalid_records_are_told_as_in_one_process(customer: Customer, busy: BusyDesk, wrong: int) -> None:
    busy.fill(5)
    for number in range(wrong):
        day = 6 + number // 10 if wrong == 90 else 6 + 7 * (number % 3)
        busy.put(2000 + number, f"2026-01-{day:02}T10:00:00Z", title=["bad"])  # type: ignore[arg-type]
    customer.sync()
    alone = str(refuse(customer, 1))
    assert re.search(r"of the first \d+ records of busy_tickets that were read are invalid", alone)
    assert str(refuse(customer, 3)) == alone


@pytest.mark.parametrize(
    ("title", "end"),
    [
        ("kill", r"was ended by SIGKILL while it parsed 2026-01-19, as the system does for lack of memory"),
        ("exit", r"ended with status 3 while it parsed 2026-01-19"),
    ],
)
def test_a_process_that_dies_fails_the_parse(customer: Customer, busy: BusyDesk, title: str, end: str) -> None:
    _put_in_largest_window(busy, title)
    customer.sync()
    error = refuse(customer, 2)
    assert re.fullmatch(rf"busy/acme, parser cases: one of its processes {end}; nothing was published. .*", str(error))
    assert customer.rows("select * from cases") == []
    busy.put(101, "2026-01-21T13:00:00Z", "well again")
    customer.sync(sync_range=SyncRange(refetch=True))
    assert parse_busy(customer, 2).objects == 13


def test_other_processes_end_at_once_when_the_parse_fails(
    customer: Customer, busy: BusyDesk, capfd: pytest.CaptureFixture[str]
) -> None:
    _put_in_largest_window(busy, "wait")
    busy.put(100, "2026-01-06T10:00:00Z", "raise early")
    customer.sync()
    assert "LookupError: early" in str(refuse(customer, 2))
    waiting = re.findall(r"waiting (\d+)", capfd.readouterr().out)
    assert not any(psutil.pid_exists(int(pid)) for pid in waiting)


def test_what_a_parser_logs_and_prints_is_seen_as_ever(
    customer: Customer, busy: BusyDesk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    _put_in_largest_window(busy, "print")
    customer.sync()
    parse_busy(customer, 2)
    assert use_processes(caplog) == set()
    caplog.set_level(logging.INFO, "busy_desk")
    parse_busy(customer, 2)
    assert {record.getMessage() for record in caplog.records} == {"a window with 2 people"}
    assert len(use_processes(caplog)) == 2
    assert capfd.readouterr().out.count("printed by the parser") == 2


class _Counting(Progress):
    def __init__(self) -> None:
        self.objects = 0

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        assert (connection, parser) == ("busy/acme", "cases")
        self.objects += objects


def test_progress_counts_the_objects_of_all_processes(customer: Customer, busy: BusyDesk) -> None:
    _put_in_largest_window(busy, "any")
    customer.sync()
    progress = _Counting()
    (cases,) = customer.spec.parsers.values()
    session = Session(customer.spec, customer.connection, customer.lake, progress=progress)
    assert parse(session, cases, windows=None, processes=2).objects == progress.objects == 13


def test_the_config_is_neither_in_the_arguments_nor_in_the_environment_of_a_process(
    customer: Customer, busy: BusyDesk, caplog: pytest.LogCaptureFixture
) -> None:
    _put_in_largest_window(busy, "tell")
    customer.sync()
    config = {"token": "very-secret-indeed", "base_url": "https://hidden.test"}
    customer.connection = Connection(id="acme", integration="busy", start=START, config=config)
    parse_busy(customer, 2)
    (told,) = [record.getMessage() for record in caplog.records if "started as" in record.getMessage()]
    assert "dazz_assets.transform.parse_worker" in told
    assert "very-secret" not in told
    assert "hidden.test" not in told


def test_an_integration_that_no_other_process_finds_is_parsed_in_this_one(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Local(TicketsOnly):
        @parser
        def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
            return map(self.incident, tickets)

    monkeypatch.setattr("dazz_assets.transform.parse_windows.ROWS_WORTH_A_PROCESS", 1)
    customer = Customer(tmp_path, desk.vendor.url, Local)
    customer.sync()
    (incidents,) = customer.spec.parsers.values()
    assert parse(customer.session, incidents, windows=None, processes=4).objects == 4
    assert [record.getMessage() for record in caplog.records if record.name == "dazz.parse"] == [
        "desk/acme, parser incidents: not parsed by another process: its integration is not in a file that is as it "
        "was when this process began"
    ]


def test_code_that_changed_since_this_process_began_is_not_loaded_by_another(
    customer: Customer, busy: BusyDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    busy.fill(6)
    customer.sync()
    changed = psutil.Process().create_time() + 1
    real = os.stat

    def stat(path: Any, *args: Any, **named: Any) -> Any:
        found = real(path, *args, **named)
        if not str(path).endswith("busy_desk.py"):
            return found
        return os.stat_result((*found[:8], changed, found.st_ctime))

    monkeypatch.setattr("dazz_assets.spec.found_again.os.stat", stat)
    caplog.set_level(logging.INFO, "busy_desk")
    parse_busy(customer, 2)
    assert use_processes(caplog) == {os.getpid()}


_SCRIPT = """
import sys
from datetime import date
import pytest
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.transform.parse_windows import parse
from tests.transform.busy_desk import parse_anything_in_processes

parse_anything_in_processes(pytest.MonkeyPatch())
spec = find_integration(sys.argv[1])
connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config={"token": "any"})
(cases,) = spec.parsers.values()
print(parse(Session(spec, connection, Lake(sys.argv[2])), cases, windows=None, processes=2).objects, flush=True)
"""


def start_parse(integration: Path, lake: Lake) -> subprocess.Popen[str]:
    """A program that parses in two processes with an integration given by its path."""
    command = [sys.executable, "-c", _SCRIPT, str(integration), str(lake)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True
    )


def test_an_integration_given_by_its_path_is_found_by_other_processes(customer: Customer, busy: BusyDesk) -> None:
    _put_in_largest_window(busy, "print")
    customer.sync()
    with start_parse(ROOT / "tests" / "transform" / "busy_desk.py", customer.lake) as process:
        assert process.communicate(timeout=120)[0].split("\n") == ["printed by the parser", "13", ""]
    assert len(customer.rows("select * from cases")) == 13


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(
    customer: Customer, busy: BusyDesk, number: signal.Signals
) -> None:
    _put_in_largest_window(busy, "wait")
    customer.sync()
    with start_parse(ROOT / "tests" / "transform" / "busy_desk.py", customer.lake) as process:
        assert process.stdout is not None
        worker = psutil.Process(int(process.stdout.readline().split()[1]))
        assert worker.pid != process.pid
        process.send_signal(number)
        process.wait(60)
        psutil.wait_procs([worker], timeout=60)
        assert not worker.is_running()
    assert customer.rows("select * from cases") == []


def _task(window: date) -> WindowTask:
    return WindowTask(window, "f", ["path"])


def test_windows_are_shared_out_by_size_the_largest_first() -> None:
    days = [date(2026, 1, number) for number in range(1, 11)]
    rows: dict[date | None, int] = {**dict.fromkeys(days, 10), days[3]: 500, days[8]: 900}
    shares = Shares([_task(day) for day in days], rows, 2)
    taken = [[task.window for task in shares.take()] for _ in range(len(shares))]
    assert taken == [[days[8]], [days[3]], days[4:8], days[:3], days[9:]]
    assert not shares.take()


def test_one_process_takes_all_windows_at_once_in_their_order() -> None:
    days = [date(2026, 1, number) for number in range(1, 4)]
    assert [task.window for task in Shares([_task(day) for day in days], {days[1]: 5}, 1).take()] == days


def test_no_window_is_shared_out_after_one_that_ends_the_parse() -> None:
    days = [date(2026, 1, number) for number in range(1, 5)]
    shares = Shares([_task(day) for day in days], {day: 100 * day.day for day in days}, 2)
    shares.end_with(days[2])
    shares.end_with(days[1])
    assert [[task.window for task in shares.take()] for _ in range(3)] == [[days[1]], [days[0]], []]


def test_the_environment_says_how_many_processes_there_are(
    customer: Customer, busy: BusyDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "busy_desk")
    busy.fill(7)
    customer.sync()
    (cases,) = customer.spec.parsers.values()
    monkeypatch.setenv("DAZZ_PARSE_PROCESSES", "2")
    parse(customer.session, cases, windows=None)
    assert len(use_processes(caplog)) == 2
    monkeypatch.setenv("DAZZ_PARSE_PROCESSES", "many")
    with pytest.raises(
        ParseError, match=r"^busy/acme, parser cases: DAZZ_PARSE_PROCESSES is 'many'; write a whole number of processes"
    ):
        parse(customer.session, cases, windows=None)


def test_few_records_are_parsed_in_one_process(
    busy: BusyDesk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "busy_desk")
    busy.fill(8)
    customer = Customer(tmp_path, busy.vendor.url, BusyDeskIntegration)
    customer.sync()
    parse_busy(customer, 8)
    assert use_processes(caplog) == {os.getpid()}


@pytest.fixture
def loaded_just_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that was written since this process began."""
    (tmp_path / "written_just_now.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("written_just_now")


@pytest.mark.usefixtures("loaded_just_now")
def test_code_that_the_integration_has_nothing_to_do_with_may_change(
    customer: Customer, busy: BusyDesk, caplog: pytest.LogCaptureFixture
) -> None:
    busy.fill(6)
    customer.sync()
    caplog.set_level(logging.INFO, "busy_desk")
    parse_busy(customer, 2)
    assert len(use_processes(caplog)) == 2
