"""What all domain models have in common."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

OUR_COLUMNS = frozenset({"connection", "fingerprint", "inputs", "integration", "parser", "window_start"})
"""Columns that the lake adds to the tables of domain objects."""


class DomainObject(BaseModel):
    """One of our own objects, made by a parser from vendors' records.

    Its `id` comes from `Integration.object_id`, so that it stays the same from sync to sync. Its table is the class
    name in snake case with an s, or what `table` says. Fields are what Arrow and every reader of Parquet have: str,
    bool, int, float, Decimal, datetime with a zone, date, lists, other models; none may be named like
    one of `OUR_COLUMNS`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: ClassVar[str | None] = None

    id: str

    @classmethod
    def table_name(cls) -> str:
        """The name of the table that holds these objects: `findings` for `Finding`."""
        return cls.table or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower() + "s"
