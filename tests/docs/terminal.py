"""A reader's terminal: runs the commands of a page in a folder, and compares what they print with what is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.docs.markdown import Command

TODAY = datetime(2026, 11, 25, 9, tzinfo=UTC)
"""When the page is read: on its day, in every process, so that the sandbox's records are those that it shows."""
_CLOCK = """
import time, time_machine
time_machine.travel(time.time() + {seconds}, tick=True).start()
"""
# What differs from run to run: how long something took, at which time of the day, and whose key pseudonyms are made by.
_VARIES = (
    re.compile(rf"{TODAY:%Y-%m-%d}T[\d:]+Z"),
    re.compile(r"\b[\d.]+ ?s\b"),
    re.compile(r'"key": "[0-9a-f]{8}"'),
)
# What a terminal shows as a bar, which goes on in its place.
_PROGRESS = re.compile(r"\w+/\w+ \w+: .*[\d.]+ s")
_REST = "..."


@dataclass
class Terminal:
    """A shell in a folder. stands_for: what the page writes, and what it means here; took: seconds of each command."""

    folder: Path
    stands_for: dict[str, str] = field(default_factory=dict)
    took: list[tuple[float, str]] = field(default_factory=list)
    _exports: list[str] = field(default_factory=list)
    _path: str = ""

    def __post_init__(self) -> None:
        # Python imports it when it starts.
        clock = self.folder / ".clock"
        clock.mkdir()
        seconds = (TODAY - datetime.now(UTC)).total_seconds()
        clock.joinpath("sitecustomize.py").write_text(_CLOCK.format(seconds=seconds), encoding="utf-8")
        self._path = str(clock)

    def here(self, text: str) -> str:
        """What a text of the page means here."""
        for written, meant in self.stands_for.items():
            text = text.replace(written, meant)
        return text

    def run(self, command: Command) -> None:
        """Run a command; what it prints must be what is shown. It may fail where an error is shown."""
        text = self.here(command.text)
        if text.startswith("export "):
            self._exports.append(text)
            return
        began = time.monotonic()
        done = subprocess.run(
            ["bash", "-c", "\n".join([*self._exports, text])],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self.took.append((time.monotonic() - began, command.text))
        expects_failure = any(re.search(r"Error: |\bfailed\b", line) for line in command.shown)
        assert (done.returncode != 0) == expects_failure, f"$ {text}\n{done.stdout}"
        self.compare(command, done.stdout)

    def compare(self, command: Command, printed: str) -> None:
        """What was printed must be what is shown; a line `...` stands for any lines."""
        shown = [self._plain(self.here(line)) for line in command.shown]
        lines = [self._plain(line) for line in printed.splitlines() if not _PROGRESS.fullmatch(line)]
        pattern = "".join(r"(?:.*\n)*?" if line == _REST else re.escape(line) + r"\n" for line in shown)
        fits = re.fullmatch(pattern, "".join(f"{line}\n" for line in lines))
        assert fits, "\n".join(
            [f"$ {command.text}", "the page shows:", *command.shown, "", "it printed:", *printed.splitlines()]
        )

    def add_to_path(self, folder: Path) -> None:
        """Python finds its packages in this folder too."""
        self._path += f"{os.pathsep}{folder}"

    @property
    def environment(self) -> dict[str, str]:
        """A reader's: with the commands of this interpreter, without colours, and not as within a test or in CI."""
        commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
        # pytest warns that the clock is there before it is; and it would read all of hypothesis, which no reader has.
        options = "-W ignore::pytest.PytestAssertRewriteWarning -p no:hypothesispytest"
        ours = {"PYTHONPATH": self._path, "PYTEST_ADDOPTS": options, "NO_COLOR": "1", "COLUMNS": "80"}
        return {**kept, "PATH": commands, **ours}

    @staticmethod
    def _plain(line: str) -> str:
        for pattern in _VARIES:
            line = pattern.sub("<varies>", line)
        return line.rstrip()
