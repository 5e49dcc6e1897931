"""The vendors' sandboxes that the commands serve, and the connections to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.parse import urlsplit

import yaml

from dazz_assets.cli.exit_status import Refused
from dazz_assets.cli.options import SANDBOX_PORT, SANDBOX_SEED
from dazz_assets.connections import BadConnection, Connection, read_connections
from dazz_assets.sandbox import HISTORY, Sandbox, find_sandboxes
from dazz_assets.sandbox.server import HOST

# The id of the connections to sandboxes, which nobody gives a connection of their own.
CONNECTION = "sandbox"
# The seed of the change that the demo makes at the vendors.
CHANGE = 1
_STEP = 10
_TRIES = 100


def start_sandbox(port: int, seed: int, now: datetime | None = None) -> Sandbox:
    """All vendors' sandboxes, listening on a port and those after it. Raises Refused where one is taken.

    now: when their records end; the start of today by default.
    """
    sandbox = Sandbox([vendor(seed, now=now) for vendor in find_sandboxes()], port=port)
    try:
        sandbox.start()
    except (OSError, OverflowError) as error:
        raise Refused(
            f"the sandbox can't listen on port {port} and the {len(sandbox.vendors) - 1} after it ({error}): "
            "choose others with --port, or 0 for free ones"
        ) from None
    return sandbox


def start_sandbox_nearby() -> Sandbox:
    """The same on the first ports from the usual one on that are free."""
    for candidate in range(SANDBOX_PORT, SANDBOX_PORT + _STEP * _TRIES, _STEP):
        try:
            return start_sandbox(candidate, SANDBOX_SEED)
        except Refused:
            continue
    raise Refused(f"the sandbox found no free ports from {SANDBOX_PORT} on")


def sandbox_connections(sandbox: Sandbox) -> tuple[Connection, ...]:
    """A connection to each vendor, which starts with the first of its records."""
    return tuple(
        Connection(
            id=CONNECTION, integration=name, start=(vendor.now - HISTORY).date(), config=dict(sandbox.settings(name))
        )
        for name, vendor in sandbox.vendors.items()
    )


def connections_yaml(connections: tuple[Connection, ...]) -> str:
    """Connections as their file has them."""
    entries: list[Mapping[str, Any]] = [
        {"id": item.id, "integration": item.integration, "start": item.start, "interval": "15m", "config": item.config}
        for item in connections
    ]
    # Indented as people do it, so that more entries can be put below.
    return "connections:\n" + indent(yaml.safe_dump(entries, sort_keys=False), "  ")


def connections_in_file(path: Path) -> tuple[Connection, ...] | None:
    """The connections to the sandbox that a file holds; None where it holds anything else, and is not ours to write."""
    if not path.exists():
        return ()
    try:
        found = read_connections(path)
    except BadConnection:
        return None
    ours = all(item.id == CONNECTION and sandbox_port(item) for item in found.valid)
    return found.valid if ours and not found.problems else None


def sandbox_port(connection: Connection) -> int | None:
    """The port on loopback that a connection goes to; None for one that goes elsewhere."""
    parts = urlsplit(str(connection.config.get("base_url", "")))
    return parts.port if parts.hostname == HOST else None


def write_connections(path: Path, connections: tuple[Connection, ...]) -> None:
    """Write the connections file of the sandbox. Its tokens open nothing else."""
    path.write_text(
        "# Connections to the sandbox, written by `dazz demo`, which writes them anew as long as there are no others.\n"
        "# Their tokens open nothing but the sandbox. A real one stays out of this file: token: ${MY_TOKEN}\n"
        + connections_yaml(connections),
        encoding="utf-8",
    )


def sandbox_now(connections: tuple[Connection, ...]) -> datetime:
    """When the records of the sandbox end that these connections were made for."""
    return datetime.combine(min(item.start for item in connections), datetime.min.time(), UTC) + HISTORY
