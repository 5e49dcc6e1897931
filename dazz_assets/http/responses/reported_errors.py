"""Finds the report of an error in a response whose status says that it succeeded (conformance 8, 51)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from dazz_assets.field_paths import escape_name, split_path
from dazz_assets.http.json.json_slices import Document
from dazz_assets.http.paging.paging_names import normalize, read_flag
from dazz_assets.http.quotes import shorten
from dazz_assets.http.responses.failures import mentions_rate_limit, vendor_message
from dazz_assets.http.responses.partial_signs import (
    counts_what_was_asked,
    describe_sign,
    is_flag_of_list,
    is_reading_error,
    may_say_partial,
    says_partial,
    tells_partial_itself,
)
from dazz_assets.http.responses.report_words import (
    CODES,
    HTTP_STATUSES,
    KINDS,
    MEANS_FAILURE,
    MEANS_SUCCESS,
    NOTICE_KINDS,
    NOTICES,
    REPORTS,
    WORDS_OF_CODES,
    WORDS_OF_ERRORS,
    fails_without_words,
    find_words,
    has_words,
    is_something,
    is_thing,
    is_usual_code,
    list_texts,
    means_message,
    means_result_code,
    means_status,
    read_code,
    says_all_is_well,
    says_failed,
    says_success,
    sounds_failed,
)

_ERROR_KIND = re.compile(r"errors|error\.?list|[\w.#:/-]*(error|fault|exception)|fatal", re.I)
_IF_NO_RECORDS = MEANS_SUCCESS | NOTICES | KINDS
_MAY_REPORT = REPORTS | CODES | MEANS_FAILURE | HTTP_STATUSES | _IF_NO_RECORDS | {"failures"}
# Objects around the whole of a response, as in SOAP.
_WRAPPERS = frozenset({"envelope", "body", "response", "result", "data", "soapenvelope", "soapbody"})
# Objects beside the list that say how the request went.
_ENVELOPES = frozenset(
    {
        "head",
        "header",
        "meta",
        "metadata",
        "requeststatus",
        "response",
        "responseheader",
        "responsestatus",
        "result",
        "shards",
        "status",
    }
)
_MAX_DEPTH = 4
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error that a successful response reports. field: where. message: in the vendor's words, not masked."""

    field: str
    message: str


def find_reported_error(
    document: Document,
    data_fields: Collection[str] = (),
    *,
    records: str = "",
    sent: Callable[[], Collection[str]] = tuple,
    has_records: Callable[[], bool] = lambda: False,
) -> ReportedError | None:
    """The error that a response reports, or None.

    data_fields: top-level fields that are data. records: where the records are; what is there is data too. sent: finds
    the values in the request, which a status may only repeat. has_records: whether the response has any record.
    """
    search = _Search(tuple(data_fields), sent, has_records, is_record=not records)
    found = search.find(document, split_path(records), 0)
    return None if found is None else ReportedError(".".join(found.path), found.describe())


@dataclass(frozen=True, slots=True)
class _Report:
    """A field that reports an error. level: the object that has it."""

    path: list[str]
    value: Any
    level: Document

    def describe(self) -> str:
        """The vendor's words: those that errors usually have, else the value itself."""
        name, value = self.path[-1], self.value
        if normalize(name) in REPORTS or is_reading_error(normalize(name)):
            if isinstance(value, str):
                return shorten(self._explain(value.strip()))
            if isinstance(value, dict | list):
                key = "errors" if isinstance(value, list) else "error"
                said = vendor_message(json.dumps({key: value}).encode())
                return said if not said.startswith("{") else shorten(", ".join(list_texts(value)) or said)
        if tells_partial_itself(normalize(name)):  # The level may hold the records.
            return shorten(describe_sign(name, value))
        said = vendor_message(bytes(self.level.find("") or b""))
        if not said.startswith("{"):
            return said
        return shorten(f"{name} is {json.dumps(value)}; {find_words(self.level, WORDS_OF_CODES) or said}")

    def _explain(self, text: str) -> str:
        """A report with the sentence beside it, if it is a mere code: `StartTimeTooRecent`."""
        is_code = " " not in text and len(text) <= _LONGEST_CODE
        words = find_words(self.level, WORDS_OF_ERRORS) if is_code else ""
        return f"{text}; {words}" if words and words != text else text


Role = Literal["top", "wrapper", "way", "envelope", "counts"]
"""What an object is: the page; around the whole response; another one on the way to the list; beside the list; beside
the list, and it may count what answered."""


