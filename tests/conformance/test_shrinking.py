"""A snapshot that shrinks suspiciously is confirmed before it replaces the last one (conformance 52, 105)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class HerdIntegration(CommonIntegration):
    streams = (ItemsStream, PartsStream)


def lists(*lengths: int | range) -> list[Reply]:
    return [Reply(body=items(*(range(length) if isinstance(length, int) else length))) for length in lengths]


@pytest.mark.parametrize("left", [0, 1, 19], ids=["to nothing", "to one", "by more than half"])
def test_52_a_second_list_that_is_whole_again_is_what_is_stored(connect: Connect, api: Vendor, left: int) -> None:
    acme = connect(HerdIntegration)
    api.script(*lists(40, left, 40))
    acme.sync(ItemsStream)
    report = acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), report.warnings) == (list(range(40)), [])


@pytest.mark.parametrize(
    ("short", "settings"),
    [
        ({"errors": [{"message": "shard 3 is down"}]}, {"accept": {200: "keep"}}),
        ({"total": 40}, {"paginator": Offset(size_param="limit", size=50)}),
    ],
    ids=["errors beside it", "below its total"],
)
def test_52_what_the_first_list_was_warned_of_counts_no_more_once_a_second_is_whole(
    connect: Connect, api: Vendor, short: dict[str, Any], settings: dict[str, Any]
) -> None:
    acme = connect(declare("DoubtfulIntegration", HerdIntegration, records="list", **settings))
    whole, end = Reply(body={"list": items(*range(40))}), [Reply(body={"list": []})] * ("paginator" in settings)
    api.script(whole, *end, Reply(body={"list": items(1), **short}), *end, whole, *end)
    acme.sync(ItemsStream)
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(40))
    assert [text for text in report.warnings if not text.startswith("GET ")] == []


@pytest.mark.parametrize("left", [0, 10])
def test_52_a_loss_that_a_second_list_confirms_is_stored_and_told(connect: Connect, api: Vendor, left: int) -> None:
    acme = connect(HerdIntegration)
    api.script(*lists(40, left, left))
    acme.sync(ItemsStream)
    (warning,) = acme.sync(ItemsStream).warnings
    assert warning == (
        f"the list has {left} records while 40 are stored, a loss of {1 - left / 40:.0%} (`max_shrink` is 50%); a "
        "second list said the same, so they were replaced"
    )
    assert acme.ids(ItemsStream) == list(range(left))


@pytest.mark.parametrize("before", [1, 19])
@pytest.mark.parametrize("is_parent", [False, True])
def test_105_a_list_of_which_nothing_is_left_is_read_again_and_told_where_others_hang_on_it(
    connect: Connect, api: Vendor, before: int, *, is_parent: bool
) -> None:
    streams = (ItemsStream, PartsStream) if is_parent else (ItemsStream,)
    acme = connect(declare("HerdIntegration", CommonIntegration, streams=streams))
    api.script(*lists(before, 0, before, 0, 0))
    acme.sync(ItemsStream)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(before))
    warnings = acme.sync(ItemsStream).warnings
    assert [warning.startswith(f"the list has 0 records while {before}") for warning in warnings] == [True] * is_parent
    assert acme.ids(ItemsStream) == []


def test_105_records_that_go_with_all_their_parents_are_told_without_a_second_list(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    acme = connect(HerdIntegration)
    parents = items(1, 2)
    api.handler = lambda request: Reply(
        body=parents if request.path == "/items" else items(*range(20)) if "/1/" in request.path else []
    )
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    parents.clear()
    acme.sync(ItemsStream)
    slept = clock.slept
    (warning,) = acme.sync(PartsStream).warnings
    assert warning == (
        "the list has 0 records while 20 are stored, a loss of 100% (`max_shrink` is 50%), as all items that they "
        "belonged to are gone"
    )
    assert clock.slept == slept


def test_52_a_loss_that_a_second_list_does_not_confirm_is_an_error(connect: Connect, api: Vendor, clock: Clock) -> None:
    acme = connect(HerdIntegration)
    api.script(*lists(40, 10, range(3, 14)))
    acme.sync(ItemsStream)
    with pytest.raises(SyncError) as caught:
        acme.sync(ItemsStream)
    assert str(caught.value) == (
        "vendor/acme, stream items: the list has 10 records while 40 are stored, a loss of 75% (`max_shrink` is 50%), "
        "and a second list had other records. The stored records were not replaced. If the loss is real, sync with "
        "--accept-shrink, or raise `max_shrink` on ItemsStream"
    )
    assert acme.ids(ItemsStream) == list(range(40))
    assert clock.slept >= 5


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [(19, 1, 0.5), (40, 20, 0.5), (40, 36, 0.1), (40, 0, 1), (100, 100, 0)],
    ids=["few records", "exactly half", "exactly a tenth", "any", "no loss"],
)
def test_52_a_smaller_loss_needs_no_second_list(
    connect: Connect, api: Vendor, before: int, after: int, share: float
) -> None:
    acme = connect(declare("ShareIntegration", HerdIntegration, max_shrink=share))
    api.script(*lists(before, after))
    acme.sync(ItemsStream)
    acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), len(api.requests)) == (list(range(after)), 2)


@pytest.mark.parametrize(("before", "after", "share"), [(40, 35, 0.1), (20, 9, 0.5), (30, 29, 0), (1, 0, 0.5)])
def test_52_the_stream_sets_the_share(connect: Connect, api: Vendor, before: int, after: int, share: float) -> None:
    acme = connect(declare("ShareIntegration", HerdIntegration, max_shrink=share))
    api.script(*lists(before, after))
    acme.sync(ItemsStream)
    acme.sync(ItemsStream)
    assert len(api.requests) == 3


def test_52_a_loss_can_be_accepted_for_one_sync(connect: Connect, api: Vendor) -> None:
    acme = connect(HerdIntegration)
    api.script(*lists(40, 2))
    acme.sync(ItemsStream)
    accept_shrink(acme)
    assert (acme.ids(ItemsStream), len(api.requests)) == ([0, 1], 2)


def accept_shrink(acme: Connected) -> None:
    sync_stream(acme.session, acme.spec.streams["items"], SyncRange(from_mark=True, accept_shrink=True))


def test_52_a_refetch_that_shrinks_is_confirmed_too(connect: Connect, api: Vendor) -> None:
    class EventsStream(Stream[Item]):
        path = "/events"
        cursor = Cursor("at", since="since")

    api.handler = events = Events([event(number, f"2026-02-01T00:{number:02}:00Z") for number in range(50)], size=60)
    acme = connect(declare("EventsIntegration", HerdIntegration, paginator=Offset(), streams=(EventsStream,)))
    acme.sync(EventsStream)
    whole, short = events.records, events.records[:5]
    events.records = short

    def page(request: ReceivedRequest) -> Reply:
        reply = events(request)
        events.records = short if len(api.requests) % 4 else whole
        return reply

    api.handler = page
    api.requests.clear()
    acme.sync_range(EventsStream, replace=True)
    assert len(acme.ids(EventsStream)) in (5, 50)
    assert len(api.requests) >= 4
    acme.sync_range(EventsStream, replace=True)
    events.records = whole
    acme.sync(EventsStream)
    assert acme.ids(EventsStream)[:5] == [0, 1, 2, 3, 4]


def test_52_records_of_a_parent_that_failed_are_not_counted_as_lost(connect: Connect, api: Vendor) -> None:
    acme = connect(HerdIntegration)
    broken: set[str] = set()

    def page(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body=items(0, 1, 2))
        number = int(request.path.split("/")[2])
        if request.path in broken:
            return Reply(404)
        return Reply(body=items(*range(100 * number, 100 * number + 20)))

    api.handler = page
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    broken |= {"/items/0/parts", "/items/1/parts"}
    api.requests.clear()
    acme.sync(PartsStream)
    assert (len(acme.ids(PartsStream)), len(api.requests)) == (60, 3)


def test_52_rows_of_a_list_that_was_read_twice_are_stored_once(connect: Connect, api: Vendor) -> None:
    acme = connect(HerdIntegration)
    api.script(*lists(40, 3, 25, 25))
    acme.sync(ItemsStream)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(25))
    assert acme.versions(ItemsStream) == 25


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.sampled_from([0, 1, 5, 19, 20, 21, 40, 41, 60]), min_size=2, max_size=7))
def test_52_what_is_stored_is_a_list_that_was_sent_and_never_a_sudden_loss_seen_once(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int]
) -> None:
    with Vendor() as api:
        acme = Connected(HerdIntegration, api, Clock(1_772_452_800), Lake(tmp_path_factory.mktemp("lake")))
        replies = lists(*lengths)
        sent: list[int] = []

        def reply(_: ReceivedRequest) -> Reply:
            sent.append(len(replies[0].body))
            return replies.pop(0) if len(replies) > 1 else replies[0]

        api.handler = reply
        stored = 0
        failures: list[tuple[str, int, int]] = []
        for _ in range(len(lengths)):
            sent.clear()
            try:
                acme.sync(ItemsStream)
            except SyncError as error:
                failures.append((str(error), sent[0], sent[1]))
            after = len(acme.ids(ItemsStream))
            is_suspicious = stored - sent[0] > stored * 0.5 and (stored >= 20 or sent[0] == 0)
            assert len(sent) == (2 if is_suspicious else 1)
            assert after in (stored, sent[-1])
            if stored >= 20 and stored - after > stored * 0.5:
                assert sent == [after, after]
            stored = after
        assert all("--accept-shrink" in said and first != second for said, first, second in failures)
