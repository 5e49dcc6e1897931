"""Decides whether a response is a page or an error, and reads the deprecation that its headers announce."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from dazz_assets.http.errors import NotJsonError, RateLimitedError, TransientError, VendorReportedError
from dazz_assets.http.failures import error_for_response, error_messages, mentions_rate_limit
from dazz_assets.http.page import Page
from dazz_assets.http.quotes import quote_start
from dazz_assets.http.rate_limit import requested_wait

Accept = Mapping[int, Literal["skip", "keep"]]
"""What a stream accepts: `{404: "skip"}` reads a 404 as a page without records, `{200: "keep"}` keeps data that came
with errors."""

_EMPTY_VALUES = (b"null", b"{}", b"[]")


def classify_response(page: Page, accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """The page, if its response succeeded or is accepted; otherwise raises a `FetchError`, not masked yet.

    now: epoch seconds. mask: applied to the vendor's text before the page keeps it.
    """
    if 200 <= page.status < 300:
        return _classify_success(page, accept, now, mask)
    error = error_for_response(page.status, page.headers, page.body, now)
    if isinstance(error, TransientError) or accept.get(page.status) != "skip":
        raise error
    return replace(page, accepted_failure=mask(error.problem))


def _classify_success(page: Page, accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    errors = None
    try:
        errors = page.value("errors")
        is_json = True
    except ValueError:
        is_json = False
    if not is_json:
        start = quote_start(page.body)
        raise NotJsonError(f"{page.status}, but the body is not JSON. It begins: {start!r}.", status=page.status)
    if not isinstance(errors, list) or not errors:
        return page
    return _classify_errors(page, errors, accept, now, mask)


def _classify_errors(page: Page, errors: list[Any], accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """Handle errors in a successful response (conformance 8, 9).

    Rate limits are transient. Any other error fails, unless the stream keeps the data that came with it.
    """
    messages = error_messages(errors)
    problem = f"{page.status} with errors in the body. The vendor says: {messages}."
    wait = requested_wait(page.status, page.headers, page.body, now)
    if wait is not None or mentions_rate_limit(json.dumps(errors)):
        limited = RateLimitedError(problem, status=page.status)
        limited.wait = wait
        raise limited
    if accept.get(200) != "keep" or not _has_data(page):
        raise VendorReportedError(problem, status=page.status)
    return replace(page, accepted_errors=mask(messages))


def _has_data(page: Page) -> bool:
    values = (
        page.document.find(key.replace(".", "\\."))
        for key in page.document.names()
        if key not in ("errors", "extensions")
    )
    return any(bytes(raw or b"null") not in _EMPTY_VALUES for raw in values)


def deprecation_notice(headers: Mapping[str, str]) -> str | None:
    """The deprecation or end that a vendor announces in the headers, as a sentence, or None. `headers` ignore case."""
    deprecation, sunset = headers.get("deprecation"), headers.get("sunset")
    if not sunset and (not deprecation or deprecation.strip().lower() in ("false", "?0")):
        return None
    announced = []
    if deprecation and deprecation.strip().lower() not in ("false", "?0"):
        announced.append(f"is deprecated{_format_since(deprecation)}")
    if sunset:
        announced.append(f"ends on {sunset}")
    documented = re.search(r'<([^>]*)>\s*;[^,]*rel="?(?:deprecation|sunset|successor-version)', headers.get("link", ""))
    return f"the vendor says that this API {' and '.join(announced)}" + (f" ({documented[1]})" if documented else "")


def _format_since(value: str) -> str:
    """ " since ..." for a Deprecation header: `@` and an epoch in RFC 9745, a date or `true` in earlier drafts."""
    text = value.strip()
    if re.fullmatch(r"@\d{1,11}", text):
        return f" since {datetime.fromtimestamp(int(text[1:]), UTC):%Y-%m-%d}"
    return "" if text.lower() in ("true", "?1") else f" since {text}"
