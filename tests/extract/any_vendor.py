"""A vendor that does what its stream declares, in any of the ways that vendors have, and changes between syncs."""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dazz_assets import Cursor, Integration, NextLink, Offset, PageNumber, Stream
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply

LOOKBACK = timedelta(hours=2)
_PAGINATORS = {"link": NextLink("next"), "offset": Offset(), "page": PageNumber()}


@dataclass(frozen=True)
class Ways:
    """What a vendor does, and what its stream says of it.

    in_steps: the stream lists no more than a week at once.
    written: how times are written. bounds: how the stream sends them; None for no filter. rounded: the filter rounds
    `since` down to so many seconds. excludes_since, includes_until: whether what changed at the very bound is listed.
    order: how lists are sorted; the stream says so of a time's order if `tells_order`.
    """

    written: str
    bounds: str | None
    takes_until: bool
    in_steps: bool
    rounded: int
    excludes_since: bool
    includes_until: bool
    order: str
    tells_order: bool
    paging: str
    size: int
    is_late: bool
    window: str

    def integration(self) -> tuple[type[Integration[Any]], type[Stream[Any]]]:
        """The integration and its stream."""
        cursor = Cursor(
            "at",
            since=None if self.bounds is None else "since",
            until="until" if self.bounds is not None and self.takes_until else None,
            format=None if self.bounds in (None, "rfc3339") else self.bounds,
            lookback=LOOKBACK if self.is_late else timedelta(),
            zone="UTC" if "%H" in (self.bounds or "") else None,
            step=timedelta(days=7) if self.bounds is not None and self.takes_until and self.in_steps else None,
        )
        if self.tells_order and self.order in ("asc", "desc") and not (self.order == "desc" and self.bounds):
            cursor = replace(cursor, order=self.order)  # type: ignore[arg-type]
        settings = {"path": "/things", "records": "items", "cursor": cursor, "paginator": _PAGINATORS[self.paging]}
        stream = declare("ThingsStream", Stream[Item], **settings, __module__=__name__)
        return declare("AnyIntegration", CommonIntegration, window=self.window, streams=(stream,)), stream


class AnyVendor:
    """Things that change: each has a time of its last change, as exact as it is written. fails_at: the request that is
    refused, counted from 1. changes_at: requests before which a thing changes."""

    def __init__(self, ways: Ways, clock: Clock, chance: random.Random) -> None:
        self.ways, self.clock, self.chance = ways, clock, chance
        self.things: dict[int, dict[str, Any]] = {}
        self.times: dict[int, datetime] = {}
        self.fails_at: int | None = None
        self.changes_at: Collection[int] = ()
        self.requests = 0
        self._made = 0

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def put(self, id_: int | None, at: datetime) -> None:
        """Make a thing, or change one."""
        if id_ is None:
            self._made += 1
            id_ = self._made
        text, self.times[id_] = write_time(at, self.ways.written, self.chance)
        self.things[id_] = {"id": id_, "at": text, "value": self.chance.randrange(10**6)}

    def change(self) -> None:
        """Change something, as vendors do."""
        kind, at = self.chance.random(), self.now - timedelta(microseconds=self.chance.randrange(10**6))
        if kind < 0.5 or not self.things:
            self.put(None, at)
        elif kind < 0.85:
            self.put(self.chance.choice(sorted(self.things)), at)
        elif kind < 0.92:
            self.things.pop(self.chance.choice(sorted(self.things)))
        elif self.ways.is_late and self.ways.written != "day":  # A look-back of hours is none for days.
            self.put(None, at - LOOKBACK / 2)

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        if self.requests in self.changes_at and self.things:
            self.put(self.chance.choice(sorted(self.things)), self.now)
        if self.requests == self.fails_at:
            return Reply(400, {"message": "not now"})
        listed = [self.things[id_] for id_ in self._in_order() if self._is_asked_for(self.times[id_], request)]
        size = self.ways.size
        if self.ways.paging == "page":
            start = (int(param(request, "page", "1")) - 1) * size
        else:
            start = int(param(request, "offset", "0"))
        following = {name: values[0] for name, values in request.query.items()} | {"offset": str(start + size)}
        more = self.ways.paging == "link" and start + size < len(listed)
        next_page = {"next": f"{request.path}?{urlencode(following)}"} if more else {}
        return Reply(body={"items": listed[start : start + size], **next_page})

    def _in_order(self) -> list[int]:
        ids = sorted(self.things, key=lambda id_: (self.times[id_], id_), reverse=self.ways.order == "desc")
        return sorted(ids) if self.ways.order == "id" else ids

    def _is_asked_for(self, at: datetime, request: ReceivedRequest) -> bool:
        since, until = (self._read_bound(param(request, name)) for name in ("since", "until"))
        if since is not None:
            unit = self.ways.rounded
            since = datetime.fromtimestamp(since.timestamp() // unit * unit, UTC) if unit else since
            if at < since or (at == since and self.ways.excludes_since):
                return False
        return until is None or at < until or (at == until and self.ways.includes_until)

    def _read_bound(self, text: str) -> datetime | None:
        if not text:
            return None
        if self.ways.bounds in ("epoch", "epoch_ms"):
            return datetime.fromtimestamp(int(text) / (1_000 if self.ways.bounds == "epoch_ms" else 1), UTC)
        if self.ways.bounds == "rfc3339":
            return datetime.fromisoformat(text)
        return datetime.strptime(text, str(self.ways.bounds)).replace(tzinfo=UTC)

    @property
    def records(self) -> dict[int, str]:
        """What the vendor has now, each as JSON, by id."""
        return {id_: json.dumps(thing) for id_, thing in self.things.items()}


def write_time(at: datetime, written: str, chance: random.Random) -> tuple[Any, datetime]:
    """A time as a vendor writes it, and the time that is left of it."""
    if written == "mixed":
        written = chance.choice(["seconds", "microseconds", "offset", "no zone", "epoch", "epoch_ms"])
    whole, milli = at.replace(microsecond=0), at.replace(microsecond=at.microsecond // 1000 * 1000)
    if written == "seconds":
        return whole.strftime("%Y-%m-%dT%H:%M:%SZ"), whole
    if written == "day":
        return at.date().isoformat(), whole.replace(hour=0, minute=0, second=0)
    if written == "epoch":
        return int(whole.timestamp()), whole
    if written == "epoch_ms":
        return round(milli.timestamp() * 1000), milli
    zone = timedelta(minutes=chance.choice([-480, 330, 840])) if written == "offset" else timedelta()
    shown = (at + zone).replace(tzinfo=None).isoformat(" " if written == "no zone" else "T", "microseconds")
    sign, minutes = "-" if zone < timedelta() else "+", abs(zone) // timedelta(minutes=1)
    return shown + ("" if written == "no zone" else f"{sign}{minutes // 60:02}:{minutes % 60:02}"), at
