"""The base class of all domain models."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from dazz_assets.names import OUR_COLUMNS as OUR_COLUMNS
from dazz_assets.names import snake_case


class DomainObject(BaseModel):
    """One of our own objects, made by a parser from vendors' records.

    Its `id` comes from `Integration.object_id`, so that it stays the same in every sync. Its table is `table` or, by
    default, the class name in snake case with an s. Fields can have the types that Arrow and every Parquet reader
    support: str, bool, int, float, Decimal, datetime with a time zone, date, lists and other models. No field may have
    the name of one of `OUR_COLUMNS`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: ClassVar[str | None] = None

    id: str

    @classmethod
    def table_name(cls) -> str:
        """The name of the table of these objects: `findings` for `Finding`."""
        return cls.table or snake_case(cls.__name__) + "s"
