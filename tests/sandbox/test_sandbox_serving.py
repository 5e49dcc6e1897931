"""Serving vendors to other processes until interrupted."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

PROGRAM = """
from dazz_assets.sandbox import serve
from integrations.snyk.sandbox import SnykSandbox
serve([SnykSandbox(seed=1, projects=5, issues=5)], port={port})
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_vendors_are_served_on_the_given_port_until_interrupted() -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", PROGRAM.format(port=port)]) as process, requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(connect=60, backoff_factor=0.05, backoff_max=0.2)))
        stats = session.get(f"http://127.0.0.1:{port}/_sandbox/stats", timeout=5)
        process.send_signal(signal.SIGINT)

        assert stats.json()["requests"] == 0
        assert process.wait(timeout=10) == 0
