"""Where requests leave the process, and answers come in, whatever sends them: what recordings are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A request as it goes out, credentials included. source: as of `Request`; empty where it is not known."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, its body decompressed and whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Send = Callable[[Asked], Answered]
"""Sends a request and gives its answer."""


class Seam(Protocol):
    """One library that sends requests, `requests` or a vendor's SDK; named by an integration's `seams`."""

    def recording(self, tape: Callable[[Asked, Send], Answered]) -> AbstractContextManager[None]:
        """While it is open, each request goes to `tape`, with what really sends it; the library gets what it returns.

        What `tape` sends may differ from what it was given, and its answer from what came.
        """
        ...

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """While it is open, `script` answers each request, and nothing is sent."""
        ...
