"""Requests, responses, and pages: responses that can be read as a list of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from time import time
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from msgspec import Raw

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import FetchError, RecordsPathError
from dazz_assets.http.json.json_fields import storable_text
from dazz_assets.http.json.json_slices import Document, NoListError, descend, member_pairs
from dazz_assets.http.paging.trailers import find_trailer
from dazz_assets.http.quotes import end_sentence, shorten
from dazz_assets.http.responses.concealed import NOT_QUOTED, conceal, value_mask
from dazz_assets.http.responses.failures import error_for_response, vendor_message
from dazz_assets.http.responses.response_rules import ResponseRules

Param = str | int | float | bool | Sequence[str | int] | None
"""A value in a query: None is left out, a bool is sent as true or false, a sequence repeats the parameter."""

_LONGEST_ADDRESS = 500
_SAME_ID_ADVICE = "The vendor has to send each id once: JSON does not say which of two values counts."
E = TypeVar("E", bound=FetchError)


def sent_params(params: Mapping[str, Param]) -> dict[str, Any]:
    """The parameters as they are sent: without None, booleans in lower case."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request. It is immutable: paginators derive the next request from it, auths the one with credentials.

    url: absolute; `params` are added to any query that it has.
    body: a JSON value, bytes that are sent unchanged, or None.
    source: what it lists, for recordings: the stream, and the parent's values in its path (of several, the first's).

    An `Auth` and a `Seam` see the request as it is sent: `params` are part of the URL, and `body` is bytes or None.
    """

    url: str
    method: str = "GET"
    params: Mapping[str, Param] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    source: tuple[str, ...] = ()

    def with_header(self, name: str, value: str) -> Request:
        """A copy with this header. It replaces one of the same name, in any case."""
        others = {key: text for key, text in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers={**others, name: value})

    def with_param(self, name: str, value: Param) -> Request:
        """A copy with this query parameter. It replaces one of the same name in `params` or in the URL."""
        parts = urlsplit(self.url)
        others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
        url = urlunsplit(parts._replace(query="&".join(others)))
        return replace(self, url=url, params={**self.params, name: value})

    def address(self) -> str:
        """The URL with its parameters, cut off after `_LONGEST_ADDRESS` characters. Not masked."""
        address = self.full_address()
        return address if len(address) <= _LONGEST_ADDRESS else address[: _LONGEST_ADDRESS - 3] + "..."

    def full_address(self) -> str:
        """The URL with its parameters. Not masked."""
        query = urlencode(sent_params(self.params), doseq=True)
        return self.url + (f"{'&' if '?' in self.url else '?'}{query}" if query else "")

    def __repr__(self) -> str:  # Queries and headers may hold secrets.
        parts = urlsplit(self.url)
        return f"<{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}>"


def sent_values(request: Request) -> frozenset[str]:
    """The texts and numbers in a request's query and body: a response that has one may only repeat it."""
    return frozenset(value for _, value in sent_pairs(request))


def sent_pairs(request: Request) -> Iterator[tuple[str, str]]:
    """The names and values in a request's query and body, at any depth."""
    yield from parse_qsl(urlsplit(request.url).query)
    for name, value in sent_params(request.params).items():
        yield from _find_pairs(name, value)
    if isinstance(request.body, Mapping):
        yield from _find_pairs("", request.body)


