"""Importing or using the library changes no process-wide settings of its host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# Some dependencies change process-wide settings in any program that uses them (requests and numpy add warnings filters,
# sqlalchemy sets a log level). They are imported first, so that only changes by the library itself are seen.
IMPORT_MODULES = """
import alembic, dagster, deltalake, duckdb, filelock, msgspec, numpy, psutil, pyarrow, pydantic, requests, responses
import rich, sqlalchemy, structlog, tenacity, time_machine, typer, yaml
{before}
from importlib import import_module
before = read_process_state()
for name in {names}:
    import_module(name)
"""

USE_CLIENT = """
import requests
from dazz_assets.http import BearerToken, Request
from dazz_assets.http.client import Client
from tests.http.loopback import Clock, Reply, Vendor
vendor, clock = Vendor(), Clock()
vendor.script(Reply(503), Reply(body=[1]))
before = read_process_state()
client = Client(
    vendor.url, auth=BearerToken("{{config.token}}"), values={{"token": "secret"}}, secrets=["secret"],
    clock=clock, sleep=clock.sleep,
)
assert client.send(Request(vendor.url)).body == b"[1]" and client.counters.retries == 1
client.close()
vendor.close()
"""

CHANGE_SETTINGS = """
import decimal, locale, logging, os, signal, socket, sys, warnings
before = read_process_state()
logging.basicConfig()
logging.getLogger("urllib3").setLevel("ERROR")
logging.getLogger("new").addFilter(lambda record: False)
logging.getLogger("new and untouched")
warnings.simplefilter("ignore")
os.environ["OURS"] = "1"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
socket.setdefaulttimeout(1)
sys.excepthook = print
sys.path.append("/ours")
decimal.getcontext().prec = 5
"""


def run_and_diff(script: str, **parts: Any) -> dict[str, list[str | None]]:
    """Run a script in a new process; the settings that differ between its `before` and its end."""
    code = "\n".join(
        [
            "import json",
            "from tests.process_state import diff_states, read_process_state",
            script.format(**parts),
            "print(json.dumps(diff_states(before, read_process_state())))",
        ]
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=120)
    assert process.returncode == 0, process.stderr
    differences: dict[str, list[str | None]] = json.loads(process.stdout)
    return differences


def importable_modules() -> list[str]:
    """All modules of the library except its entry points: the command, and the code location that Dagster loads."""
    names = []
    for path in sorted((ROOT / "dazz_assets").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] not in ("__main__", "definitions"):
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


@pytest.mark.parametrize("names", [["dazz_assets"], importable_modules()], ids=["the package", "all its modules"])
def test_importing_changes_no_setting_of_the_host(names: list[str]) -> None:
    assert run_and_diff(IMPORT_MODULES, names=names, before="") == {}


def test_importing_keeps_the_logging_and_warnings_that_the_host_has_set() -> None:
    settings = "import logging, warnings; logging.basicConfig(level='DEBUG'); warnings.simplefilter('error')"
    assert run_and_diff(IMPORT_MODULES, names=["dazz_assets", "dazz_assets.extract.sync_stream"], before=settings) == {}


def test_using_a_client_only_adds_filters_that_mask_secrets_to_the_loggers_of_urllib3() -> None:
    changed = run_and_diff(USE_CLIENT)
    assert set(changed) == {f"logger urllib3.{name}" for name in ("connectionpool", "response", "util.retry")}
    for before, after in changed.values():
        assert before == "(0, True, False, [], [])"
        assert after is not None
        assert after.startswith("(0, True, False, [], [<dazz_assets.")


def test_changes_of_settings_are_detected() -> None:
    """Otherwise the tests above would prove nothing."""
    assert set(run_and_diff(CHANGE_SETTINGS)) == {
        "logger root",
        "logger urllib3",
        "logger new",
        "warnings.filters",
        "os.environ",
        "signal",
        "socket",
        "sys hooks",
        "sys.path",
        "decimal",
    }
