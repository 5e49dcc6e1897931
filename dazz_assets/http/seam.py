"""The seam at which any HTTP library can be recorded and replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from dazz_assets.http.page import Request, Response

Send = Callable[[Request], Response]
"""Sends a request unchanged, with its credentials, and returns the response."""

Tape = Callable[[Request, Send], Response]
"""Gets each request and the function that really sends it; returns the response that the library sees."""

_listed: ContextVar[tuple[str, ...]] = ContextVar("listed", default=())


@contextmanager
def listing(source: tuple[str, ...]) -> Iterator[None]:
    """While open, what this thread's code sends through an SDK lists this (`Request.source`)."""
    token = _listed.set(source)
    try:
        yield
    finally:
        _listed.reset(token)


def listed_now() -> tuple[str, ...]:
    """What the code that runs in this thread lists; empty if that is not known."""
    return _listed.get()


class Seam(Protocol):
    """A library that sends requests, such as a vendor's SDK. Integrations list them in `seams`; `requests` is built in.

    Both methods replace the function that sends, until their context closes. They convert what the library sends into a
    `Request` (with its whole URL, and its body as bytes), and a `Response` into what the library returns.
    """

    def recording(self, tape: Tape) -> AbstractContextManager[None]:
        """While open, passes each request to `tape` along with the real send; the library gets the tape's response.

        `tape` may send a request that differs from the one it got, and may change the response.
        """
        ...

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """While open, `script` responds to each request and nothing is sent."""
        ...
