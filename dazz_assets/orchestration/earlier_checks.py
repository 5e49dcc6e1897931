"""The checks of connections that a run leaves alone, as earlier runs found them.

The UI shows a check of an asset as it was last evaluated, and a run evaluates it for its own connections. So it carries
on what failed for others: a check passes when it passes for each connection.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import dagster as dg

from dazz_assets.orchestration.checks import CheckResult
from dazz_assets.orchestration.dagster_internals import last_check_evaluation
from dazz_assets.orchestration.quarantine_view import TABLE, make_table

_FAILED = "dazz/failed_connections"


def write_failures(results: Iterable[tuple[str, CheckResult]]) -> dict[str, Any]:
    """Those of (connection, result) pairs that failed, as metadata for the next run."""
    failed = {
        connection: {"text": result.text, "severity": result.severity.value}
        for connection, result in results
        if not result.passed
    }
    return {_FAILED: dg.MetadataValue.json(failed)} if failed else {}


def read_failures(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, connections: Collection[str]
) -> list[tuple[str, CheckResult]]:
    """The results of a check that failed for some of these connections, by its last evaluation for the asset."""
    last = last_check_evaluation(instance, check) if connections else None
    metadata = last.metadata if last else {}
    found = metadata.get(_FAILED)
    failed = found.data if isinstance(found, dg.JsonMetadataValue) and isinstance(found.data, dict) else {}
    return [
        (connection, _make_result(check.name, values, _rows_of(metadata.get(TABLE), connection)))
        for connection, values in failed.items()
        if connection in connections
    ]


def _make_result(check: str, values: Mapping[str, str], metadata: dict[str, Any]) -> CheckResult:
    return CheckResult(check, False, values["text"], dg.AssetCheckSeverity(values["severity"]), metadata)


def _rows_of(table: object, connection: str) -> dict[str, Any]:
    """A connection's rows of a table of quarantined records, as metadata."""
    records = table.records if isinstance(table, dg.TableMetadataValue) else ()
    rows = [item for item in records if item.data.get("connection") == connection]
    return {TABLE: make_table(rows)} if rows else {}
