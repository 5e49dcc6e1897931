"""Errors quote the vendor, name the request without secrets, and say what to do (conformance 8, 9, 11, 15, 16)."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from dazz_assets.http import (
    BadRequestError,
    CursorToken,
    FetchError,
    RateLimitedError,
    RefusedError,
    Request,
    ResponseRules,
    UnavailableError,
    VendorReportedError,
)
from dazz_assets.http.client import Client
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import Clock, Reply, Vendor

RULES = ResponseRules(records="data")


def error_text(vendor: Vendor, client: Client, status: int, body: Any) -> str:
    vendor.script(Reply(status, body))
    with pytest.raises(FetchError) as caught:
        client.send(Request(f"{vendor.url}/issues", params={"limit": 5}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "quote"),
    [
        ({"message": "Bad credentials", "documentation_url": "https://docs.x/1"}, "Bad credentials; https://docs.x/1"),
        ({"errors": [{"title": "Gone", "detail": "Org is disabled"}]}, "Org is disabled; Gone"),
        ({"errors": [{"message": "one"}, "two"]}, "one; two"),
        ({"error": {"code": 7, "message": "API not enabled"}}, "API not enabled"),
        ({"error": "invalid_client", "error_description": "Unknown client"}, "Unknown client; invalid_client"),
        ({"errorMessages": ["No such project"], "errors": {}}, "No such project"),
        (
            {
                "errorCode": "E0000001",
                "errorSummary": "Validation failed",
                "errorCauses": [{"errorSummary": "limit: 9"}],
            },
            "Validation failed; limit: 9",
        ),
        ({"errorCode": "E0000031", "errorSummary": "Token expired", "errorCauses": []}, "Token expired"),
        ({"errorMessage": "No such board"}, "No such board"),
        ("nope", "nope"),
        ({"code": 12}, '{"code": 12}'),
        (b"<html>\n  <b>Blocked</b>", "<html> <b>Blocked</b>"),
        (b"x" * 5000, "x" * 197 + "..."),
        ({"message": "y" * 5000}, "y" * 497 + "..."),
    ],
)
def test_an_error_quotes_the_vendor(vendor: Vendor, client: Client, body: Any, quote: str) -> None:
    assert f"The vendor says: {quote}" in error_text(vendor, client, 400, body)


@pytest.mark.parametrize(
    "text",
    [
        "The time range cannot exceed 6 months.",
        "Date range too large",
        "Maximum query window is 30 days",
        "start and end must be within a period of 31 days",
        "The interval between from and to must be less than 24 hours",
        "time span is limited to 7 days",
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_range_that_is_too_long_is_answered_with_the_setting_for_steps(
    vendor: Vendor, client: Client, text: str, status: int
) -> None:
    shown = error_text(vendor, client, status, {"error": {"message": "Invalid Input Provided", "errors": [text]}})
    assert "set `step` on the stream's Cursor, such as step=timedelta(days=30)" in shown


@pytest.mark.parametrize(
    "text",
    [
        "Unknown field `range`",
        "Too many filters",
        "limit must be at most 100",
        "The page is out of range",
    ],
)
def test_another_refusal_says_nothing_of_steps(vendor: Vendor, client: Client, text: str) -> None:
    shown = error_text(vendor, client, 400, {"message": text})
    assert "step" not in shown
    assert "Check the stream's path and params" in shown


@pytest.mark.parametrize(
    ("text", "is_lost"),
    [
        ("Invalid search criteria. The after token expired", True),
        ("The cursor is not valid", True),
        ("Unknown continuation token", True),
        ("this link has expired", True),
        ("page_token is no longer valid", True),
        ("There is no page 7", False),
        ("Unknown page", False),
        ("offset is beyond the last record", False),
    ],
)
@pytest.mark.parametrize("status", [400, 404])
def test_only_a_refusal_that_may_be_the_end_of_a_list_is_suggested_as_that(
    vendor: Vendor, client: Client, text: str, is_lost: bool, status: int
) -> None:
    vendor.script(Reply(body={"data": [1], "next": "b"}), Reply(status, {"errorSummary": text}))
    with pytest.raises(RefusedError) as caught:
        list(walk(client, Request(vendor.url), paginator=CursorToken("next", param="after"), rules=RULES))
    assert ('"end"' in str(caught.value)) is not is_lost
    assert ("sync again" in str(caught.value)) is is_lost


def test_an_error_names_the_connection_the_request_and_the_status(vendor: Vendor, client: Client) -> None:
    text = error_text(vendor, client, 404, {"message": "No such org."})
    assert text.startswith(
        f"vendor/acme: GET {vendor.url}/issues?limit=5: 404 Not Found. The vendor says: No such org. "
    )


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "message",
    [
        "from and to are required",
        "Both `start_date` and `end_date` must be provided.",
        "Missing required parameters: since, until",
        "end_time is required",
        "Please specify a date range",
        "A time range is mandatory",
        "updated_after/updated_before missing",
    ],
)
def test_a_vendor_that_asks_for_a_range_is_answered_by_the_cursors_settings(
    vendor: Vendor, client: Client, status: int, message: str
) -> None:
    vendor.script(Reply(status, {"message": message}), Reply(status, {"message": message}))
    with pytest.raises(RefusedError, match=r"`until=`, with `both=True`.*`step=") as caught:
        client.send(Request(vendor.url), ResponseRules(is_ranged=True))
    assert message in str(caught.value)
    with pytest.raises(RefusedError) as caught:
        client.send(Request(vendor.url), ResponseRules())
    assert "Cursor" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "name is required"),
        (400, "a project must be chosen"),
        (422, "filter is not valid: unknown field start_date"),
        (404, "from and to are required"),
        (400, "You need to log in to continue"),
    ],
)
def test_other_refusals_say_nothing_of_ranges(vendor: Vendor, client: Client, status: int, message: str) -> None:
    vendor.script(Reply(status, {"message": message}))
    with pytest.raises(RefusedError) as caught:
        client.send(Request(vendor.url), ResponseRules(is_ranged=True))
    assert "Cursor" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "Check the connection's credentials"),
        (403, "Grant the permission"),
        (404, "Check base_url and the stream's path"),
        (405, "Set the stream's `method`"),
        (410, "move the stream"),
        (413, "Make the request's body smaller"),
        (414, "Make the URL shorter"),
    ],
)
def test_an_error_says_what_to_do(vendor: Vendor, client: Client, status: int, advice: str) -> None:
    assert advice in error_text(vendor, client, status, b"")


def test_to_accept_a_refusal_comes_last_and_is_the_authors_to_do(vendor: Vendor, client: Client) -> None:
    text = error_text(vendor, client, 403, b'{"code": "AccessDenied"}')
    assert text.endswith(
        "Grant the permission that this stream needs to the connection's credentials, at the vendor. If that is usual "
        "where there is nothing to list, the integration's author can set accept = "
        '{(403, "AccessDenied"): "skip"}.'
    )


def test_a_long_url_is_cut_off(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(414))
    with pytest.raises(RefusedError) as caught:
        client.send(Request(vendor.url, params={"q": "z" * 5000}))
    assert len(caught.value.url) < 520


@pytest.mark.parametrize(
    "request_",
    [
        Request("{url}/x", headers={"X-Bad": "a\nb"}),
        Request("{url}/x", method="POST", body={"a": float("nan")}),
        Request("/no-host"),
        Request("{url}/x", headers={"X-Bad": "\u2603"}),
    ],
)
def test_a_request_that_can_not_be_sent_raises_bad_request_error(
    vendor: Vendor, client: Client, request_: Request
) -> None:
    whole = Request(request_.url.format(url=vendor.url), request_.method, headers=request_.headers, body=request_.body)
    with pytest.raises(BadRequestError, match="can't be sent"):
        client.send(whole)
    assert vendor.requests == []


def test_an_error_can_be_pickled(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(404, {"message": "gone"}))
    with pytest.raises(RefusedError) as caught:
        client.send(Request(vendor.url))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.status, again.where) == (str(caught.value), 404, "vendor/acme")


GRAPHQL = {"data": {"boards": [1]}, "errors": [{"message": "Field 'x' is hidden"}]}


def test_a_200_with_errors_fails_with_the_vendors_text(vendor: Vendor, client: Client) -> None:
    """Conformance 8."""
    vendor.script(Reply(200, {"errors": [{"message": "Parse error"}], "data": None}))
    with pytest.raises(VendorReportedError, match="Parse error"):
        client.send(Request(vendor.url))
    assert len(vendor.requests) == 1


def test_data_that_comes_with_errors_fails_unless_the_stream_keeps_it(vendor: Vendor, client: Client) -> None:
    """Conformance 9."""
    vendor.script(Reply(200, GRAPHQL))
    with pytest.raises(VendorReportedError, match="hidden"):
        client.send(Request(vendor.url))
    page = client.send(Request(vendor.url), ResponseRules({200: "keep"}, records="data.boards"))
    assert page.value("data.boards") == [1]
    assert page.accepted_errors == "Field 'x' is hidden"
    assert "kept the data although errors came with it: Field 'x' is hidden" in client.warnings[0]


@pytest.mark.parametrize("data", [None, {}])
def test_keep_still_fails_without_data(vendor: Vendor, client: Client, data: object) -> None:
    vendor.script(Reply(200, {"errors": [{"message": "Parse error"}], "data": data}))
    with pytest.raises(VendorReportedError):
        client.send(Request(vendor.url), ResponseRules({200: "keep"}, records="data"))


@pytest.mark.parametrize("boards", [None, []])
def test_a_list_without_records_that_comes_with_errors_is_not_kept(
    vendor: Vendor, client: Client, boards: object
) -> None:
    vendor.script(Reply(200, {"errors": [{"message": "Timeout"}], "data": {"boards": boards, "users": [1]}}))
    rules = ResponseRules({200: "keep"}, records="data.boards")
    with pytest.raises(VendorReportedError, match="Timeout"):
        client.send(Request(vendor.url), rules)
    assert client.send(Request(vendor.url), replace(rules, records="data.users")).accepted_errors == "Timeout"


@pytest.mark.parametrize("errors", [[], None, {}, "", "none", 0, False])
def test_an_errors_field_that_says_nothing_is_ignored(vendor: Vendor, client: Client, errors: object) -> None:
    vendor.script(Reply(200, {"errors": errors, "data": []}))
    assert client.send(Request(vendor.url)).records("data") == []


def test_a_rate_limit_in_the_errors_of_a_200_is_retried(vendor: Vendor, client: Client, clock: Clock) -> None:
    limited = {"errors": [{"message": "Complexity budget exhausted", "extensions": {"retry_in_seconds": 17}}]}
    throttled = {"errors": [{"message": "slow down", "extensions": {"code": "RATE_LIMITED"}}]}
    vendor.script(Reply(200, limited), Reply(200, throttled), Reply(200, {"data": [1]}))
    assert client.send(Request(vendor.url)).value("data") == [1]
    assert clock.sleeps[0] == 17
    vendor.script(Reply(200, throttled))
    with pytest.raises(RateLimitedError, match="slow down"):
        client.send(Request(vendor.url))


def test_an_accepted_status_is_a_page_without_records(vendor: Vendor, client: Client) -> None:
    """Conformance 14."""
    vendor.script(Reply(404, {"message": "Not here"}))
    page = client.send(Request(f"{vendor.url}/orgs/7"), ResponseRules({404: "skip"}))
    assert (page.status, list(page.records("data"))) == (404, [])
    assert page.accepted_failure is not None
    assert "Not here" in page.accepted_failure
    assert client.counters.accepted_failures == 1
    assert "/orgs/7: accepted as a page without records: 404 Not Found. The vendor says: Not here" in client.warnings[0]


@pytest.mark.parametrize(("status", "kind"), [(403, RefusedError), (410, RefusedError), (500, UnavailableError)])
def test_accepting_one_status_accepts_no_other(vendor: Vendor, client: Client, status: int, kind: type) -> None:
    """Conformance 15."""
    vendor.script(Reply(status))
    with pytest.raises(kind):
        client.send(Request(vendor.url), ResponseRules({404: "skip"}))


@pytest.mark.parametrize("reply", [Reply(204), Reply(205, b""), Reply(200, b"null")])
def test_no_content_is_a_page_without_records(vendor: Vendor, client: Client, reply: Reply) -> None:
    """Conformance 11."""
    vendor.script(reply)
    assert list(client.send(Request(vendor.url)).records("data")) == []
