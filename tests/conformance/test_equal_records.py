"""Records without a key that are equal (conformance 129)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import CursorToken, Offset, PageNumber, Paginator, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 3


class LinesStream(Stream[Item]):
    path = "/lines"
    primary_key = None


class Till:
    """Sold lines in pages of 3: by number, offset, token or link. grows: a line comes first with each request."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.grows = False
        self.requests = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        listed = [{"at": f"2026-02-0{line[0]}T00:00:00Z", "sku": line[1:]} for line in self.lines]
        place = int(param(request, "after", "t0")[1:]) or int(param(request, "offset", "0"))
        start = place or SIZE * (int(param(request, "page", "1")) - 1)
        more = f"t{start + SIZE}" if start + SIZE < len(listed) else None
        if self.grows:
            self.lines.insert(0, f"9new{self.requests}")
        return Reply(body={"lines": listed[start : start + SIZE], "next": more})


def connect_till(connect: Connect, stream: type[Stream[Any]], paginator: Paginator) -> Connected:
    return connect(
        declare("TillIntegration", CommonIntegration, records="lines", paginator=paginator, streams=(stream,))
    )


def lines_of(acme: Connected, stream: type[Stream[Any]]) -> list[str]:
    return sorted(f"{record['at'][9]}{record['sku']}" for record in acme.records(stream))


@pytest.mark.parametrize("paginator", [CursorToken("next", param="after"), PageNumber(), Offset()])
def test_129_each_is_stored_in_a_snapshot(connect: Connect, api: Vendor, paginator: Paginator) -> None:
    api.handler = till = Till("1tea", "1tea", "2tea", "1tea", "3jam", "3jam", "1tea")
    acme = connect_till(connect, LinesStream, paginator)
    for _ in range(2):
        assert acme.sync(LinesStream).warnings == []
        assert lines_of(acme, LinesStream) == sorted(till.lines)
    till.lines.remove("1tea")
    till.lines.reverse()
    acme.sync(LinesStream)
    assert lines_of(acme, LinesStream) == sorted(till.lines)


def test_129_a_list_in_another_order_changes_nothing(connect: Connect, api: Vendor) -> None:
    api.handler = till = Till("1tea", "1tea", "2tea", "1tea", "3jam")
    acme = connect_till(connect, LinesStream, CursorToken("next", param="after"))
    version = acme.sync(LinesStream).version
    till.lines.sort(reverse=True)
    assert acme.sync(LinesStream).version == version


def test_129_a_snapshot_that_grows_each_time_is_told(connect: Connect, api: Vendor) -> None:
    api.handler = till = Till("5a", "4b", "3c", "2d", "1e")
    till.grows = True
    acme = connect_till(connect, LinesStream, PageNumber())
    (warning,) = acme.sync(LinesStream).warnings
    assert "records came twice, on different pages, each time the list was read" in warning


def test_129_a_page_that_may_begin_with_the_last_record_of_the_page_before_does_not_double_it(
    connect: Connect, api: Vendor
) -> None:
    """So of those that are equal on one page it is told that they are stored once."""
    sold = [{"at": f"2026-02-0{day}T00:00:00Z", "sku": "tea"} for day in range(1, 8)]

    def page(request: ReceivedRequest) -> Reply:
        return Reply(body={"lines": [line for line in sold if line["at"] >= param(request, "since", "0")][:SIZE]})

    api.handler = page
    acme = connect_till(connect, LinesStream, CursorToken("lines.-1.at", param="since"))
    assert acme.sync(LinesStream).warnings == []
    assert acme.versions(LinesStream) == len(sold)
    sold.insert(0, sold[0])
    (warning,) = acme.sync(LinesStream).warnings
    assert warning.startswith("1 record of lines had an equal one on the same page, and equal ones are stored once")
    assert "Set `primary_key` on LinesStream" in warning


def test_129_records_by_their_id_are_told_apart_by_it(connect: Connect, api: Vendor) -> None:
    acme = connect(
        declare("PricesIntegration", CommonIntegration, shape="by_id", records="prices", streams=(LinesStream,))
    )
    api.handler = lambda _: Reply(body={"prices": {"gold": {"p": 1}, "tin": {"p": 1}}})
    for _ in range(2):
        acme.sync(LinesStream)
        assert acme.column("select key from raw.vendor_lines order by key") == ["gold", "tin"]


def test_129_a_record_that_comes_twice_with_its_key_is_one(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("KeyedIntegration", CommonIntegration, streams=(ItemsStream,)))
    api.handler = lambda _: Reply(body=[{"id": 1}, {"id": 1}, {"id": 2}])
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
