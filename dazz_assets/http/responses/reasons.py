"""Reads the reason that a body gives for a failure: codes such as `SERVICE_DISABLED`, and a status of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from dazz_assets.http.json.json_slices import read_integer
from dazz_assets.http.paging.paging_names import normalize

_READ_BYTES = 1_000_000
_MAX_DEPTH = 5
# Fields that hold a code, the most specific first, as `normalize` writes them.
_CODE_FIELDS = ("reason", "errorcode", "code", "errorcodes", "errortype", "status", "type")
_CODE = re.compile(r"[A-Za-z][\w.:-]*")
# What says nothing beyond that it is an error, and what names a kind of message.
_NO_CODE = re.compile(r"error|errors|fail(ed|ure)?|exception|null|none|true|false|type\.googleapis.*|https?:.*", re.I)
_STATUS_FIELDS = frozenset({"status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "code"})
_PASSES = frozenset({"istransient", "transient", "retryable", "isretryable", "retriable", "isretriable"})
# Codes of gRPC and others that mean what a status of HTTP means.
_STATUS_OF_CODE = {
    "RESOURCE_EXHAUSTED": 429,
    "THROTTLED": 429,
    "RATELIMITED": 429,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


def find_codes(body: bytes) -> list[str]:
    """The codes in a JSON body that say why it failed, the most specific first; none in any other body."""
    found = [pair for pair in _fields(read_body(body), _MAX_DEPTH) if pair[0] in _CODE_FIELDS]
    codes = [
        value
        for wanted in _CODE_FIELDS
        for name, value in found
        if name == wanted and isinstance(value, str) and _CODE.fullmatch(value) and not _NO_CODE.fullmatch(value)
    ]
    return list(dict.fromkeys(codes))


def find_told_status(body: bytes) -> int | None:
    """The status from 400 up that a JSON body names, as a number or by its name; 429 goes before any other."""
    fields = list(_fields(read_body(body), _MAX_DEPTH))
    numbers = [value for name, value in fields if name in _STATUS_FIELDS and not isinstance(value, bool)]
    told = [int(value) for value in numbers if re.fullmatch(r"[45]\d\d", str(value))]
    told += [status for code in find_codes(body) if (status := _status_named(code)) is not None]
    return 429 if 429 in told else next(iter(told), None)


def says_transient(body: bytes) -> bool:
    """Whether a JSON body says that the failure may pass: `"is_transient": true`."""
    return any(name in _PASSES and value is True for name, value in _fields(read_body(body), _MAX_DEPTH))


def _status_named(code: str) -> int | None:
    status = HTTPStatus.__members__.get(code.upper())
    known = _STATUS_OF_CODE.get(code.upper())
    return known if status is None else int(status) if status >= 400 else None


def read_body(body: bytes) -> Any:
    """The JSON of a body that tells of a failure; None if it has none, or is too large."""
    try:
        return json.loads(body, parse_int=read_integer) if len(body) <= _READ_BYTES else None
    except (ValueError, RecursionError):
        return None


def _fields(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The fields of all objects, those of an object before those below it."""
    if isinstance(value, dict):
        yield from ((normalize(name), item) for name, item in value.items())
    below = value.values() if isinstance(value, dict) else value[:10] if isinstance(value, list) else ()
    for item in below if depth else ():
        yield from _fields(item, depth - 1)
