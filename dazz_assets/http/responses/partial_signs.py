"""What a page says of records that came but are not all: a flag, a status, a list of what could not be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dazz_assets.http.json.json_slices import Document
from dazz_assets.http.paging.paging_names import normalize, read_flag, read_number
from dazz_assets.http.responses.report_words import is_something, is_thing, names_request_status

# Names as `normalize` writes them.
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
# How much of the documents was searched, as Vespa tells it.
_COVERAGE = "coverage"
_OF_COVERAGE = frozenset({"full", "degraded"})
# What a request asks for the list, or asks for by name. Other things that failed, such as tests, may be data.
_SCOPES = (
    r"(account|backend|bucket|cluster|datacenter|endpoint|entrie|entry|folder|host|id|item|key|location|member|node"
    r"|organi[sz]ation|partition|project|queries|query|region|replica|repositor(y|ie)|request|resource|segment|server"
    r"|shard|site|source|subscription|tenant|workspace|zone)s?"
)
_LEFT_OUT = re.compile(
    rf"unprocessed({_SCOPES})?|(failed|inaccessible|missing|unavailable|unqueried|unreachable|unresponsive){_SCOPES}"
    r"|unreachables?"
)
# Beside them, what failed is an outcome of something else, such as an import.
_OUTCOMES = re.compile(r"(num(ber)?(of)?|total)?(created|imported|processed|succe\w*|updated)(count|total|\w*s)?")
_TELLS_ITSELF = (_PARTIAL, _READING_ERRORS, _LEFT_OUT)


def may_say_partial(name: str) -> bool:
    """Whether a field of this name may say that the list is not whole."""
    is_count = name in _UNANSWERED or name in _OF_COVERAGE
    return is_count or names_request_status(name) or tells_partial_itself(name)


def tells_partial_itself(name: str) -> bool:
    """Whether the name of a field with its value says all, and the vendor's words elsewhere do not belong to it."""
    is_of_coverage = name in _OF_COVERAGE
    return is_of_coverage or any(pattern.fullmatch(name) is not None for pattern in _TELLS_ITSELF)


def is_reading_error(name: str) -> bool:
    """Whether a list of this name holds errors of the reading itself: `executionErrors`."""
    return _READING_ERRORS.fullmatch(name) is not None


def is_flag_of_list(name: str) -> bool:
    """Whether the name of a flag says that it is about a list, wherever it stands: `incompleteResults`."""
    return _PARTIAL.fullmatch(name) is not None and re.search(_OF_LIST, name) is not None


def counts_what_was_asked(name: str) -> bool:
    """Whether an object beside the list may count what was asked for it: `_shards`, `coverage`."""
    return name in _ASKED or name == _COVERAGE


def says_partial(level: Document, name: str, value: Any, role: str, above: str) -> bool:
    """Whether a field says that the list is not whole.

    role: what the object is that has it, as in the search for errors. above: the name of that object.
    """
    if above == _COVERAGE and role == "counts":
        return (name == "full" and value is False) or (name == "degraded" and _has_true(value))
    if above in _ASKED and name in _UNANSWERED:
        counts = any(normalize(other) == "successful" for other in level.names())
        is_usual = name == "skipped" and above == "shards"  # They hold nothing that was asked for.
        return counts and not is_usual and (read_number(value) or 0) > 0
    if _PARTIAL.fullmatch(name):
        return read_flag(value) is True and read_number(value) is None  # Numbers count something, or are times.
    if names_request_status(name):
        return isinstance(value, str) and _PARTIAL_STATUS.fullmatch(value.strip()) is not None
    if _READING_ERRORS.fullmatch(name):
        return role in ("top", "envelope") and isinstance(value, list) and is_something(value)
    return role == "top" and _leaves_out(level, name, value)


def _leaves_out(level: Document, name: str, value: Any) -> bool:
    """Whether a field lists what the records do not come from."""
    if _LEFT_OUT.fullmatch(name) is None or not isinstance(value, list | dict) or not value:
        return False
    if name.startswith("un"):
        return True
    has_outcomes = any(_OUTCOMES.fullmatch(normalize(other)) for other in level.names())
    return not has_outcomes and not is_thing(level)


def _has_true(value: Any) -> bool:
    return value is True or (isinstance(value, Mapping) and any(item is True for item in value.values()))


def describe_sign(name: str, value: Any) -> str:
    """A sign in words, without anything of the records beside it."""
    return f"{name} is {json.dumps(value)}"
