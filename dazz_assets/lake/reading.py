"""Reading a table of the lake in Python, by the name that a query would use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from dazz_assets.lake.errors import LakeError
from dazz_assets.lake.sql import query, relation_of

if TYPE_CHECKING:
    import pandas as pd

    from dazz_assets.lake.lake import Lake


class LakeTable:
    """All rows of one name: a domain table, `raw.<integration>_<stream>` or `quarantine`.

    Nothing is read before one of its methods is called, and each call reads the versions that are current then. The
    methods raise QueryError for a name or a column that doesn't exist, and NoLake before the first sync.
    """

    def __init__(
        self, lake: Lake, name: str, connection: str | None = None, columns: Sequence[str] | None = None
    ) -> None:
        self._lake = lake
        self._sql = _select(name, connection, columns)

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return query(self._lake, self._sql)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame. Raises LakeError where pandas is not installed."""
        return to_pandas(self.to_arrow())

    def to_duckdb(self) -> duckdb.DuckDBPyRelation:
        """The rows as a relation, to filter, join and aggregate; only what its result needs is read.

        It reads the files of the versions that are current now, and these stay for seven days.
        """
        return relation_of(self._lake, self._sql)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame. Raises LakeError where pandas is not installed."""
    try:
        frame: pd.DataFrame = table.to_pandas()
    except ModuleNotFoundError as error:
        raise LakeError(
            "A DataFrame needs pandas, which is not installed: `pip install pandas`, or read with `to_arrow()` "
            "or `to_duckdb()`."
        ) from error
    return frame


def _select(name: str, connection: str | None, columns: Sequence[str] | None) -> str:
    chosen = "*" if columns is None else ", ".join(map(_quoted, columns))
    table = ".".join(map(_quoted, name.split(".", 1)))
    condition = "" if connection is None else f" where connection = {_literal(connection)}"
    return f"select {chosen} from {table}{condition}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
