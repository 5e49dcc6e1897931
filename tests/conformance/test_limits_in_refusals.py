"""Refusals (400, 403, 409, 422) by which a vendor means a limit, or what may pass (conformance 3)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.http.loopback import Reply, Vendor


class LimitedIntegration(CommonIntegration):
    records = "data"
    streams = (ItemsStream,)


PASSES: list[tuple[int, Any]] = [
    (400, {"error": {"message": "(#17) User request limit reached", "code": 17}}),
    (400, {"error": {"message": "(#80004) There have been too many calls to this account. Wait a bit", "code": 80004}}),
    (400, {"error": {"message": "An unexpected error has occurred", "is_transient": True, "code": 2}}),
    (422, {"errors": [{"message": "Busy", "retryable": True}]}),
    (403, {"error": {"message": "Backend failed", "isTransient": True}}),
    (400, {"errors": [{"message": "Only 1500 requests", "extensions": {"code": "RATELIMITED"}}]}),
    (400, {"errors": [{"message": "Only 1500 requests", "extensions": {"statusCode": 429}}]}),
    (400, {"__type": "ThrottlingException", "message": "Slow"}),
    (400, {"message": "Rate exceeded"}),
    (400, {"code": 300, "message": "Request rate too high"}),
    (400, {"message": "API call rate exceeded"}),
    (403, {"message": "You have consumed all API calls for this hour"}),
    (403, {"message": "Your app has used up all of its requests; used all API requests of this minute"}),
    (409, {"message": "Too many concurrent API calls"}),
    (420, {"message": "Slow down, please"}),
    (422, {"message": "Hourly request limit exceeded"}),
    (200, {"error": {"message": "An unexpected error has occurred", "is_transient": True, "code": 2}}),
]


@pytest.mark.parametrize(("status", "body"), PASSES, ids=str)
def test_3_a_refusal_that_tells_of_a_limit_or_may_pass_is_tried_again(
    connect: Connect, api: Vendor, status: int, body: Any
) -> None:
    api.script(Reply(status, body), Reply(status, body), Reply(body={"data": items(1)}))
    acme = connect(LimitedIntegration)
    assert acme.sync(ItemsStream).records == 1
    assert len(api.requests) == 3


FINAL: list[tuple[int, Any]] = [
    (400, {"message": "page limit must be <= 100"}),
    (400, {"message": "Plan limit reached: upgrade"}),
    (400, {"message": "API limit reached: upgrade to the next plan"}),
    (403, {"message": "You have reached the limit of 5 projects"}),
    (400, {"message": "Query complexity exceeded: 1200 of 1000 (complexity budget)"}),
    (400, {"message": "Too many requests in a batch: at most 100"}),
    (400, {"message": "Unknown field. See https://docs.example.com/rate-limits", "retryable": False}),
    (400, {"message": "The sample rate is too high"}),
    (422, {"message": "Please retry with other params", "is_transient": "unknown"}),
    (403, {"message": "You have used all your seats"}),
    (404, {"message": "Not found", "retryable": True}),
]


@pytest.mark.parametrize(("status", "body"), FINAL, ids=str)
def test_3_a_limit_of_another_kind_fails_at_once(connect: Connect, api: Vendor, status: int, body: Any) -> None:
    api.script(Reply(status, body), Reply(body={"data": items(1)}))
    with pytest.raises(SyncError, match=str(status)):
        connect(LimitedIntegration).sync(ItemsStream)
    assert len(api.requests) == 1
