"""Whatever changes at a vendor, and whichever requests and commits fail: after a quiet sync, all it has is stored once.

The vendor does what its stream declares; how it reads bounds, sorts, pages and writes times is random.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets.errors import SyncError
from dazz_assets.extract import dedupe
from dazz_assets.lake import Lake
from dazz_assets.lake.table import Table
from tests.conformance.connected import Connected
from tests.extract.any_vendor import AnyVendor, Ways
from tests.http.loopback import Clock, Vendor

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

all_ways = st.builds(
    Ways,
    written=st.sampled_from(["seconds", "microseconds", "offset", "no zone", "day", "epoch", "epoch_ms", "mixed"]),
    bounds=st.sampled_from([None, "rfc3339", "rfc3339", "epoch", "epoch_ms", "%Y-%m-%d", "%Y-%m-%d %H:%M"]),
    takes_until=st.booleans(),
    in_steps=st.booleans(),
    rounded=st.sampled_from([0, 0, 1, 60, 86_400]),
    excludes_since=st.booleans(),
    includes_until=st.booleans(),
    order=st.sampled_from(["asc", "desc", "id"]),
    tells_order=st.booleans(),
    paging=st.sampled_from(["link", "offset", "page"]),
    size=st.sampled_from([1, 2, 3, 45]),
    is_late=st.booleans(),
    window=st.sampled_from(["day", "week", "month"]),
)


class BrokenOffError(Exception):
    """A process that ended in the middle."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(ways=all_ways, seed=st.integers(0, 10**9), syncs=st.integers(1, 5), held=st.sampled_from([2, 20_000]))
def test_after_a_quiet_sync_all_that_the_vendor_has_is_stored_once_and_nothing_is_warned_of(
    vendor: Vendor, ways: Ways, seed: int, syncs: int, held: int
) -> None:
    chance, clock = random.Random(seed), Clock(NOW.timestamp())
    vendor.handler = api = AnyVendor(ways, clock, chance)
    integration, stream = ways.integration()
    for _ in range(chance.randrange(12)):
        api.put(None, NOW - timedelta(seconds=chance.randrange(50 * 86_400)))
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(dedupe, "_HELD", held):
        acme = Connected(integration, vendor, clock, Lake(Path(folder) / "lake"))
        for _ in range(syncs):
            clock.now += 1  # A change is up to a second old when it is seen.
            for _ in range(chance.randrange(8)):
                api.change()
                clock.now += chance.random() * chance.choice([0.001, 0.1, 3_600, 86_400 * 9])
            api.requests, api.fails_at = 0, chance.choice([None, None, 1, 2, 4])
            if not ways.takes_until:  # Of a range that ends, not all that leaves it can be seen.
                api.changes_at = chance.choice([(), (), {2}, {3}, {2, 4}])
            with suppress(SyncError, BrokenOffError), breaking_off(chance):
                sync_somehow(acme, stream, chance)
        api.fails_at, api.changes_at = None, ()
        clock.now += 3_600
        for _ in range(2):
            report = acme.sync(stream)
            assert (report.warnings, report.gap) == ([], None)
            clock.now += 61
        stored = dict(zip((record["id"] for record in acme.records(stream)), acme.texts(stream), strict=True))
        assert {id_: stored.get(id_) for id_ in api.things} == api.records
        assert report.records == 0


def sync_somehow(acme: Connected, stream: type[Any], chance: random.Random) -> None:
    """From the mark, as mostly; over a range that somebody chose, whose end may lie ahead; or all anew."""
    kind, now = chance.random(), datetime.fromtimestamp(acme.clock.now, UTC)
    if kind < 0.15:
        since, until = (now + timedelta(days=chance.randrange(-40, -1))), now + timedelta(days=chance.randrange(-1, 30))
        acme.sync_range(stream, since.date().isoformat(), until.date().isoformat())
    elif kind < 0.25:
        acme.sync_range(stream, replace=True)
    else:
        acme.sync(stream)


@contextmanager
def breaking_off(chance: random.Random) -> Iterator[None]:
    """The process ends at one of its commits, before or after it; or it doesn't."""
    left, is_after, commit = chance.choice([None, None, 1, 2, 3]), chance.random() < 0.5, Table.commit

    def break_off(table: Table, work: Callable[..., Any]) -> int | None:
        nonlocal left
        left = None if left is None else left - 1
        if left != 0:
            return commit(table, work)
        if is_after:
            commit(table, work)
        raise BrokenOffError

    with mock.patch.object(Table, "commit", break_off):
        yield
