"""How long a response asks us to wait (conformance 1, 3, 4)."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from dazz_assets.http import requested_wait

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {}, b"", None),
        # Retry-After: seconds, a date, in the past, negative, unreadable.
        (429, {"Retry-After": "120"}, b"", 120),
        (503, {"retry-after": " 7 "}, b"", 7),
        (429, {"Retry-After": "0.5"}, b"", 0.5),
        (429, {"Retry-After": formatdate(NOW + 90, usegmt=True)}, b"", 90),
        (429, {"Retry-After": formatdate(NOW - 90, usegmt=True)}, b"", 0),
        (429, {"Retry-After": "-5"}, b"", 0),
        (429, {"Retry-After": "soon"}, b"", None),
        (429, {"Retry-After": ""}, b"", None),
        (429, {"Retry-After": "soon", "X-RateLimit-Reset": "9"}, b"", 9),
        # A reset: an epoch in seconds or milliseconds, or seconds from now.
        (429, {"X-RateLimit-Reset": str(int(NOW) + 33)}, b"", 33),
        (429, {"X-RateLimit-Reset": str(int(NOW + 33) * 1000)}, b"", 33),
        (429, {"X-RateLimit-Reset": "33"}, b"", 33),
        (429, {"RateLimit-Reset": "33"}, b"", 33),
        (429, {"X-Rate-Limit-Reset": str(int(NOW) - 33)}, b"", 0),
        (429, {"X-RateLimit-Reset": "tomorrow"}, b"", None),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 33)}, b"", 33),
        # A reset as a time, with and without seconds, or as a duration.
        (429, {"X-RateLimit-Reset": "2027-01-15T08:01Z"}, b"", 60),
        (429, {"X-RateLimit-Reset": "2027-01-15T08:00:30Z"}, b"", 30),
        (429, {"X-RateLimit-Reset": "2027-01-15T08:00:30.5+00:00"}, b"", 30.5),
        (429, {"X-RateLimit-Reset": "2027-01-15T10:01+0200"}, b"", 60),
        (429, {"X-RateLimit-Reset": "2027-01-15 08:01:00 UTC"}, b"", 60),
        (429, {"X-RateLimit-Reset": formatdate(NOW + 33, usegmt=True)}, b"", 33),
        (429, {"X-RateLimit-Reset": "1m30s"}, b"", 90),
        (429, {"X-RateLimit-Reset": "250ms"}, b"", 0.25),
        (429, {"X-RateLimit-Reset": str(int(NOW + 33) * 1_000_000)}, b"", 33),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2027-01-15T08:01Z"}, b"", 60),
        (429, {"Retry-After": "2027-01-15T08:01Z"}, b"", 60),
        # A limit that is not used up did not stop us.
        (429, {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": str(int(NOW) + 33)}, b"", None),
        (503, {"X-RateLimit-Reset": "33"}, b"", None),
        (503, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "33"}, b"", 33),
        # The structured header, in both of its forms.
        (429, {"RateLimit": '"default";r=0;t=30'}, b"", 30),
        (429, {"RateLimit": '"minute";r=3;t=10, "daily";r=0;t=300'}, b"", 300),
        (429, {"RateLimit": '"default";r=5;t=30'}, b"", None),
        (429, {"RateLimit": "limit=100, remaining=0, reset=50"}, b"", 50),
        # The body names it, at any depth.
        (200, {}, b'{"errors": [{"extensions": {"code": "C", "retry_in_seconds": 13}}]}', 13),
        (429, {}, b'{"retry_in_seconds": "4"}', 4),
        (429, {}, b'{"retry_in_seconds": null}', None),
        (429, {}, b'not JSON: "retry_in_seconds": 4', None),
        (429, {}, b'{"retry_after": 2.5}', 2.5),
        (429, {}, b'{"error": {"details": [{"reason": "X"}, {"retryDelay": "30s"}]}}', 30),
        (429, {"Retry-After": "1"}, b'{"retry_in_seconds": 4}', 1),
        # Words alone name no wait.
        (403, {"X-RateLimit-Remaining": "9"}, b'{"message": "You have exceeded a secondary rate limit."}', None),
        (403, {"Retry-After": "5"}, b'{"message": "You have exceeded a secondary rate limit."}', 5),
    ],
)
def test_the_wait_that_a_response_requests(
    status: int, headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert requested_wait(status, headers, body, NOW) == seconds
