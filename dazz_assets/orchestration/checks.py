"""Asset checks: whether the data of a sync or a parse can be trusted. A failed check doesn't block assets downstream.

A check's name states what holds when it passes, and the description of a failed check gives the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from dazz_assets.reports import ParseReport, StreamReport

KEYS_UNIQUE, COMPLETE, TOTAL_MATCHES, SHAPE_UNCHANGED = "keys_unique", "complete", "total_matches", "shape_unchanged"
RECORDS_VALID, IDS_UNIQUE, INPUTS_UNCHANGED = "records_valid", "ids_unique", "inputs_unchanged"

_STREAM_CHECKS = {
    KEYS_UNIQUE: "Each record has a key of its own and, in an incremental stream, a cursor.",
    COMPLETE: "Everything from the connection's start to the high-water mark was fetched, for every parent.",
    TOTAL_MATCHES: "As many records arrived as the vendor reports, if it reports a total.",
    SHAPE_UNCHANGED: "The records have the same fields and types as before.",
}
_PARSER_CHECKS = {
    RECORDS_VALID: "Each record passes validation.",
    IDS_UNIQUE: "Each id is yielded once.",
    INPUTS_UNCHANGED: "The full-refresh inputs haven't changed since the windows were parsed.",
}
_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check for one connection."""

    check: str
    passed: bool
    text: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    metadata: dict[str, Any] = field(default_factory=dict)


def stream_checks(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a stream's asset."""
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in _STREAM_CHECKS.items()]


def parser_checks(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a parser's asset."""
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in _PARSER_CHECKS.items()]


def assess_stream(report: StreamReport) -> list[CheckResult]:
    """The results of a stream's checks for the connection that was synced."""
    error = dg.AssetCheckSeverity.ERROR
    missing = [*report.passed_over, *([f"gap: {report.gap}"] if report.gap else [])]
    if report.total is None:
        total = "the vendor reports no total"
    else:
        total = f"{report.received} records arrived, and the vendor reports {report.total}"
    return [
        CheckResult(
            KEYS_UNIQUE,
            report.problems == 0 and report.repeated == 0,
            f"{report.problems} records without a key or cursor, {report.repeated} with a key that was listed before",
            error,
            {"dazz/problems": report.problems, "dazz/repeated": report.repeated},
        ),
        CheckResult(COMPLETE, not missing, f"not fetched: {_join(missing)}" if missing else "complete", error),
        CheckResult(TOTAL_MATCHES, report.total is None or report.total == report.received, total),
        CheckResult(
            SHAPE_UNCHANGED,
            not report.drift,
            f"the records' shape changed: {_join(report.drift)}" if report.drift else "unchanged",
        ),
    ]


def assess_parser(integration: str, report: ParseReport) -> list[CheckResult]:
    """The results of a parser's checks for the connection that was parsed."""
    read, invalid = sum(report.read.values()), sum(report.invalid.values())
    valid_share = 1.0 if not read else 1 - invalid / read
    validity = f"{invalid} of {read} records failed validation; {report.replaced} were replaced by an older version"
    duplicates = f"yielded more than once: {_join(report.duplicates)}" if report.duplicates else "no duplicates"
    stale = _join("all" if window is None else window.isoformat() for window in report.stale)
    return [
        CheckResult(RECORDS_VALID, invalid == 0, validity, metadata={"dazz/valid_share": valid_share}),
        CheckResult(IDS_UNIQUE, not report.duplicates, duplicates),
        CheckResult(
            INPUTS_UNCHANGED,
            not report.stale,
            f"{_join(report.changed_inputs)} changed since these windows were parsed: {stale}; parse them again with "
            f'`dazz parse {integration} --stale`, or at each change with @parser(refresh="changed")'
            if stale
            else "no stale windows",
        ),
    ]


def combine_results(key: dg.AssetKey, check: str, results: Iterable[tuple[str, CheckResult]]) -> dg.AssetCheckResult:
    """The result of one check for a whole step, from the (connection, result) pairs of its connections."""
    found = list(results)
    failed = [item for item in found if not item[1].passed]
    is_error = any(result.severity is dg.AssetCheckSeverity.ERROR for _, result in failed)
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=key,
        check_name=check,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=_join(f"{connection}: {result.text}" for connection, result in failed or found),
        metadata=found[0][1].metadata if len(found) == 1 else {},
    )


def check_evaluation(key: dg.AssetKey, partition: str, result: CheckResult) -> dg.AssetCheckEvaluation:
    """The result of one check for one connection, as an event of the partition that stands for the connection."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=result.check,
        passed=result.passed,
        severity=result.severity,
        description=result.text,
        metadata=result.metadata,
        partition=partition,
    )


def _join(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = f"; and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return "; ".join(listed[:_MOST_LISTED]) + more
