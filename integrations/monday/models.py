"""What the parsers need of Monday's records (API version 2026-07).

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
"""

from __future__ import annotations

import datetime

from pydantic import AwareDatetime, BaseModel, Field, Json

from dazz_assets import Lenient, LenientList


class Reference(BaseModel):
    """The id of another record."""

    id: str


class StatusLabel(BaseModel):
    """A label of a status column. `id` is what items name as their `index`; it is not the label's position."""

    id: int | str
    label: Lenient[str] = None
    is_done: Lenient[bool] = None


class ColumnSettings(BaseModel):
    """How a column is set up: of a status column its labels."""

    labels: LenientList[StatusLabel] = []


class Column(BaseModel):
    """A column of a board. The settings come as an object, or as its text."""

    id: str
    title: Lenient[str] = None
    settings: Lenient[ColumnSettings | Json[ColumnSettings]] = None


class Board(BaseModel):
    """A table of items. `type` is board, sub_items_board, document or custom_object."""

    id: str
    name: Lenient[str] = None
    state: Lenient[str] = None
    columns: LenientList[Column] = []


class User(BaseModel):
    """Someone, or something, that signs in. `kind` is admin, member, guest, view_only, or that of a machine."""

    id: str
    name: Lenient[str] = None
    email: Lenient[str] = None
    kind: Lenient[str] = None
    status: Lenient[str] = None
    is_deleted: Lenient[bool] = None
    url: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None


class Team(BaseModel):
    """Several users."""

    id: str
    name: Lenient[str] = None
    users: LenientList[Reference] = []


class Share(BaseModel):
    """How many of an item's subitems, or of itself, have the label with the id `key`."""

    key: str
    count: Lenient[int] = None


class Assigned(BaseModel):
    """A person, a team or an agent in a column of people."""

    id: str
    kind: Lenient[str] = None


class DateAndTime(BaseModel):
    """The value of a column of dates, in UTC; most have no time."""

    date: datetime.date
    time: Lenient[datetime.time] = None


class Tag(BaseModel):
    """A tag of a column of tags."""

    name: str


class ColumnValue(BaseModel):
    """What an item has in a column: of these fields, those of its type."""

    id: str
    type: Lenient[str] = None
    index: Lenient[int] = None
    label: Lenient[str] = None
    is_done: Lenient[bool] = None
    updated_at: Lenient[AwareDatetime] = None
    is_leaf: Lenient[bool] = None
    battery_value: LenientList[Share] = []
    persons_and_teams: LenientList[Assigned] = []
    value: Lenient[DateAndTime | Json[DateAndTime]] = None
    to: Lenient[datetime.date | AwareDatetime] = None
    tags: LenientList[Tag] = []


class Item(BaseModel):
    """A row of a board."""

    id: str
    name: Lenient[str] = None
    state: Lenient[str] = None
    url: Lenient[str] = None
    created_at: Lenient[AwareDatetime] = None
    updated_at: Lenient[AwareDatetime] = None
    creator: Lenient[Reference] = None
    board: Lenient[Reference] = None
    parent_item: Lenient[Reference] = None
    columns: LenientList[ColumnValue] = Field(default=[], alias="column_values")


class ListedItem(BaseModel):
    """An item that its board lists."""

    id: str
