"""A recording without an API: one page that somebody has at hand stands for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from dazz_assets.http import Request, Response, Send, Tape
from dazz_assets.testing.requests_seam import RequestsSeam


@dataclass(frozen=True)
class SampleSeam:
    """The seam of `requests`, where each request that is recorded is answered by a page. Nothing is sent."""

    page: bytes

    def recording(self, tape: Tape) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().recording(lambda request, _: tape(request, self._answer))

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().replaying(script)

    def _answer(self, _: Request) -> Response:
        return Response(200, {"Content-Type": "application/json"}, self.page)
