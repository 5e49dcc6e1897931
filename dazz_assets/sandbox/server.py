"""Vendors' sandboxes behind real HTTP on loopback, and where they are found."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from http.client import responses as reasons
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.sandbox.control import PREFIX, Control
from dazz_assets.sandbox.faults import Fault
from dazz_assets.sandbox.routing import SandboxRequest, SandboxResponse
from dazz_assets.sandbox.vendor import Change, VendorSandbox
from dazz_assets.spec.discovery import discover

HOST = "127.0.0.1"


class Sandbox:
    """Several vendors, each on a port of its own, so that paths and links look like the vendor's real ones.

        with Sandbox([DeskSandbox(seed=1), PagerSandbox(seed=1)]) as sandbox:
            requests.get(sandbox.url("desk") + "/tickets", headers=...)

    With a `port` the vendors listen there and on the ports after it; without one, on free ports.
    """

    def __init__(self, vendors: Iterable[VendorSandbox], *, port: int = 0) -> None:
        self.vendors: Mapping[str, VendorSandbox] = {vendor.name: vendor for vendor in vendors}
        self._servers: dict[str, _Server] = {}
        self._threads: list[threading.Thread] = []
        self._port = port

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> VendorSandbox:
        return self.vendors[name]

    def start(self) -> None:
        """Listen. Raises OSError when a port is taken."""
        try:
            for offset, (name, vendor) in enumerate(self.vendors.items()):
                self._servers[name] = _Server(vendor, self._port and self._port + offset)
        except OSError:
            self.close()
            raise
        for name, server in self._servers.items():
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), name=f"sandbox-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop listening and end every open connection."""
        for server in self._servers.values():
            if self._threads:
                server.shutdown()
            server.server_close()
            server.end_connections()
        for thread in self._threads:
            thread.join()
        self._servers.clear()
        self._threads.clear()

    def url(self, name: str) -> str:
        """The base URL of a vendor."""
        return self._servers[name].origin

    def settings(self, name: str) -> dict[str, Any]:
        """The config of a connection to a vendor of this sandbox."""
        return self.vendors[name].settings(self.url(name))

    def change(self, seed: int) -> dict[str, Change]:
        """Make the change of a seed at every vendor."""
        return {name: vendor.change(seed) for name, vendor in self.vendors.items()}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, vendor: VendorSandbox, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.vendor = vendor
        self.control = Control(vendor)
        self.origin = f"http://{HOST}:{self.server_address[1]}"
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake the threads that wait for the next request of a kept-alive client."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that went away, and show any other error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self) -> None:
        server = cast("_Server", self.server)
        request = self._request(server.origin)
        if request.path.startswith(PREFIX):
            self._send(server.control.respond(request))
            return
        vendor = server.vendor
        fault = vendor.faults.take(request)
        if fault and fault.kind == "reset":
            vendor.traffic.add(request, 0)
            self._reset()
            return
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        response = fault.response() if fault else None
        response = response or vendor.respond(request)
        vendor.traffic.add(request, response.status, response.records)
        self._send(response, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

    def _request(self, origin: str) -> SandboxRequest:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        return SandboxRequest(self.command, parts.path, query, headers, body, origin)

    def _send(self, response: SandboxResponse, fault: Fault | None = None) -> None:
        headers = {"Date": formatdate(usegmt=True), "Content-Length": str(len(response.body)), **response.headers}
        head = f"HTTP/1.1 {response.status} {reasons.get(response.status, 'Unknown')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = response.body
        if fault and fault.kind == "truncated":
            body = body[: len(body) // 2]
            self.close_connection = True
        # Send head and body at once: with two sends the second waits for the first one's acknowledgement.
        self.wfile.write(head.encode("latin-1") + b"\r\n" + body)

    def _reset(self) -> None:
        # Closing with a linger of zero seconds sends RST in place of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `Traffic` keeps the log."""


def find_sandboxes() -> list[type[VendorSandbox]]:
    """The sandbox class in the `sandbox.py` beside each integration that has one, by name.

    Those that need a package that is not installed are left out: see `missing_packages`. Raises ImportError for a
    `sandbox.py` that can't be imported for another reason.
    """
    found: dict[str, type[VendorSandbox]] = {}
    for module in _sandbox_modules().values():
        if isinstance(module, str):
            continue
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, VendorSandbox) and value.__module__ == module.__name__:
                found[value.name] = value
    return [found[name] for name in sorted(found)]


def missing_packages() -> dict[str, str]:
    """The package that is not installed, by the integration whose sandbox needs it."""
    return {name: module for name, module in _sandbox_modules().items() if isinstance(module, str)}


def _sandbox_modules() -> dict[str, ModuleType | str]:
    """The sandbox module of each integration that has one, or the package for want of which it can't be imported."""
    found: dict[str, ModuleType | str] = {}
    for spec in discover().integrations.values():
        package = spec.integration.__module__.rpartition(".")[0]
        name = f"{package}.sandbox"
        if not package or importlib.util.find_spec(name) is None:
            continue
        try:
            found[spec.name] = importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in ("", "dazz_assets", package.partition(".")[0]):
                raise
            found[spec.name] = missing
    return found
