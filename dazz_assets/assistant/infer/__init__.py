"""Infers from one page of an API how to declare a stream: pure functions over JSON."""

from dazz_assets.assistant.infer.coverage import ModelCoverage, model_coverage
from dazz_assets.assistant.infer.cursor_fields import CursorField, find_cursor_fields
from dazz_assets.assistant.infer.field_shapes import RecordField, ValueShape, list_fields, read_shape
from dazz_assets.assistant.infer.json_values import decode_json
from dazz_assets.assistant.infer.key_fields import KeyFields, find_key_fields
from dazz_assets.assistant.infer.paging_style import Paging, find_paging, missing_path, paginators_match
from dazz_assets.assistant.infer.records_path import RecordsPath, find_record_paths

__all__ = [
    "CursorField",
    "KeyFields",
    "ModelCoverage",
    "Paging",
    "RecordField",
    "RecordsPath",
    "ValueShape",
    "decode_json",
    "find_cursor_fields",
    "find_key_fields",
    "find_paging",
    "find_record_paths",
    "list_fields",
    "missing_path",
    "model_coverage",
    "paginators_match",
    "read_shape",
]
