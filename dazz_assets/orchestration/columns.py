"""The columns of an asset's table, with what they mean, as the UI shows them."""

import dagster as dg
import pyarrow as pa

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.domain import DomainObject
from dazz_assets.lake import RAW_SCHEMA
from dazz_assets.orchestration.translator import Node
from dazz_assets.sync.objects.columns import schema_of

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
    return _shown(schema_of(model), said, prefix="" if alone else f"{model.table_name()}.")


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
