"""An `Offset` where an API counts pages is told, and the reverse: neither takes a list for whole (conformance 114)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, PageNumber
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 20
SIZED = Offset("from", size_param="limit", size=SIZE)


class LeavesIntegration(CommonIntegration):
    records = "leaves"
    streams = (ItemsStream,)


def counting(size: int, place: Callable[[int], int], **beside: Any) -> Any:
    """An API with so many records. place: where the page begins that a number asks for."""

    def answer(request: ReceivedRequest) -> Reply:
        start = place(int(param(request, "from", "0")))
        return Reply(body={"leaves": items(*range(size))[start : start + SIZE], **beside})

    return answer


def records(number: int) -> int:
    return number


def pages_from_0(number: int) -> int:
    return number * SIZE


def pages_from_1(number: int) -> int:
    return max(0, number - 1) * SIZE


@pytest.fixture
def declare_offset(connect: Connect) -> Callable[..., Connected]:
    def run(paginator: Offset = SIZED, **settings: Any) -> Connected:
        stream = declare("ItemsStream", ItemsStream, paginator=paginator, **settings)
        return connect(declare("LeavesIntegration", LeavesIntegration, streams=(stream,)))

    return run


def sync(acme: Connected) -> Any:
    return acme.sync(acme.spec.streams["items"].stream)


def ids(acme: Connected) -> list[int]:
    return acme.ids(acme.spec.streams["items"].stream)


@pytest.mark.parametrize("paginator", [SIZED, Offset("from")], ids=["size", "a usual size"])
@pytest.mark.parametrize(
    ("place", "begin", "first"),
    [(pages_from_0, 0, ', and params = {"from": 0}'), (pages_from_1, 0, ""), (pages_from_1, 1, "")],
)
def test_114_a_list_that_an_api_counts_in_pages_fails(
    declare_offset: Any, api: Vendor, paginator: Offset, place: Any, begin: int, first: str
) -> None:
    api.handler = counting(45, place)
    acme = declare_offset(paginator, params={"from": begin} if begin else {})
    with pytest.raises(SyncError) as raised:
        sync(acme)
    assert "lists records that the first page does not have: the API counts pages, and not records." in str(
        raised.value
    )
    size = ', size_param="limit", size=20' if paginator is SIZED else ""
    assert f'Set paginator = PageNumber("from"{size}){first}.' in str(raised.value)
    assert ids(acme) == []


def test_114_also_where_the_pages_say_that_there_is_more(declare_offset: Any, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        start = pages_from_0(int(param(request, "from")))
        return Reply(body={"leaves": items(*range(45))[start : start + SIZE], "has_more": start + SIZE < 45})

    api.handler = answer
    with pytest.raises(SyncError, match="the API counts pages"):
        sync(declare_offset(Offset("from", more="has_more")))


@pytest.mark.parametrize("total", [SIZE, 2 * SIZE, 45, 7, 1, 0])
def test_114_a_list_that_is_counted_in_records_is_whole(declare_offset: Any, api: Vendor, total: int) -> None:
    api.handler = counting(total, records)
    acme = declare_offset()
    assert sync(acme).warnings == []
    assert ids(acme) == list(range(total))


@pytest.mark.parametrize(
    ("total", "beside", "requests"),
    [(SIZE, {}, 3), (SIZE, {"total": SIZE}, 2), (7, {}, 2), (45, {}, 4), (SIZE, {"has_more": False}, 2), (0, {}, 1)],
)
def test_114_one_request_more_finds_it_and_only_where_it_matters(
    declare_offset: Any, api: Vendor, total: int, beside: dict[str, Any], requests: int
) -> None:
    api.handler = counting(total, records, **beside)
    sync(declare_offset())
    assert len(api.requests) == requests


@pytest.mark.parametrize("place", [pages_from_0, pages_from_1])
def test_114_a_list_of_one_page_is_whole_whatever_is_counted(declare_offset: Any, api: Vendor, place: Any) -> None:
    api.handler = counting(SIZE, place)
    acme = declare_offset()
    assert sync(acme).warnings == []
    assert ids(acme) == list(range(SIZE))


@pytest.mark.parametrize(
    "refusal", [Reply(400, {"message": "from must be a multiple of limit"}), Reply(422, {"message": "no"})]
)
def test_114_an_api_that_takes_no_offset_within_a_page_counts_records(
    declare_offset: Any, api: Vendor, refusal: Reply
) -> None:
    whole = counting(SIZE, records)
    api.handler = lambda request: refusal if int(param(request, "from")) % SIZE else whole(request)
    acme = declare_offset()
    sync(acme)
    assert ids(acme) == list(range(SIZE))


def test_114_so_does_one_that_begins_at_the_page_of_an_offset(declare_offset: Any, api: Vendor) -> None:
    api.handler = counting(SIZE, lambda number: number // SIZE * SIZE)
    acme = declare_offset()
    assert sync(acme).warnings == []
    assert ids(acme) == list(range(SIZE))


def test_114_records_with_fields_that_differ_each_time_are_known_by_their_keys(
    declare_offset: Any, api: Vendor
) -> None:
    times = count()

    def answer(request: ReceivedRequest) -> Reply:
        start = int(param(request, "from"))
        rows = [{"url": f"/leaf?signed={next(times)}", "id": number} for number in range(SIZE)][::-1]
        return Reply(body={"leaves": rows[start:]})

    api.handler = answer
    acme = declare_offset()
    assert sync(acme).warnings == []
    assert len(ids(acme)) == SIZE


def test_114_the_unit_of_a_subclass_is_known_to_its_author(declare_offset: Any, api: Vendor) -> None:
    class OwnOffset(Offset):
        pass

    api.handler = counting(45, pages_from_0)
    acme = declare_offset(OwnOffset("from", size_param="limit", size=SIZE))
    sync(acme)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body={"error": "`from` must be a multiple of `limit`"}),
        Reply(422, {"message": "`from` must be a multiple of `limit`"}),
        Reply(500, {"message": "oops"}),
        Reply(body={"leaves": "none"}),
    ],
    ids=["an error in a 200", "a refusal", "a failure", "no list"],
)
def test_114_what_else_is_answered_fails_no_list(
    declare_offset: Callable[..., Connected], api: Vendor, reply: Reply
) -> None:
    listed = counting(SIZE, records)
    api.handler = lambda request: listed(request) if int(param(request, "from", "0")) % SIZE == 0 else reply
    assert sync(declare_offset()).records == SIZE


def test_114_records_are_known_by_their_key_alone(declare_offset: Callable[..., Connected], api: Vendor) -> None:
    """Here beside an address that is another one each time."""
    signed = count()

    def answer(request: ReceivedRequest) -> Reply:
        start = int(param(request, "from", "0")) // SIZE * SIZE
        leaves = [{"node": {"id": id_, "url": f"/leaf?s={next(signed)}"}, "id": id_} for id_ in range(SIZE)]
        return Reply(body={"leaves": leaves[start:]})

    api.handler = answer
    assert sync(declare_offset(primary_key="node.id")).records == SIZE


def moves_by(step: int, size: int = SIZE) -> Any:
    """An API whose number moves the page by so many records, as counting begins at 0."""

    def answer(request: ReceivedRequest) -> Reply:
        start = int(param(request, "at")) * step
        return Reply(body={"leaves": items(*range(45))[start : start + size]})

    return answer


@pytest.mark.parametrize("cursor", [None, Cursor("at", since="since")], ids=["snapshot", "changes"])
@pytest.mark.parametrize(
    ("paginator", "begin", "advice"),
    [
        (PageNumber("at"), None, 'Offset("at"). If it counts them from 1, set params = {"at": 1} too.'),
        (PageNumber("at", size_param="n", size=20), 0, 'Offset("at", size_param="n", size=20).'),
    ],
)
def test_114_a_list_by_page_number_that_an_api_counts_in_records_fails(
    connect: Connect, api: Vendor, paginator: PageNumber, begin: int | None, advice: str, cursor: Cursor | None
) -> None:
    """It lacks the first record, as each page begins with the second one of the page before."""
    api.handler = moves_by(1)
    params = {} if begin is None else {"at": begin}
    stream = declare("ItemsStream", ItemsStream, paginator=paginator, params=params, cursor=cursor)
    acme = connect(declare("LeavesIntegration", LeavesIntegration, streams=(stream,)))
    with pytest.raises(SyncError) as raised:
        acme.sync(stream)
    assert "but for its first record: the API counts records, and not pages. Set paginator = " in str(raised.value)
    assert str(raised.value).endswith(advice)
    assert acme.ids(stream) == []


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize("size", [3, 4, 45])
def test_114_also_a_short_list_and_one_without_a_key(connect: Connect, api: Vendor, size: int, key: str | None) -> None:
    api.handler = moves_by(1, size)
    stream = declare("ItemsStream", ItemsStream, paginator=PageNumber("at"), primary_key=key)
    with pytest.raises(SyncError, match="the API counts records"):
        connect(declare("LeavesIntegration", LeavesIntegration, streams=(stream,))).sync(stream)


def test_114_records_that_are_inserted_meanwhile_are_no_sign_of_it(connect: Connect, api: Vendor) -> None:
    newest = count(100)
    leaves = items(*range(45))

    def answer(request: ReceivedRequest) -> Reply:
        start = (int(param(request, "page")) - 1) * SIZE
        page = leaves[start : start + SIZE]
        if start == 0:
            leaves[:0] = items(*(next(newest) for _ in range(SIZE - 2)))
        return Reply(body={"leaves": page})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, paginator=PageNumber())
    acme = connect(declare("LeavesIntegration", LeavesIntegration, streams=(stream,)))
    acme.sync(stream)
    assert set(range(45)) <= set(acme.ids(stream))
