"""Show the progress of a sync or parse on standard error: a live display on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from dazz_assets.cli.output import console, print_note
from dazz_assets.counts import format_count
from dazz_assets.reports import Progress


@dataclass(slots=True)
class _Counts:
    """What a stream or parser has done so far. waiting: the reason if it is waiting, else empty."""

    started: float = field(default_factory=time.monotonic)
    records: int = 0
    pages: int = 0
    objects: int = 0
    waiting: str = ""

    def format_counts(self) -> str:
        """The objects yielded so far, or records, pages and rate; empty before the first page."""
        if self.objects:
            return format_count(self.objects, "object")
        rate = self.records / max(time.monotonic() - self.started, 0.001)
        if not self.pages:
            return ""
        records, pages = (format_count(count, noun) for count, noun in ((self.records, "record"), (self.pages, "page")))
        return f"{records} fetched, {pages}, {rate:,.0f}/s"


class _TrackedProgress(Progress):
    """Keeps counts for each stream and parser. Thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.active: dict[tuple[str, str], _Counts] = {}

    def began(self, connection: str, work: str) -> None:
        with self.lock:
            self.active[connection, work] = _Counts()
            self.show(connection, work)

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        with self.lock:
            item = self.active.setdefault((connection, stream), _Counts())
            item.records += records
            item.pages += 1
            item.waiting = ""
            self.show(connection, stream)

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        with self.lock:
            self.active.setdefault((connection, parser), _Counts()).objects += objects
            self.show(connection, parser)

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        with self.lock:
            text = f"waiting {ceil(seconds)} s: {reason}" if seconds else f"waiting: {reason}"
            affected = [key for key in self.active if key[0] == connection]
            for key in affected:
                self.active[key].waiting = text
                self.show(*key)
            if not affected:
                self.note(f"{connection}: {text}")

    def repeating(self, connection: str, reason: str) -> None:
        with self.lock:
            self.note(f"{connection}: {reason}")

    def ended(self, connection: str, work: str, *, failed: bool = False, interrupted: bool = False) -> None:
        with self.lock:
            counts = self.active.pop((connection, work), _Counts())
            how = ["failed"] if failed else ["interrupted"] if interrupted else []
            self.close(connection, work, counts, how)

    def show(self, connection: str, work: str) -> None:
        """React to a change."""

    def close(self, connection: str, work: str, counts: _Counts, how: Sequence[str]) -> None:
        """React to the end of a stream or parser. how: `failed`, `interrupted`, or nothing."""

    def note(self, text: str) -> None:
        """Print a line that belongs to no stream or parser."""
        print_note(text)


class _LineProgress(_TrackedProgress):
    """Prints a line when a stream or parser begins to wait, and one when it ends."""

    def __init__(self) -> None:
        super().__init__()
        self._last_waits: dict[tuple[str, str], str] = {}

    def show(self, connection: str, work: str) -> None:
        text = self.active[connection, work].waiting
        if text and self._last_waits.get((connection, work)) != text:
            print_note(f"{connection} {work}: {text}")
        self._last_waits[connection, work] = text

    def close(self, connection: str, work: str, counts: _Counts, how: Sequence[str]) -> None:
        seconds = time.monotonic() - counts.started
        parts = filter(None, (*how, counts.format_counts(), f"{seconds:.1f} s"))
        print_note(f"{connection} {work}: {', '.join(parts)}")


class _LiveProgress(_TrackedProgress):
    """Keeps one line for each stream and parser up to date."""

    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def began(self, connection: str, work: str) -> None:
        with self.lock:
            self._tasks[connection, work] = self._bars.add_task(f"{connection} {work}", total=None, status="")
            super().began(connection, work)

    def show(self, connection: str, work: str) -> None:
        item = self.active[connection, work]
        self._update(connection, work, status=", ".join(filter(None, (item.format_counts(), item.waiting))))

    def close(self, connection: str, work: str, counts: _Counts, how: Sequence[str]) -> None:
        status = ", ".join(filter(None, (*how, counts.format_counts())))
        # A bar that is completed has a tick, and one that stopped has none.
        done: dict[str, Any] = {} if how else {"total": 1, "completed": 1}
        self._update(connection, work, status=status, **done)
        if how and (task := self._tasks.get((connection, work))) is not None:
            self._bars.stop_task(task)

    def note(self, text: str) -> None:
        self._bars.console.print(text)

    def _update(self, connection: str, work: str, **fields: Any) -> None:
        if (task := self._tasks.get((connection, work))) is not None:
            self._bars.update(task, **fields)


@contextmanager
def show_progress(*, as_json: bool = False) -> Iterator[Progress]:
    """The progress to pass to a sync or parse. With as_json, print nothing unless on a terminal."""
    if not sys.stderr.isatty():
        yield Progress() if as_json else _LineProgress()
        return
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console(sys.stderr)) as bars:
        yield _LiveProgress(bars)
