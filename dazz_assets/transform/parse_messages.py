"""What a process that parses and the one that started it say to each other, over pipes."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dazz_assets.connections import Connection
from dazz_assets.spec.found_again import CodePlace
from dazz_assets.transform.parse_notes import ParsedWindow
from dazz_assets.transform.window_parser import WindowTask


@dataclass(frozen=True, slots=True)
class Job:
    """What to parse: said first, and once. It holds the connection's secrets, so it goes over a pipe alone.

    lake, tables_lake: where records are read, and objects written. versions, departures: of the tables to be read, by
    stream. superseded: see `LatestVersions`. levels: of loggers by name, and below what none logs anything.
    """

    place: CodePlace
    connection: Connection = field(repr=False)
    facts: Mapping[str, Any] = field(repr=False)
    parser: str
    lake: str
    tables_lake: str
    versions: Mapping[str, int]
    departures: Mapping[str, int | None]
    superseded: Mapping[str, NDArray[np.int64]]
    provenance: str
    levels: Mapping[str, int]
    disabled_below: int


@dataclass(frozen=True, slots=True)
class Share:
    """Windows to parse, in this order."""

    tasks: Sequence[WindowTask]


@dataclass(frozen=True, slots=True)
class Ready:
    """The process waits for a share: it has begun, or done the last one."""


@dataclass(frozen=True, slots=True)
class Unable:
    """The process can't parse: what its parent runs is not found again. It ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Yielded:
    """The parser yielded this many more objects."""

    objects: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A log record's fields."""

    fields: Mapping[str, Any]

    def log(self) -> None:
        """Log it as this process is set up to."""
        record = logging.makeLogRecord(dict(self.fields))
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


FromWorker = Ready | Unable | Yielded | Logged | ParsedWindow
ToWorker = Job | Share


class Sender:
    """Sends messages, from any thread."""

    def __init__(self, pipe: RawIOBase) -> None:
        self._pipe = pipe
        self._lock = Lock()

    def send(self, message: FromWorker | ToWorker) -> None:
        """Send a message whole. Raises OSError if nobody reads."""
        content = memoryview(pickle.dumps(message))
        with self._lock:
            while content:
                content = content[self._pipe.write(content) or 0 :]


def receive(pipe: BinaryIO) -> Any:
    """The next message. Raises EOFError if there is none any more, and whoever sent them has ended."""
    return pickle.load(pipe)  # noqa: S301  from a process of our own


class InWorker(Exception):
    """The cause of an error in another process: its traceback there."""


class CarriedError(Exception):
    """An error on its way to another process, with what caused it."""

    def __init__(self, error: Exception, trace: str) -> None:
        super().__init__()
        self._parts = error, trace

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, self._parts


def _unpack(error: Exception, trace: str) -> Exception:
    if trace:
        error.__cause__ = InWorker(f"in another process:\n{trace}")
    return error
