"""Finds the report of an error in a response whose status says that it succeeded (conformance 8, 51)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dazz_assets.http.failures import vendor_message
from dazz_assets.http.json_slices import Document
from dazz_assets.http.quotes import shorten

# Names as `_normalize` writes them.
_REPORTS = frozenset({"error", "errors", "fault", "exception", "errordetails"})
_CODES = frozenset({"errorcode", "errorno", "errcode", "errno", "errornumber"})
_MEANS_SUCCESS = frozenset({"success", "ok", "issuccess", "successful", "succeeded", "successflag"})
_MEANS_FAILURE = frozenset({"iserror", "haserror", "haserrors", "failed", "isfault"})
_STATUSES = frozenset({"status", "stat", "result", "state", "outcome"})
_FAILED = frozenset({"error", "err", "fail", "failed", "failure", "fault", "ko", "nok"})
_NOTHING = frozenset({"", "0", "none", "null", "ok", "success", "no error", "noerror", "false"})
# Objects around the whole of a response, as in SOAP.
_WRAPPERS = frozenset({"envelope", "body", "response", "result", "data", "soapenvelope", "soapbody"})
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error that a successful response reports. field: where. message: in the vendor's words, not masked."""

    field: str
    message: str


def find_reported_error(document: Document, data_fields: Collection[str]) -> ReportedError | None:
    """The error that a response reports, or None. data_fields: top-level fields that are data."""
    names = [name for name in document.names() if name not in data_fields]
    found = [name for name in names if _may_report(name)]
    if len(names) == 1 and _normalize(names[0]) in _WRAPPERS:
        found += names
    members = {name: json.loads(bytes(document.find(name.replace(".", "\\.")) or b"null")) for name in found}
    path = _find_report(members, 0)
    if path is None:
        return None
    return ReportedError(".".join(path), _describe(members, path, document))


def _may_report(name: str) -> bool:
    return _normalize(name) in _REPORTS | _CODES | _MEANS_SUCCESS | _MEANS_FAILURE | _STATUSES


def _find_report(members: Mapping[str, Any], depth: int) -> list[str] | None:
    """The path of the field that reports an error. One with words goes before a flag or a code."""
    by_weight = sorted(members.items(), key=lambda item: _normalize(item[0]) not in _REPORTS)
    for name, value in by_weight:
        if _reports(_normalize(name), value):
            return [name]
    if depth < _MAX_DEPTH:
        for name, value in members.items():
            is_wrapper = _normalize(name) in _WRAPPERS and isinstance(value, dict)
            if is_wrapper and (below := _find_report(value, depth + 1)) is not None:
                return [name, *below]
    return None


def _reports(name: str, value: Any) -> bool:
    if name in _REPORTS:
        return _is_something(value)
    if name in _CODES:
        return not isinstance(value, dict | list) and _is_something(value)
    if name in _MEANS_SUCCESS:
        return value is False or (isinstance(value, str) and value.strip().lower() == "false")
    if name in _MEANS_FAILURE:
        return value is True or (isinstance(value, str) and value.strip().lower() == "true")
    return name in _STATUSES and isinstance(value, str) and value.strip().lower() in _FAILED


def _is_something(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    if isinstance(value, dict) and value and set(value) <= {"code", "message"}:
        # `{"code": 0, "message": ""}` is how some APIs say that all is well.
        return any(_is_something(item) for item in value.values())
    return bool(value)


def _describe(members: Mapping[str, Any], path: list[str], document: Document) -> str:
    """The vendor's words: those that errors usually have, else the value itself."""
    value: Any = members
    for name in path:
        value = value[name]
    if isinstance(value, str) and _normalize(path[-1]) in _REPORTS:
        return shorten(value.strip())
    if isinstance(value, dict | list) and _normalize(path[-1]) in _REPORTS:
        key = "errors" if isinstance(value, list) else "error"
        said = vendor_message(json.dumps({key: value}, ensure_ascii=False).encode())
        return said if not said.startswith("{") else shorten(", ".join(_texts(value)) or said)
    said = vendor_message(bytes(document.find("") or b""))
    return said if not said.startswith("{") else shorten(f"{path[-1]} is {json.dumps(value)}; {said}")


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
    return re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())
