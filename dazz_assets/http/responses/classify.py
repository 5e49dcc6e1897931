"""Decides whether a response is a page or an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urldefrag

from requests.structures import CaseInsensitiveDict

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import (
    REFUSES_ACCESS,
    BlockedError,
    EmptyBodyError,
    FetchError,
    JobBegunError,
    NotJsonError,
    NotReadyError,
    RangeTooLargeError,
    RateLimitedError,
    RecordsPathError,
    RepeatedNameError,
    TooDeepError,
    TransientError,
    UnavailableError,
    VendorReportedError,
)
from dazz_assets.http.json.body_format import BodyFormatError, to_json
from dazz_assets.http.json.json_slices import DepthError, Document, object_members_at
from dazz_assets.http.page import Page, sent_values
from dazz_assets.http.quotes import end_sentence, quote_start
from dazz_assets.http.responses.concealed import NOT_QUOTED, conceal, value_mask
from dazz_assets.http.responses.failures import (
    ADVICE,
    QUERY_ADVICE,
    advise_to_accept,
    blocked_error,
    error_for_response,
    find_refusal,
    is_transient,
    limit_error,
    mentions_rate_limit,
    refuses_query,
    vendor_message,
)
from dazz_assets.http.responses.fronts import find_front, is_web_page
from dazz_assets.http.responses.range_advice import advise_on_range
from dazz_assets.http.responses.reasons import find_codes, find_told_status, says_transient
from dazz_assets.http.responses.report_words import says_nothing_is_there
from dazz_assets.http.responses.reported_errors import ReportedError, find_reported_error
from dazz_assets.http.responses.response_rules import Action, ResponseRules
from dazz_assets.http.told_limits import requested_wait
from dazz_assets.http.transport import read_location

_FORMAT_ADVICE = 'Set `format` on the stream if it is another: "json", "ndjson" or "csv".'
_XML_ADVICE = (
    "If the vendor gives JSON by a parameter or a path, ask for that; code of a stream's `pages` can read XML."
)
_FIRST_NAME = re.compile(rb'\s*\{\s*"([^"\\]*)"')
# Methods of which the same request may be sent again: it begins nothing.
_REPEATABLE = ("GET", "HEAD")


def classify_response(page: Page, rules: ResponseRules, now: float, mask: Callable[[str], str]) -> Page:
    """The page, if its response succeeded or is accepted; otherwise raises a `FetchError`, not masked yet.

    now: epoch seconds. mask: applied to the vendor's text before the page keeps it.
    """
    action = rules.action(page.status, page.body)
    is_success = 200 <= page.status < 300
    if is_success and action in (None, "keep"):
        return _classify_success(page, rules, now, mask)
    if is_success and action in ("skip", "end") and (read := _find_records(page, rules)) is not None:
        # What came is not left out because a text was met in it.
        if (reported := _find_reported(read, rules)) is not None:
            return _classify_reported(read, reported, rules, now, mask)
        return replace(read, accepted_end=mask(f"{page.status} {quote_start(page.body)}")) if action == "end" else read
    is_by_text = rules.action_by_text(page.status, page.body) is not None
    if is_success and not is_by_text and is_web_page(page.headers, page.body):
        _convert(page, rules)  # Which fails: a status that is accepted stands for an answer of the API's.
    error = error_for_response(page.status, page.headers, page.body, now)
    if action in ("retry", "limit"):
        raise _as_transient(error, action, requested_wait(page.status, page.headers, page.body, now))
    if action == "split":
        raise RangeTooLargeError(error.problem, status=page.status)
    says_nothing = isinstance(error, TransientError) or (isinstance(error, BlockedError) and error.is_certain)
    if says_nothing and not is_by_text:
        raise error
    if action in ("skip", "end"):
        ends = mask(error.problem) if action == "end" else None
        return replace(page, accepted_failure=mask(error.problem), accepted_end=ends)
    if rules.is_ranged and (advice := advise_on_range(page.status, error.problem)):
        error.advice = advice
    raise error


def classify_sensitive(page: Page, rules: ResponseRules, now: float, mask: Callable[[str], str]) -> Page:
    """As `classify_response`, for a stream with sensitive fields: neither an error nor the page's notes quote them."""
    try:
        found = classify_response(page, rules, now, mask)
    except FetchError as error:
        told = _classify_concealed(page, rules, now, mask)
        if isinstance(told, FetchError) and type(told) is type(error):
            error.problem, error.advice = told.problem, told.advice
        else:
            error.problem, error.advice = f"{page.status}, and {NOT_QUOTED}.", type(error).advice
        error.args = (error.problem,)
        raise error from None
    if (found.accepted_failure, found.accepted_errors, found.accepted_end) == (None, None, None):
        return found
    told = _classify_concealed(page, rules, now, mask)

    def note(name: str) -> str | None:
        return None if getattr(found, name) is None else getattr(told, name, None) or NOT_QUOTED

    return replace(
        found,
        accepted_failure=note("accepted_failure"),
        accepted_errors=note("accepted_errors"),
        accepted_end=note("accepted_end"),
    )


