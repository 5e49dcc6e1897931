"""Start the vendors' sandboxes, and make, read and write the connections to them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.parse import urlsplit

import yaml

from dazz_assets.cli.exit_status import UsageError
from dazz_assets.cli.output import print_note
from dazz_assets.cli.sandbox_defaults import SANDBOX_PORT, SANDBOX_SEED
from dazz_assets.connections import BadConnection, Connection, read_connections
from dazz_assets.sandbox import HISTORY, Sandbox, find_sandboxes, missing_packages
from dazz_assets.sandbox.server import HOST

# The id of connections to sandboxes. A connections file with any other id belongs to the user.
CONNECTION = "sandbox"
# The seed of the change that the demo makes in the sandboxes.
CHANGE = 1
_STEP = 10
_TRIES = 100
_CONNECT_SECONDS = 1.0


def start_sandbox(port: int, seed: int, now: datetime | None = None) -> Sandbox:
    """Start all vendors' sandboxes on this port and those after it. Raises UsageError if one is taken.

    Says which are left out, since a package that they need is not installed.
    now: the time at which their records end; the start of today by default.
    """
    sandbox = Sandbox([vendor(seed, now=now) for vendor in find_sandboxes()], port=port)
    try:
        sandbox.start()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"the sandbox can't listen on port {port} and the {len(sandbox.vendors) - 1} after it ({error}): "
            "choose another --port, or 0 for free ports"
        ) from None
    for name, package in missing_packages().items():
        print_note(f"{name}: left out, since its sandbox needs the package {package!r}, which is not installed")
    return sandbox


def start_sandbox_nearby() -> Sandbox:
    """Start all sandboxes on the first free ports from the default one on. Raises UsageError if there are none."""
    for candidate in range(SANDBOX_PORT, SANDBOX_PORT + _STEP * _TRIES, _STEP):
        try:
            return start_sandbox(candidate, SANDBOX_SEED)
        except UsageError:
            continue
    raise UsageError(f"the sandbox found no free ports from {SANDBOX_PORT} on")


def sandbox_connections(sandbox: Sandbox) -> tuple[Connection, ...]:
    """A connection to each vendor, which starts at the vendor's first record."""
    return tuple(
        Connection(
            id=CONNECTION, integration=name, start=(vendor.now - HISTORY).date(), config=dict(sandbox.settings(name))
        )
        for name, vendor in sandbox.vendors.items()
    )


def connections_yaml(connections: tuple[Connection, ...]) -> str:
    """Connections as the text of a connections file."""
    entries: list[Mapping[str, Any]] = [
        {"id": item.id, "integration": item.integration, "start": item.start, "interval": "15m", "config": item.config}
        for item in connections
    ]
    # Indent the entries as people do, so that more can be added below.
    return "connections:\n" + indent(yaml.safe_dump(entries, sort_keys=False), "  ")


def read_sandbox_connections(path: Path) -> tuple[Connection, ...] | None:
    """The sandbox connections in a file; None if it holds anything else, so that we must not overwrite it."""
    if not path.exists():
        return ()
    try:
        connections = read_connections(path)
    except BadConnection:
        return None
    is_ours = all(item.id == CONNECTION and sandbox_port(item) for item in connections.valid)
    return connections.valid if is_ours and not connections.problems else None


def sandbox_port(connection: Connection) -> int | None:
    """The loopback port that a connection goes to; None if it goes elsewhere."""
    parts = urlsplit(str(connection.config.get("base_url", "")))
    return parts.port if parts.hostname == HOST else None


def is_running(connection: Connection) -> bool:
    """Whether something listens on the loopback port that a connection goes to."""
    port = sandbox_port(connection)
    if port is None:
        return False
    try:
        socket.create_connection((HOST, port), _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def note_stopped_sandbox(connections: Iterable[Connection]) -> None:
    """Tell how to start the sandbox of connections to one that isn't running."""
    for connection in connections:
        if connection.id == CONNECTION and (port := sandbox_port(connection)) and not is_running(connection):
            print_note(
                f"{connection.integration}/{connection.id}: nothing listens on {HOST}:{port}. The sandbox is there "
                f"only while `dazz sandbox` or `dazz dev` runs; start it in another terminal: "
                f"`{_sandbox_command(connection.integration, port)}`",
                "yellow",
            )


def _sandbox_command(integration: str, port: int) -> str:
    """The command that serves this integration's sandbox on this port."""
    names = [vendor.name for vendor in find_sandboxes()]
    first = port - names.index(integration) if integration in names else SANDBOX_PORT
    return "dazz sandbox" if first == SANDBOX_PORT else f"dazz sandbox --port {first}"


def write_connections(path: Path, connections: tuple[Connection, ...]) -> None:
    """Write the connections file for the sandbox. Its tokens are valid for nothing else."""
    path.write_text(
        "# Connections to the sandbox, written by `dazz demo` or `dazz dev`. Put yours in their place: `dazz demo`\n"
        "# writes this file again only as long as it holds nothing else, and `dazz dev` never does.\n"
        "# These tokens work for the sandbox alone. Keep real ones out of this file: token: ${MY_TOKEN}\n"
        + connections_yaml(connections),
        encoding="utf-8",
    )


def sandbox_now(connections: tuple[Connection, ...]) -> datetime:
    """The time at which the records end in the sandbox that these connections were made for."""
    return datetime.combine(min(item.start for item in connections), datetime.min.time(), UTC) + HISTORY
