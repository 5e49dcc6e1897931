"""Values that fields of several domain models have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _require_zone(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError(
            f"{time.isoformat()} has no time zone: use times with a zone, for example 2025-01-31T12:00:00Z"
        )
    return time


Time = Annotated[datetime, AfterValidator(_require_zone)] | None
"""A time with a time zone, if it is known."""


class RawRecord(BaseModel):
    """The vendor's record that an object was made from: its stream and its key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str
    key: str


class Tag(BaseModel):
    """A name and a value that people gave a thing, as OCSF's `key_value_object`; a label has a name alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: str | None = Field(default=None)
