"""A request, its response, and the page that a response becomes once it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from time import time
from typing import Any, Self
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from msgspec import Raw

from dazz_assets.http.errors import RecordsPathError
from dazz_assets.http.failures import failure_of
from dazz_assets.http.json_slices import Document, NoListError

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
    """One request: a value, from which paginators make the next one, and auths the one that carries credentials.

    url: absolute; it may have a query, to which `params` are added.
    body: a JSON value, bytes that are sent as they are, or None.
    source: what it lists, for recordings: the stream, and what its path names of a parent.

    What an `Auth` and a `Seam` see is the request as it is sent: `params` are part of the URL then, and `body` is bytes
    or None.
    """

    url: str
    method: str = "GET"
    params: Mapping[str, Param] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    source: tuple[str, ...] = ()

    def with_header(self, name: str, value: str) -> Request:
        """This request with a header, in place of one of the same name; case does not matter."""
        others = {known: text for known, text in self.headers.items() if known.lower() != name.lower()}
        return replace(self, headers={**others, name: value})

    def with_param(self, name: str, value: Param) -> Request:
        """This request with a parameter of the query, in place of one of the same name in `params` or in the URL."""
        parts = urlsplit(self.url)
        others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
        url = urlunsplit(parts._replace(query="&".join(others)))
        return replace(self, url=url, params={**self.params, name: value})

    def address(self) -> str:
        """The URL with its parameters, at most `_LONGEST` characters of it. Not masked."""
        query = urlencode(sent_params(self.params), doseq=True)
        whole = self.url + (f"{'&' if '?' in self.url else '?'}{query}" if query else "")
        return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 3] + "..."

    def __repr__(self) -> str:  # Queries and headers may hold secrets.
        parts = urlsplit(self.url)
        return f"<{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}>"


@dataclass(frozen=True)
class Response:
    """What came for a request, success or not.

    headers: case does not matter in those of a response that the engine received.
    body: whole, decompressed, byte for byte.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def document(self) -> Document:
        """The body, opened. ValueError: it is no JSON (never of a page)."""
        return Document(self.body)

    def value(self, path: str) -> Any:
        """The value at a dotted path as a Python value; None where there is none, or null.

        ValueError: the body is no JSON (never of a page).
        """
        return self.document.value(path)

    def has(self, path: str) -> bool:
        """Whether there is a value at a dotted path, null included. ValueError: as `value`."""
        return self.document.find(path) is not None

    def raise_for_status(self) -> Self:
        """This response. FetchError with the vendor's own text: its status is not one of success (200 to 299)."""
        if 200 <= self.status < 300:
            return self
        raise failure_of(self.status, self.headers, self.body, time())


@dataclass(frozen=True, kw_only=True)
class Page(Response):
    """A response that was read: it counts as a success, or the stream accepts it.

    url: what was asked for, without the credentials and with any other secret masked.
    fetched_at: when the request was sent, in UTC (after retries and redirects, the last one): what the vendor changed
    later may be missing.
    request: what was asked for; answered_url: the address that answered, after redirects (not masked: not for display).
    where: the connection, for messages.
    skipped: why a failure counts as a page without records (`accept={404: "skip"}`), else None.
    reported: errors that the vendor sent beside the data and that the stream accepts (`accept={200: "keep"}`), or None.
    """

    url: str
    fetched_at: datetime
    request: Request
    answered_url: str = field(default="", repr=False)
    where: str = ""
    skipped: str | None = None
    reported: str | None = None

    @cached_property
    def document(self) -> Document:
        """The body, opened; an empty one where a failure is skipped."""
        return Document(b"" if self.skipped is not None else self.body)

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
