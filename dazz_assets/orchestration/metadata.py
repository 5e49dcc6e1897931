"""Metadata of materializations and assets, as the UI shows it.

The UI plots each number. So what a person follows over time is a number, and what only identifies something is text.
"""

from datetime import datetime
from typing import Any

import dagster as dg
import pyarrow as pa

from dazz_assets.domain import DomainObject
from dazz_assets.lake import RAW_SCHEMA
from dazz_assets.lake.objects.object_columns import object_schema
from dazz_assets.orchestration.translator import Node
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.spec.specs import StreamSpec

Metadata = dict[str, Any]


def report_metadata(report: StreamReport | ParseReport) -> Metadata:
    """What a sync or parse of a connection did in all: the metadata of one of its materializations."""
    return stream_metadata(report) if isinstance(report, StreamReport) else parser_metadata(report)


def stream_metadata(report: StreamReport) -> Metadata:
    """What a stream's sync did in all. Empty values are left out."""
    values: Metadata = {
        "dazz/records": report.records,
        "dazz/requests": report.requests,
        "dazz/pages": report.pages,
        "dazz/bytes": report.bytes,
        "dazz/retries": report.retries,
        "dazz/waited_seconds": float(report.waited_seconds),
        "dazz/end_reason": report.end_reason,
        "dazz/high_water_mark": _timestamp_or_text(report.high_water_mark),
        "dazz/total": report.total,
        "dazz/passed_over": report.passed_over or None,
        "dazz/warnings": report.warnings or None,
        "dazz/gap": report.gap,
        "dazz/version": None if report.version is None else str(report.version),
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


def parser_metadata(report: ParseReport) -> Metadata:
    """What a parse did in all. Missing values are left out."""
    values: Metadata = {
        "dazz/objects": report.objects,
        "dazz/quarantined": report.held_in_quarantine,
        "dazz/invalid": sum(report.invalid.values()),
        "dazz/invalid_share": report.invalid_share,
        "dazz/duplicates": len(report.duplicates),
        "dazz/stale_windows": len(report.stale),
        "dazz/read": dict(report.read) or None,
        "dazz/inputs": dict(report.inputs) or None,
        "dazz/parser_version": report.version,
        "dazz/warnings": report.warnings or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _timestamp_or_text(text: str | None) -> object:
    if text is None:
        return None
    try:
        return dg.MetadataValue.timestamp(datetime.fromisoformat(text))
    except ValueError:
        return text


_RAW_COLUMN_DESCRIPTIONS = {
    "key": "The record's primary key as text; a JSON array if the key has several fields.",
    "cursor": "The cursor's value as the vendor wrote it.",
    "cursor_at": "The cursor's value as a time: microseconds since 1970 (UTC).",
    "window_start": "First day of the window that the cursor's value lies in.",
    "content_hash": "Hash of the record's text.",
    "sequence": "Running number of the row. Of versions with the same cursor value, the highest is the latest.",
    "fetched_at": "When the request that returned the record was sent (the attempt that succeeded).",
    "page": "Number of the page that the record was on.",
    "position": "The record's position on that page.",
    "url": "URL of the request that returned the record, without secrets.",
    "parent": "Key of the parent stream's record that the record was fetched for.",
    "problem": "Why no parser reads the record: it has no key or no cursor, or is not JSON.",
    "record": "The record, byte for byte as the vendor sent it.",
}


def table_schema(node: Node) -> dg.TableSchema:
    """The columns of a stream's raw table, or of the tables of a parser's models."""
    if isinstance(node, StreamSpec):
        raw = pa.schema([item for item in RAW_SCHEMA if node.cursor is not None or item.name != "window_start"])
        return dg.TableSchema(columns=_table_columns(raw, _RAW_COLUMN_DESCRIPTIONS))
    columns = [column for model in node.models for column in _model_columns(model, alone=len(node.models) == 1)]
    return dg.TableSchema(columns=columns)


def _model_columns(model: type[DomainObject], *, alone: bool) -> list[dg.TableColumn]:
    """A model's columns, prefixed with its table if the parser has several models, such as `incidents.title`."""
    descriptions = {name: field.description for name, field in model.model_fields.items() if field.description}
    return _table_columns(object_schema(model), descriptions, prefix="" if alone else f"{model.table_name()}.")


def _table_columns(schema: pa.Schema, descriptions: dict[str, str], prefix: str = "") -> list[dg.TableColumn]:
    return [
        dg.TableColumn(
            prefix + item.name,
            str(item.type),
            description=descriptions.get(item.name),
            constraints=dg.TableColumnConstraints(nullable=item.nullable),
        )
        for item in schema
    ]