def _find_pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _find_pairs(str(key), item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _find_pairs(name, item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield name, str(value)


@dataclass(frozen=True)
class Response:
    """The response to a request, successful or not.

    headers: names ignore case in responses that the engine received.
    body: all of it, decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def document(self) -> Document:
        """The body, opened as JSON. ValueError: it is not JSON (never raised for a page)."""
        return Document(self.body)

    def value(self, path: str) -> Any:
        """The value at a dotted path as a Python value; None if it is missing or null.

        ValueError: the body is not JSON (never raised for a page).
        """
        return self.document.value(path)

    def has(self, path: str) -> bool:
        """Whether there is a value at a dotted path, even null. Raises ValueError as `value` does."""
        return self.document.find(path) is not None

    def raise_for_status(self) -> Self:
        """This response if its status is 200 to 299; otherwise raises a FetchError that quotes the vendor."""
        if 200 <= self.status < 300:
            return self
        raise error_for_response(self.status, self.headers, self.body, time())


@dataclass(frozen=True, slots=True)
class Listed:
    """The records of a page. ids: the id of each, where an object holds them by id."""

    records: Sequence[Raw]
    ids: Sequence[str] | None = None
    doubts: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Page(Response):
    """A response that succeeded or that the stream accepts, ready to be read as records.

    url: the requested URL, without credentials and with any other secret masked.
    fetched_at: when the request was sent, in UTC (the last one, after retries and redirects). Later changes at the
    vendor may be missing from the page.
    request: the request that it answers. final_url: the URL that responded, after redirects; not masked, so not for
    display.
    lost_body: whether a redirect asked for another address without the request's body.
    where: the connection, for messages.
    accepted_failure: the failure that counts as a page without records (`accept={404: "skip"}`), or None.
    accepted_errors: errors that came with the data and that the stream accepts (`accept={200: "keep"}`), or None.
    accepted_end: the response that counts as the end of the list (`accept={400: "end"}`), or None. The page may have
    records, if it is a success.
    converted_from: the charset and format of the response, if `body` was converted from another than JSON in UTF-8.
    list_path: where the list of records is expected.
    """

    url: str
    fetched_at: datetime
    request: Request
    final_url: str = field(default="", repr=False)
    lost_body: bool = False
    where: str = ""
    accepted_failure: str | None = None
    accepted_errors: str | None = None
    accepted_end: str | None = None
    converted_from: str | None = None
    list_path: str = ""

    @property
    def asked_at(self) -> datetime:
        """When it was asked for: `fetched_at`, or the vendor's time if its clock is behind ours (RFC 9110, 6.6.1).

        One that is a day behind and more is no clock that goes.
        """
        try:
            vendor_time = parsedate_to_datetime(self.headers.get("Date", ""))
        except (ValueError, TypeError):
            return self.fetched_at
        vendor_time = vendor_time if vendor_time.tzinfo else vendor_time.replace(tzinfo=UTC)
        return vendor_time if timedelta() < self.fetched_at - vendor_time < timedelta(days=1) else self.fetched_at

    @property
    def is_of_lines(self) -> bool:
        """Whether the response was one JSON value a line."""
        return self.converted_from is not None and self.converted_from.startswith("JSON a line")

    @cached_property
    def document(self) -> Document:
        """The body, opened as JSON; empty for an accepted failure."""
        return Document(b"" if self.accepted_failure is not None else self.body, self.list_path)

    def open_text(self) -> None:
        """Open the body, which is known to be UTF-8. ValueError: it is not JSON."""
        vars(self)["document"] = Document(self.body, self.list_path, is_text=True)

    def records(self, path: str) -> Sequence[Raw]:
        """The records in the list at a path; see `listed`."""
        return self.listed(ResponseRules(records=path)).records

    def listed(self, rules: ResponseRules) -> Listed:
        """The records of the page, as slices of the body, byte for byte.

        There are none if the body is empty, or if the list or a value on the way to it is null. RecordsPathError: the
        path leads to nothing or to a value of another shape or, on a page that came with errors, to null (conformance
        11, 33, 45, 62).
        """
        try:
            found = self._find_records(rules)
        except RecordsPathError as error:
            if rules.sensitive:
                self._conceal(error, rules)
            raise
        if self.accepted_errors is not None and not found.records and not self.has_records(rules):
            raise self._records_path_error(f"the vendor sent errors and no data. It says: {self.accepted_errors}.")
        return found

    def has_records(self, rules: ResponseRules, *, any_: bool = False) -> bool:
        """Whether what is at `records` has the right shape. any_: and whether there is at least one record."""
        if any_:
            try:
                return len(self._find_records(rules).records) > 0
            except RecordsPathError:
                return False
        raw = bytes(self.document.find(rules.records) or b"").lstrip()
        openings = {"list": (b"[",), "object": (b"{", b"["), "by_id": (b"{",)}
        return raw.startswith(openings[rules.shape])

    def lists_nothing(self, rules: ResponseRules) -> bool:
        """Whether the stream says that what is at `records` means no records."""
        return self._is_absent(self.document.find(rules.records), rules)

    def make_error(self, kind: type[E], problem: str, advice: str = "") -> E:
        """An error about this page. advice: instead of the kind's own."""
        url = f"{self.request.method} {self.url}"
        return kind(problem, where=self.where, url=url, status=self.status, advice=advice)

    def _find_records(self, rules: ResponseRules) -> Listed:
        if self.document.is_empty:
            return Listed([])
        raw = None
        if rules.shape != "list" or not self.document.has_items(rules.records):
            raw = self.document.find(rules.records)
            if self._is_absent(raw, rules):
                return Listed([])
        if rules.shape == "list":
            try:
                found = Listed(self._without_trailer(self.document.records(rules.records), rules))
            except NoListError as error:
                names_list = not self.document.names() or "there is a list" in str(error) or "there are" in str(error)
                advice = "" if names_list else _shape_advice(raw)
                if advice and not rules.records and self._may_be_of_lines():
                    advice += ' For one JSON value a line, set format = "ndjson".'
                raise self._records_path_error(f"{error}.{self._quote_vendor()}", advice) from None
        else:
            found = self._find_in_object(raw, rules)
        if not rules.record:
            return found
        names = split_path(rules.record)
        return replace(found, records=[descend(item, names) or item for item in found.records])

    def _without_trailer(self, found: Sequence[Raw], rules: ResponseRules) -> Sequence[Raw]:
        """The lines of a page without the last one, if that only tells of further lines."""
        if not self.is_of_lines or rules.records:
            return found
        key_fields = {split_path(path)[0] for path in rules.key_paths}
        return found if find_trailer(found, key_fields) is None else found[:-1]

    def _may_be_of_lines(self) -> bool:
        """Whether an object may be the only line of JSON a line."""
        return "json" not in self.headers.get("content-type", "") or b"\n" not in self.body.strip()

    def _conceal(self, error: RecordsPathError, rules: ResponseRules) -> None:
        """Take what an error quotes of the page out of it, if that may be sensitive."""
        concealed = conceal(self.body, "application/json", self.status, rules)
        told = f"the list of records can't be found, and {NOT_QUOTED}."
        is_one_value = not isinstance(self.document.value(rules.records), dict | list | None)
        if concealed is not None and not is_one_value:
            try:
                replace(self, body=concealed)._find_records(rules)
            except RecordsPathError as shown:
                told = value_mask(self.body, "application/json", rules)(shown.problem)
        error.problem, error.args = told, (told,)

    def _find_in_object(self, raw: Raw | None, rules: ResponseRules) -> Listed:
        text = b"" if raw is None else bytes(raw).strip()
        if text == b"null" or (text == b"[]" and rules.shape == "by_id"):
            return Listed([])
        if text.startswith(b"[") and rules.shape == "object":
            return Listed(self.document.records(rules.records))
        if raw is None or not text.startswith(b"{"):
            place = f"at `{rules.records}`" if rules.records else "in the page"
            found = "nothing" if raw is None else f"no object but {shorten(text.decode(errors='replace'), 60)}"
            raise self._records_path_error(f'{found} is {place}, and shape is "{rules.shape}".{self._quote_vendor()}')
        if rules.shape == "object":
            return Listed([raw])
        members: dict[str, Raw] = {}
        for id_, record in member_pairs(bytes(raw)):
            if bytes(members.setdefault(id_, record)) != bytes(record):
                place = f"at `{rules.records}`" if rules.records else "in the page"
                raise self._records_path_error(
                    f"two records have the id {shorten(id_, 60)!r} {place}.", _SAME_ID_ADVICE
                )
        return Listed(list(members.values()), [storable_text(id_) for id_ in members])

    def _is_absent(self, raw: Raw | None, rules: ResponseRules) -> bool:
        """Whether the stream says that what is there means no records."""
        text = None if raw is None else bytes(raw).strip()
        return (
            (text is None and "missing" in rules.empty)
            or (text == b'""' and "text" in rules.empty)
            or (text is not None and text[:1] == b"{" and text[1:-1].strip() == b"" and "object" in rules.empty)
        )

    def _quote_vendor(self) -> str:
        """What the page says of itself, if it says anything."""
        said = vendor_message(self.body)
        return "" if said.startswith(("{", "[")) else f" The vendor says: {end_sentence(said)}"

    def _records_path_error(self, problem: str, advice: str = "") -> RecordsPathError:
        return self.make_error(RecordsPathError, problem, advice)


@dataclass(frozen=True, slots=True)
class WalkedPage:
    """A page of a walk.

    number: counts from 1. records: as they were sent. end_reason: why this page is the last one, or None if it isn't.
    position: where a later walk goes on, if the paginator keeps its place (`resume`).
    ids: the id of each record, where an object holds them by id.
    doubts: the keys of warnings that records may be missing before this page or behind it.
    """

    page: Page
    number: int
    records: Sequence[Raw]
    end_reason: str | None
    position: str | None = None
    ids: Sequence[str] | None = None
    doubts: Sequence[str] = ()


def _shape_advice(raw: Raw | None) -> str:
    """What to set where something else than a list is; empty for the usual advice."""
    text = b"" if raw is None else bytes(raw).strip()
    if raw is None:
        return (
            f"{RecordsPathError.advice} If it is left out where there are no records, and the page does not say that "
            'the request failed, set empty = ("missing",).'
        )
    if text[:1] == b"{" and not text[1:-1].strip():
        return 'If `{}` means that there are no records, set empty = ("object",).'
    if text == b'""':
        return 'If `""` means that there are no records, set empty = ("text",).'
    if text[:1] == b"{":
        shapes = 'shape = "object" if it is one record, shape = "by_id" if it holds records by their id'
        return f"{RecordsPathError.advice} For an object, set {shapes}."
    return ""
