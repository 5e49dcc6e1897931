"""The published objects depend on what raw holds, not on the order in which it arrived."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental, parser
from dazz_assets.lake.compaction import compact
from dazz_assets.lake.versions import ordered_rows
from tests.help_desk_vendor import Customer, Desk, Incident, TicketsOnly, TicketsStream


class OneOfAWindow(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield Incident(id=self.object_id("one"), title=ticket.title)


class OneOfAll(TicketsOnly):
    @parser
    def incidents(self, tickets: FullRefresh[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield Incident(id=self.object_id("one"), title=ticket.title)


def _put(desk: Desk, number: int) -> None:
    desk.put(number, f"2026-01-06T{number:02}:00:00Z")


@pytest.mark.parametrize("integration", [OneOfAWindow, OneOfAll])
@pytest.mark.parametrize("sorted_bytes", [1, 2**24])
def test_one_sync_six_syncs_and_a_compaction_publish_the_same(
    integration: type[Any], sorted_bytes: int, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", sorted_bytes)
    desk.tickets.clear()
    often = Customer(tmp_path / "often", desk.vendor.url, integration)
    for number in range(1, 7):
        _put(desk, number)
        often.sync()
        often.parse()
    once = Customer(tmp_path / "once", desk.vendor.url, integration)
    once.sync()
    once.parse()
    assert once.titles() == often.titles() == ["ticket 6"]
    list(compact(often.lake))
    often.parse(every=True)
    assert often.titles() == ["ticket 6"]