@dataclass(frozen=True, slots=True)
class _Search:
    data_fields: tuple[str, ...]
    sent: Callable[[], Collection[str]]
    has_records: Callable[[], bool]
    is_record: bool
    """Whether the page is itself a record, or holds records by their ids: then its fields are data."""

    def find(
        self, level: Document, data: Sequence[str], depth: int, role: Role = "top", above: str = ""
    ) -> _Report | None:
        """The report in an object or below it. One with words goes before a flag or a code."""
        ignored = {*data, *self.data_fields} if len(data) == 1 else {*self.data_fields}
        names = [name for name in level.names() if depth or name not in ignored]
        candidates = [name for name in names if _may_report(name) and (name,) != tuple(data)]
        if role == "way" and self.has_records():  # It may be a record itself, with a state of its own.
            candidates = [name for name in candidates if is_flag_of_list(normalize(name))]
        if candidates:
            for name in sorted(candidates, key=lambda name: normalize(name) not in REPORTS):
                if self._reports(level, name, role, above):
                    return _Report([name], level.value(escape_name(name)), level)
        for name in names:
            below = level.members()[name] if depth < _MAX_DEPTH and (name,) != tuple(data) else None
            role_below = _role_of(name, level, data, depth)
            if role_below is None or below is None or not bytes(below).lstrip().startswith(b"{"):
                continue
            data_below = data[1:] if data[:1] == (name,) else ()
            found = self.find(Document(bytes(below)), data_below, depth + 1, role_below, normalize(name))
            if found is not None:
                return replace(found, path=[name, *found.path])
        return None

    def _reports(self, level: Document, plain_name: str, role: Role, above: str) -> bool:
        """Whether a field of an object reports an error, given what the object is and whether records came."""
        name, value = normalize(plain_name), level.value(escape_name(plain_name))
        is_beside = role != "way" or is_flag_of_list(name)
        if is_beside and not self.is_record and says_partial(level, name, value, role, above):
            return True
        if role == "counts":
            return False
        is_explained = has_words(level)
        if role == "envelope" and name in REPORTS | {"failures"}:
            return not isinstance(value, bool | int | float) and is_something(value)
        if name not in REPORTS | CODES and role != "top" and not is_explained:
            reports = name in MEANS_SUCCESS and value is False
        else:
            reports = _says_failure(name, value, is_explained=is_explained, sent=self.sent)
        # The object around a list may be a record itself, with a status of its own.
        is_told_alone = reports and (role == "top" or not (means_status(name) or name in MEANS_FAILURE))
        return is_told_alone or (
            (reports or _tells_of_failure(level, role, name, value, self.sent)) and not self.has_records()
        )


def _role_of(name: str, level: Document, data: Sequence[str], depth: int) -> Role | None:
    """What an object in a level is; None if it is about something else."""
    plain, is_way = normalize(name), data[:1] == (name,)
    # At the top, an object may be around the whole response, or hold the list.
    if plain in _WRAPPERS and (depth or is_way or len(level.names()) == 1):
        return "wrapper"
    if is_way:
        return "way"
    if depth > 1:
        return None
    return "envelope" if plain in _ENVELOPES else "counts" if counts_what_was_asked(plain) else None


def _tells_of_failure(level: Document, role: Role, name: str, value: Any, sent: Callable[[], Collection[str]]) -> bool:
    """Whether a field tells of a failure, if no record came with it."""
    if name in KINDS:
        return isinstance(value, str) and _ERROR_KIND.fullmatch(value.strip()) is not None
    if name in NOTICES and isinstance(value, list):
        return any(_is_error_notice(item) or _tells_of_limit(item) for item in value)
    if means_message(name) or name in NOTICES:  # Any other message beside an empty list is told as a warning.
        return _tells_of_limit(value)
    if name in MEANS_SUCCESS:
        counts = any(normalize(other) in MEANS_FAILURE for other in level.names())
        return read_flag(value) is False and not counts
    if name == "status" and value is False:
        return True
    number = read_code(value) if means_result_code(name) else None
    if number is not None:
        return str(value) not in sent() and _is_failed_code(level, role, name, value, number)
    if not isinstance(value, str) or value in sent() or not (means_status(name) or means_result_code(name)):
        return False
    is_failed = name != "state" and sounds_failed(value) and not (name == "code" and is_thing(level))
    return is_failed or (means_result_code(name) and sounds_failed(find_words(level)))


def _is_failed_code(level: Document, role: Role, name: str, value: Any, number: int | float) -> bool:
    """Whether the number of a result says that the request failed: by the words beside it, if there are any."""
    if is_usual_code(name, number):
        return False
    said = find_words(level, () if name == "code" else WORDS_OF_CODES)
    if said:
        return not says_success(said)
    return role != "way" and not is_thing(level) and fails_without_words(name, value, number)


def _tells_of_limit(text: Any) -> bool:
    return isinstance(text, str) and mentions_rate_limit(text) and not says_all_is_well(text)


def _is_error_notice(item: Any) -> bool:
    kinds = [item.get(name) for name in NOTICE_KINDS] if isinstance(item, dict) else []
    return any(isinstance(kind, str) and _ERROR_KIND.fullmatch(kind.strip()) is not None for kind in kinds)


@lru_cache(maxsize=4096)
def _may_report(name: str) -> bool:
    plain = normalize(name)
    if plain in _MAY_REPORT or means_result_code(plain) or means_status(plain) or means_message(plain):
        return True
    return may_say_partial(plain)


def _says_failure(name: str, value: Any, *, is_explained: bool, sent: Callable[[], Collection[str]]) -> bool:
    """Whether a field says that the request failed, whatever else the response holds."""
    if name in REPORTS:
        return is_something(value)
    if name in CODES:
        return not isinstance(value, dict | list) and is_something(value)
    if name in MEANS_SUCCESS:
        is_zero = value == 0 and not isinstance(value, bool)  # It may be a count, unless there are words beside it.
        return value is False or _is_text(value, {"false"}) or (is_zero and is_explained)
    if name in MEANS_FAILURE:
        return value is True or _is_text(value, {"true"})
    if name in HTTP_STATUSES | {"code"} and re.fullmatch(r"[45]\d\d", str(value)) and str(value) not in sent():
        return name in ("statuscode", "httpstatus", "httpcode") or is_explained
    return means_status(name) and says_failed(value) and value not in sent()


def _is_text(value: Any, texts: Collection[str]) -> bool:
    return isinstance(value, str) and value.strip().lower() in texts
