"""Processes that parse windows beside this one, each on a core of its own, as Python runs on one core at a time.

This process decides what is parsed and publishes it: workers only turn windows into files that are not committed. They
are programs of their own (`parse_worker`): a fork would copy the locks of pyarrow's and DuckDB's threads, and
multiprocessing would run the user's main program again.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import RawIOBase
from queue import SimpleQueue
from types import TracebackType
from typing import Any, BinaryIO

from dazz_assets.errors import ParseError
from dazz_assets.lake import Lake, Table, TableVersion
from dazz_assets.session import Session
from dazz_assets.spec.found_again import CodePlace, find_place
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.transform.parse_messages import Job, Logged, Ready, Sender, Share, Unable, Yielded, receive
from dazz_assets.transform.parse_notes import ParsedWindow
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.window_parser import (
    Model,
    Window,
    WindowInputs,
    WindowParser,
    WindowTask,
    format_place,
)

PROCESSES_VARIABLE = "DAZZ_PARSE_PROCESSES"
# A process takes about half a second to begin, in which another parses this many rows.
ROWS_WORTH_A_PROCESS = 50_000
# So many that all processes end at about the same time.
_SHARES_PER_PROCESS = 4
_SECONDS_TO_END = 5

_log = logging.getLogger("dazz.parse")


def read_processes(where: str) -> int:
    """`DAZZ_PARSE_PROCESSES`, how many processes may parse side by side: 1 if it is not set.

    where: what is parsed, to begin a message with. Raises ParseError.
    """
    text = os.environ.get(PROCESSES_VARIABLE) or "1"
    if not text.isdecimal() or int(text) < 1:
        raise ParseError(f"{where}: {PROCESSES_VARIABLE} is {text!r}; write a whole number of processes, 1 or more")
    return int(text)


class Shares:
    """Windows to be parsed, in parts that processes take from it, the largest first.

    A large window is a part of its own, which can't be divided. Small ones are put together, as their rows are then
    put in order together. With one process, all are one part.
    """

    def __init__(self, tasks: Sequence[WindowTask], rows: Mapping[Window, int], processes: int) -> None:
        most = sum(rows.get(task.window, 0) for task in tasks) // (processes * _SHARES_PER_PROCESS)
        parts: list[list[WindowTask]] = []
        last = 0
        for task in tasks:
            size = rows.get(task.window, 0)
            if not parts or (processes > 1 and last + size > most):
                parts.append([])
                last = 0
            parts[-1].append(task)
            last += size
        parts.sort(key=lambda part: -sum(rows.get(task.window, 0) for task in part))
        self._parts = deque(parts)
        self._last: str | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._parts)

    def end_with(self, window: Window) -> None:
        """Hand out no window after this one any more: in one process, it would be the last."""
        with self._lock:
            self._last = str(window) if self._last is None else min(self._last, str(window))

    def take(self) -> Sequence[WindowTask]:
        """The next part; nothing if none is left."""
        with self._lock:
            while self._parts:
                part = self._parts.popleft()
                if wanted := [task for task in part if self._last is None or str(task.window) <= self._last]:
                    return wanted
        return ()


@dataclass(slots=True)
class _Worker:
    """A process, and the pipes to and from it. windows: those it was given last."""

    process: subprocess.Popen[bytes]
    commands: RawIOBase
    messages: BinaryIO
    windows: Sequence[Window] = ()


class ParseWorkers:
    """Worker processes for one parser. As a context manager, it ends them: at once, if there was an error."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        self._session = session
        self._parser = parser
        self._place: CodePlace | None = None
        self._workers: list[_Worker] = []
        self._threads: list[threading.Thread] = []
        self._running = 0
        # None is the end of a thread.
        self._arrived: SimpleQueue[ParsedWindow | Exception | None] = SimpleQueue()

    def __enter__(self) -> ParseWorkers:
        return self

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._workers)

    def start(self, count: int) -> None:
        """Start processes, if they can do what this one does."""
        if count < 1:
            return
        try:
            self._place = _find_place(self._session, self._parser)
            for _ in range(count):
                self._workers.append(_start_worker())
        except (_UnableError, OSError) as error:
            self._log_unable(str(error))

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            if kind is not None:
                worker.process.terminate()
        for worker in self._workers:
            try:
                worker.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.commands.close()
            worker.messages.close()

    def parse(self, shares: Shares, here: WindowParser, make_job: Callable[[CodePlace], Job]) -> Iterator[ParsedWindow]:
        """The windows as they are parsed, by this process and the workers, in any order. Raises ParseError."""
        if self._place is not None and self._workers:
            # Made while they begin.
            job = make_job(self._place)
            self._threads = [
                threading.Thread(target=self._drive, args=(worker, job, shares), daemon=True)
                for worker in self._workers
            ]
            self._running = len(self._threads)
            for thread in self._threads:
                thread.start()
        while share := shares.take():
            for parsed in here.parse(share):
                yield parsed
                yield from self._take_arrived(wait=False)
        yield from self._take_arrived(wait=True)

    def _take_arrived(self, *, wait: bool) -> Iterator[ParsedWindow]:
        """What workers parsed: what is there, or else all until they have done."""
        while self._running and (wait or not self._arrived.empty()):
            arrived = self._arrived.get()
            if arrived is None:
                self._running -= 1
            elif isinstance(arrived, ParsedWindow):
                yield arrived
            else:
                raise arrived

    def _drive(self, worker: _Worker, job: Job, shares: Shares) -> None:
        """Give a worker the job and one share after another, and take what it says."""
        sender = Sender(worker.commands)
        try:
            try:
                sender.send(job)
            except (pickle.PicklingError, TypeError, AttributeError):
                # A config that was made by code may hold anything.
                self._log_unable("its connection can't be sent there")
                worker.commands.close()
                return
            while not isinstance(message := receive(worker.messages), Unable):
                if not isinstance(message, Ready):
                    self._take(message)
                elif share := shares.take():
                    worker.windows = [task.window for task in share]
                    sender.send(Share(share))
                else:
                    break
            else:
                self._log_unable(message.reason)
            worker.commands.close()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._arrived.put(ParseError(self._describe_end(worker)))
        except Exception as error:  # noqa: BLE001  raised by the thread that waits for it
            self._arrived.put(error)
        finally:
            self._arrived.put(None)

    def _take(self, message: ParsedWindow | Yielded | Logged) -> None:
        if isinstance(message, ParsedWindow):
            self._arrived.put(message)
        elif isinstance(message, Yielded):
            self._session.progress.parsed(self._session.name, self._parser.name, objects=message.objects)
        else:
            message.log()

    def _describe_end(self, worker: _Worker) -> str:
        status = worker.process.wait()
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        memory = ", as the system does for lack of memory" if status == -signal.SIGKILL else ""
        windows = ", ".join(map(str, worker.windows))
        what = f" while it parsed {windows}" if windows else ""
        return (
            f"{format_place(self._session, self._parser)}: one of its processes {how}{what}{memory}; nothing was "
            "published. Parse again, with fewer processes if that is the reason"
        )

    def _log_unable(self, reason: str) -> None:
        _log.warning("%s: not parsed by another process: %s", format_place(self._session, self._parser), reason)


