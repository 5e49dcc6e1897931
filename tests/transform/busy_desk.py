"""A help desk with many tickets, an integration whose parsers do what their tickets say, and its parse in processes.

It is a module of its own, as another process must find it.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import Cursor, FullRefresh, Incremental, Lenient, Offset, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.transform import parse_windows
from dazz_assets.transform.parse_workers import Shares
from dazz_assets.transform.window_parser import Window, WindowTask
from tests.help_desk_vendor import Agent, Desk, DeskApi
from tests.http.loopback import ReceivedRequest, Reply

log = logging.getLogger("busy_desk")


def _is_worker() -> bool:
    return Path(sys.argv[0]).stem == "parse_worker"


class Contact(BaseModel):
    mail: str


class BusyTicket(BaseModel):
    id: int
    title: str
    agent: int | None = None
    updated_at: datetime
    contact: Lenient[Contact] = None


class PeopleStream(Stream[Agent]):
    """People who answer tickets, and leave."""

    path = "/agents"


class BusyTicketsStream(Stream[BusyTicket]):
    """Tickets, open and closed."""

    path = "/tickets"
    cursor = Cursor("updated_at", since="since", until="until")


class RepliesStream(Stream[BusyTicket]):
    """Replies to tickets."""

    path = "/replies"
    cursor = Cursor("updated_at", since="since", until="until")


class Case(DomainObject):
    title: str
    agent: str | None = None
    mail: str | None = None
    left_at: datetime | None = None


class Answer(DomainObject):
    title: str
    to: int | None = None


class BusyDeskIntegration(DeskApi):
    """A help desk whose tickets tell the parser what to do."""

    name = "busy"
    paginator = Offset(size_param="limit", size=100)
    streams = (PeopleStream, BusyTicketsStream, RepliesStream)

    @parser
    def cases(
        self,
        people: FullRefresh[PeopleStream],
        tickets: Incremental[BusyTicketsStream],
        replies: Incremental[RepliesStream],
    ) -> Iterator[Case | Answer]:
        log.info("a window with %s people", len(list(people)))
        names = {person.id: person.name for person in people}
        for ticket in tickets:
            self._act(ticket.title)
            mail = ticket.contact.mail if ticket.contact else None
            left = people.gone_since(ticket.agent) if ticket.agent else None
            # Tickets with the same first word share an id.
            id_ = self.object_id(ticket.title.split()[0])
            yield Case(id=id_, title=ticket.title, agent=names.get(ticket.agent or 0), mail=mail, left_at=left)
        for reply in replies:
            yield Answer(id=self.object_id("reply", reply.id), title=reply.title, to=reply.agent)

    def _act(self, title: str) -> None:
        match title.split():
            case ["raise", *words]:
                raise LookupError(" ".join(words))
            case ["kill" | "exit" | "wait"] if not _is_worker():
                raise AssertionError("the process of the tests parses this itself")
            case ["kill"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["exit"]:
                os._exit(3)
            case ["wait"]:
                print(f"waiting {os.getpid()}", flush=True)
                threading.Event().wait()
            case ["tell"]:
                with open("/proc/self/cmdline") as arguments, open("/proc/self/environ") as environment:
                    log.warning("started as %s", arguments.read() + environment.read())
            case ["print"]:
                print("printed by the parser")


class PatientShares(Shares):
    """Shares of which each process takes one before any takes another, this process last: so that all parse."""

    def __init__(self, tasks: Sequence[WindowTask], rows: Mapping[Window, int], processes: int) -> None:
        super().__init__(tasks, rows, processes)
        self._all = threading.Barrier(processes, timeout=120)
        self._began: set[str] = set()

    def take(self) -> Sequence[WindowTask]:
        thread = threading.current_thread()
        if thread.name in self._began:
            return super().take()
        self._began.add(thread.name)
        if thread is threading.main_thread():
            self._all.wait()
            return super().take()
        taken = super().take()
        self._all.wait()
        return taken


def parse_anything_in_processes(patch: pytest.MonkeyPatch) -> None:
    """Have a parse of few records start the processes that it is allowed."""
    patch.setattr(parse_windows, "ROWS_WORTH_A_PROCESS", 1)
    patch.setattr(parse_windows, "Shares", PatientShares)


class BusyDesk(Desk):
    """The vendor's data and API."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[int, dict[str, Any]] = {}

    def fill(self, seed: int) -> None:
        """Add and change tickets of eight weeks: some wrong, some wrong in part, some that share an id."""
        chance = random.Random(seed)
        start = datetime(2026, 1, 5, tzinfo=UTC)
        for _ in range(300):
            number, at = chance.randrange(400), start + timedelta(minutes=chance.randrange(8 * 7 * 24 * 60))
            title: Any = f"{chance.choice([f'ticket{number}', f'topic{chance.randrange(40)}'])} of {number}"
            if chance.random() < 0.04:
                title = chance.choice([None, ["a", "list"], number])
            contact = chance.choice([None, {"mail": f"{number}@desk.test"}, {"mail": number}, {}])
            agent = chance.choice([None, 1, 2, 3, 4])
            self.put(number, at.strftime("%Y-%m-%dT%H:%M:%SZ"), title, agent=agent, contact=contact)
            if chance.random() < 0.5:
                reply = {
                    "id": number,
                    "title": f"re {number}",
                    "agent": agent,
                    "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                }
                self.replies[number] = reply

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path != "/replies":
            return super().answer(asked)
        tickets, self.tickets = self.tickets, self.replies
        try:
            return super().answer(asked)
        finally:
            self.tickets = tickets