def _classify_concealed(
    page: Page, rules: ResponseRules, now: float, mask: Callable[[str], str]
) -> Page | FetchError | None:
    """What the page would be, or the error, if its sensitive values were hidden; None if they can't be found."""
    content_type = page.headers.get("content-type", "")
    concealed = conceal(page.body, content_type, page.status, rules)
    if concealed is None:
        return None
    hide = value_mask(page.body, content_type, rules)
    if concealed is not page.body:
        headers = CaseInsensitiveDict({**page.headers, "content-type": "application/json"})
        page, rules = replace(page, body=concealed, headers=headers), replace(rules, format="json")
    try:
        return classify_response(page, rules, now, lambda text: hide(mask(text)))
    except FetchError as error:
        error.problem, error.advice = hide(error.problem), hide(error.advice)
        return error


def _find_records(page: Page, rules: ResponseRules) -> Page | None:
    """The page, converted, if it has any record."""
    try:
        page = _convert(page, rules)
    except NotJsonError:
        return None
    return page if page.has_records(rules, any_=True) else None


def _as_transient(error: FetchError, action: Action, wait: float | None) -> TransientError:
    kind = RateLimitedError if action == "limit" else UnavailableError
    transient = kind(error.problem, status=error.status)
    transient.wait = wait
    return transient


def _classify_success(page: Page, rules: ResponseRules, now: float, mask: Callable[[str], str]) -> Page:
    page = _convert(page, rules)
    if page.document.is_empty:
        return _classify_empty(page, rules, now)
    if (reported := _find_reported(page, rules)) is not None:
        return _classify_reported(page, reported, rules, now, mask)
    _check_names(page, rules)
    if page.status == 202 and not page.has_records(rules, any_=True):
        raise _not_ready(page, now)
    if page.status != 200 and not page.has_records(rules) and not page.lists_nothing(rules):
        if page.status == 201 and page.request.method not in _REPEATABLE:
            raise _job_begun(page)
        said = vendor_message(page.body)
        problem = f"{page.status} without a list of records. The vendor says: {end_sentence(said)}"
        advice = f'If it means that there are no records, set accept = {{{page.status}: "skip"}} on the stream.'
        raise EmptyBodyError(problem, status=page.status, advice=advice)
    return page


def _check_names(page: Page, rules: ResponseRules) -> None:
    """Raises RepeatedNameError if the page names a field twice that may say where its records are, or that more follow.

    The fields of a record are left as they are.
    """
    if rules.shape != "list" and not rules.records:
        return
    repeated = page.document.find_repeated_name(rules.records)
    if repeated is None:
        return
    path = split_path(repeated)
    leads_to_records = split_path(rules.records)[: len(path)] == path
    if path[0] in rules.data_fields and not leads_to_records:
        return
    advice = f'If nothing depends on it, set data_fields = ("{path[0]}",) on the stream: the last value is then read.'
    raise RepeatedNameError(
        f"{page.status}, but `{repeated}` is in the page twice, with two values, and JSON does not say which counts.",
        status=page.status,
        advice=RepeatedNameError.advice if leads_to_records else advice,
    )


def _find_reported(page: Page, rules: ResponseRules) -> ReportedError | None:
    reported = find_reported_error(
        page.document,
        rules.data_fields,
        records=rules.records,
        sent=lambda: sent_values(page.request),
        has_records=lambda: page.has_records(rules, any_=True),
    )
    return reported or _find_error_at_end(page, rules)


def _find_error_at_end(page: Page, rules: ResponseRules) -> ReportedError | None:
    """The error with which a list breaks off: its last item reports one, and has no field of the first."""
    try:
        records = page.listed(rules).records if rules.shape == "list" else []
    except RecordsPathError:
        return None
    if len(records) < 2:
        return None
    names = [_FIRST_NAME.match(item) for item in (records[0], records[-1])]
    if names[0] and names[1] and names[0][1] == names[1][1]:
        return None  # Most records begin with the same field, and so need not be opened.
    first, last = object_members_at(records[0]), object_members_at(records[-1])
    if not first or not last or first.keys() & last.keys():
        return None
    return find_reported_error(Document(bytes(records[-1])), rules.data_fields, sent=lambda: sent_values(page.request))


def _convert(page: Page, rules: ResponseRules) -> Page:
    """The page with a body of JSON in UTF-8. NotJsonError: it can't be read as that."""
    try:
        columns = [split_path(path)[0] for path in rules.key_paths]
        body, source = to_json(page.body, page.headers.get("content-type", ""), rules.format, columns)
        converted = page if body is page.body else replace(page, body=body)
        converted = converted if source is None else replace(converted, converted_from=source)
        converted.open_text()
    except BodyFormatError as error:
        _check_front(page)
        start = quote_start(page.body)
        problem = f"{page.status}, but the body is not JSON: {error}. It begins: {start!r}."
        raise NotJsonError(problem, status=page.status, advice=_FORMAT_ADVICE) from None
    except DepthError:
        raise TooDeepError(page.status) from None
    except ValueError:
        _check_front(page)
        start, is_xml = quote_start(page.body), page.body.lstrip().startswith(b"<?xml") or _names_xml(page)
        problem = f"{page.status}, but the body is not JSON{': it is XML' if is_xml else ''}. It begins: {start!r}."
        raise NotJsonError(problem, status=page.status, advice=_XML_ADVICE if is_xml else "") from None
    return converted


