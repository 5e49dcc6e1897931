"""A request as we mean it, and the page that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Raw

from dazz_assets.http.errors import RecordsPathError
from dazz_assets.http.paths import Document, NoListError

Param = str | int | float | bool | Sequence[str | int] | None
"""A value in a query: None is left out, a bool is sent as true or false, a sequence as the parameter repeated."""

_LONGEST = 500


def sent_params(params: Mapping[str, Param]) -> dict[str, Any]:
    """Parameters as they are sent: without those that are None, and with booleans in lower case."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request, before authentication: a value that paginators make the next one from.

    `url` is absolute and may have a query of its own, to which `params` are added. `body` is a JSON value, or None.
    `source` is what it lists, for whoever records it: the stream, and what its path names of a parent.
    """

    url: str
    method: str = "GET"
    params: Mapping[str, Param] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    source: tuple[str, ...] = ()

    def address(self) -> str:
        """The URL with its parameters, at most `_LONGEST` characters of it. Not masked."""
        query = urlencode(sent_params(self.params), doseq=True)
        whole = self.url + (f"{'&' if '?' in self.url else '?'}{query}" if query else "")
        return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 3] + "..."

    def __repr__(self) -> str:  # Queries and headers may hold secrets.
        parts = urlsplit(self.url)
        return f"<{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}>"


@dataclass(frozen=True)
class Page:
    """An answer that counts as a success, or that the stream accepts.

    body: whole, decompressed, byte for byte.
    url: what was asked for, without the credentials and with any other secret masked.
    headers: of the response; case does not matter in a page that a client returned.
    fetched_at: when the request was sent, in UTC (after retries and redirects, the last one): what the vendor changed
    later may be missing.
    request: what was asked for; answered_url: the address that answered, after redirects (not masked: not for display).
    where: the connection, for messages.
    skipped: why a failure counts as a page without records (`accept={404: "skip"}`), else None.
    reported: errors that the vendor sent beside the data and that the stream accepts (`accept={200: "keep"}`), or None.
    """

    body: bytes
    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    fetched_at: datetime
    request: Request
    answered_url: str = field(default="", repr=False)
    where: str = ""
    skipped: str | None = None
    reported: str | None = None

    @cached_property
    def document(self) -> Document:
        """The body, opened. ValueError: it is no JSON (never of a success that a client returned)."""
        return Document(b"" if self.skipped is not None else self.body)

    def value(self, path: str) -> Any:
        """The value at a dotted path as a Python value; None where there is none, or null."""
        return self.document.value(path)

    def has(self, path: str) -> bool:
        """Whether there is a value at a dotted path, null included."""
        return self.document.find(path) is not None

    def records(self, path: str) -> Sequence[Raw]:
        """The records of the list at a path (`""`: the page is the list): slices of the body, byte for byte as sent.

        None of them where the body is empty, or the list or what holds it is null. RecordsPathError: the path leads to
        nothing, or to something that is no list, or, on a page that came with errors, to null (conformance 11, 33, 45).
        """
        try:
            records = self.document.records(path)
        except NoListError as error:
            raise self._no_list(f"{error}.") from None
        if self.reported is not None and not records and not self._is_list(path):
            raise self._no_list(f"the vendor sent errors and no data. It says: {self.reported}.")
        return records

    def _is_list(self, path: str) -> bool:
        return bytes(self.document.find(path) or b"").lstrip().startswith(b"[")

    def _no_list(self, problem: str) -> RecordsPathError:
        return RecordsPathError(problem, where=self.where, url=f"{self.request.method} {self.url}", status=self.status)
