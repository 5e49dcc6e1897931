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
from dazz_assets.http.paging.paging_names import normalize, read_flag, read_number
from dazz_assets.http.quotes import shorten
from dazz_assets.http.responses.failures import mentions_rate_limit, vendor_message

# Names as `_normalize` writes them.
_REPORTS = frozenset(
    {
        "err",
        "error",
        "errors",
        "fault",
        "failure",
        "exception",
        "errordescription",
        "errordetail",
        "errordetails",
        "errormessage",
        "errorlist",
        "errormessages",
        "errormsg",
        "errmsg",
        "faultstring",
    }
)
_CODES = frozenset({"errorcode", "errorno", "errcode", "errno", "errornumber"})
_MEANS_SUCCESS = frozenset({"success", "ok", "issuccess", "successful", "succeeded", "successflag"})
_MEANS_FAILURE = frozenset({"iserror", "haserror", "haserrors", "failed", "isfault", "timedout", "incompleteresults"})
_STATUSES = frozenset({"status", "stat", "result", "state", "outcome", "returncode", "resultcode"})
_FAILED = frozenset({"denied", "error", "err", "exception", "fail", "failed", "failure", "fault", "ko", "nok"})
# Statuses that say so where no record came: `OVER_QUERY_LIMIT`, `UNAUTHORIZED`.
_FAILED_WITHOUT_RECORDS = re.compile(
    r".*(error|fail|denied|unauthori[sz]ed|forbidden|invalid[_ -]\w|exception|over_\w*limit).*", re.I
)
_HTTP_STATUSES = frozenset({"status", "statuscode", "httpstatus", "httpcode"})
# Numbers that are zero where all is well.
_RESULT_CODES = frozenset({"code", "status", "returncode", "resultcode", "retcode"})
OF_THINGS = frozenset({"id", "key", "name", "title", "uuid"})
"""Beside them, a state is that of a thing which has the list, such as an order or a campaign."""
# Statuses of HTTP that no empty list has, and that need no words.
_REFUSED_OR_FAILED = re.compile(r"401|403|429|5\d\d")
_KINDS = frozenset({"type", "object", "kind"})
_ERROR_KIND = re.compile(r"errors|error\.?list|[\w.#:/-]*(error|fault|exception)|fatal", re.I)
NOTICES = frozenset({"messages", "notices", "notifications", "alerts"})
"""Lists of notices, each with its kind."""
NOTICE_KINDS = ("type", "severity", "level", "kind", "status")
# Flags that the list is not whole, statuses that say so, and lists of what could not be asked or was left over.
_OF_LIST = r"(results?(set)?|responses?|data|search|query|list(ing)?|content|hits|records|items|rows)"
_PARTIAL = re.compile(
    rf"(is|has|was|are)?{_OF_LIST}?(is|was|are)?(partial|incomplete){_OF_LIST}?"
    rf"|(is|has|was)?{_OF_LIST}?(is|has|was)?(timedout|timeout){_OF_LIST}?(reached|exceeded|occurred)?"
    rf"|(is|was)?{_OF_LIST}?(is|was)?((terminated|stopped|aborted|ended)early|earlyterminat(ed|ion))"
)
_PARTIAL_STATUS = re.compile(
    r"time(d?[_ -]?out)|truncated|partial[_ -]?(content|data|failure|response|results?|success)", re.I
)
# Errors of the reading itself, whatever came. Others, such as `lintErrors`, may be data.
_READING_ERRORS = re.compile(
    r"(execution|query|search|request|fetch|source|backend|server|shard|cluster|partition|region|partial)"
    r"(errors|failures)"
)
# Objects that count what was asked for the list, as Elasticsearch does, and counts of what did not answer.
_ASKED = frozenset({"clusters", "nodes", "partitions", "regions", "replicas", "shards", "sources"})
_UNANSWERED = frozenset({"failed", "partial", "running", "skipped", "timedout", "unavailable", "unreachable"})
_LEFT_OUT = re.compile(r"unreachables?|unreachable(locations|regions|zones|hosts)|unprocessed(keys|items|ids|entries)?")
_TELLS_ITSELF = (_PARTIAL, _READING_ERRORS, _LEFT_OUT)
_NOTHING = frozenset({"", "none", "null", "ok", "success", "no error", "noerror", "false"})
_ALL_IS_WELL = re.compile(
    r"\b(ok(ay)?|succe(ss|ed)\w*|done|complete\w*|no (\w+ )?(error|data|record|result|match)\w*)\b|^$", re.I
)
_NOTHING_IS_THERE = re.compile(
    r"\b(no|zero|0) (\w+ ){1,3}(found|available|exist\w*|returned)|\bnothing\b|^(there (are|is) )?(no|none|0|zero)\b"
    r"|^not found\b|\b(accepted|empty|executed|fetched|listed|processed|retrieved|returned 0)\b",
    re.I,
)
_SOMETHING_IS_WRONG = re.compile(r"access|allowed|authori|credential|licen[sc]e|permi|subscri|token", re.I)
MESSAGES = frozenset({"message", "msg", "returnmsg", "resultmsg", "resultmessage", "statusmessage"})
_IF_NO_RECORDS = MESSAGES | _MEANS_SUCCESS | NOTICES | _KINDS | _RESULT_CODES | _STATUSES
_MAY_REPORT = _REPORTS | _CODES | _MEANS_FAILURE | _UNANSWERED | _HTTP_STATUSES | _IF_NO_RECORDS | {"failures"}
_WORDS = frozenset({"reason", "detail", *MESSAGES, *_REPORTS})
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
        if _normalize(name) in _REPORTS or _READING_ERRORS.fullmatch(_normalize(name)):
            if isinstance(value, str):
                return shorten(value.strip())
            if isinstance(value, dict | list):
                key = "errors" if isinstance(value, list) else "error"
                said = vendor_message(json.dumps({key: value}).encode())
                return said if not said.startswith("{") else shorten(", ".join(_texts(value)) or said)
        if any(pattern.fullmatch(_normalize(name)) for pattern in _TELLS_ITSELF):  # The level may hold the records.
            return shorten(f"{name} is {json.dumps(value)}")
        said = vendor_message(bytes(self.level.find("") or b""))
        return said if not said.startswith("{") else shorten(f"{name} is {json.dumps(value)}; {said}")


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
            candidates = [name for name in candidates if _is_of_list(_normalize(name))]
        if candidates:
            for name in sorted(candidates, key=lambda name: _normalize(name) not in _REPORTS):
                if self._reports(level, name, role, above):
                    return _Report([name], level.value(escape_name(name)), level)
        for name in names:
            below = level.members()[name] if depth < _MAX_DEPTH and (name,) != tuple(data) else None
            role_below = _role_of(name, level, data, depth)
            if role_below is None or below is None or not bytes(below).lstrip().startswith(b"{"):
                continue
            data_below = data[1:] if data[:1] == (name,) else ()
            found = self.find(Document(bytes(below)), data_below, depth + 1, role_below, _normalize(name))
            if found is not None:
                return replace(found, path=[name, *found.path])
        return None

    def _reports(self, level: Document, plain_name: str, role: Role, above: str) -> bool:
        """Whether a field of an object reports an error, given what the object is and whether records came."""
        name, value = _normalize(plain_name), level.value(escape_name(plain_name))
        is_beside = role != "way" or _is_of_list(name)
        if is_beside and not self.is_record and _says_partial(level, name, value, role, above):
            return True
        if role == "counts":
            return False
        has_words = any(_normalize(other) in _WORDS for other in level.names())
        if role == "envelope" and name in _REPORTS | {"failures"}:
            return not isinstance(value, bool | int | float) and _is_something(value)
        if name not in _REPORTS | _CODES and role != "top" and not has_words:
            reports = name in _MEANS_SUCCESS and value is False
        else:
            reports = _says_failure(name, value, has_words=has_words, sent=self.sent)
        # The object around a list may be a record itself, with a status of its own.
        is_told_alone = reports and (role == "top" or name not in _STATUSES | _MEANS_FAILURE)
        return is_told_alone or (
            (reports or _tells_of_failure(level, role, name, value, self.sent)) and not self.has_records()
        )


