"""`dazz sandbox`."""

import signal
import threading
from typing import Annotated

import typer

from dazz_assets.cli.options import SANDBOX_PORT, SANDBOX_SEED
from dazz_assets.cli.output import print_note, print_result

Port = Annotated[
    int, typer.Option(min=0, max=65_000, help="Each vendor has a port of its own, from this one on; 0 for free ones.")
]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal records on one day.")]


def serve_sandbox(port: Port = SANDBOX_PORT, seed: Seed = SANDBOX_SEED) -> None:
    """Serve vendors on loopback, with real HTTP, until interrupted."""
    from dazz_assets.cli.sandbox_connections import connections_yaml, sandbox_connections, start_sandbox

    sandbox = start_sandbox(port, seed)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    try:
        for name in sandbox.vendors:
            print_note(f"{name}: {sandbox.url(name)}")
        print_note("As connections.yaml:")
        print_result(connections_yaml(sandbox_connections(sandbox)).rstrip())
        print_note("Serving until interrupted (Ctrl-C).")
        done.wait()
    except KeyboardInterrupt:
        pass  # It is how this command is meant to end.
    finally:
        sandbox.close()
