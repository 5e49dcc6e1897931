"""What a response says about waiting: pure functions over its headers and body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SEARCHED_BYTES = 100_000
_SEARCHED_DEPTH = 5
SECONDARY_LIMIT_WAIT = 60.0
"""GitHub: "if your request hits a secondary limit and has no retry-after, wait for at least one minute"."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a vendor's headers say is left: requests until `reset_at` (epoch seconds), of `limit` in a window."""

    remaining: int
    reset_at: float | None
    limit: int | None


def wait_named(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """For how many seconds from `now` (epoch seconds) a failed response asks us to wait, or None if it does not say.

    The most direct word counts: `Retry-After` (seconds or a date), then `retry_in_seconds` in the body, then when a
    rate limit that is used up resets, then GitHub's minute for a secondary limit. Never below zero; what can't be
    read says nothing (conformance 1 to 4). The case of the headers' names does not matter.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    named = _retry_after(lower.get("retry-after"), now)
    if named is None:
        named = _in_body(body)
    if named is None:
        named = _until_reset(status, lower, now)
    if named is None and status in (403, 429) and b"secondary rate limit" in body.lower():
        named = SECONDARY_LIMIT_WAIT
    return None if named is None else max(0.0, named)


def allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """What the rate-limit headers say is left, or None. `headers` are lower-case, or of a mapping that ignores case."""
    structured = headers.get("ratelimit")
    if structured is not None and (found := _structured(structured, now)) is not None:
        return found
    for prefix in _PREFIXES:
        remaining = _number(headers.get(prefix + "remaining"))
        if remaining is not None:
            limit = _number(headers.get(prefix + "limit"))
            reset_at = _moment(headers.get(prefix + "reset"), now)
            return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    return None


def _retry_after(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _until_reset(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """The time to a reset, where the limit is used up, or where a 429 does not say how much is left of it."""
    left = allowance(headers, now)
    if left is not None:
        return left.reset_at - now if left.remaining <= 0 and left.reset_at is not None else None
    if status == 429:
        for prefix in _PREFIXES:
            if (reset_at := _moment(headers.get(prefix + "reset"), now)) is not None:
                return reset_at - now
    return None


def _in_body(body: bytes) -> float | None:
    if b"retry_in_seconds" not in body or len(body) > _SEARCHED_BYTES:
        return None
    try:
        found = [_number(str(value)) for value in _named("retry_in_seconds", json.loads(body), _SEARCHED_DEPTH)]
    except (ValueError, RecursionError):
        return None
    return max((value for value in found if value is not None), default=None)


def _named(name: str, value: Any, depth: int) -> Iterator[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and name in value:
        yield value[name]
    if depth:
        for item in below:
            yield from _named(name, item, depth - 1)


def _structured(text: str, now: float) -> Allowance | None:
    """`RateLimit: "default";r=50;t=30` and the older `limit=100, remaining=50, reset=30`: least left."""
    if "remaining=" in text:
        pairs = dict(pair.strip().split("=", 1) for pair in text.split(",") if "=" in pair)
        remaining, reset = _number(pairs.get("remaining")), _number(pairs.get("reset"))
        limit = _number(pairs.get("limit"))
        if remaining is None:
            return None
        reset_at = None if reset is None else now + reset
        return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    found = []
    for policy in text.split(","):
        pairs = dict(pair.strip().split("=", 1) for pair in policy.split(";") if "=" in pair)
        left, seconds = _number(pairs.get("r")), _number(pairs.get("t"))
        if left is not None:
            found.append(Allowance(int(left), None if seconds is None else now + seconds, None))
    return min(found, key=lambda item: (item.remaining, -(item.reset_at or 0)), default=None)


def _moment(text: str | None, now: float) -> float | None:
    """A reset as an epoch in seconds: it is given as one, in milliseconds, or in seconds from now."""
    value = _number(text)
    if value is None:
        return None
    if value > 1e11:
        return value / 1000
    return value if value > 1e8 else now + value


def _number(text: str | None) -> float | None:
    match = _NUMBER.fullmatch(text.strip()) if text is not None else None
    return float(match[0]) if match else None
