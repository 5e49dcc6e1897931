"""What a response means: a page, or an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from dazz_assets.http.complaints import reported_errors, speaks_of_rate_limit, start_of
from dazz_assets.http.errors import NotJsonError, PassingError, RateLimitedError, VendorReportedError
from dazz_assets.http.page import Page
from dazz_assets.http.verdicts import failure
from dazz_assets.http.waits import wait_named

Accept = Mapping[int, Literal["skip", "keep"]]
"""What a stream accepts: `{404: "skip"}` is a page without records, `{200: "keep"}` keeps data beside errors."""

_NOTHING = (b"null", b"{}", b"[]")


def understood(page: Page, accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """A page whose response counts as a success, or is accepted. Raises the `FetchError` that it stands for otherwise,
    its text not masked yet."""
    if 200 <= page.status < 300:
        return _success(page, accept, now, mask)
    failed = failure(page.status, page.headers, page.body, now)
    if isinstance(failed, PassingError) or accept.get(page.status) != "skip":
        raise failed
    return replace(page, skipped=mask(failed.problem))


def _success(page: Page, accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    errors = None
    try:
        errors = page.value("errors")
        is_json = True
    except ValueError:
        is_json = False
    if not is_json:
        begins = start_of(page.body)
        raise NotJsonError(f"{page.status}, but the body is no JSON. It begins: {begins!r}.", status=page.status)
    if not isinstance(errors, list) or not errors:
        return page
    return _with_errors(page, errors, accept, now, mask)


def _with_errors(page: Page, errors: list[Any], accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """A success with errors in it: those about limits pass, others fail unless the data is kept (conformance 8, 9)."""
    said = reported_errors(errors)
    problem = f"{page.status} with errors in the body. The vendor says: {said}."
    wait = wait_named(page.status, page.headers, page.body, now)
    if wait is not None or speaks_of_rate_limit(json.dumps(errors)):
        limited = RateLimitedError(problem, status=page.status)
        limited.wait = wait
        raise limited
    if accept.get(200) != "keep" or not _has_data(page):
        raise VendorReportedError(problem, status=page.status)
    return replace(page, reported=mask(said))


def _has_data(page: Page) -> bool:
    beside = (
        page.document.find(key.replace(".", "\\."))
        for key in page.document.names()
        if key not in ("errors", "extensions")
    )
    return any(bytes(raw or b"null") not in _NOTHING for raw in beside)
