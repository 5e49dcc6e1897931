"""Where requests leave the process, and responses come in, whatever sends them: what recordings are made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from dazz_assets.http.page import Request, Response

Send = Callable[[Request], Response]
"""Sends a request as it is, credentials included, and returns its response."""

Tape = Callable[[Request, Send], Response]
"""Is given each request, and what really sends it; what it returns is the response."""


class Seam(Protocol):
    """One library that sends requests: a vendor's SDK, named by an integration's `seams`; `requests` is known.

    Both methods replace the place where the library sends, for as long as their context is open. They make a `Request`
    of what the library sends (its whole URL, and its body as bytes), and of a `Response` what the library returns.
    """

    def recording(self, tape: Tape) -> AbstractContextManager[None]:
        """While it is open, each request goes to `tape`, with what really sends it; the library gets what it returns.

        What `tape` sends may differ from what it was given, and its response from what came.
        """
        ...

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """While it is open, `script` answers each request, and nothing is sent."""
        ...
