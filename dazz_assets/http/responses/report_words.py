"""The names and words by which a page reports how its request went: an error, a code, a status, a message."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from dazz_assets.field_paths import escape_name
from dazz_assets.http.json.json_slices import Document
from dazz_assets.http.paging.paging_names import normalize, read_flag, read_number

# Names as `normalize` writes them.
REPORTS = frozenset(
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
CODES = frozenset({"errorcode", "errorno", "errcode", "errno", "errornumber", "faultcode"})
MEANS_SUCCESS = frozenset({"success", "ok", "issuccess", "successful", "succeeded", "successflag"})
MEANS_FAILURE = frozenset({"iserror", "haserror", "haserrors", "failed", "isfault", "timedout", "incompleteresults"})
HTTP_STATUSES = frozenset({"status", "statuscode", "httpstatus", "httpcode"})
NOTICES = frozenset({"messages", "notices", "notifications", "alerts"})
"""Lists of notices, each with its kind."""
NOTICE_KINDS = ("type", "severity", "level", "kind", "status")
KINDS = frozenset({"type", "object", "kind"})
OF_THINGS = frozenset({"id", "key", "name", "title", "uuid"})
"""Beside them, a state is that of a thing which has the list, such as an order or a campaign."""
# What a name says to be the code, the status or the words of.
_RESULT = r"(api|re(q|quest|s|sp|sponse|sult|t|turn)|rsp)"
# Numbers that are zero where all is well.
_RESULT_CODE = re.compile(rf"({_RESULT}|ack|biz|business|status)?code|ret|rc|status")
_OUTRIGHT_CODE = re.compile(rf"{_RESULT}code|ret")
_STATUS = re.compile(rf"stat|result|outcome|ack|({_RESULT}|call|query|search)?(status|state)|{_RESULT}code")
_REQUEST_STATUS = re.compile(rf"(({_RESULT}|call|query|search)?status)(code)?")
_MESSAGE = re.compile(
    rf"({_RESULT}|ack|code|long|short|status|stat)?(message|msg)"
    rf"|({_RESULT}|code|status)(desc(ription)?|detail|reason|text)"
)
# Beside a code or a status that failed, these hold its words. Alone, they may describe anything.
WORDS_OF_CODES = frozenset({"desc", "detail", "info", "reason", "text"})
WORDS_OF_ERRORS = WORDS_OF_CODES | {"description", "errordescription", "errormessage", "errormsg", "title"}
"""Beside an error that is a mere code."""
_FAILED = frozenset({"denied", "error", "err", "exception", "fail", "failed", "failure", "fault", "ko", "nok"})
# Words and codes that say so where no record came: `OVER_QUERY_LIMIT`, `AccessDenied`.
_FAILED_WITHOUT_RECORDS = re.compile(
    r".*(error|fail|denied|not[_ -]?authori[sz]ed|unauth(ori[sz]ed|enticated)|forbidden|invalid([_ .-]\w|(?-i:[A-Z]))"
    r"|exception|over_\w*limit|(limit|quota|rate|requests?)[_ -]?exceeded|throttl|too[_ -]?many"
    r"|no[_ -]?permission|(service|server|temporarily)[_ -]?unavailable).*",
    re.I,
)
# Statuses of HTTP that no empty list has, and that need no words.
_REFUSED_OR_FAILED = re.compile(r"401|403|429|5\d\d")
# Of vendors that count 1, 200 or 10000 as success.
_ROUND_CODE = re.compile(r"[12]0*|20\d0*")
_NOTHING = frozenset({"", "none", "null", "ok", "success", "no error", "noerror", "false"})
_ALL_IS_WELL = re.compile(
    r"\b(ok(ay)?|succe(ss|ed)\w*|done|complete\w*|no (\w+ )?(error|data|record|result|match)\w*)\b"
    r"|(?<![不未])成功|^$",
    re.I,
)
_NOTHING_IS_THERE = re.compile(
    r"\b(no|zero|0) (\w+ ){1,3}(found|available|exist\w*|returned)|\bnothing\b|^(there (are|is) )?(no|none|0|zero)\b"
    r"|^not found\b|\b(accepted|empty|executed|fetched|listed|processed|retrieved|returned 0)\b"
    r"|\b(found|showing|total:?) (no|zero|0)\b|^(n/?a|-)$"
    r"|^(sin|keine?|aucune?|ning[uú]n|nenhum|nessun)\w* (result|ergebnis|r[ée]sult|risult|dat|donn)",
    re.I,
)
_NOTHING_WAS_FOUND = re.compile(
    r"^(there (are|is|were) )?(no|zero|0) (\w+ ){1,3}?(was |were )?(found|returned)\b", re.I
)
_MAY_MEAN_NONE = re.compile(
    r"\b(no|zero|0) (\w+ ){1,4}?(found|available|exist\w*|returned)\b|\bnothing\b|\bempty\b|\bnot found\b", re.I
)
# What is not found, if the request itself is wrong.
_OF_REQUEST = re.compile(
    r"\b(account|app|application|key|login|project|route|server|service|session|tenant|user)s?\b", re.I
)
_WELL = frozenset({"ok", "success", "successful", "succeeded"})
# Words of a sentence that tells of more than a success, whatever code stands beside it.
_SOUNDS_WRONG = re.compile(
    r"\b(not|cannot|can't|couldn't|unable|must|required?|missing|wrong|unknown|upgrade|plan|expired|disabled|blocked"
    r"|suspended|limit\w*|exceed\w*|unavailable|refused|rejected|abort\w*|timed? ?out)\b",
    re.I,
)
_SOMETHING_IS_WRONG = re.compile(r"access|allowed|authori|credential|licen[sc]e|permi|subscri|token", re.I)


@lru_cache(maxsize=4096)
def means_result_code(name: str) -> bool:
    """Whether a number of this normalised name is zero, or another usual one, where all is well: `retCode`."""
    return _RESULT_CODE.fullmatch(name) is not None


def names_result_code(name: str) -> bool:
    """Whether a name that `means_result_code` says so outright: `resultCode`, and not `code` or `status`."""
    return _OUTRIGHT_CODE.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def means_status(name: str) -> bool:
    """Whether a text of this normalised name may say how the request went: `status`, `Ack`, `responseState`."""
    return _STATUS.fullmatch(name) is not None


def names_request_status(name: str) -> bool:
    """Whether a name that `means_status` is about the request, and no state of a thing: `queryStatus`."""
    return _REQUEST_STATUS.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def means_message(name: str) -> bool:
    """Whether a text of this normalised name holds the vendor's words on the request: `message`, `retMsg`."""
    return _MESSAGE.fullmatch(name) is not None


