"""Asset checks: whether the data of a sync or a parse can be trusted. A failed check doesn't block assets downstream.

A check's name states what holds when it passes. The description of a failed check says what was met, where, and what to
do about it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import dagster as dg

from dazz_assets.counts import format_count
from dazz_assets.http import Mask
from dazz_assets.orchestration.check_texts import in_windows, join_texts
from dazz_assets.orchestration.quarantine_view import TABLE, QuarantineView, make_table
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.quarantine import MOST_EXAMPLES, HeldQuarantine

KEYS_UNIQUE, COMPLETE, TOTAL_MATCHES, SHAPE_UNCHANGED = "keys_unique", "complete", "total_matches", "shape_unchanged"
RECORDS_VALID, IDS_UNIQUE, INPUTS_UNCHANGED = "records_valid", "ids_unique", "inputs_unchanged"

_STREAM_CHECKS = {
    KEYS_UNIQUE: "Each record has a key of its own and, in an incremental stream, a cursor.",
    COMPLETE: "Everything from the connection's start to the high-water mark was fetched, for every parent.",
    TOTAL_MATCHES: "As many records arrived as the vendor reports, if it reports a total.",
    SHAPE_UNCHANGED: "The records have the same fields and types as before.",
}
_PARSER_CHECKS = {
    RECORDS_VALID: "Each record passes validation: none is in quarantine.",
    IDS_UNIQUE: "Each id is yielded once: no object is in quarantine.",
    INPUTS_UNCHANGED: "The full-refresh inputs haven't changed since the windows were parsed.",
}
_ERROR = dg.AssetCheckSeverity.ERROR


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


def assess_stream(integration: str, report: StreamReport) -> list[CheckResult]:
    """The results of a stream's checks for the connection that was synced."""
    refused = [f"{parent}: {reason}" for parent, reason in report.refusals]
    missing = join_texts([*refused, *([report.gap] if report.gap else [])])
    access = "Let the credentials read what was refused, then run" if report.passed_over else "Run"
    incomplete = (
        f"{report.stream} is not complete: {missing.rstrip('.')}. {access} `dazz sync {integration} --stream "
        f"{report.stream}`"
    )
    drift = (
        f"{report.stream}: the shape of the records changed{in_windows(report.windows)}: {join_texts(report.drift)}. "
        f"Compare the stream's model with it; if the model changes, run `dazz parse {integration}`. The next sync "
        "takes this shape for known"
    )
    return [
        _assess_keys(integration, report),
        CheckResult(COMPLETE, not missing, incomplete if missing else "complete", _ERROR),
        _assess_total(integration, report),
        CheckResult(SHAPE_UNCHANGED, not report.drift, drift if report.drift else "unchanged"),
    ]


def _assess_keys(integration: str, report: StreamReport) -> CheckResult:
    found = [
        *(
            [f"records without a key or a cursor, or that are not JSON, which no parser reads: {report.problems}"]
            if report.problems
            else []
        ),
        *([f"records with the key of another, of which one is read: {report.repeated}"] if report.repeated else []),
    ]
    text = (
        f"{report.stream}: {join_texts(found)}. Correct `primary_key` or `cursor` of the stream, then run "
        f"{_refetch(integration, report)}"
    )
    counts = {"dazz/problems": report.problems, "dazz/repeated": report.repeated}
    return CheckResult(KEYS_UNIQUE, not found, text if found else "each record has its own key", _ERROR, counts)


def _assess_total(integration: str, report: StreamReport) -> CheckResult:
    if report.total is None:
        return CheckResult(TOTAL_MATCHES, True, "the vendor reports no total")
    text = f"{report.stream}: {format_count(report.received, 'record')} arrived, and the vendor reports {report.total}"
    if report.total == report.received:
        return CheckResult(TOTAL_MATCHES, True, text)
    advice = f"Run {_refetch(integration, report)}; if the total counts something else, set `total` of the stream"
    return CheckResult(TOTAL_MATCHES, False, f"{text}. {advice}")


def _refetch(integration: str, report: StreamReport) -> str:
    return f"`dazz sync {integration} --stream {report.stream} --refetch`"


def assess_parser(
    spec: IntegrationSpec, report: ParseReport, held: HeldQuarantine, mask: Mask | None = None
) -> list[CheckResult]:
    """The results of a parser's checks for the connection that was parsed.

    held: all that is in quarantine, so that a check stays failed as long as something is. mask: of secrets.
    """
    view = QuarantineView(spec, report, mask or Mask(()))
    records, parts, duplicates = held.records, held.parts, held.duplicates
    faults = [
        *([view.describe_records(records)] if records.count else []),
        *([view.describe_parts(parts)] if parts.count else []),
    ]
    share = {} if report.invalid_share is None else {"dazz/invalid_share": report.invalid_share}
    stale = (
        f"{report.parser}: {', '.join(report.changed_inputs)} changed since it was parsed{in_windows(report.stale)}. "
        f'Parse again with `dazz parse {spec.name} --stale`, or at each change with @parser(refresh="changed")'
    )
    return [
        CheckResult(
            RECORDS_VALID,
            not faults,
            ". ".join(faults) if faults else "no record is in quarantine",
            metadata={**view.metadata(records if records.count else parts), **share},
        ),
        CheckResult(
            IDS_UNIQUE,
            not duplicates.count,
            view.describe_duplicates(duplicates) if duplicates.count else "no duplicates",
            metadata=view.metadata(duplicates),
        ),
        CheckResult(INPUTS_UNCHANGED, not report.stale, stale if report.stale else "no stale windows"),
    ]


def combine_results(
    key: dg.AssetKey,
    check: str,
    results: Iterable[tuple[str, CheckResult]],
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    """The result of one check for an asset, from (connection, result) pairs. metadata: further metadata."""
    found = list(results)
    failed = [item for item in found if not item[1].passed]
    is_error = any(result.severity is _ERROR for _, result in failed)
    own = found[0][1].metadata if len(found) == 1 else {}
    tables = [result.metadata[TABLE].records for _, result in failed if TABLE in result.metadata]
    # In turn, so that the examples of one connection don't push out those of another.
    rows = [row for each in zip_longest(*tables) for row in each if row is not None]
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=key,
        check_name=check,
        severity=_ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=join_texts(f"{connection}: {result.text}" for connection, result in failed or found),
        metadata={**({TABLE: make_table(rows[:MOST_EXAMPLES])} if rows else {}), **own, **(metadata or {})},
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


def asset_evaluation(
    key: dg.AssetKey, check: str, partition: str, result: dg.AssetCheckResult
) -> dg.AssetCheckEvaluation:
    """The result of one check for an asset, as an event of one of its partitions."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=check,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
        partition=partition,
    )
