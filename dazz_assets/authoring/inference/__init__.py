"""What one page of an API says of how a stream over it should be declared: pure functions over JSON."""

from dazz_assets.authoring.inference.cursors import CursorField, cursor_fields
from dazz_assets.authoring.inference.fields import Field, fields_of
from dazz_assets.authoring.inference.keys import KeyFields, key_fields
from dazz_assets.authoring.inference.paging import Paging, agree, missing_path, paging_of
from dazz_assets.authoring.inference.reading import Reading, reading_of
from dazz_assets.authoring.inference.records import RecordsPath, record_paths
from dazz_assets.authoring.inference.shape import Shape, shape_of
from dazz_assets.authoring.inference.values import decoded, joined

__all__ = [
    "CursorField",
    "Field",
    "KeyFields",
    "Paging",
    "Reading",
    "RecordsPath",
    "Shape",
    "agree",
    "cursor_fields",
    "decoded",
    "fields_of",
    "joined",
    "key_fields",
    "missing_path",
    "paging_of",
    "reading_of",
    "record_paths",
    "shape_of",
]
