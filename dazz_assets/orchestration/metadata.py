"""What materializations and assets say of themselves in the UI. Numbers stay numbers, so that they can be plotted."""

from datetime import datetime
from typing import Any

import dagster as dg
import pyarrow as pa

from dazz_assets.domain import DomainObject
from dazz_assets.lake import RAW_SCHEMA
from dazz_assets.lake.object_columns import object_schema
from dazz_assets.orchestration.translator import Node
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.spec.specs import StreamSpec

Metadata = dict[str, Any]


def report_metadata(report: StreamReport | ParseReport) -> Metadata:
    """What a report says, for each event of its pass."""
    return stream_metadata(report) if isinstance(report, StreamReport) else parser_metadata(report)


def stream_metadata(report: StreamReport) -> Metadata:
    """What a sync of a stream did, for each of its events."""
    found: Metadata = {
        "dazz/records": report.records,
        "dazz/requests": report.requests,
        "dazz/pages": report.pages,
        "dazz/bytes": report.bytes,
        "dazz/retries": report.retries,
        "dazz/waited_seconds": float(report.waited_seconds),
        "dazz/ended": report.ended,
        "dazz/high_water_mark": _mark(report.high_water_mark),
        "dazz/total": report.total,
        "dazz/passed_over": report.passed_over or None,
        "dazz/warnings": report.warnings or None,
        "dazz/gap": report.gap,
        "dazz/version": report.version,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def parser_metadata(report: ParseReport) -> Metadata:
    """What a parse did, for each of its events."""
    found: Metadata = {
        "dazz/quarantined": report.quarantined,
        "dazz/invalid": sum(report.invalid.values()),
        "dazz/duplicates": len(report.duplicates),
        "dazz/stale_windows": len(report.stale),
        "dazz/read": dict(report.read) or None,
        "dazz/inputs": dict(report.inputs) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _mark(text: str | None) -> object:
    if text is None:
        return None
    try:
        return dg.MetadataValue.timestamp(datetime.fromisoformat(text))
    except ValueError:
        return text


_RAW = {
    "key": "The record's primary key as text; of several fields a JSON array.",
    "cursor": "The cursor's value as the vendor wrote it.",
    "cursor_at": "The cursor's value as a number: microseconds since 1970, or the integer itself.",
    "window_start": "First day of the window that the cursor's value lies in.",
    "content_hash": "Hash of the record's text.",
    "sequence": "Running number of the row: of versions with one cursor value the highest is the latest.",
    "fetched_at": "When the request that brought it was sent: of several attempts, the one that was answered.",
    "page": "Number of the page that it was on.",
    "position": "Its place on that page.",
    "url": "The request that brought it, without secrets.",
    "parent": "Key of the parent stream's record that it was fetched for.",
    "problem": "Why it can't be told apart or ordered: no key, or no cursor.",
    "record": "The record, byte for byte as the vendor sent it.",
}


def table_schema(node: Node) -> dg.TableSchema:
    """The columns of a stream's raw table, or of the tables of a parser's models."""
    if isinstance(node, StreamSpec):
        raw = pa.schema([item for item in RAW_SCHEMA if node.cursor is not None or item.name != "window_start"])
        return dg.TableSchema(columns=_shown(raw, _RAW))
    columns = [column for model in node.models for column in _of_model(model, alone=len(node.models) == 1)]
    return dg.TableSchema(columns=columns)


def _of_model(model: type[DomainObject], *, alone: bool) -> list[dg.TableColumn]:
    """A model's columns; of one model among several with its table, as `incidents.title`."""
    said = {name: field.description for name, field in model.model_fields.items() if field.description}
    return _shown(object_schema(model), said, prefix="" if alone else f"{model.table_name()}.")


def _shown(schema: pa.Schema, descriptions: dict[str, str], prefix: str = "") -> list[dg.TableColumn]:
    return [
        dg.TableColumn(
            prefix + item.name,
            str(item.type),
            description=descriptions.get(item.name),
            constraints=dg.TableColumnConstraints(nullable=item.nullable),
        )
        for item in schema
    ]