def _start_worker() -> _Worker:
    """Start a process, which waits for its job. Ctrl-C does not reach it: this process ends it."""
    with ExitStack() as theirs, ExitStack() as ours:
        (to_read, to_command), (to_take, to_say) = os.pipe(), os.pipe()
        theirs.callback(os.close, to_read)
        theirs.callback(os.close, to_say)
        commands = ours.enter_context(os.fdopen(to_command, "wb", buffering=0))
        messages = ours.enter_context(os.fdopen(to_take, "rb"))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dazz_assets.transform.parse_worker", str(to_say)],
            stdin=to_read,
            pass_fds=(to_say,),
            # Modules are found where this process finds them.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            process_group=0,
        )
        ours.pop_all()
        return _Worker(process, commands, messages)


class _UnableError(Exception):
    """Another process can't do what this one does."""


def _find_place(session: Session, parser: ParserSpec) -> CodePlace:
    """Where workers find the integration. Raises _UnableError."""
    if len({item.stream for item in parser.inputs}) < len(parser.inputs):
        # Its invalid records are quarantined where they are read first.
        raise _UnableError("it reads a stream in two ways")
    if type(session) is not Session or type(session.lake) is not Lake:
        raise _UnableError("its session or lake is of a class of its own")
    if (place := find_place(session.spec)) is None:
        raise _UnableError("its integration is not in a file that is as it was when this process began")
    return place


def count_rows(versions: Iterable[TableVersion], windows: Container[Window]) -> Counter[Window]:
    """How many rows some windows have in some tables, by the tables' logs."""
    rows: Counter[Window] = Counter()
    for version in versions:
        for file in version.files:
            if file.window in windows:
                rows[file.window] += file.rows
    return rows


def describe_job(
    session: Session,
    parser: ParserSpec,
    place: CodePlace,
    facts: Mapping[str, Any],
    raw: RawInputs,
    inputs: WindowInputs,
    tables: Mapping[Model, Table],
) -> Job:
    """The job of workers that are to write files for these tables."""
    streams = session.spec.streams
    snapshots = [item.stream for item in parser.inputs if streams[item.stream].cursor is None]
    opened = {name: raw.departure_table(name) for name in snapshots}
    loggers = [item for item in list(logging.root.manager.loggerDict.values()) if isinstance(item, logging.Logger)]
    return Job(
        place=place,
        connection=session.connection,
        facts=facts,
        parser=parser.name,
        lake=str(session.lake),
        tables_lake=str(next(iter(tables.values())).root),
        versions={name: latest.version.version for name, latest in inputs.latest.items()},
        departures={name: table.version if table is not None else None for name, table in opened.items()},
        superseded={item.stream: inputs.latest[item.stream].superseded for item in parser.incremental_inputs},
        provenance=inputs.provenance,
        levels={item.name: item.level for item in (logging.root, *loggers) if item.level},
        disabled_below=logging.root.manager.disable,
    )
