"""The program of a process that parses windows for the one that started it: see `parse_workers`.

It reads from its standard input, and ends when that ends. What it has to say goes to a pipe of its own, so that what a
parser prints is printed as ever.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from logging.handlers import QueueHandler
from queue import SimpleQueue
from types import FrameType
from typing import Any, BinaryIO

from dazz_assets.errors import ParseError
from dazz_assets.lake import Lake, Table, TableVersion
from dazz_assets.lake.versions.latest_versions import LatestVersions
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.found_again import load_place
from dazz_assets.tables import parser_tables
from dazz_assets.transform.fewer_collections import fewer_collections
from dazz_assets.transform.parse_messages import (
    CarriedError,
    Job,
    Logged,
    Ready,
    Sender,
    Share,
    Unable,
    Yielded,
    receive,
)
from dazz_assets.transform.read_content import read_departures
from dazz_assets.transform.window_parser import WindowInputs, WindowParser, format_place

_SECONDS_TO_CLEAN_UP = 10
_SIMPLE = (str, int, float, bool, type(None))


def main(pipe: int) -> None:
    """Parse what the standard input asks for. pipe: the file descriptor for messages."""
    # What a parser starts must not keep the pipe open, nor what it reads be taken from ours.
    os.set_inheritable(pipe, False)
    commands = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    signal.signal(signal.SIGTERM, _end)
    sender = Sender(os.fdopen(pipe, "wb", buffering=0))
    try:
        job: Job = receive(commands)  # Fails for a config of classes that are not found here.
        _forward_logs(job, sender)
        session, parser = _open(job, sender)
    except EOFError:
        raise
    except Exception as error:  # noqa: BLE001  an author's module may raise anything
        sender.send(Unable(f"{type(error).__name__}: {error}"))
        return
    shares = _Shares(commands)
    with fewer_collections(), parser:
        sender.send(Ready())
        while (share := shares.take()) is not None:
            for parsed in parser.parse(share.tasks):
                if parsed.error is not None:
                    parsed.error = _carry(parsed.error, format_place(session, session.spec.parsers[job.parser]))
                sender.send(parsed)
            sys.stdout.flush()
            shares.done()
            sender.send(Ready())


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(1)


class _Shares:
    """The shares that the parent sends. A thread takes them in, so that it sees at once when the parent is gone."""

    def __init__(self, commands: BinaryIO) -> None:
        self._commands = commands
        self._queue: SimpleQueue[Share | None] = SimpleQueue()
        self._is_busy = False
        threading.Thread(target=self._receive, name="dazz-parse-shares", daemon=True).start()

    def take(self) -> Share | None:
        """The next share; None if none follows."""
        return self._queue.get()

    def done(self) -> None:
        """The last share is parsed."""
        self._is_busy = False

    def _receive(self) -> None:
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                share = receive(self._commands)
                self._is_busy = True
                self._queue.put(share)
        self._queue.put(None)
        if self._is_busy:
            # The main thread removes its temporary files, unless what it runs doesn't let itself be interrupted.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            time.sleep(_SECONDS_TO_CLEAN_UP)
            os._exit(1)


def _open(job: Job, sender: Sender) -> tuple[Session, WindowParser]:
    spec = load_place(job.place)
    lake, tables_lake = Lake(job.lake), Lake(job.tables_lake)
    session = Session(spec, job.connection, lake, progress=_ForwardedProgress(sender))
    parser = spec.parsers[job.parser]
    versions = {name: _open_version(session.raw(spec.streams[name]), number) for name, number in job.versions.items()}

    @cache  # A parser may ask for each record.
    def read_departed(stream: str) -> Mapping[str, Any]:
        number = job.departures[stream]
        table = lake.departures(spec.name, stream, job.connection.id)
        return read_departures(None if number is None else _open_version(table, number), versions[stream])

    latest = {name: LatestVersions(version, job.superseded.get(name)) for name, version in versions.items()}
    inputs = WindowInputs(latest, read_departed, job.provenance)
    integration = session.make_parsing_integration(job.facts)
    return session, WindowParser(session, parser, integration, inputs, parser_tables(session, parser, tables_lake))


def _open_version(table: Table, number: int) -> TableVersion:
    version = table.open(number)
    if version is None:
        raise LookupError(f"{table} has no version {number}")
    return version


class _ForwardedProgress(Progress):
    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        self._sender.send(Yielded(objects))


class _ForwardingHandler(QueueHandler):
    """Sends log records. Values of their fields that are no simple ones are sent as text."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._sender = sender

    def enqueue(self, record: logging.LogRecord) -> None:
        fields = vars(record).items()
        self._sender.send(Logged({name: value if isinstance(value, _SIMPLE) else str(value) for name, value in fields}))


def _forward_logs(job: Job, sender: Sender) -> None:
    """Log through the parent, which knows where to."""
    logging.root.addHandler(_ForwardingHandler(sender))
    logging.disable(job.disabled_below)
    for name, level in job.levels.items():
        logging.getLogger(name).setLevel(level)


def _carry(error: Exception, where: str) -> CarriedError:
    """An error for the parent: as it is if that can be, and what its cause would show."""
    shown = error.__cause__ if isinstance(error, ParseError) else error
    trace = "".join(traceback.format_exception(shown)) if shown is not None else ""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    except Exception:  # noqa: BLE001  pickling runs code of any library
        error = ParseError(f"{where}: {type(error).__name__}: {error}")
    return CarriedError(error, trace)


if __name__ == "__main__":
    # Without the parent there is nobody to tell.
    with suppress(EOFError, BrokenPipeError):
        main(int(sys.argv[1]))
