"""Turns a failed response into an error that quotes the vendor. Every HTTP status is classified deliberately."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from dazz_assets.http.auth.access import says_refusal
from dazz_assets.http.errors import (
    REFUSES_ACCESS,
    BlockedError,
    FetchError,
    RateLimitedError,
    RefusedError,
    TransientError,
    UnavailableError,
)
from dazz_assets.http.json.json_fields import storable_text
from dazz_assets.http.quotes import end_sentence, quote_start, shorten
from dazz_assets.http.responses.fronts import find_front, is_web_page
from dazz_assets.http.responses.reasons import find_codes, find_told_status, read_body, says_transient
from dazz_assets.http.told_limits import read_allowance, requested_wait

# Of a body, so much is searched for the words of a limit.
_LIMIT_BYTES = 20_000
TEXT_KEYS = (
    "detail",
    "title",
    "message",
    "error_message",
    "errorMessage",
    "errorSummary",
    "error_description",
    "reason",
    "msg",
)
_LISTS = ("errors", "errorMessages", "errorCauses", "error")
# Of a period: "Daily limit exceeded", "dailyLimitExceeded".
_PERIOD = r"(?:daily|hourly|monthly|minute|per.?(?:second|minute|hour|day|month))"
_EXCEEDED = r"[\s_-]*(?:is |was |has been |have been )?(?:exceeded|reached|exhausted|used up)"
_RATE_LIMIT = re.compile(
    r"rate.?limit|too many (?:[\w-]+ ){0,2}?(?:requests|calls|visits)\b(?! in (?:a|one|the|this)\b)|throttl|"
    r"\bslow.?down\b|"
    r"abuse detection|complexity.?(?:budget|exception)|resource.?exhausted|"
    r"(?<!storage)(?<!storage.)(?<!disk.)quota[^;\"]{0,60}exceed|exceed[^.;\"]{0,40}quota|concurren\w*.{0,20}exceed|"
    r"(?:\b(?:request|call|query|api)s?[\s_-]*|^\W*|[.:;\"]\W*)rate[\s_-]*(?:is |was |has been )?"
    r"(?:exceeded|too (?:high|large|fast))|"
    r"(?:consumed|exhausted|spent|used(?: up)?) (?:all|your)\b[^.;\"]{0,30}\b(?:calls|requests)\b|"
    rf"(?:{_PERIOD}|request|call|api|usage)s?[\s_-]*(?:call|request|query|queries|usage)?s?[\s_-]*limit{_EXCEEDED}",
    re.I,
)
# Statuses with which some vendors refuse what is too much, or can't be had, for the moment.
_MAY_LIMIT = frozenset({400, 403, 409, 420, 422})
# In the words of such a refusal, these may be of one request, or of what is paid for; and links lead to any topic.
_NO_RATE = re.compile(r"complexity|\bupgrad|\bplan\b|subscription|licen[sc]e", re.I)
_LINK = re.compile(r"https?:\S+")
# Limits that no sync waits out.
_BY_DAY = re.compile(
    rf"(?:daily|monthly)[\s_-]*(?:\w+[\s_-]+){{0,2}}?(?:limit|quota)s?{_EXCEEDED}|"
    r"exceed\w*[^.;]{0,40}(?:daily|monthly|per.?day|per.?month)|quota[^.;]{0,150}per.?(?:day|month)",
    re.I,
)
_SWITCHED_OFF = re.compile(
    r"(?:service|feature|api).?disabled|access.?not.?configured|\b(?:is|are|was|were|been) (?:disabled|deactivated|"
    r"switched off|turned off)|\bnot (?:been )?(?:enabled|activated)|must be (?:enabled|activated)",
    re.I,
)
NOT_FOUND = 404
_UNFOUND_ADVICE = (
    "What the address names was not found: check %s, and that the credentials may see it (many vendors answer 404 if "
    "not)."
)
_SWITCHED_OFF_ADVICE = "It is switched off at the vendor: switch it on there."
_IF_OF_API = ' If the API itself answers so where there is no permission, grant it, or set accept = {%s: "skip"}.'
# A web page with one of these may be that of a firewall. A 404 is often the API's own, for a route or a record.
_NEVER_BY_WEB_PAGE = frozenset({403, 451})
# Statuses with which vendors also say that there is nothing to list.
_MAY_MEAN_NONE = frozenset({403, 404, 409, 410})

_PLACE_REFUSED = re.compile(
    r"\bexpired?\b|\bsearch context missing|\bno search context|"
    r"(?=.*(?:token|cursor|scroll|continuation|bookmark|iterator|snapshot))"
    r"(?=.*\b(?:invalid|(?:not|no longer) (?:valid|found|known|recogni[sz]ed|available|exists?)|unknown|stale|"
    r"malformed))",
    re.I | re.S,
)
# What is there no more says nothing of the pages behind it.
_IS_NO_END = re.compile(r"\bexpire|\bno longer\b|\b(?:not|un) ?available\b", re.I)
# `ITERATOR_NOT_AVAILABLE`, `ExpiredNextToken`.
_WORD_JOINT = re.compile(r"_|(?<=[a-z])(?=[A-Z])")

# Conformance 12. Statuses in neither set: 5xx are transient, all others final.
TRANSIENT_STATUSES = frozenset(
    {
        408,  # The server gave up waiting for the request.
        425,  # Too early: the server asks for the same request again.
        429,  # Too many requests.
        500,
        502,
        503,
        504,
        *range(520, 531),  # From proxies and CDNs that can't reach the server.
        598,
        599,
    }
)
FINAL_STATUSES = frozenset(
    {
        *range(400, 408),  # Bad request, credentials, payment, permission, not found, method, not acceptable, proxy.
        409,  # A conflict of state: reading again does not resolve it.
        *range(410, 419),  # Gone, length, precondition, too large (2), media type, range, expectation; 418 is a block.
        421,
        422,
        423,  # Locked by someone's decision, not briefly.
        424,
        426,
        428,
        431,
        451,
        501,  # Not implemented: another attempt won't change that.
        505,
        506,
        508,
        510,
        511,  # A captive portal asks for a login.
    }
)

ADVICE: Mapping[int, str] = {
    304: (
        "Nothing was modified, the vendor says. If a stream with a Cursor asks for changes alone, set accept = "
        '{304: "skip"}; one without needs the whole list each time: send no `If-None-Match` or `If-Modified-Since`.'
    ),
    400: "Check the stream's path and params against the vendor's documentation.",
    401: "Check the connection's credentials: they may be wrong, revoked or expired; replace them in its config.",
    403: "Grant the permission that this stream needs to the connection's credentials, at the vendor.",
    404: "Check base_url and the stream's path, and that the credentials may see it (many vendors answer 404 if not).",
    405: "Set the stream's `method` to one that the vendor allows there.",
    407: "Check the proxy settings in the environment.",
    410: "The vendor removed this: move the stream to the endpoint that replaces it.",
    413: "Make the request's body smaller: fewer fields, or a smaller page.",
    414: "Make the URL shorter: fewer params, or move them to the body.",
    422: "Check the stream's params against the vendor's documentation.",
    431: "Make the request's headers smaller.",
    451: "The vendor withholds this for legal reasons: leave it out.",
    511: "Log in to the network: it blocks requests until then.",
}

# What GraphQL servers say of a query that does not fit the schema, or the code that they give.
_REFUSES_QUERY = re.compile(
    r"cannot query field|unknown (?:argument|type|fragment|directive)|field '\w+' doesn't exist on type|"
    r"undefined_?field|doesn't accept argument|syntax error[^;]*graphql|must have a selection of subfields|"
    r"graphql_validation_failed|graphql_parse_failed",
    re.I,
)
QUERY_ADVICE = "Correct the stream's `query`: it asks for what the vendor's schema does not have there."

# They say all by themselves, whatever words come with them: "Method not allowed" is no want of a permission.
_REFUSES_BY_STATUS = REFUSES_ACCESS | {405, 410, 451}

_REFUSES_RANGE = (400, 413, 422)
# What is limited, and how: "The time range cannot exceed 6 months", "Maximum query window is 30 days".
_LIMITED = r"\b(?:range|interval|window|period|time ?span|time ?frame|duration)s?\b"
_LIMIT = (
    r"\b(?:exceed(?:s|ed|ing)?|(?:too|no|not) (?:long|large|wide|big|great|longer|larger|greater|more)|at most|up to|"
    r"max(?:imum)?|limit(?:ed)?|(?:longer|larger|greater|more|wider|less|shorter|smaller) than|within)\b"
)
_LIMITS_RANGE = re.compile(rf"(?=.*{_LIMITED})(?=.*{_LIMIT})", re.I | re.S)
_RANGE_ADVICE = (
    "If it takes only a shorter range of time, set `step` on the stream's Cursor, such as step=timedelta(days=30); "
    "else check the stream's path and params against the vendor's documentation."
)


def is_transient(status: int) -> bool:
    """Whether another attempt may succeed after a failure with this status."""
    return status in TRANSIENT_STATUSES or (status >= 500 and status not in FINAL_STATUSES)


def error_for_response(status: int, headers: Mapping[str, str], body: bytes, now: float) -> FetchError:
    """The error for an unsuccessful response. It quotes the vendor, not masked. now: epoch seconds."""
    wait = requested_wait(status, headers, body, now)
    message = vendor_message(body)
    said = f" The vendor says: {end_sentence(message)}" if message else ""
    problem = f"{status} {_reason_phrase(status)}.{said}"
    codes = find_codes(body)
    words = " ".join((message, *codes))
    is_limit = status == 403 and _is_rate_limit(headers, body, now)
    if status == 429 or is_limit or (status in _MAY_LIMIT and _tells_rate_limit(body, words)):
        return limit_error(problem, status, body, wait)
    if is_transient(status) or (status in _MAY_LIMIT and says_transient(body)):
        return _set_wait(UnavailableError(problem, status=status), wait)
    front = find_front(headers, body)
    if front is not None or (find_refusal(status, words) in _NEVER_BY_WEB_PAGE and is_web_page(headers, body)):
        return blocked_error(problem, status, front)
    refused = RefusedError(problem, status=status, advice=_advise(status, message, body))
    refused.refusal, refused.codes = find_refusal(status, words), codes
    return refused


def blocked_error(problem: str, status: int, front: str | None) -> BlockedError:
    """The error for an answer not of the API's. front: by what that is known; None if it just is a web page."""
    told = "It is a web page." if front is None else f"It is no answer of the API's, by {front}."
    blocked = BlockedError(f"{problem} {told}", status=status)
    blocked.is_certain = front is not None
    if front is None:
        blocked.advice += _IF_OF_API % status
    return blocked


