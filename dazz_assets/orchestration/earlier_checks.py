"""The checks of connections that a run leaves alone, as earlier runs found them.

The UI shows a check of an asset as it was last evaluated, and a run evaluates it for its own connections. So it carries
on what failed for others: a check passes when it passes for each connection.
"""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

from dazz_assets.orchestration.checks import CheckResult
from dazz_assets.orchestration.dagster_internals import last_check_evaluations
from dazz_assets.orchestration.quarantine_view import TABLE, make_table

FAILED = "dazz/failed_connections"
_SEARCHED = 20


def write_failures(results: Mapping[str, CheckResult]) -> dict[str, Any]:
    """Failed results by connection as metadata, for the next run."""
    failed = {
        connection: {"text": result.text, "severity": result.severity.value}
        for connection, result in sorted(results.items())
    }
    return {FAILED: dg.MetadataValue.json(failed)}


def read_failures(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, connections: Collection[str]
) -> dict[str, CheckResult]:
    """The results of a check that failed for these connections, by its last evaluation over all connections."""
    evaluations = last_check_evaluations(instance, check, _SEARCHED) if connections else ()
    metadata = next((item.metadata for item in evaluations if FAILED in item.metadata), {})
    found = metadata.get(FAILED)
    failed = found.data if isinstance(found, dg.JsonMetadataValue) and isinstance(found.data, dict) else {}
    return {
        connection: CheckResult(
            check.name,
            False,
            values["text"],
            dg.AssetCheckSeverity(values["severity"]),
            _rows_of(metadata.get(TABLE), connection),
        )
        for connection, values in failed.items()
        if connection in connections
    }


def _rows_of(table: object, connection: str) -> dict[str, Any]:
    """A connection's rows of a table of quarantined records, as metadata."""
    records = table.records if isinstance(table, dg.TableMetadataValue) else ()
    rows = [item for item in records if item.data.get("connection") == connection]
    return {TABLE: make_table(rows)} if rows else {}
