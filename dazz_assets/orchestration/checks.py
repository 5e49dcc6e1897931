"""Asset checks: what a sync or a parse says about the trust its data deserve. None of them blocks what follows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from dazz_assets.reports import ParseReport, StreamReport

KEYS, COMPLETE, TOTAL, DRIFT = "keys", "complete", "total", "drift"
VALID, UNIQUE, UP_TO_DATE = "valid", "unique", "up_to_date"

_STREAM_CHECKS = {
    KEYS: "Each record has a key and, in an incremental stream, a cursor.",
    COMPLETE: "Nothing was passed over, and there is no gap between the connection's start and the mark.",
    TOTAL: "As many records arrived as the vendor says there are, where it says so.",
    DRIFT: "The records have the shape that they had before.",
}
_PARSER_CHECKS = {
    VALID: "Each record passes validation.",
    UNIQUE: "Each id is yielded once.",
    UP_TO_DATE: "The full-refresh inputs are as they were when the windows were parsed.",
}
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one check for one connection."""

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


def stream_verdicts(report: StreamReport) -> list[Verdict]:
    """What a sync of a stream tells the checks."""
    error = dg.AssetCheckSeverity.ERROR
    holes = [*report.passed_over, *([f"gap: {report.gap}"] if report.gap else [])]
    agrees = report.total is None or report.total == report.received
    told = (
        "the vendor gives no total"
        if report.total is None
        else f"{report.received} arrived, the vendor says {report.total}"
    )
    return [
        Verdict(
            KEYS,
            report.problems == 0 and report.repeated == 0,
            f"{report.problems} records without key or cursor, {report.repeated} whose key was listed before",
            error,
            {"dazz/problems": report.problems, "dazz/repeated": report.repeated},
        ),
        Verdict(COMPLETE, not holes, _some(holes) or "complete", error),
        Verdict(TOTAL, agrees, told),
        Verdict(DRIFT, not report.drift, _some(report.drift) or "unchanged"),
    ]


def parser_verdicts(report: ParseReport) -> list[Verdict]:
    """What a parse tells the checks."""
    read, invalid = sum(report.read.values()), sum(report.invalid.values())
    share = 1.0 if not read else 1 - invalid / read
    text = f"{invalid} of {read} records are invalid; for {report.replaced} an older valid version stands in"
    windows = ["all" if window is None else window.isoformat() for window in report.stale]
    return [
        Verdict(VALID, invalid == 0, text, metadata={"dazz/valid_share": share}),
        Verdict(UNIQUE, not report.duplicates, _some(report.duplicates) or "no id twice"),
        Verdict(UP_TO_DATE, not windows, f"stale windows: {_some(windows)}" if windows else "none is stale"),
    ]


def check_result(key: dg.AssetKey, check: str, verdicts: Iterable[tuple[str, Verdict]]) -> dg.AssetCheckResult:
    """One check's result for a whole step, from the (connection, verdict) of each of its connections."""
    found = list(verdicts)
    bad = [item for item in found if not item[1].passed]
    severities = {verdict.severity for _, verdict in bad}
    metadata = found[0][1].metadata if len(found) == 1 else {}
    return dg.AssetCheckResult(
        passed=not bad,
        asset_key=key,
        check_name=check,
        severity=dg.AssetCheckSeverity.ERROR
        if dg.AssetCheckSeverity.ERROR in severities
        else dg.AssetCheckSeverity.WARN,
        description=_some([f"{connection}: {verdict.text}" for connection, verdict in bad or found]),
        metadata=metadata,
    )


def check_evaluation(key: dg.AssetKey, partition: str, verdict: Verdict) -> dg.AssetCheckEvaluation:
    """One check's answer for one connection, at the partition that stands for it."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=verdict.check,
        passed=verdict.passed,
        severity=verdict.severity,
        description=verdict.text,
        metadata=verdict.metadata,
        partition=partition,
    )


def _some(texts: Iterable[str]) -> str:
    given = list(texts)
    more = f"; and {len(given) - _SHOWN} more" if len(given) > _SHOWN else ""
    return "; ".join(given[:_SHOWN]) + more