def has_words(level: Document) -> bool:
    """Whether an object has a field for words on the request, or on an error."""
    plain = map(normalize, level.names())
    return any(name in REPORTS or name in ("reason", "detail") or means_message(name) for name in plain)


def find_words(level: Document, also: Collection[str] = ()) -> str:
    """The vendor's words on the request; empty if an object has none. also: further names that may hold them."""
    plain = {name: normalize(name) for name in level.names()}
    names = [name for name, words in plain.items() if means_message(words)]
    names += [name for name, words in plain.items() if words in also]
    texts = [level.value(escape_name(name)) for name in names]
    return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")


def is_thing(level: Document) -> bool:
    """Whether an object is something that the vendor lists, and no answer: it has an id or a name."""
    return not OF_THINGS.isdisjoint(map(normalize, level.names()))


def read_code(value: Any) -> int | float | None:
    """A number, also one that is sent as a text with a sign before it; None for anything else."""
    is_negative = isinstance(value, str) and value.strip().startswith("-")
    number = read_number(value.strip()[1:] if is_negative else value)
    return -number if is_negative and number is not None else number


def is_usual_code(name: str, number: int | float) -> bool:
    """Whether a number of this normalised name says that all is well, whatever words come with it."""
    is_http_success = 100 <= number < 400 if name == "statuscode" else 200 <= number < 300
    return number == 1 or is_http_success or (number == 0 and name != "status")


