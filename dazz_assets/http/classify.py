"""What a response means: a page, or an error that passes or is final; and what its headers announce."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from dazz_assets.http.errors import NotJsonError, PassingError, RateLimitedError, VendorReportedError
from dazz_assets.http.failures import error_messages, failure_of, quote_start, speaks_of_rate_limit
from dazz_assets.http.page import Page
from dazz_assets.http.rate_limit import named_wait

Accept = Mapping[int, Literal["skip", "keep"]]
"""What a stream accepts: `{404: "skip"}` is a page without records, `{200: "keep"}` keeps data beside errors."""

_NOTHING = (b"null", b"{}", b"[]")


def classify_response(page: Page, accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """A page whose response counts as a success, or is accepted. Raises the `FetchError` that it stands for otherwise,
    its text not masked yet."""
    if 200 <= page.status < 300:
        return _success(page, accept, now, mask)
    failed = failure_of(page.status, page.headers, page.body, now)
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
        begins = quote_start(page.body)
        raise NotJsonError(f"{page.status}, but the body is no JSON. It begins: {begins!r}.", status=page.status)
    if not isinstance(errors, list) or not errors:
        return page
    return _with_errors(page, errors, accept, now, mask)


def _with_errors(page: Page, errors: list[Any], accept: Accept, now: float, mask: Callable[[str], str]) -> Page:
    """A success with errors in it: those about limits pass, others fail unless the data is kept (conformance 8, 9)."""
    said = error_messages(errors)
    problem = f"{page.status} with errors in the body. The vendor says: {said}."
    wait = named_wait(page.status, page.headers, page.body, now)
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


def deprecation_notice(headers: Mapping[str, str]) -> str | None:
    """The announcement in words, or None. `headers` ignore case."""
    deprecation, sunset = headers.get("deprecation"), headers.get("sunset")
    if not sunset and (not deprecation or deprecation.strip().lower() in ("false", "?0")):
        return None
    said = []
    if deprecation and deprecation.strip().lower() not in ("false", "?0"):
        said.append(f"is deprecated{_since(deprecation)}")
    if sunset:
        said.append(f"ends on {sunset}")
    documented = re.search(r'<([^>]*)>\s*;[^,]*rel="?(?:deprecation|sunset|successor-version)', headers.get("link", ""))
    return f"the vendor says that this API {' and '.join(said)}" + (f" ({documented[1]})" if documented else "")


def _since(value: str) -> str:
    """RFC 9745 gives `@` and an epoch; earlier drafts a date, or `true`."""
    text = value.strip()
    if re.fullmatch(r"@\d{1,11}", text):
        return f" since {datetime.fromtimestamp(int(text[1:]), UTC):%Y-%m-%d}"
    return "" if text.lower() in ("true", "?1") else f" since {text}"
