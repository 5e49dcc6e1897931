"""`dazz sandbox`: serve the vendors' sandboxes on loopback until it is stopped."""

import signal
import threading
from typing import Annotated

import typer

from dazz_assets.cli.output import print_note, print_result
from dazz_assets.cli.sandbox_defaults import SANDBOX_PORT, SANDBOX_SEED

Port = Annotated[
    int, typer.Option(min=0, max=65_000, help="Port of the first vendor; the others follow. 0 for free ports.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same records, on the same day.")]


def serve_sandbox(port: Port = SANDBOX_PORT, seed: Seed = SANDBOX_SEED) -> None:
    """Serve the vendors' sandboxes over HTTP on this machine, until interrupted."""
    from dazz_assets.cli.sandbox_connections import connections_yaml, sandbox_connections, start_sandbox

    sandbox = start_sandbox(port, seed)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    try:
        for name in sandbox.vendors:
            print_note(f"{name}: {sandbox.url(name)}")
        print_note("For connections.yaml:")
        print_result(connections_yaml(sandbox_connections(sandbox)).rstrip())
        print_note("Serving until interrupted (Ctrl-C).")
        done.wait()
    except KeyboardInterrupt:
        pass  # The normal way to end this command.
    finally:
        sandbox.close()
