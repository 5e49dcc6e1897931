"""A process that imports or uses the library stays the host's: nothing that is shared in it is changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# Libraries that change what is shared do so in any program that uses them (requests and numpy add warnings filters,
# sqlalchemy sets a log level): they are loaded before, so that what is seen is ours.
IMPORTING = """
import alembic, dagster, deltalake, duckdb, filelock, msgspec, numpy, psutil, pyarrow, pydantic, requests, responses
import rich, sqlalchemy, structlog, tenacity, time_machine, typer, yaml
{before}
from importlib import import_module
before = state()
for name in {names}:
    import_module(name)
"""

USING = """
import requests
from dazz_assets.http import BearerToken, Client, Request
from tests.http.loopback import Clock, Reply, Vendor
vendor, clock = Vendor(), Clock()
vendor.script(Reply(503), Reply(body=[1]))
before = state()
client = Client(
    vendor.url, auth=BearerToken("{{token}}"), values={{"token": "secret"}}, secrets=["secret"],
    clock=clock, sleep=clock.sleep,
)
assert client.send(Request(vendor.url)).body == b"[1]" and client.counters.retries == 1
client.close()
vendor.close()
"""

TAMPERING = """
import decimal, locale, logging, os, signal, socket, sys, warnings
before = state()
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


def changed_by(script: str, **parts: Any) -> dict[str, list[str | None]]:
    """What differs in a process of its own between `before` of the script and its end."""
    code = "\n".join(
        [
            "import json",
            "from tests.host import changes, state",
            script.format(**parts),
            "print(json.dumps(changes(before, state())))",
        ]
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=120)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, list[str | None]] = json.loads(ran.stdout)
    return found


def modules() -> list[str]:
    """All of the library but what is only started: the command, and the code location that Dagster loads."""
    found = []
    for path in sorted((ROOT / "dazz_assets").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] not in ("__main__", "definitions"):
            found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("names", [["dazz_assets"], modules()], ids=["the package", "each of its modules"])
def test_importing_changes_nothing_of_the_hosts(names: list[str]) -> None:
    assert changed_by(IMPORTING, names=names, before="") == {}


def test_importing_leaves_the_hosts_own_logging_and_warnings_as_they_are() -> None:
    settings = "import logging, warnings; logging.basicConfig(level='DEBUG'); warnings.simplefilter('error')"
    assert changed_by(IMPORTING, names=["dazz_assets", "dazz_assets.extract.sync_stream"], before=settings) == {}


def test_using_a_client_adds_a_filter_that_masks_secrets_to_the_transports_loggers_and_nothing_else() -> None:
    changed = changed_by(USING)
    assert set(changed) == {f"logger urllib3.{name}" for name in ("connectionpool", "response", "util.retry")}
    for before, after in changed.values():
        assert before == "(0, True, False, [], [])"
        assert after is not None
        assert after.startswith("(0, True, False, [], [<dazz_assets.")


def test_what_is_changed_in_a_process_is_seen() -> None:
    """Else the tests above would pass whatever is done."""
    assert set(changed_by(TAMPERING)) == {
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
