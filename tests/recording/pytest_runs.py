"""Runs of pytest as a user starts it: a process of its own, with nothing of this project's configuration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_OURS = ("PYTEST_", "DAZZ_", "DAGSTER_")
_SECTION = r"^_+ {} _+\n(?:\[gw\d\][^\n]*\n)?(.*?)(?=^[_=]{{3,}} |\Z)"


@dataclass(frozen=True)
class Run:
    """A run that ended. text: all that it wrote."""

    status: int
    text: str

    @property
    def outcome(self) -> str:
        """The last line, without the time that it took."""
        return self.text.strip().splitlines()[-1].strip("= ").partition(" in ")[0]

    def failure(self, test: str) -> str:
        """What it says of a test that failed."""
        found = re.search(_SECTION.format(re.escape(test)), self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{test} did not fail:\n{self.text}"
        return found[1].strip()


def run_pytest(*args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run pytest in a folder; it needs no network and never meets one."""
    return run("pytest", "-p", "no:cacheprovider", "--disable-socket", "--allow-unix-socket", *args, cwd=cwd, env=env)


def run(module: str, *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a Python module as a process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "DAGSTER_DISABLE_TELEMETRY": "yes", "COLUMNS": "200"}
    ended = subprocess.run(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=cwd,
        env=kept | dict(env or {}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    return Run(ended.returncode, ended.stdout)


def files_of(folder: Path) -> dict[str, bytes]:
    """Each file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