def fails_without_words(name: str, value: Any, number: int | float) -> bool:
    """Whether a code that is not usual says that the request failed, if no words come with it."""
    if _REFUSED_OR_FAILED.fullmatch(str(value)) is not None:
        return True
    return names_result_code(name) and _ROUND_CODE.fullmatch(str(number)) is None


def says_failed(value: Any) -> bool:
    """Whether a status says outright that the request failed: `error`, `FAILED`."""
    return isinstance(value, str) and value.strip().lower() in _FAILED


def sounds_failed(text: str) -> bool:
    """Whether a status, a code or a message tells of a failure, if no record came with it."""
    return _FAILED_WITHOUT_RECORDS.fullmatch(text.strip()) is not None


def says_success(text: str) -> bool:
    """Whether words beside a code of any number say that the request succeeded, or found nothing."""
    is_wrong = any(pattern.search(text) for pattern in (_SOMETHING_IS_WRONG, _OF_REQUEST))
    found_nothing = _NOTHING_WAS_FOUND.search(text.strip()) is not None and not is_wrong
    return found_nothing or _ALL_IS_WELL.search(text) is not None


def says_all_is_well(text: str) -> bool:
    """Whether a message says no more than that a request succeeded, or found nothing; also an empty one."""
    is_well = any(pattern.search(text.strip()) for pattern in (_ALL_IS_WELL, _NOTHING_IS_THERE))
    return is_well and _SOMETHING_IS_WRONG.search(text) is None


def is_something(value: Any) -> bool:
    """Whether a report says that something is wrong: `{"code": 0, "message": ""}` is how some say that all is well."""
    if isinstance(value, str):
        return value.strip(" .!").lower() not in _NOTHING and value.strip("0 ") != ""
    if isinstance(value, dict):
        return any(is_something(item) and not _is_code_of_success(name, item) for name, item in value.items())
    if isinstance(value, list):
        return any(is_something(item) for item in value)
    return bool(value)


def says_succeeded(level: Document) -> bool:
    """Whether an object says by a code, a flag or a status that the request succeeded."""
    return any(_is_success(normalize(name), level.value(escape_name(name))) for name in level.names())


def _is_success(name: str, value: Any) -> bool:
    if name in MEANS_SUCCESS:
        return read_flag(value) is True
    if not (means_result_code(name) or means_status(name) or name in CODES):
        return False
    number = read_code(value)
    if number is None:
        return value is True or (isinstance(value, str) and value.strip().lower() in _WELL)
    return 200 <= number < 300 or number == (1 if name == "status" else 0)


def _is_code_of_success(name: str, value: Any) -> bool:
    number = read_code(value) if means_result_code(normalize(name)) else None
    return number is not None and 200 <= number < 300


def says_nothing_is_there(text: str) -> bool:
    """Whether words may say, as a matter of course, that there is nothing to list: `No trees found`."""
    return _MAY_MEAN_NONE.search(text.strip()) is not None and _SOMETHING_IS_WRONG.search(text) is None


def sounds_wrong(text: str) -> bool:
    """Whether a message beside what says that the request succeeded tells of more than that, in English."""
    return any(pattern.search(text) for pattern in (_SOUNDS_WRONG, _SOMETHING_IS_WRONG)) or sounds_failed(text)


def list_texts(value: Any) -> list[str]:
    """The texts and numbers in an error of unknown form, with their names."""
    if isinstance(value, dict):
        return [
            f"{name}: {item}" if not isinstance(item, dict | list) else ", ".join(list_texts(item))
            for name, item in value.items()
            if item not in (None, "", [], {})
        ]
    items: Sequence[Any] = value[:10]
    return [text for item in items for text in (list_texts(item) if isinstance(item, dict | list) else [str(item)])]