def _role_of(name: str, level: Document, data: Sequence[str], depth: int) -> Role | None:
    """What an object in a level is; None if it is about something else."""
    plain, is_way = _normalize(name), data[:1] == (name,)
    # At the top, an object may be around the whole response, or hold the list.
    if plain in _WRAPPERS and (depth or is_way or len(level.names()) == 1):
        return "wrapper"
    if is_way:
        return "way"
    if depth > 1:
        return None
    return "envelope" if plain in _ENVELOPES else "counts" if plain in _ASKED else None


def _tells_of_failure(level: Document, role: Role, name: str, value: Any, sent: Callable[[], Collection[str]]) -> bool:
    """Whether a field tells of a failure, if no record came with it."""
    if name in _KINDS:
        return isinstance(value, str) and _ERROR_KIND.fullmatch(value.strip()) is not None
    if name in MESSAGES:  # Any other message beside an empty list is told as a warning.
        return isinstance(value, str) and mentions_rate_limit(value) and not says_all_is_well(value)
    if name in NOTICES:
        return any(_is_error_notice(item) for item in value) if isinstance(value, list) else False
    if name in _MEANS_SUCCESS:
        counts = any(_normalize(other) in _MEANS_FAILURE for other in level.names())
        return read_flag(value) is False and not counts
    if name not in _RESULT_CODES | _STATUSES:
        return False
    if name == "status" and value is False:
        return True
    said = _find_message(level)
    if name in _RESULT_CODES and (number := read_number(value)) is not None:
        is_usual = number == 1 or 200 <= number < 300 or (number == 0 and name != "status")
        says_no_more = not said and role != "way" and OF_THINGS.isdisjoint(map(_normalize, level.names()))
        is_refusal = says_no_more and _REFUSED_OR_FAILED.fullmatch(str(value)) is not None
        return not is_usual and str(value) not in sent() and (is_refusal or _ALL_IS_WELL.search(said) is None)
    if not isinstance(value, str) or value in sent():
        return False
    is_failed = name not in ("state", "code") and _FAILED_WITHOUT_RECORDS.fullmatch(value.strip()) is not None
    return is_failed or (name in _RESULT_CODES and _FAILED_WITHOUT_RECORDS.fullmatch(said) is not None)


