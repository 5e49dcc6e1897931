"""One record or one parent does not decide for all (conformance 57, 60, 61)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, Offset, PageNumber, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.completeness.list_order import NewestFirstWatch
from dazz_assets.http.client import Client
from dazz_assets.http.page import Request
from dazz_assets.http.paging.walk import walk
from dazz_assets.spec.read import read_integration
from dazz_assets.windows import Windows
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page
from tests.conformance.events import event
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class NewestStream(Stream[Item]):
    path = "/news"
    cursor = Cursor("at", order="desc")


class NewsIntegration(CommonIntegration):
    paginator = Offset()
    streams = (NewestStream,)


def news(*numbers: int) -> list[dict[str, Any]]:
    """News of one hour after another."""
    return [event(number, f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z") for number in numbers]


class News:
    """Lists what it is given, `size` a page, whatever the order."""

    def __init__(self, records: list[dict[str, Any]], size: int = 3) -> None:
        self.records, self.size = records, size

    def __call__(self, request: ReceivedRequest) -> Reply:
        return Reply(body=offset_page(self.records, request, self.size))


@pytest.mark.parametrize(
    "pinned", [[0], [2, 5], [1, 2, 3], [4, 0, 3, 1]], ids=["one", "two", "a page", "more than a page, in any order"]
)
def test_57_pinned_old_records_do_not_end_the_walk(connect: Connect, api: Vendor, pinned: list[int]) -> None:
    api.handler = vendor = News(news(*pinned, *(number for number in range(20, -1, -1) if number not in pinned)))
    acme = connect(NewsIntegration)
    acme.sync(NewestStream)
    vendor.records = news(*pinned, *(number for number in range(40, -1, -1) if number not in pinned))
    acme.sync(NewestStream)
    assert acme.ids(NewestStream) == list(range(41))


def test_57_the_walk_still_ends_at_what_is_stored(connect: Connect, api: Vendor) -> None:
    api.handler = vendor = News(news(3, *range(90, 3, -1), 2, 1, 0))
    acme = connect(NewsIntegration)
    acme.sync(NewestStream)
    api.requests.clear()
    vendor.records = news(3, *range(94, 3, -1), 2, 1, 0)
    report = acme.sync(NewestStream)
    assert (acme.ids(NewestStream), len(api.requests)) == (list(range(95)), 3)
    assert report.end_reason == "it reached what is stored already"


@pytest.mark.parametrize("size", [1, 3])
def test_57_a_list_that_is_in_another_order_than_declared_is_read_to_its_end(
    connect: Connect, api: Vendor, size: int
) -> None:
    api.handler = vendor = News(news(*range(12)), size)
    acme = connect(NewsIntegration)
    acme.sync(NewestStream)
    vendor.records = news(*range(20))
    acme.sync(NewestStream)
    assert acme.ids(NewestStream) == list(range(20))


@given(
    old=st.integers(0, 15),
    new=st.integers(0, 10),
    pins=st.integers(0, 2),
    size=st.integers(3, 5),
    seed=st.randoms(use_true_random=False),
)
def test_57_no_new_record_of_a_list_with_pins_is_missed(old: int, new: int, pins: int, size: int, seed: Any) -> None:
    """Fewer pins than a page holds, on top of a list that is newest first."""
    times = list(range(old + new))
    pinned = seed.sample(times[:old], min(pins, old))
    listed = [*pinned, *(at for at in reversed(times) if at not in pinned)]
    watch, read = NewestFirstWatch(Bounds(since=old)), []
    for start in range(0, len(listed), size):
        page = listed[start : start + size]
        read += page
        if watch.has_passed(page):
            break
    assert set(times[old:]) <= set(read)


@settings(max_examples=50, deadline=None)
@given(values=st.permutations(range(9)), size=st.integers(1, 4))
def test_57_a_watch_believes_a_page_only_if_it_is_newest_first(values: list[int], size: int) -> None:
    watch = NewestFirstWatch(Bounds(since=5))
    for start in range(0, len(values), size):
        page = values[start : start + size]
        if watch.has_passed(page):
            assert page == sorted(page, reverse=True)
            assert max(page) < 5
            return


NOT_JSON = ['{"id": 2, "v": NaN}', '{"id": 2, "v": [1, -Infinity]}', '{"id": 2, "v": {"w": Infinity}}']


@pytest.mark.parametrize("bad", NOT_JSON)
@pytest.mark.parametrize("wrapped", ["[%s]", '{"data": [%s]}', '{"a": {"b": [%s]}, "n": 1}'])
def test_60_a_record_that_is_no_json_is_quarantined_and_its_siblings_are_stored(
    connect: Connect, api: Vendor, bad: str, wrapped: str
) -> None:
    path = {"[%s]": "", '{"data": [%s]}': "data"}.get(wrapped, "a.b")
    acme = connect(declare("NumbersIntegration", CommonIntegration, records=path, streams=(ItemsStream,)))
    api.script(Reply(body=(wrapped % f'{{"id": 1, "v": "NaN"}}, {bad}, {{"id": 3}}').encode()))
    report = acme.sync(ItemsStream)
    assert (report.records, report.problems) == (3, 1)
    problems = acme.problems(ItemsStream)
    assert (problems.pop("1"), problems.pop("3")) == (None, None)
    (problem,) = problems.values()
    assert str(problem).startswith("it can't be read: ")
    assert any(word in str(problem) for word in ("NaN", "Infinity"))


class CreativesStream(Stream[Item]):
    path = "/creatives"


class CommentsStream(Stream[Item]):
    parent = CreativesStream
    path = "/posts/{parent.post.id}/comments"


class AdsIntegration(CommonIntegration):
    streams = (CreativesStream, CommentsStream)
    paginator = PageNumber()


@pytest.mark.parametrize(
    "post",
    [None, {}, {"id": None}, {"id": ""}, {"id": "."}, {"id": ["a"]}],
    ids=["null", "empty", "no id", "''", ".", "[]"],
)
def test_61_a_parent_that_cannot_fill_the_path_is_named_and_its_siblings_are_complete(
    connect: Connect, api: Vendor, post: object
) -> None:
    posts = {1: {"id": "a"}, 2: post, 3: {"id": "c"}}

    def page(request: ReceivedRequest) -> Reply:
        if request.query["page"] != ["1"]:
            return Reply()
        if request.path == "/creatives":
            return Reply(body=[{"id": number, "post": found} for number, found in posts.items()])
        return Reply(body=items(ord(request.path.split("/")[2])))

    api.handler = page
    acme = connect(AdsIntegration)
    acme.sync(CreativesStream)
    report = acme.sync(CommentsStream)
    assert acme.ids(CommentsStream) == [97, 99]
    (passed_over,) = report.passed_over
    assert passed_over.startswith("2: {parent.post.id}")
    assert "did you mean" not in passed_over, "others have the field"


MALFORMED = [
    Reply(body=b'[{"id": 5}, {"id":'),
    Reply(body={"rows": []}),
    Reply(body=b"<html>Sorry</html>"),
    Reply(body={"error": "the index is being rebuilt"}),
    Reply(500, {"message": "the index is being rebuilt"}),
]


@pytest.mark.parametrize("malformed", MALFORMED, ids=["cut off", "no list", "HTML", "an error", "a 500"])
def test_61_a_malformed_page_of_one_parent_costs_that_parent_alone(
    connect: Connect, api: Vendor, malformed: Reply
) -> None:
    broken: set[str] = set()

    def page(request: ReceivedRequest) -> Reply:
        if request.path == "/creatives":
            first = request.query["page"] == ["1"]
            return Reply(body=[{"id": number, "post": {"id": str(number)}} for number in (1, 2, 3) if first])
        if request.path in broken and request.query["page"] == ["2"]:
            return malformed
        number = int(request.path.split("/")[2])
        pages = {"1": items(10 * number), "2": items(10 * number + 1 + len(broken))}
        return Reply(body=pages.get(request.query["page"][0], []))

    api.handler = page
    acme = connect(AdsIntegration)
    acme.sync(CreativesStream)
    acme.sync(CommentsStream)
    broken.add("/posts/2/comments")
    with pytest.raises(SyncError, match=r"1 of 3 creatives failed \(2: .*the records of the others are stored"):
        acme.sync(CommentsStream)
    assert acme.ids(CommentsStream) == [10, 12, 20, 21, 30, 32]
    broken.clear()
    acme.sync(CommentsStream)
    assert acme.ids(CommentsStream) == [10, 11, 20, 21, 30, 31]


def test_60_a_page_with_one_bad_record_is_read_like_any_other(api: Vendor) -> None:
    stream = read_integration(AdsIntegration).streams["creatives"]
    api.script(Reply(body=b'[{"id": NaN}, {"id": 2}]'))
    client = Client(api.url)
    (steps,) = walk(client, Request(api.url), rules=stream.rules)
    rows = RowReader(stream, Windows("week")).read_rows(steps, None, {})
    assert rows.problems is not None
    assert [problem is None for problem in rows.problems] == [False, True]
    assert rows.records() == [b'{"id": NaN}', b'{"id": 2}']
    client.close()
