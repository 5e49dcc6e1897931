"""Read a table of the lake in Python, by the name that a query uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from dazz_assets.lake.errors import LakeError
from dazz_assets.lake.queries.sql import open_relation, query

if TYPE_CHECKING:
    import pandas as pd

    from dazz_assets.lake.lake import Lake


class LakeTable:
    """The rows of a domain table, of `raw.<integration>_<stream>` or of `quarantine`.

    Each method reads the versions that are current when it is called. The methods raise QueryError for a table or
    column that doesn't exist, and NoLakeError before the first sync.
    """

    def __init__(
        self, lake: Lake, name: str, connection: str | None = None, columns: Sequence[str] | None = None
    ) -> None:
        self._lake = lake
        self._sql = _select_sql(name, connection, columns)

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return query(self._lake, self._sql)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame. Raises LakeError if pandas is not installed."""
        return to_pandas(self.to_arrow())

    def to_duckdb(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation to filter, join and aggregate. Only the data that the result needs is read.

        The relation reads the versions that are current now. Their files are kept for at least seven days.
        """
        return open_relation(self._lake, self._sql)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame. Raises LakeError if pandas is not installed."""
    try:
        frame: pd.DataFrame = table.to_pandas()
    except ModuleNotFoundError as error:
        raise LakeError(
            "A DataFrame needs pandas, which is not installed: run `pip install pandas`, or use `to_arrow()` or "
            "`to_duckdb()`."
        ) from error
    return frame


def _select_sql(name: str, connection: str | None, columns: Sequence[str] | None) -> str:
    chosen = "*" if columns is None else ", ".join(map(_quote_name, columns))
    table = ".".join(map(_quote_name, name.split(".", 1)))
    condition = "" if connection is None else f" where connection = {_quote_text(connection)}"
    return f"select {chosen} from {table}{condition}"


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quote_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
