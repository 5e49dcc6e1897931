"""Run the command `dazz` in another process, with the home and connections of a test."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from dazz_assets.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def environment(folder: Path, home: Path | None = None) -> dict[str, str]:
    """The environment variables of the process: its own home, and the connections file in the folder."""
    removed = {"DAGSTER_HOME", "DAZZ_LAKE", "DAZZ_INTEGRATIONS"}
    return {
        **{name: value for name, value in os.environ.items() if name not in removed},
        "DAZZ_HOME": str(home or folder / "home"),
        "DAZZ_CONNECTIONS": str(folder / "connections.yaml"),
        "PYTHONPATH": str(ROOT),
    }


def dazz(folder: Path, *arguments: str, home: Path | None = None) -> subprocess.Popen[str]:
    """Start the command without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "dazz_assets.cli", *arguments],
        env=environment(folder, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for the command to succeed, and return its output."""
    out, error = process.communicate(timeout=180)
    assert process.returncode == 0, out + error
    return out


def connect(
    folder: Path,
    sandbox: Sandbox,
    connections: Iterable[tuple[str, str]],
    history: timedelta = timedelta(days=365),
) -> None:
    """Write a connections file for pairs of vendor and connection id, whose history is synced from the sandbox."""
    entries: list[Mapping[str, Any]] = [
        {
            "id": connection,
            "integration": vendor,
            "start": (sandbox[vendor].now.date() - history).isoformat(),
            "config": sandbox[vendor].settings(sandbox.url(vendor)),
        }
        for vendor, connection in connections
    ]
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": entries}))