def _says_partial(level: Document, name: str, value: Any, role: Role, above: str) -> bool:
    """Whether a field says that the list is not whole. above: the name of the object that has it."""
    if above in _ASKED and name in _UNANSWERED:
        counts = any(_normalize(other) == "successful" for other in level.names())
        is_usual = name == "skipped" and above == "shards"  # They hold nothing that was asked for.
        return counts and not is_usual and (read_number(value) or 0) > 0
    if _PARTIAL.fullmatch(name):
        return read_flag(value) is True and read_number(value) is None  # Numbers count something, or are times.
    if name in ("status", "statuscode"):
        return isinstance(value, str) and _PARTIAL_STATUS.fullmatch(value.strip()) is not None
    if _READING_ERRORS.fullmatch(name):
        return role in ("top", "envelope") and isinstance(value, list) and _is_something(value)
    return role == "top" and _LEFT_OUT.fullmatch(name) is not None and isinstance(value, list | dict) and bool(value)


def _is_of_list(name: str) -> bool:
    """Whether the name of a flag says that it is about a list, wherever it stands: `incompleteResults`."""
    return _PARTIAL.fullmatch(name) is not None and re.search(_OF_LIST, name) is not None


def says_all_is_well(text: str) -> bool:
    """Whether a message says no more than that a request succeeded, or found nothing; also an empty one."""
    is_well = any(pattern.search(text.strip()) for pattern in (_ALL_IS_WELL, _NOTHING_IS_THERE))
    return is_well and _SOMETHING_IS_WRONG.search(text) is None


def _find_message(level: Document) -> str:
    texts = [level.value(escape_name(other)) for other in level.names() if _normalize(other) in MESSAGES]
    return next((text.strip() for text in texts if isinstance(text, str)), "")


def _is_error_notice(item: Any) -> bool:
    kinds = [item.get(name) for name in NOTICE_KINDS] if isinstance(item, dict) else []
    return any(isinstance(kind, str) and _ERROR_KIND.fullmatch(kind.strip()) is not None for kind in kinds)


@lru_cache(maxsize=4096)
def _may_report(name: str) -> bool:
    plain = _normalize(name)
    return plain in _MAY_REPORT or any(pattern.fullmatch(plain) for pattern in _TELLS_ITSELF)


def _says_failure(name: str, value: Any, *, has_words: bool, sent: Callable[[], Collection[str]]) -> bool:
    """Whether a field says that the request failed, whatever else the response holds."""
    if name in _REPORTS:
        return _is_something(value)
    if name in _CODES:
        return not isinstance(value, dict | list) and _is_something(value)
    if name in _MEANS_SUCCESS:
        is_zero = value == 0 and not isinstance(value, bool)  # It may be a count, unless there are words beside it.
        return value is False or _is_text(value, {"false"}) or (is_zero and has_words)
    if name in _MEANS_FAILURE:
        return value is True or _is_text(value, {"true"})
    if name in _HTTP_STATUSES | {"code"} and re.fullmatch(r"[45]\d\d", str(value)) and str(value) not in sent():
        return name in ("statuscode", "httpstatus", "httpcode") or has_words
    return name in _STATUSES and _is_text(value, _FAILED) and value not in sent()


def _is_text(value: Any, texts: Collection[str]) -> bool:
    return isinstance(value, str) and value.strip().lower() in texts


def _is_something(value: Any) -> bool:
    """Whether a report says that something is wrong: `{"code": 0, "message": ""}` is how some say that all is well."""
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING and value.strip("0 ") != ""
    if isinstance(value, dict):
        return any(_is_something(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_something(item) for item in value)
    return bool(value)


def _texts(value: Any) -> list[str]:
    """The texts and numbers in an error of unknown form, with their names."""
    if isinstance(value, dict):
        return [
            f"{name}: {item}" if not isinstance(item, dict | list) else ", ".join(_texts(item))
            for name, item in value.items()
            if item not in (None, "", [], {})
        ]
    return [text for item in value[:10] for text in (_texts(item) if isinstance(item, dict | list) else [str(item)])]


def _normalize(name: str) -> str:
    return normalize(name.rpartition(":")[2])
