"""The findings of a lake as lines of JSON, an OCSF event each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation
from pydantic import ValidationError

from dazz_assets.domain import Finding
from dazz_assets.domain.ocsf_events import ocsf_event
from dazz_assets.lake import Lake, LakeError, QueryError
from dazz_assets.names import list_names

_ROWS_PER_BATCH = 2_000
_TABLE = Finding.table_name()


def ocsf_lines(lake: Lake, connections: Collection[str] | None = None) -> Iterator[bytes]:
    """Each published finding as an event and a line end, in batches. DuckDB sorts them, through files if need be.

    connections: only theirs. Raises NoLakeError before the first sync, QueryError if no finding was ever published, or
    none of one of the connections; LakeError for a `findings` table that holds something else than findings.
    """
    exported_at = datetime.now(UTC)
    relation = _choose(_open_findings(lake), connections).order("integration, connection, id")
    for batch in relation.to_arrow_reader(_ROWS_PER_BATCH):
        for row in batch.to_pylist():
            event = ocsf_event(
                _read(row), integration=row["integration"], connection=row["connection"], exported_at=exported_at
            )
            yield msgspec.json.encode(event) + b"\n"


def _open_findings(lake: Lake) -> DuckDBPyRelation:
    if any(lake.tables()) and not any(table.path.name == _TABLE for table in lake.tables("domain")):
        raise QueryError(
            "There is nothing to export: no finding was published yet. Findings are what a parser yields as "
            "`dazz_assets.domain.Finding`; sync an integration that has such a parser, see `dazz list`."
        )
    return lake.table(_TABLE).to_duckdb()


def _choose(findings: DuckDBPyRelation, connections: Collection[str] | None) -> DuckDBPyRelation:
    """The findings of some connections, by default of all. QueryError: there are none of one of them."""
    if connections is None:
        return findings
    known = {connection for (connection,) in findings.project("connection").distinct().fetchall()}
    if unknown := sorted(set(connections) - known):
        raise QueryError(
            f"There are no findings of {' or '.join(unknown)}. There are some of {list_names(sorted(known))}."
        )
    return findings.filter(ColumnExpression("connection").isin(*map(ConstantExpression, connections)))


def _read(row: Mapping[str, Any]) -> Finding:
    """A row as a finding. Columns that were added since it was written are null, and take their defaults."""
    given = {
        name: value
        for name, field in Finding.model_fields.items()
        if (value := row.get(name)) is not None or field.is_required() or field.default is None
    }
    try:
        return Finding.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise LakeError(
            f"{row['integration']}/{row['connection']}: the finding {row['id']} has no OCSF event: "
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}. Only objects of `dazz_assets.domain.Finding`, as "
            "it is now, can be exported; if it was one when it was published, `dazz parse` publishes it anew."
        ) from None
