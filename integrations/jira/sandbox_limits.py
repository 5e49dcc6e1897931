"""Jira's limits: bursts of each endpoint, and points by the hour for apps.

https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dazz_assets.sandbox import Quota, RateLimit, SandboxRequest, SandboxResponse, json_response

_NEAR = 0.2


class Limits:
    """burst: requests a second that each endpoint takes. points: of an app in an hour; a request costs one, and one
    for each record that it brings. API tokens have no points."""

    def __init__(self, burst: int, points: int, *, clock: Callable[[], float] = time.time) -> None:
        self._burst, self._clock = burst, clock
        self._points = RateLimit(points, per=3_600, clock=clock)
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._bursts: dict[tuple[str, str], RateLimit] = {}
        self._points.clear()
        self._quota: Quota | None = None

    def refuse(self, request: SandboxRequest) -> SandboxResponse | None:
        """The refusal of a request that is too much; None lets it pass."""
        endpoint = request.method, re.sub(r"/\d+(?=/)", "/{id}", request.path)
        limit = self._bursts.setdefault(endpoint, RateLimit(self._burst, per=1, clock=self._clock))
        self._quota = limit.spend()
        if self._quota.exceeded:
            return self._refusal("jira-burst-based", 1)
        if _has_points(request):
            points = self._points.spend()
            if points.exceeded:
                return self._refusal("jira-quota-global-based", max(1, points.reset - int(self._clock())))
        return None

    def headers(self, request: SandboxRequest, response: SandboxResponse) -> dict[str, str]:
        """What an answer tells of the limits, its records counted."""
        if self._quota is None or response.status == 429:
            return {}
        told = {"X-RateLimit-Limit": str(self._burst), "X-RateLimit-Remaining": str(self._quota.remaining)}
        left = [self._quota.remaining / self._quota.limit]
        if _has_points(request):
            spent = [self._points.spend() for _ in range(response.records)]
            left += [quota.remaining / quota.limit for quota in spent[-1:]]
        return told | ({"X-RateLimit-NearLimit": "true"} if min(left) < _NEAR else {})

    def _refusal(self, reason: str, seconds: int) -> SandboxResponse:
        reset = datetime.fromtimestamp(self._clock(), UTC) + timedelta(seconds=seconds)
        headers = {
            "Retry-After": str(seconds),
            "RateLimit-Reason": reason,
            "X-RateLimit-Limit": str(self._burst),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%MZ}",
        }
        return json_response({"errorMessages": ["Rate limit exceeded."], "errors": {}}, status=429, headers=headers)


def _has_points(request: SandboxRequest) -> bool:
    return request.authorization()[0] == "bearer"
