"""`dazz sandbox`."""

import signal
import threading
from typing import Annotated

import typer

from dazz_assets.cli.options import SANDBOX_PORT, SANDBOX_SEED
from dazz_assets.cli.output import say, tell

Port = Annotated[
    int, typer.Option(min=0, max=65_000, help="Each vendor has a port of its own, from this one on; 0 for free ones.")
]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal records on one day.")]


def serve_sandbox(port: Port = SANDBOX_PORT, seed: Seed = SANDBOX_SEED) -> None:
    """Serve vendors on loopback, with real HTTP, until interrupted."""
    from dazz_assets.cli.vendors import as_yaml, connections_to, started

    sandbox = started(port, seed)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    try:
        for name in sandbox.vendors:
            tell(f"{name}: {sandbox.url(name)}")
        tell("As connections.yaml:")
        say(as_yaml(connections_to(sandbox)).rstrip())
        tell("Serving until interrupted (Ctrl-C).")
        done.wait()
    except KeyboardInterrupt:
        pass  # It is how this command is meant to end.
    finally:
        sandbox.close()
