"""`dazz dev`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer

from dazz_assets.cli.exit_status import FAILED, Refused, end_command
from dazz_assets.cli.output import print_note

if TYPE_CHECKING:
    from dazz_assets.sandbox import Sandbox

# Seconds: for Dagster to end its runs and services, and then for those that it left.
_PATIENCE = 20.0
_PATIENCE_AFTER = 5.0

Port = Annotated[int, typer.Option(min=1, max=65_535, help="Of the UI.")]


def open_ui(port: Port = 3000) -> None:
    """Open the Dagster UI and its daemon on the home's data.

    With the demo's connections, or none yet, the sandbox is served beside it, as it was when the demo ended.
    """
    from dazz_assets.connections import VARIABLE, connections_path
    from dazz_assets.home import DAGSTER_VARIABLE, HOME_VARIABLE, dagster_home, home
    from dazz_assets.orchestration.dagster_instance import open_instance

    # Ctrl-C, and a request to end, are told to this process, which then ends what it started.
    # A shell without job control starts a process in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _demand_free(port)
    sandbox = _sandbox()
    try:
        with open_instance():
            pass
        here = {
            HOME_VARIABLE: str(home()),
            DAGSTER_VARIABLE: str(dagster_home()),
            VARIABLE: str(connections_path().absolute()),
        }
        command = [sys.executable, "-m", "dagster", "dev", *_code_location()]
        status = _run([*command, "--host", "127.0.0.1", "--port", str(port)], here)
    finally:
        if sandbox is not None:
            sandbox.close()
    if status:
        print_note(f"Dagster ended with status {status}; see what it said above.", "red")
        end_command(FAILED)


def _code_location() -> list[str]:
    """A project's own, where there is a `workspace.yaml`; else every integration that is found."""
    own = Path("workspace.yaml")
    return ["-w", str(own)] if own.exists() else ["-m", "dazz_assets.orchestration.definitions"]


def _demand_free(port: int) -> None:
    """Dagster says that its port is taken, and runs on without a UI. Raises Refused."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(f"port {port} is taken; name another: dazz dev --port {port + 1}") from None


def _sandbox() -> Sandbox | None:
    from dazz_assets.cli.options import SANDBOX_SEED
    from dazz_assets.cli.sandbox_connections import (
        CHANGE,
        connections_in_file,
        sandbox_connections,
        sandbox_now,
        sandbox_port,
        start_sandbox,
        start_sandbox_nearby,
        write_connections,
    )
    from dazz_assets.connections import connections_path

    path = connections_path()
    connections = connections_in_file(path)
    if connections is None:
        return None
    if not connections:
        sandbox = start_sandbox_nearby()
        write_connections(path, sandbox_connections(sandbox))
        print_note(f"{path} is new: connections to the sandbox.")
        return sandbox
    port = min(found for item in connections if (found := sandbox_port(item)))
    try:
        sandbox = start_sandbox(port, SANDBOX_SEED, sandbox_now(connections))
    except Refused as error:
        print_note(f"{error}. Going on with what listens there.", "yellow")
        return None
    sandbox.change(CHANGE)
    return sandbox


def _run(command: list[str], variables: dict[str, str]) -> int:
    """Run until it ends or this process is interrupted; gives its exit status, 0 where it was interrupted."""
    child = subprocess.Popen(command, env=os.environ | variables, start_new_session=True)
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process, and then what is left of all that it started: gently, then for certain."""
    family = _family(child.pid)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_PATIENCE)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=_PATIENCE_AFTER)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    # What was started meanwhile is in the same group; mostly nothing is left of it.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it started, as far as they live."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