def _check_front(page: Page) -> None:
    """Raises BlockedError if a success without JSON comes from something in front of the API, such as a captcha."""
    if (front := find_front(page.headers, page.body)) is not None:
        raise blocked_error(f"{page.status} without a list.", page.status, front)


def _names_xml(page: Page) -> bool:
    """Whether the response says that it is XML; XHTML is a web page."""
    return re.search(r"\bxml\b", page.headers.get("content-type", "").replace("xhtml+xml", ""), re.I) is not None


def _classify_empty(page: Page, rules: ResponseRules, now: float) -> Page:
    """A response without a body: a 204 or 205 has no records, a 202 is not ready, and any other is not believed."""
    if page.status in (204, 205):
        return page
    _check_front(page)
    if "body" in rules.empty:
        return page
    if page.status == 202:
        raise _not_ready(page, now)
    if page.status == 201 and page.request.method not in _REPEATABLE:
        raise _job_begun(page)
    raise EmptyBodyError(f"{page.status} with an empty body.", status=page.status)


def _not_ready(page: Page, now: float) -> FetchError:
    """The error for a 202. A GET may be repeated; what another method began is asked for where the vendor says."""
    monitor = _find_monitor(page)
    if monitor is None and page.request.method not in _REPEATABLE:
        return _job_begun(page)
    said = "" if page.document.is_empty else f" The vendor says: {end_sentence(vendor_message(page.body))}"
    error = NotReadyError(f"202: the list is not ready yet.{said}", status=202)
    error.wait = requested_wait(page.status, page.headers, page.body, now)
    error.monitor = monitor
    return error


def _find_monitor(page: Page) -> str | None:
    """The address of a 202's status monitor (RFC 9110, section 15.3.3), if it is another than was asked."""
    target = read_location(page.headers, page.final_url)
    return None if target in (None, urldefrag(page.final_url).url) else target


def _job_begun(page: Page) -> JobBegunError:
    said = "" if page.document.is_empty else f" The vendor says: {end_sentence(vendor_message(page.body))}"
    problem = f"{page.status} to a {page.request.method}, without a list of records.{said}"
    return JobBegunError(problem, status=page.status, advice=JobBegunError.advice % page.status)


def _classify_reported(
    page: Page,
    reported: ReportedError,
    rules: ResponseRules,
    now: float,
    mask: Callable[[str], str],
) -> Page:
    """Handle an error in a successful response (conformance 8, 9, 51).

    Rate limits are transient, and what a status inside says may pass. Any other error fails, unless the stream keeps
    the data that came with it.
    """
    said = end_sentence(reported.message)
    problem = f"{page.status} with an error in the body (`{reported.field}`). The vendor says: {said}"
    told = _leave_out_data(page, reported, rules)
    wait, status = requested_wait(page.status, page.headers, told, now), find_told_status(told)
    if wait is not None or status == 429 or mentions_rate_limit(f"{reported.message} {_quote_field(page, reported)}"):
        raise limit_error(problem, page.status, told, wait)
    # By what the vendor says of the error: a text that only the data holds accepts nothing.
    action = rules.action(page.status, told)
    if action in ("keep", "skip", "end") and page.has_records(rules, any_=True):
        ends = mask(reported.message) if action == "end" else None
        return replace(page, accepted_errors=mask(reported.message), accepted_end=ends)
    name = reported.field.partition(".")[0]
    advice = f'If `{name}` is data, set data_fields = ("{name}",) on the stream.'
    if (status is not None and is_transient(status)) or says_transient(told):
        raise UnavailableError(problem, status=page.status, advice=f"{UnavailableError.advice} {advice}")
    if page.has_records(rules, any_=True):
        advice += f' If the data that came with the error is worth keeping, set accept = {{{page.status}: "keep"}}.'
    else:
        words = reported.message if says_nothing_is_there(reported.message) else ""
        advice += advise_to_accept(page.status, told, words)
    codes = find_codes(told)
    words = " ".join((reported.message, *codes))
    refusal = find_refusal(status, words)
    if refusal in REFUSES_ACCESS:
        advice = f"{ADVICE[refusal]} {advice}"
    elif refuses_query(words):
        advice = QUERY_ADVICE
    refused = VendorReportedError(problem, status=page.status, advice=advice)
    refused.refusal, refused.codes = refusal, codes
    raise refused


def _leave_out_data(page: Page, reported: ReportedError, rules: ResponseRules) -> bytes:
    """The body without the data, which may have waits and statuses of its own."""
    members, data = page.document.members(), split_path(rules.records)[:1]
    if not members or split_path(reported.field)[:1] == data:
        return page.body
    kept = (json.dumps(name).encode() + b":" + bytes(raw) for name, raw in members.items() if (name,) != data)
    return b"{" + b",".join(kept) + b"}"


def _quote_field(page: Page, reported: ReportedError) -> str:
    return quote_start(bytes(page.document.find(reported.field.partition(".")[0]) or b""))
