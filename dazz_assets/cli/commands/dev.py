"""`dazz dev`: the Dagster UI and its daemon at work on the home, with the sandbox if its connections are the demo's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from dazz_assets.cli.exit_status import FAILED, UsageError, end_command
from dazz_assets.cli.output import print_note
from dazz_assets.home import in_project, project

if TYPE_CHECKING:
    import psutil

    from dazz_assets.sandbox import Sandbox

# In seconds: how long Dagster may take to stop, and then the processes that it left behind.
_DAGSTER_TIMEOUT = 20.0
_CHILDREN_TIMEOUT = 5.0

# Dagster tells people to run `dg dev` instead, which needs a project of `dg`.
_NOT_FOR_USERS = "ignore:Function `dev_command` is superseded"

Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port of the UI.")]


def open_ui(port: Port = 3000) -> None:
    """Run the Dagster UI and its daemon on your home's data.

    Also serves the sandbox, in its state after the demo, if the connections file is the demo's or doesn't exist yet.
    """
    from dazz_assets.connections import CONNECTIONS_VARIABLE, connections_path
    from dazz_assets.home import DAGSTER_VARIABLE, HOME_VARIABLE, dagster_home, home
    from dazz_assets.orchestration.dagster_instance import open_instance

    # Both signals end this process, which then stops what it started. Set SIGINT explicitly: a shell without job
    # control starts background processes with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _check_port(port)
    sandbox = _start_sandbox()
    try:
        with open_instance():
            pass
        variables = {
            HOME_VARIABLE: str(home()),
            DAGSTER_VARIABLE: str(dagster_home()),
            CONNECTIONS_VARIABLE: str(connections_path().resolve()),
            "PYTHONWARNINGS": ",".join(filter(None, [_NOT_FOR_USERS, os.environ.get("PYTHONWARNINGS")])),
        }
        command = [sys.executable, "-m", "dagster", "dev", *_code_location()]
        status = _run([*command, "--host", "127.0.0.1", "--port", str(port)], variables)
    finally:
        if sandbox is not None:
            sandbox.close()
    if status:
        print_note(f"Dagster ended with status {status}; see its output above.", "red")
        end_command(FAILED)


def _code_location() -> list[str]:
    """Dagster's option for the project's `workspace.yaml` if there is one, else for every integration found."""
    return (
        ["-w", "workspace.yaml"]
        if in_project("workspace.yaml").exists()
        else ["-m", "dazz_assets.orchestration.definitions"]
    )


def _check_port(port: int) -> None:
    """Raise UsageError if the port is taken; Dagster itself would go on without a UI."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise UsageError(f"port {port} is taken: choose another, like dazz dev --port {port + 1}") from None


def _start_sandbox() -> Sandbox | None:
    from dazz_assets.cli.sandbox_connections import (
        CHANGE,
        read_sandbox_connections,
        sandbox_connections,
        sandbox_now,
        sandbox_port,
        start_sandbox,
        start_sandbox_nearby,
        write_connections,
    )
    from dazz_assets.cli.sandbox_defaults import SANDBOX_SEED
    from dazz_assets.connections import connections_path

    path = connections_path()
    connections = read_sandbox_connections(path)
    if connections is None:
        return None
    if not connections:
        sandbox = start_sandbox_nearby()
        write_connections(path, sandbox_connections(sandbox))
        print_note(f"There was no {path.name}: wrote connections to the sandbox to {path}; put yours in their place.")
        _tell_where(sandbox)
        return sandbox
    port = min(each for item in connections if (each := sandbox_port(item)))
    try:
        sandbox = start_sandbox(port, SANDBOX_SEED, sandbox_now(connections))
    except UsageError as error:
        print_note(f"{error}. Continuing with what is listening there.", "yellow")
        return None
    sandbox.change(CHANGE)
    _tell_where(sandbox)
    return sandbox


def _tell_where(sandbox: Sandbox) -> None:
    urls = ", ".join(f"{name} at {sandbox.url(name)}" for name in sandbox.vendors)
    print_note(f"Serving the sandbox until interrupted: {urls}.")


def _run(command: list[str], variables: dict[str, str]) -> int:
    """Run a command until it ends or this process is interrupted; returns its exit status, 0 if interrupted."""
    # Modules that a workspace.yaml names are found from the project's folder.
    child = subprocess.Popen(command, cwd=project(), env=os.environ | variables, start_new_session=True)
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Stop a process, then what is left of its descendants: ask them to stop first, then kill them."""
    import psutil

    tree = _process_tree(child.pid)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_DAGSTER_TIMEOUT)
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(tree, timeout=_CHILDREN_TIMEOUT)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    # Processes started in the meantime are in the same process group. Usually none are left.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _process_tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants that are alive."""
    import psutil

    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
