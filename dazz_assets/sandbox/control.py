"""The sandbox's own API, under `/_sandbox/` beside a vendor's: for tests and demos in other processes."""

from __future__ import annotations

import msgspec

from dazz_assets.sandbox.faults import Fault
from dazz_assets.sandbox.routing import Router, SandboxRequest, SandboxResponse, json_response, route
from dazz_assets.sandbox.vendor import NoTimeLeftError, VendorSandbox

PREFIX = "/_sandbox/"


class Control:
    """Answers `change`, `faults`, `stats` and `reset` for one vendor."""

    def __init__(self, vendor: VendorSandbox) -> None:
        self._vendor = vendor
        self._router = Router(self)

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """The response; a 400 says what is wrong with the request, a 404 lists the paths."""
        response = self._router.respond(request)
        return response or _refusal(
            404, "no such path; there are: POST change?seed=N, POST and DELETE faults, GET stats, POST reset"
        )

    @route("POST", "/_sandbox/change")
    def change(self, request: SandboxRequest) -> SandboxResponse:
        """Make the change of a seed, and return the keys that it touched."""
        try:
            return json_response(self._vendor.change(int(request.param("seed") or 1)))
        except (ValueError, NoTimeLeftError) as error:
            return _refusal(400, str(error))

    @route("POST", "/_sandbox/faults")
    def add_faults(self, request: SandboxRequest) -> SandboxResponse:
        """Queue a fault, or a list of them, given as JSON with the fields of `Fault`."""
        try:
            faults = msgspec.json.decode(request.body, type=list[Fault] | Fault)
        except msgspec.DecodeError as error:
            return _refusal(400, str(error))
        self._vendor.faults.add(*(faults if isinstance(faults, list) else [faults]))
        return SandboxResponse(204)

    @route("DELETE", "/_sandbox/faults")
    def clear_faults(self, request: SandboxRequest) -> SandboxResponse:
        """Drop the queued faults."""
        self._vendor.faults.clear()
        return SandboxResponse(204)

    @route("GET", "/_sandbox/stats")
    def stats(self, request: SandboxRequest) -> SandboxResponse:
        """Counts of the vendor's requests, without those to this API."""
        return json_response(self._vendor.traffic.stats())

    @route("POST", "/_sandbox/reset")
    def reset(self, request: SandboxRequest) -> SandboxResponse:
        """Go back to the first records, without faults and counts."""
        self._vendor.reset()
        return SandboxResponse(204)


def _refusal(status: int, message: str) -> SandboxResponse:
    return json_response({"message": message}, status=status)
