"""Next links are whole, and Link headers are read by RFC 8288 (conformance 48, 49, 50)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from dazz_assets import Cursor, LinkHeader, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.more import Last
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class OpenTicketsStream(Stream[Item]):
    path = "/tickets"
    params = {"status": "open", "v": "3", "tag[]": ["red", "blue"]}


class TicketsIntegration(CommonIntegration):
    records = "tickets"
    paginator = NextLink("links.next")
    streams = (OpenTicketsStream,)


def test_48_nothing_of_the_first_request_is_added_to_a_link(connect: Connect, api: Vendor) -> None:
    """The link holds a token for the filter; an API that gets both refuses them."""
    api.script(
        Reply(body={"tickets": items(1), "links": {"next": "/tickets?token=a%2Bb&empty="}}),
        Reply(body={"tickets": items(2), "links": {"next": "?token=c"}}),
        Reply(body={"tickets": items(3), "links": {"next": None}}),
    )
    acme = connect(TicketsIntegration)
    acme.sync(OpenTicketsStream)
    assert acme.ids(OpenTicketsStream) == [1, 2, 3]
    assert [request.target for request in api.requests[1:]] == ["/tickets?token=a%2Bb&empty=", "/tickets?token=c"]


@pytest.mark.parametrize("where", ["body", "header"])
def test_48_parameters_that_links_leave_out_can_be_kept_on_all_pages(connect: Connect, api: Vendor, where: str) -> None:
    keep = ("v", "tag[]", "absent")
    paginator = NextLink("next", keep=keep) if where == "body" else LinkHeader(keep=keep)
    links = ["/tickets?after=1", "/tickets?after=2&v=4", None]

    def page(request: ReceivedRequest) -> Reply:
        link, number = links.pop(0), 3 - len(links)
        header = {"Link": f'<{link}>; rel="next"'} if link and where == "header" else {}
        return Reply(body={"tickets": items(number), **({"next": link} if where == "body" else {})}, headers=header)

    api.handler = page
    acme = connect(declare("KeepingIntegration", TicketsIntegration, paginator=paginator))
    acme.sync(OpenTicketsStream)
    assert acme.ids(OpenTicketsStream) == [1, 2, 3]
    tags = [("tag[]", "red"), ("tag[]", "blue")]
    assert sorted(api.requests[1].pairs) == sorted([("after", "1"), ("v", "3"), *tags])
    assert sorted(api.requests[2].pairs) == sorted([("after", "2"), ("v", "4"), *tags])


def test_48_a_bound_that_was_sent_first_is_not_sent_beside_a_link(connect: Connect, api: Vendor) -> None:
    class ChangedStream(Stream[Item]):
        path = "/tickets"
        cursor = Cursor("at", since="since")

    acme = connect(declare("ChangedIntegration", TicketsIntegration, streams=(ChangedStream,)))
    at = "2026-02-01T00:00:00Z"
    api.script(
        Reply(body={"tickets": [{"id": 1, "at": at}], "links": {"next": "/tickets?token=x"}}),
        Reply(body={"tickets": [{"id": 2, "at": at}], "links": {}}),
    )
    acme.sync(ChangedStream)
    assert "since" in api.requests[0].query
    assert api.requests[1].pairs == [("token", "x")]


@pytest.mark.parametrize("link", ["eyJhZnRlciI6MTJ9", "http://["], ids=["a token", "no URL"])
def test_48_a_next_link_that_is_no_link_is_an_error_that_says_what_is_there(
    connect: Connect, api: Vendor, link: str
) -> None:
    api.script(Reply(body={"tickets": items(1), "links": {"next": link}}))
    with pytest.raises(SyncError) as caught:
        connect(TicketsIntegration).sync(OpenTicketsStream)
    message = str(caught.value)
    assert f"the next link is {link!r}, which is neither an absolute nor a relative URL." in message
    assert "use CursorToken(path, param=...)" in message


def test_48_a_word_next_in_a_record_leads_nowhere(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("PlainIntegration", TicketsIntegration, paginator=None))
    ticket = {"id": 1, "next": "/tickets/2", "links": {"next": "/tickets/2"}, "has_more": True}
    api.script(Reply(body={"tickets": [ticket], "newest": {"next": "/tickets/9"}}))
    assert acme.sync(OpenTicketsStream).warnings == []


class EventsIntegration(CommonIntegration):
    paginator = LinkHeader()
    streams = (ItemsStream,)


def linked(numbers: list[dict[str, Any]], link: str) -> Reply:
    return Reply(body=numbers, headers={"Link": link})


@pytest.mark.parametrize("says", ['results="false"', "results=false", 'RESULTS="False"'])
def test_49_a_link_that_says_that_nothing_is_there_ends_the_list(connect: Connect, api: Vendor, says: str) -> None:
    previous = '</items?cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1"'
    api.script(
        linked(items(1), f'{previous}, </items?cursor=0:1:0>; rel="next"; results="true"; cursor="0:1:0"'),
        linked(items(2), f'{previous}, </items?cursor=0:2:0>; rel="next"; {says}; cursor="0:2:0"'),
        linked([], f'{previous}, </items?cursor=0:3:0>; rel="next"; {says}; cursor="0:3:0"'),
    )
    acme = connect(EventsIntegration)
    report = acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), len(api.requests)) == ([1, 2], 2)
    assert report.end_reason == 'the link with rel=next says results="false"'


def test_49_a_204_with_a_link_is_an_empty_page_and_not_the_end(connect: Connect, api: Vendor) -> None:
    api.script(
        linked(items(1), '</items?p=2>; rel="next"'),
        Reply(204, headers={"Link": '</items?p=3>; rel="next"'}),
        Reply(body=items(2)),
    )
    acme = connect(EventsIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


def test_49_a_204_with_a_link_that_nothing_reads_is_an_error(connect: Connect, api: Vendor) -> None:
    api.script(Reply(204, headers={"Link": '</items?p=2>; rel="next"'}))
    with pytest.raises(SyncError, match=r"the Link header with rel=next in the page says .*no paginator.*LinkHeader"):
        connect(declare("BareIntegration", EventsIntegration, paginator=None)).sync(ItemsStream)


@pytest.mark.parametrize(
    "header",
    [
        '</a?x=1,2;3>; title="a, b; rel=prev <x>"; rel="next"',
        "</a?x=1,2;3>; REL=next",
        '</a?x=1,2;3> ; rel="prefetch next"',
        '</z>; rel="prev"; title="x=\\"next\\"",</a?x=1,2;3>;rel="next"',
        '</z>; rel=last, </a?x=1,2;3>; rel="next"; results="true"; cursor="a=b, c;d"',
        '</a?x=1,2;3>; rel="next"; rel="prev"',
    ],
)
def test_50_a_link_is_found_by_the_rules_of_rfc_8288(connect: Connect, api: Vendor, header: str) -> None:
    api.script(linked(items(1), header), Reply(body=items(2)))
    acme = connect(EventsIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert api.requests[1].target == "/a?x=1,2;3"


@pytest.mark.parametrize(
    "header", ['</z>; rel="prev"; title="what comes next"', '</z>; rel="next-archive"', "</z>; title=next"]
)
def test_50_other_relations_are_no_next_link(connect: Connect, api: Vendor, header: str) -> None:
    api.script(linked(items(1), header))
    acme = connect(EventsIntegration)
    acme.sync(ItemsStream)
    assert len(api.requests) == 1


def test_50_a_header_that_cannot_be_read_is_an_error_and_not_the_end(connect: Connect, api: Vendor) -> None:
    api.script(linked(items(1), '</items?page=2; rel="next"'))
    with pytest.raises(SyncError, match=r"the Link header can't be read: '</items\?page=2; rel="):
        connect(EventsIntegration).sync(ItemsStream)


TARGETS = st.text(st.sampled_from("abcXYZ019-._~:/?[]@!$&'()*+,;=%20"), max_size=20).map(lambda text: "/l?q=" + text)
QUOTED = st.text(st.sampled_from('abc =,;<>\\"next'), max_size=12)
NAMES = st.sampled_from(["title", "type", "cursor", "x-more", "hreflang"])


def write_link(target: str, relation: str, attributes: dict[str, str]) -> str:
    def quote(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    parts = [f"rel={quote(relation)}", *(f"{name}={quote(value)}" for name, value in attributes.items())]
    return "; ".join([f"<{target}>", *sorted(parts)])


LINKS = st.tuples(
    TARGETS, st.sampled_from(["prev", "last", "self", "next"]), st.dictionaries(NAMES, QUOTED, max_size=3)
)


@given(links=st.lists(LINKS, max_size=5), separator=st.sampled_from([",", ", ", " ,\t"]))
def test_50_whatever_links_are_written_the_next_one_is_read(
    links: list[tuple[str, str, dict[str, str]]], separator: str
) -> None:
    header = separator.join(write_link(*link) for link in links)
    request = Request("https://api.example.com/items")
    page = Page(
        status=200,
        headers=CaseInsensitiveDict({"link": header}),
        body=json.dumps([{"id": 1}]).encode(),
        url=request.url,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
        final_url=request.url,
    )
    expected = next((target for target, relation, _ in links if relation == "next"), None)
    found = LinkHeader().next(request, page, 1)
    if expected is None:
        assert isinstance(found, Last)
    else:
        assert isinstance(found, Request)
        assert found.url == f"https://api.example.com{expected}"


class Sentry:
    """Issues newest first, in pages of 10, with a next link for ever that says whether anything is there."""

    def __init__(self, total: int) -> None:
        self.issues = [{"id": number, "lastSeen": time_of(number)} for number in range(total)]

    def __call__(self, request: ReceivedRequest) -> Reply:
        offset = int(param(request, "cursor", "0:0:0").split(":")[1])
        newest = sorted(self.issues, key=lambda issue: str(issue["lastSeen"]), reverse=True)
        page, more = newest[offset : offset + 10], str(offset + 10 < len(newest)).lower()
        before = (
            f'<{request.path}?cursor=0:{max(offset - 10, 0)}:1>; rel="previous"; results="{str(offset > 0).lower()}"'
        )
        after = f'<{request.path}?cursor=0:{offset + 10}:0>; rel="next"; results="{more}"; cursor="0:{offset + 10}:0"'
        return Reply(body=page, headers={"Link": f"{before}, {after}"})


def time_of(number: int) -> str:
    return f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00.000000Z"


def test_49_sentry_issues_come_whole_and_then_only_the_new_ones_are_asked_for(connect: Connect, api: Vendor) -> None:
    class IssuesStream(Stream[Item]):
        path = "/issues"
        cursor = Cursor("lastSeen", order="desc")

    api.handler = sentry = Sentry(95)
    acme = connect(declare("SentryIntegration", EventsIntegration, streams=(IssuesStream,)))
    acme.sync(IssuesStream)
    assert (acme.ids(IssuesStream), len(api.requests)) == (list(range(95)), 10)
    api.requests.clear()
    sentry.issues += [{"id": 95 + number, "lastSeen": time_of(95 + number)} for number in range(12)]
    sentry.issues[0]["lastSeen"] = time_of(120)
    acme.sync(IssuesStream)
    assert (acme.ids(IssuesStream), len(api.requests)) == (list(range(107)), 3)
    assert acme.versions(IssuesStream) == 108


def test_49_sentry_projects_are_a_snapshot_of_all_pages(connect: Connect, api: Vendor) -> None:
    api.handler = Sentry(40)
    acme = connect(EventsIntegration)
    for _ in range(2):
        acme.sync(ItemsStream)
        assert acme.ids(ItemsStream) == list(range(40))
    assert len(api.requests) == 8


def test_49_okta_users_are_listed_over_their_links(connect: Connect, api: Vendor) -> None:
    class UsersStream(Stream[Item]):
        path = "/api/v1/users"
        params = {"limit": 3}

    def page(request: ReceivedRequest) -> Reply:
        after = int(param(request, "after", "0"))
        here = f'<{request.path}?limit=3>; rel="self"'
        link = f'{here}, <{request.path}?after={after + 3}&limit=3>; rel="next"' if after < 9 else here
        return Reply(body=items(*range(after, min(after + 3, 11))), headers={"Link": link})

    api.handler = page
    acme = connect(declare("OktaIntegration", EventsIntegration, streams=(UsersStream,)))
    acme.sync(UsersStream)
    assert (acme.ids(UsersStream), len(api.requests)) == (list(range(11)), 4)


@pytest.mark.parametrize(
    "header",
    [
        "<{next}>; rel='next'",
        '<{next}>; rel="nextpage"',
        "<{next}>; rel*=UTF-8''next",
        '<{next}>; title="a; rel="next"',
    ],
    ids=["single quotes", "another word", "extended", "a quote left open"],
)
def test_50_a_next_link_that_is_not_written_by_the_standard_is_no_end(
    connect: Connect, api: Vendor, header: str
) -> None:
    link = header.format(next="/items?page=2")
    api.handler = lambda request: Reply(body=items(1), headers={} if request.query else {"Link": link})
    acme = connect(declare("LinksIntegration", CommonIntegration, paginator=LinkHeader(), streams=(ItemsStream,)))
    with pytest.raises(SyncError, match="the Link header can't be read"):
        acme.sync(ItemsStream)


def test_50_a_link_in_a_header_of_its_own_is_a_next_link(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=items(1), headers={"X-Next-Link": "/items?page=2"}))
    acme = connect(declare("LinksIntegration", CommonIntegration, streams=(ItemsStream,)))
    with pytest.raises(SyncError, match="X-Next-Link in the page says that there is more"):
        acme.sync(ItemsStream)
