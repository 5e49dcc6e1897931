"""When a connection is due, and what its sync does next: the state that a sensor keeps between ticks."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from dazz_assets.orchestration.jobs import PHASES, Phase, Plan


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the syncs of a connection stand.

    began: when the last sync was requested first, RFC 3339. pending: the phase of it that is still to be requested.
    """

    began: str
    pending: Phase | None = None

    def is_due(self, interval: timedelta, now: datetime) -> bool:
        """Whether something is to be requested: the rest of a sync, or a new one."""
        return self.pending is not None or now - datetime.fromisoformat(self.began) >= interval


@dataclass(frozen=True, slots=True)
class Request:
    """A run to request: the phase of a connection's sync, with a key that the same request has again after a crash."""

    connection: str
    phase: Phase
    key: str


Turns = Mapping[str, Turn]


def read(cursor: str | None) -> dict[str, Turn]:
    """The turns that a sensor's cursor holds."""
    found = json.loads(cursor) if cursor else {}
    return {
        connection: Turn(item["began"], item["pending"] if item["pending"] in PHASES else None)
        for connection, item in found.items()
    }


def write(turns: Turns) -> str:
    """The turns as a sensor's cursor."""
    return json.dumps({connection: asdict(turn) for connection, turn in turns.items()}, separators=(",", ":"))


def request(connection: str, turn: Turn | None, plan: Plan, now: datetime) -> Request:
    """The run that a due connection needs now.

    Dagster never runs a key again: the first sync's has the time, as a connection may go and come back.
    """
    if turn is None:
        return Request(connection, plan.first, f"{connection}:first at {_text(now)}:{plan.first}")
    if turn.pending is not None:
        return Request(connection, turn.pending, f"{connection}:{turn.began}:{turn.pending}")
    return Request(connection, plan.first, f"{connection}:after {turn.began}:{plan.first}")


def requested(turn: Turn | None, phase: Phase, plan: Plan, now: datetime) -> Turn:
    """The turn after a phase was requested. Only the first phase of a sync sets its time."""
    if turn is None or turn.pending is None:
        return Turn(_text(now), plan.after(phase))
    return replace(turn, pending=plan.after(phase))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def kept(turns: Turns, connections: Iterable[str]) -> dict[str, Turn]:
    """The turns of the connections that there still are."""
    known = set(connections)
    return {connection: turn for connection, turn in turns.items() if connection in known}
