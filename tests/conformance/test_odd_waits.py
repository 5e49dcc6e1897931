"""A wait in a form of the vendor's own is the wait that it means (conformance 91)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import PageNumber
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Clock, Reply, Vendor


class QueuesIntegration(CommonIntegration):
    streams = (ItemsStream,)


FORMS: list[Callable[[float], Any]] = [
    lambda now: int(now + 30),
    lambda now: int(now + 30) * 1_000,
    lambda now: "30s",
    lambda now: "0m30s",
    lambda now: "30000ms",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("in_body", [False, True])
def test_91_an_epoch_or_a_duration_is_waited_for(
    connect: Connect, api: Vendor, clock: Clock, form: Callable[[float], Any], in_body: bool
) -> None:
    value = form(clock.now)
    told = {"retry_after": value} if in_body else {}
    refusal = Reply(429, told, {} if in_body else {"Retry-After": str(value)})
    api.script(refusal, Reply(body=items(1)))
    acme = connect(QueuesIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert clock.slept == pytest.approx(30, abs=0.01)


def test_91_an_epoch_far_away_fails_with_the_wait(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.script(Reply(429, {}, {"Retry-After": str(int(clock.now) + 7_200)}))
    with pytest.raises(SyncError, match="asks to wait 7200 s"):
        connect(QueuesIntegration).sync(ItemsStream)


@pytest.mark.parametrize("header", ["X-RateLimit-Reset", "RateLimit-Reset"])
def test_91_a_number_of_hundreds_of_digits_holds_up_nothing(connect: Connect, api: Vendor, header: str) -> None:
    headers = {"X-RateLimit-Remaining": "0", "RateLimit-Remaining": "0", header: "9" * 400}
    api.handler = lambda request: Reply(body=items(1) if param(request, "page") == "1" else [], headers=headers)
    acme = connect(declare("QueuesIntegration", QueuesIntegration, paginator=PageNumber()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
