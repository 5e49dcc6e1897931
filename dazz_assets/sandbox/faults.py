"""Failures that tests and demos switch on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from dazz_assets.sandbox.routing import SandboxRequest, SandboxResponse, json_response

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"

Kind = Literal["status", "html", "redirect", "truncated", "slow", "reset"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong with the next `times` requests whose path matches the glob `path`, after `skip` that succeed.

    - `status`: a response with `status`, `headers` and `body` (text as it is, anything else as JSON)
    - `html`: an HTML page with status 200
    - `redirect`: 302 to `location`
    - `truncated`: the right response, cut in the middle of its body
    - `slow`: the right response after `seconds`
    - `reset`: the connection is reset without a response
    """

    kind: Kind
    times: int = 1
    skip: int = 0
    path: str = "*"
    status: int = 500
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: str | list[object] | dict[str, object] = ""
    location: str = ""
    seconds: float = 0.0

    def response(self) -> SandboxResponse | None:
        """The response in place of the vendor's; None leaves it to the vendor."""
        if self.kind == "html":
            return SandboxResponse(200, HTML_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if self.kind == "redirect":
            return SandboxResponse(302, b"", {"Location": self.location})
        if self.kind != "status":
            return None
        if isinstance(self.body, str):
            return SandboxResponse(self.status, self.body.encode(), {"Content-Type": "text/plain", **self.headers})
        return json_response(self.body, status=self.status, headers=self.headers)


class Faults:
    """Queued faults, in the order in which they were added; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Queue faults. A request that matches several meets the oldest."""
        with self._lock:
            self._pending.extend(faults)

    def clear(self) -> None:
        """Let every request succeed again."""
        with self._lock:
            self._pending.clear()

    def take(self, request: SandboxRequest) -> Fault | None:
        """The fault that this request meets, if any, and count it as met."""
        with self._lock:
            for index, fault in enumerate(self._pending):
                if not fnmatchcase(request.path, fault.path):
                    continue
                if fault.skip > 0:
                    self._pending[index] = msgspec.structs.replace(fault, skip=fault.skip - 1)
                    return None
                if fault.times > 1:
                    self._pending[index] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._pending[index]
                return fault
        return None