def find_refusal(status: int | None, words: str) -> int | None:
    """What `FetchError.refusal` is for a status and the vendor's words, with the codes that it gives.

    Words that may also be of a limit, a method or a query that asks for `permissions` are no refusal of access.
    """
    is_of_access = says_refusal(words) and not mentions_rate_limit(words) and not refuses_query(words)
    return 403 if is_of_access and status not in _REFUSES_BY_STATUS else status


def limit_error(problem: str, status: int, body: bytes, wait: float | None) -> RateLimitedError:
    """The error for a limit that is used up. wait: as the vendor asks. One that lasts for days is not waited for."""
    error = RateLimitedError(problem, status=status)
    error.wait = wait
    if wait is None and _BY_DAY.search(body[:_LIMIT_BYTES].decode(errors="replace")) is not None:
        error.outlasts_sync = True
        error.advice = "The vendor counts by the day or longer: sync again after that, and less often."
    return error


def name_unfound(error: FetchError, address_fields: Sequence[str], base_fields: Sequence[str]) -> None:
    """Name the fields of the config that the address of a 404 is made of. See `ResponseRules.address_fields`."""
    if error.status != NOT_FOUND:
        return
    made_of = [base_fields if name == "base_url" else (name,) for name in address_fields]
    error.unfound = tuple(dict.fromkeys(name for names in made_of for name in names))
    if error.unfound:
        told = " and ".join(f"`config.{name}`" for name in error.unfound)
        error.advice = error.advice.replace(ADVICE[NOT_FOUND], _UNFOUND_ADVICE % told)


