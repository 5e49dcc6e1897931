"""What a sync or parse shows while it runs, on standard error: bars on a terminal, else plain lines."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from dazz_assets.cli.output import console, print_note
from dazz_assets.reports import Progress


@dataclass(slots=True)
class _Work:
    """A stream or parser at work. waiting: why nothing happens, empty where something does."""

    began: float = field(default_factory=time.monotonic)
    records: int = 0
    pages: int = 0
    objects: int = 0
    waiting: str = ""

    def text(self) -> str:
        if self.objects:
            return f"{self.objects:,} objects"
        rate = self.records / max(time.monotonic() - self.began, 0.001)
        return f"{self.records:,} records, {self.pages:,} pages, {rate:,.0f}/s" if self.pages else ""


class _Followed(Progress):
    """Keeps count of what is at work. Threads may call it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.works: dict[tuple[str, str], _Work] = {}

    def began(self, connection: str, work: str) -> None:
        with self.lock:
            self.works[connection, work] = _Work()
            self.show(connection, work)

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        with self.lock:
            found = self.works.setdefault((connection, stream), _Work())
            found.records += records
            found.pages += 1
            found.waiting = ""
            self.show(connection, stream)

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        with self.lock:
            self.works.setdefault((connection, parser), _Work()).objects += objects
            self.show(connection, parser)

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        with self.lock:
            text = f"waiting {seconds:.0f} s: {reason}" if seconds else f"waiting: {reason}"
            at_work = [key for key in self.works if key[0] == connection]
            for key in at_work:
                self.works[key].waiting = text
                self.show(*key)
            if not at_work:
                self.note(f"{connection}: {text}")

    def ended(self, connection: str, work: str) -> None:
        with self.lock:
            self.close(connection, work, self.works.pop((connection, work), _Work()))

    def show(self, connection: str, work: str) -> None:
        """Something changed."""

    def close(self, connection: str, work: str, done: _Work) -> None:
        """A work ended."""

    def note(self, text: str) -> None:
        """A line beside the works."""
        print_note(text)


class _Lines(_Followed):
    """A line when a work begins to wait, and one when it ends."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, str], str] = {}

    def show(self, connection: str, work: str) -> None:
        text = self.works[connection, work].waiting
        if text and self._told.get((connection, work)) != text:
            print_note(f"{connection} {work}: {text}")
        self._told[connection, work] = text

    def close(self, connection: str, work: str, done: _Work) -> None:
        seconds = time.monotonic() - done.began
        print_note(f"{connection} {work}: {', '.join(filter(None, (done.text(), f'{seconds:.1f} s')))}")


class _Live(_Followed):
    """A line a work, kept up to date."""

    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def began(self, connection: str, work: str) -> None:
        with self.lock:
            self._tasks[connection, work] = self._bars.add_task(f"{connection} {work}", total=None, said="")
            super().began(connection, work)

    def show(self, connection: str, work: str) -> None:
        found = self.works[connection, work]
        self._update(connection, work, said=", ".join(filter(None, (found.text(), found.waiting))))

    def close(self, connection: str, work: str, done: _Work) -> None:
        self._update(connection, work, said=done.text(), total=1, completed=1)

    def note(self, text: str) -> None:
        self._bars.console.print(text)

    def _update(self, connection: str, work: str, **fields: Any) -> None:
        if (task := self._tasks.get((connection, work))) is not None:
            self._bars.update(task, **fields)


@contextmanager
def show_progress(*, as_json: bool = False) -> Iterator[Progress]:
    """A progress to hand to a sync or parse. With JSON as the result, nothing is told unless a person watches."""
    if not sys.stderr.isatty():
        yield Progress() if as_json else _Lines()
        return
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[said]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console(sys.stderr)) as bars:
        yield _Live(bars)
