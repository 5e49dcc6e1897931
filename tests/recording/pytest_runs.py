"""Run pytest as a user starts it: as a separate process, without this project's configuration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_OUR_VARIABLES = ("PYTEST_", "DAZZ_", "DAGSTER_")
# Of all that a run costs, hypothesis would be half: pytest reads and rewrites it each time.
_OPTIONS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--disable-socket", "--allow-unix-socket")
_FAILURE_SECTION = r"^_+ {} _+\n(?:\[gw\d\][^\n]*\n)?(.*?)(?=^[_=]{{3,}} |\Z)"


@dataclass(frozen=True)
class Run:
    """A run that ended. text: all that it printed."""

    status: int
    text: str

    @property
    def outcome(self) -> str:
        """The last line, without the time taken."""
        return self.text.strip().splitlines()[-1].strip("= ").partition(" in ")[0]

    def failure(self, test: str) -> str:
        """Return what it printed about a test that failed."""
        found = re.search(_FAILURE_SECTION.format(re.escape(test)), self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{test} did not fail:\n{self.text}"
        return found[1].strip()


def run_pytest(*args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run pytest in a folder, with the network blocked."""
    return run_module("pytest", *_OPTIONS, *args, cwd=cwd, env=env)


def run_module(module: str, *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a Python module as a separate process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OUR_VARIABLES)}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "DAGSTER_DISABLE_TELEMETRY": "yes", "COLUMNS": "200"}
    completed = subprocess.run(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=cwd,
        env=kept | dict(env or {}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    return Run(completed.returncode, completed.stdout)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file below a folder by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