def advise_to_accept(status: int, body: bytes, words: str = "") -> str:
    """Which setting takes such an answer for a list without records, by the code that it gives, or by its words.

    words: those that may say that there is nothing to list. Empty if it has neither.
    """
    text = next(iter(find_codes(body)), words)
    if not text:
        return ""
    return (
        " If that is usual where there is nothing to list, the integration's author can set "
        f'accept = {{({status}, {json.dumps(storable_text(text), ensure_ascii=False)}): "skip"}}.'
    )


def _advise(status: int, message: str, body: bytes) -> str:
    if status in _REFUSES_RANGE and _LIMITS_RANGE.search(message):
        return _RANGE_ADVICE
    if status in _REFUSES_RANGE and refuses_query(" ".join((message, *find_codes(body)))):
        return QUERY_ADVICE
    advice = ADVICE.get(status, "")
    if status == 403 and _SWITCHED_OFF.search(body[:_LIMIT_BYTES].decode(errors="replace")):
        advice = _SWITCHED_OFF_ADVICE
    return advice + (advise_to_accept(status, body) if status in _MAY_MEAN_NONE else "")


def _set_wait(error: TransientError, wait: float | None) -> TransientError:
    error.wait = wait
    return error


def _is_rate_limit(headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether the headers or the text of a 403 show a rate limit rather than a missing permission."""
    allowance = read_allowance(headers, now)
    is_used_up = allowance is not None and allowance.remaining <= 0
    return "retry-after" in headers or is_used_up or mentions_rate_limit(body)


def _tells_rate_limit(body: bytes, words: str) -> bool:
    """Whether a refusal is a rate limit by the status or the words in its body."""
    told = find_told_status(body)
    return told == 429 or (mentions_rate_limit(_LINK.sub("", words)) and _NO_RATE.search(words) is None)


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard meaning)"


def vendor_message(body: bytes) -> str:
    """The messages in a JSON body joined by "; ", or the start of any other body; at most `LONGEST_MESSAGE` characters.

    Not masked: an API may echo the secret.
    """
    value = read_body(body)
    texts = list(dict.fromkeys(text for text in _messages(value) if text))
    if texts and isinstance(value, dict) and isinstance(value.get("documentation_url"), str):
        texts.append(value["documentation_url"])
    return shorten("; ".join(texts)) if texts else quote_start(body)


def has_messages(body: bytes) -> bool:
    """Whether `vendor_message` finds messages in a body, and does not quote its start."""
    return any(_messages(read_body(body)))


def mentions_rate_limit(text: str | bytes) -> bool:
    """Whether a vendor's text names a rate limit as the reason."""
    words = text if isinstance(text, str) else text[:_LIMIT_BYTES].decode(errors="replace")
    return _RATE_LIMIT.search(words) is not None


def refuses_query(text: str) -> bool:
    """Whether a vendor's text, or the code that it gives, says that a GraphQL query does not fit its schema."""
    return _REFUSES_QUERY.search(text) is not None


def refuses_place(text: str) -> bool:
    """Whether a vendor's text says that a place in a list (a token, a cursor, a link) has expired or is not valid."""
    return _PLACE_REFUSED.search(_WORD_JOINT.sub(" ", text)) is not None


def may_be_end(text: str) -> bool:
    """Whether the refusal of a later page may mean that the list ends before it, by the vendor's text."""
    return _IS_NO_END.search(text) is None


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value[:10]:
            yield from _messages(item)
    elif isinstance(value, dict):
        for key in TEXT_KEYS:
            if isinstance(value.get(key), str):
                yield value[key].strip()
        for key in _LISTS:
            yield from _messages(value.get(key))
