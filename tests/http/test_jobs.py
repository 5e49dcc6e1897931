"""A 202 to a request that begins a job, and the address at which the vendor says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import pytest

from dazz_assets.http import ClientEvent, FetchError, Request, ResponseRules, UndeclaredHostError
from dazz_assets.http.client import Client
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

Connect = Callable[..., Client]
QUEUED = {"job": {"id": "j1", "state": "queued"}}


def sent(vendor: Vendor) -> list[str]:
    return [f"{request.method} {request.target}" for request in vendor.requests]


def ask(client: Client, request: Request, seconds: float = 3600) -> list[bytes]:
    pages = chain.from_iterable(walk(client, request, max_seconds=seconds))
    return [bytes(record) for page in pages for record in page.records]


def export(finished_after: int, monitor: str = "/jobs/j1", wait: dict[str, str] | None = None) -> Callable[..., Reply]:
    """A vendor that begins a job, answers a number of polls, and then leads to a file."""
    polls = 0

    def answer(request: ReceivedRequest) -> Reply:
        nonlocal polls
        if request.path == "/files/j1":
            return Reply(body=[{"id": 1}])
        if request.path != "/jobs/j1":
            return Reply(202, QUEUED, {"Location": monitor, **(wait or {})})
        polls += 1
        return (
            Reply(202, QUEUED, wait or {}) if polls <= finished_after else Reply(303, headers={"Location": "/files/j1"})
        )

    return answer


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("location", ["/jobs/j1", "jobs/j1", "{url}/jobs/j1"], ids=["path", "relative", "absolute"])
def test_a_job_is_begun_once_and_asked_for_where_the_vendor_says(
    vendor: Vendor, client: Client, method: str, location: str
) -> None:
    vendor.handler = export(2, location.format(url=vendor.url), {"Retry-After": "30"})
    request = Request(f"{vendor.url}/exports", method, params={"kind": "all"}, headers={"X-Version": "2"})
    assert ask(client, request) == [b'{"id": 1}']
    assert sent(vendor) == [f"{method} /exports?kind=all", *["GET /jobs/j1"] * 3, "GET /files/j1"]
    assert all(each.headers["X-Version"] == "2" for each in vendor.requests)
    assert all(each.body == b"" for each in vendor.requests[1:])


def test_a_job_may_fail_to_answer_after_many_polls(vendor: Vendor, client: Client) -> None:
    answer, polls = export(40), 0

    def stumble(request: ReceivedRequest) -> Reply:
        nonlocal polls
        polls += request.path == "/jobs/j1"
        return Reply(503) if polls == 30 else answer(request)

    vendor.handler = stumble
    assert ask(client, Request(f"{vendor.url}/exports", "POST", body={})) == [b'{"id": 1}']
    assert sent(vendor).count("POST /exports") == 1


@pytest.mark.parametrize("status", [201, 202])
@pytest.mark.parametrize("body", [b"", QUEUED], ids=["without a body", "with a body"])
@pytest.mark.parametrize("headers", [{}, {"Location": "/exports"}], ids=["nowhere to go", "it names itself"])
def test_a_job_without_an_address_is_begun_once_and_fails(
    vendor: Vendor, client: Client, clock: Clock, status: int, body: object, headers: dict[str, str]
) -> None:
    vendor.script(Reply(status, body, {"Retry-After": "1", **headers}))
    with pytest.raises(
        FetchError, match=rf"/exports: {status} to a POST.*sub-stream.*accept = {{\({status}, \"busy\"\): \"retry\"}}"
    ):
        ask(client, Request(f"{vendor.url}/exports", "POST"))
    assert (len(vendor.requests), clock.slept) == (1, 0)


def test_a_post_that_the_author_says_may_be_repeated_is(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(202, QUEUED), Reply(202, QUEUED), Reply(body=[1]))
    page = client.send(Request(vendor.url, "POST"), ResponseRules(accept={(202, "queued"): "retry"}))
    assert (page.body, len(vendor.requests)) == (b"[1]", 3)


def test_a_job_at_another_host_is_not_asked_for(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(202, QUEUED, {"Location": "https://jobs.other.example/j1"}))
    with pytest.raises(UndeclaredHostError, match=r"jobs\.other\.example, which is not declared"):
        ask(client, Request(f"{vendor.url}/exports", "POST"))
    assert sent(vendor) == ["POST /exports"]


@pytest.mark.parametrize("wait", [{}, {"Retry-After": "1"}], ids=["backoff", "as the vendor asks"])
def test_waiting_for_a_job_is_told_once_and_ends_with_the_walk(
    vendor: Vendor, connect: Connect, clock: Clock, wait: dict[str, str]
) -> None:
    events: list[ClientEvent] = []
    vendor.handler = export(10**9, wait=wait)
    with pytest.raises(FetchError, match=r"GET http://\S+/jobs/j1: 202: the list is not ready yet"):
        ask(connect(on_event=events.append), Request(f"{vendor.url}/exports", "POST"), seconds=600)
    assert 500 < clock.slept <= 600
    assert [event.kind for event in events if event.kind in ("retry", "waiting")] == ["retry"]
    if not wait:
        assert len(vendor.requests) < 60
