"""A feed whose last page has another link or token, for what changes after the list (conformance 121)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, NextLink, Paginator, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

GRAPH = NextLink("@odata\\.nextLink", resume="@odata\\.deltaLink")
CALENDAR = CursorToken("nextPageToken", param="pageToken", resume="nextSyncToken", resume_param="syncToken")
DIRECTORY = CursorToken("page.next", param="token", resume="page.delta")
SIZE = 3
# What is sent for the next page, and for what changes later.
PARAMS = {
    "graph": ("$skiptoken", "$deltatoken"),
    "calendar": ("pageToken", "syncToken"),
    "directory": ("token", "token"),
}


class EventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("changed", since="since")


class CalendarIntegration(CommonIntegration):
    records = "value"
    streams = (EventsStream,)


class Changes:
    """Events in the order of their changes; the last page of a list has the place for what changes after it."""

    def __init__(self, total: int, style: str) -> None:
        self.style = style
        self.events: list[dict[str, Any]] = []
        self.grow(total)
        self.empty_page: int | None = None

    def grow(self, new: int) -> None:
        first = len(self.events)
        self.events += [{"id": id_, "changed": f"2026-02-{1 + id_:02}T00:00:00Z"} for id_ in range(first, first + new)]

    def __call__(self, request: ReceivedRequest) -> Reply:
        names = {
            "graph": ("$skiptoken", "$deltatoken"),
            "calendar": ("pageToken", "syncToken"),
            "directory": ("token", "token"),
        }
        following, later = names[self.style]
        at = int(param(request, following, "") or param(request, later, "") or "0")
        page, after = self.events[at : at + SIZE], min(at + SIZE, len(self.events))
        if at == self.empty_page:
            self.empty_page = None
            return Reply(body={"value": [], "@odata.nextLink": f"{request.path}?$skiptoken={at}&again"})
        return Reply(body={"value": page, **self.place(after, later=after == len(self.events), request=request)})

    def place(self, at: int, *, later: bool, request: ReceivedRequest) -> dict[str, Any]:
        if self.style == "graph":
            name, key = ("deltaLink", "$deltatoken") if later else ("nextLink", "$skiptoken")
            return {f"@odata.{name}": f"{request.path}?{key}={at}"}
        if self.style == "calendar":
            return {"nextSyncToken" if later else "nextPageToken": str(at)}
        return {"page": {"delta" if later else "next": str(at)}}


STYLES: list[tuple[str, Paginator]] = [("graph", GRAPH), ("calendar", CALENDAR), ("directory", DIRECTORY)]


def connect_to(connect: Connect, paginator: Paginator) -> Connected:
    return connect(declare("CalendarIntegration", CalendarIntegration, paginator=paginator))


@pytest.mark.parametrize(("style", "paginator"), STYLES, ids=[style for style, _ in STYLES])
@pytest.mark.parametrize("total", [2, 3, 8])
def test_121_each_sync_goes_on_from_the_place_that_the_last_page_names(
    connect: Connect, api: Vendor, style: str, paginator: Paginator, total: int
) -> None:
    api.handler = changes = Changes(total, style)
    acme = connect_to(connect, paginator)
    assert acme.sync(EventsStream).warnings == []
    for new in (0, 1, 7):
        api.requests.clear()
        first = str(len(changes.events))
        changes.grow(new)
        assert acme.sync(EventsStream).warnings == []
        sent = api.requests[0].query
        assert sent == {PARAMS[style][1]: [first]}
        assert acme.ids(EventsStream) == list(range(len(changes.events)))
    assert acme.versions(EventsStream) == total + 8


def test_121_an_empty_page_is_no_end_where_the_last_one_has_a_place_of_its_own(connect: Connect, api: Vendor) -> None:
    api.handler = changes = Changes(8, "graph")
    changes.empty_page = SIZE
    acme = connect_to(connect, GRAPH)
    assert acme.sync(EventsStream).records == 8


def test_121_a_token_for_the_page_is_sent_beside_the_one_of_the_sync(connect: Connect, api: Vendor) -> None:
    api.handler = changes = Changes(2, "calendar")
    acme = connect_to(connect, CALENDAR)
    acme.sync(EventsStream)
    changes.grow(5)
    api.requests.clear()
    acme.sync(EventsStream)
    assert [request.query for request in api.requests] == [
        {"syncToken": ["2"]},
        {"syncToken": ["2"], "pageToken": ["5"]},
    ]


@pytest.mark.parametrize(
    ("style", "paginator", "advice"),
    [
        ("graph", NextLink("@odata\\.nextLink", resume=True), r'Set resume="@odata\\.deltaLink" on the paginator.'),
        (
            "calendar",
            CursorToken("nextPageToken", param="pageToken", resume=True),
            'Set resume="nextSyncToken" on the paginator, and resume_param to the parameter that takes it',
        ),
    ],
)
@pytest.mark.parametrize("total", [2, 8])
def test_121_a_list_whose_last_page_leads_only_back_to_itself_fails(
    connect: Connect, api: Vendor, style: str, paginator: Paginator, advice: str, total: int
) -> None:
    api.handler = Changes(total, style)
    with pytest.raises(SyncError) as raised:
        connect_to(connect, paginator).sync(EventsStream)
    assert "the next sync would come back to this page" in str(raised.value)
    assert advice in str(raised.value)


@pytest.mark.parametrize("token", ["sync_token", "deltaToken", "next_delta_token", "newSyncToken"])
def test_121_also_by_a_token_under_another_name_in_an_object_about_the_page(
    connect: Connect, api: Vendor, token: str
) -> None:
    api.handler = lambda request: Reply(body={"value": Changes(2, "graph").events, "meta": {"next": None, token: "x1"}})
    with pytest.raises(SyncError, match=rf'Set resume="meta\.{token}" .*data_fields = \("meta",\)'):
        connect_to(connect, CursorToken("meta.next", param="after", resume=True)).sync(EventsStream)


@pytest.mark.parametrize("settings", [{}, {"params": {"sync_token": "*"}, "token": "*"}, {"data_fields": ("meta",)}])
def test_121_what_is_no_place_for_later_fails_no_list(connect: Connect, api: Vendor, settings: dict[str, Any]) -> None:
    """A list whose last page is asked for again, as others may follow it: it has nothing, or a token that was sent."""
    token = settings.get("token", "x1" if settings else "")
    stream = {name: value for name, value in settings.items() if name != "token"}
    api.handler = lambda request: Reply(body={"value": Changes(2, "graph").events, "meta": {"sync_token": token}})
    feed = CursorToken("next", param="after", resume=True)
    declared = declare("EventsStream", EventsStream, paginator=feed, **stream)
    acme = connect(declare("CalendarIntegration", CalendarIntegration, streams=(declared,)))
    assert acme.sync(declared).records == 2


def test_121_a_place_that_no_page_has_is_told_and_the_list_is_listed_as_before(connect: Connect, api: Vendor) -> None:
    api.handler = Changes(8, "graph")
    acme = connect_to(connect, NextLink("@odata\\.nextLink", resume="@odata.deltaLink"))
    (warning,) = acme.sync(EventsStream).warnings
    assert "no page has anything at `@odata.deltaLink`" in warning
    assert r'did you mean resume="@odata\\.deltaLink"?' in warning
    api.requests.clear()
    acme.sync(EventsStream)
    assert "since" in api.requests[0].query
    assert acme.ids(EventsStream) == list(range(8))


def test_121_a_page_that_is_missing_behind_a_link_fails_here_too(connect: Connect, api: Vendor) -> None:
    changes = Changes(8, "graph")
    api.handler = lambda request: Reply(204, b"") if param(request, "$skiptoken") == "6" else changes(request)
    with pytest.raises(SyncError, match="204 with an empty body as page 3"):
        connect_to(connect, GRAPH).sync(EventsStream)


def test_121_a_parameter_for_later_needs_the_place_that_it_sends() -> None:
    with pytest.raises(ValueError, match="resume_param"):
        CursorToken("next", param="after", resume=True, resume_param="sync")
