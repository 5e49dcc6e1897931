"""Reads what responses tell of limits, in headers and bodies: how long to wait, and what remains."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from dazz_assets.http.json.json_slices import Document, read_integer
from dazz_assets.http.rate_limit import Allowance

_HEADER_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# Such as `6m0s` and `1h2m3.5s`.
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
# Fields of a body that say how long to wait, in the forms of a `Retry-After`.
_WAITS = ("retry_in_seconds", "retry_after", "retryAfter", "retryAfterSeconds", "retryDelay")
# A greater number is a time, in seconds since 1970 or in smaller units.
_LARGEST_SECONDS = 1e8
_MAX_SEARCHED_BYTES = 100_000
_MAX_SEARCHED_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a page tells in its body what remains of a budget, such as the points of a GraphQL API.

    ```python
    budget = Budget("data.complexity.after", reset="data.complexity.reset_in_x_seconds", cost="data.complexity.query")
    ```

    remaining: path of what is left after the request.
    reset: path of when the budget is full again: seconds from now, an epoch, or a time.
    cost: path of what the request took, which the next one is expected to take too. By default 1.

    If the rest does not suffice for another request, the reset is waited for; if little is left, it is spread over the
    time until then.
    """

    remaining: str
    reset: str = field(kw_only=True)
    cost: str | None = field(default=None, kw_only=True)


def read_budget(budget: Budget, document: Document, now: float) -> Allowance | None:
    """What a page tells of a budget; None if it does not tell both what remains and when it is full again."""
    remaining = _parse_number(_read_text(document, budget.remaining))
    reset_at = _parse_reset(_read_text(document, budget.reset), now)
    if remaining is None or reset_at is None:
        return None
    cost = _parse_number(_read_text(document, budget.cost)) if budget.cost is not None else None
    return Allowance(remaining, reset_at, None, cost if cost is not None and cost > 0 else 1.0)


def _read_text(document: Document, path: str) -> str | None:
    value = document.value(path)
    return None if value is None or isinstance(value, bool) else str(value)


def requested_wait(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """The seconds that a failed response asks us to wait from `now` (epoch seconds), or None if it doesn't say.

    In this order: `Retry-After` (seconds or a date, of some vendors an epoch or a duration), `retry_in_seconds` and
    its like in the body, the reset of a rate limit that is used up. Never below zero; unreadable values are
    ignored (conformance 1 to 4). The names of headers may be in any case.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    wait = _parse_retry_after(lower.get("retry-after"), now)
    if wait is None:
        wait = _find_wait_in_body(body, now)
    if wait is None:
        wait = _seconds_until_reset(status, lower, now)
    return None if wait is None else max(0.0, wait)


def read_allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """The allowance in the rate-limit headers, or None. `headers` must have lower-case names or ignore case."""
    structured = headers.get("ratelimit")
    if structured is not None and (found := _parse_structured(structured, now)) is not None:
        return found
    for prefix in _HEADER_PREFIXES:
        remaining = _parse_number(headers.get(prefix + "remaining"))
        if remaining is not None:
            limit = _parse_number(headers.get(prefix + "limit"))
            reset_at = _parse_reset(headers.get(prefix + "reset"), now)
            return Allowance(remaining, reset_at, limit)
    return None


def _parse_retry_after(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    if (seconds := _parse_number(text)) is not None and seconds <= _LARGEST_SECONDS:
        return seconds
    at = _parse_reset(text, now)
    return None if at is None else at - now


def _seconds_until_reset(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """The seconds to the reset if the limit is used up, or if a 429 doesn't say what remains of it."""
    allowance = read_allowance(headers, now)
    if allowance is not None:
        is_used_up = allowance.remaining <= 0
        return allowance.reset_at - now if is_used_up and allowance.reset_at is not None else None
    if status == 429:
        for prefix in _HEADER_PREFIXES:
            if (reset_at := _parse_reset(headers.get(prefix + "reset"), now)) is not None:
                return reset_at - now
    return None


def _find_wait_in_body(body: bytes, now: float) -> float | None:
    if len(body) > _MAX_SEARCHED_BYTES or not any(name.encode() in body for name in _WAITS):
        return None
    try:
        texts = map(str, _find_waits(json.loads(body, parse_int=read_integer), _MAX_SEARCHED_DEPTH))
        found = [_parse_retry_after(text, now) for text in texts]
    except (ValueError, RecursionError):
        return None
    return max((value for value in found if value is not None), default=None)


def _find_waits(value: Any, depth: int) -> Iterator[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (value[name] for name in _WAITS if name in value)
    if depth:
        for item in below:
            yield from _find_waits(item, depth - 1)


def _parse_structured(text: str, now: float) -> Allowance | None:
    """Parse `RateLimit: "default";r=50;t=30` and the older `limit=100, remaining=50, reset=30`.

    Of several policies the one with the fewest remaining requests counts.
    """
    if "remaining=" in text:
        pairs = dict(pair.strip().split("=", 1) for pair in text.split(",") if "=" in pair)
        remaining, reset = _parse_number(pairs.get("remaining")), _parse_number(pairs.get("reset"))
        limit = _parse_number(pairs.get("limit"))
        if remaining is None:
            return None
        reset_at = None if reset is None else now + reset
        return Allowance(remaining, reset_at, limit)
    found = []
    for policy in text.split(","):
        pairs = dict(pair.strip().split("=", 1) for pair in policy.split(";") if "=" in pair)
        remaining, seconds = _parse_number(pairs.get("r")), _parse_number(pairs.get("t"))
        if remaining is not None:
            found.append(Allowance(remaining, None if seconds is None else now + seconds, None))
    return min(found, key=lambda item: (item.remaining, -(item.reset_at or 0)), default=None)


def _parse_reset(text: str | None, now: float) -> float | None:
    """A reset in epoch seconds. Vendors give an epoch (in seconds or smaller units), seconds from now, or a time."""
    if text is None:
        return None
    value = _parse_number(text)
    if value is None:
        seconds = _parse_duration(text)
        return _parse_time(text) if seconds is None else now + seconds
    while value > 1e11:
        value /= 1000
    return value if value > _LARGEST_SECONDS else now + value


def _parse_duration(text: str) -> float | None:
    """The seconds of a duration such as `6m0s`; None for any other text."""
    match = _DURATION.fullmatch(text.strip())
    numbers = [] if match is None else [(number, unit) for number, unit in zip(match.groups(), _UNITS, strict=True)]
    found = [float(number) * unit for number, unit in numbers if number is not None]
    return sum(found) if found else None


def _parse_time(text: str) -> float | None:
    """A time in ISO 8601, with or without seconds, or an HTTP date; in UTC unless it says otherwise."""
    try:
        at = datetime.fromisoformat(re.sub(r"\s*(UTC|GMT)$", "+00:00", text.strip()))
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _parse_number(text: str | None) -> float | None:
    match = _NUMBER.fullmatch(text.strip()) if text is not None else None
    number = float(match[0]) if match else None
    return None if number is None or math.isinf(number) else number  # of hundreds of digits
