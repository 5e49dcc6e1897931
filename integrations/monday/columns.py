"""Which columns of an item say its status, its priority, who has it and when it is due.

A board's columns are its owner's: they have the types and titles that somebody gave them. Status and priority are both
columns of the type `status`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from dazz_assets.domain import TicketStatus

from .models import Assigned, Board, Column, ColumnValue, Item, StatusLabel

# The labels that boards begin with. Which labels mean done, a board says itself.
_STATUSES = {
    "not started": TicketStatus.NEW,
    "to do": TicketStatus.NEW,
    "working on it": TicketStatus.IN_PROGRESS,
    "in progress": TicketStatus.IN_PROGRESS,
    "stuck": TicketStatus.ON_HOLD,
    "on hold": TicketStatus.ON_HOLD,
}


@dataclass(frozen=True)
class ItemStatus:
    """The label in a column of the type `status`, whether it means done, and since when it is there."""

    label: str | None = None
    is_done: bool | None = None
    since: datetime | None = None

    @property
    def status_id(self) -> TicketStatus:
        """OCSF's status. No label is what an item begins with."""
        if self.is_done:
            return TicketStatus.RESOLVED
        if not self.label:
            return TicketStatus.NEW
        return _STATUSES.get(self.label.strip().lower(), TicketStatus.OTHER)


class ItemColumns:
    """An item's values, with the titles of their columns. board: None if it is not known."""

    def __init__(self, item: Item, board: Board | None) -> None:
        self._values = item.columns
        self._columns: Mapping[str, Column] = {column.id: column for column in board.columns} if board else {}

    def status(self) -> ItemStatus | None:
        """The status: of the column with that title, or that id, else of the first that is no priority.

        None without such a column.
        """
        candidates = [value for value in self._of("status") if not self._titled(value, "priority")]
        candidates.sort(key=lambda value: (self._title(value) != "status", value.id != "status"))
        value = candidates[0] if candidates else None
        return None if value is None else self._read_status(value)

    def priority(self) -> str | None:
        """The label in the column whose title says priority."""
        value = next((value for value in self._of("status") if self._titled(value, "priority")), None)
        return self._read_status(value).label if value else None

    def assignee(self) -> Assigned | None:
        """Who comes first in the first column of people that has any; a person before a team."""
        everyone = [someone for value in self._of("people") for someone in value.persons_and_teams]
        persons = (someone for someone in everyone if someone.kind != "team")
        return next(persons, everyone[0] if everyone else None)

    def due_time(self) -> datetime | None:
        """The date in the column whose title says due or deadline, else in the first; else the end of a timeline."""
        dates = [value for value in self._of("date") if value.value]
        dates.sort(key=lambda value: not self._titled(value, "due", "deadline"))
        if dates and (at := dates[0].value):
            return datetime.combine(at.date, at.time or time(), UTC)
        return next((_begin_of_day(value.to) for value in self._of("timeline") if value.to), None)

    def tags(self) -> list[str]:
        """The tags of all columns, each once."""
        return list(dict.fromkeys(tag.name for value in self._of("tags") for tag in value.tags))

    def _of(self, kind: str) -> Iterator[ColumnValue]:
        return (value for value in self._values if value.type == kind)

    def _title(self, value: ColumnValue) -> str:
        column = self._columns.get(value.id)
        return (column.title or "").strip().lower() if column else ""

    def _titled(self, value: ColumnValue, *words: str) -> bool:
        return any(word in self._title(value) for word in words)

    def _read_status(self, value: ColumnValue) -> ItemStatus:
        """On boards of several levels an item without subitems has one label; others have those of their subitems."""
        if value.battery_value:
            return self._read_shares(value)
        known = self._label(value, value.index)
        is_done = known.is_done if value.is_done is None and known else value.is_done
        return ItemStatus(value.label or (known.label if known else None), is_done, value.updated_at)

    def _read_shares(self, value: ColumnValue) -> ItemStatus:
        """The labels of subitems, the most frequent first; only one that all have says what it means."""
        shares = sorted(value.battery_value, key=lambda share: -(share.count or 0))
        keys = [share.key for share in shares if share.count != 0]
        known = [self._label(value, key) for key in keys]
        if len(known) == 1 and known[0]:
            return ItemStatus(known[0].label, known[0].is_done)
        labels = [label.label if label and label.label else key for label, key in zip(known, keys, strict=True)]
        return ItemStatus(", ".join(labels) or None)

    def _label(self, value: ColumnValue, id_: str | int | None) -> StatusLabel | None:
        column = self._columns.get(value.id)
        labels = column.settings.labels if column and column.settings else []
        return next((label for label in labels if str(label.id) == str(id_)), None)


def _begin_of_day(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time(), UTC)
