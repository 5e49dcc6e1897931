"""Picks the fields of a new integration's domain object: the record's key and its most useful fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dazz_assets.assistant.generate.record_models import ModelField, ModelSource
from dazz_assets.assistant.infer.field_shapes import UNRANKED, display_rank
from dazz_assets.domain import OUR_COLUMNS
from dazz_assets.spec.literals import WIDTH, text_width


@dataclass(frozen=True, slots=True)
class FieldPath:
    """The attributes that lead from a record to a value."""

    attributes: tuple[ModelField, ...]

    @property
    def expression(self) -> str:
        """`record.repository.id`"""
        return ".".join(["record", *(attribute.name for attribute in self.attributes)])

    @property
    def field(self) -> ModelField:
        """The last attribute, which holds the value."""
        return self.attributes[-1]

    @property
    def name(self) -> str:
        """`repository_id`"""
        return "_".join(attribute.name.rstrip("_") for attribute in self.attributes)

    @property
    def is_required(self) -> bool:
        """Whether every record has the value."""
        return not any(attribute.is_optional for attribute in self.attributes)


def find_field_path(model: ModelSource, keys: Sequence[str]) -> FieldPath | None:
    """The field path for a vendor's names; None if there is none, or if a step on the way is optional."""
    found: list[ModelField] = []
    holder: ModelSource | None = model
    for key in keys:
        attribute = next((item for item in holder.attributes if item.key == key), None) if holder else None
        if attribute is None or any(item.is_optional for item in found):
            return None
        found.append(attribute)
        holder = attribute.model
    return FieldPath(tuple(found)) if found else None


def list_scalar_fields(model: ModelSource, within: tuple[ModelField, ...] = ()) -> Iterator[FieldPath]:
    """The scalars of a single type at the top of a record, or in the object that holds its fields.

    JSON:API has such an object, `attributes`.
    """
    for attribute in model.attributes:
        if attribute.type in ("str", "int", "float", "bool", "date", "AwareDatetime"):
            yield FieldPath((*within, attribute))
        elif attribute.model and not within and not attribute.is_optional and attribute.key in HOLDERS:
            yield from list_scalar_fields(attribute.model, (attribute,))


HOLDERS = ("attributes", "fields", "properties")
"""Names of the object that holds a record's fields. Parsers read through it, so it is required."""


_MAX_COLUMNS = 10
_MIN_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A field of the domain object: its name and type, and the expression over `record` that fills it."""

    name: str
    annotation: str
    expression: str

    @property
    def declaration(self) -> str:
        """The line that declares the field."""
        return f"    {self.name}: {self.annotation}" + (" = None" if self.annotation.endswith("| None") else "")


def pick_object_fields(record: ModelSource, key: Sequence[FieldPath]) -> list[ObjectField]:
    """Pick the fields of the domain object besides its id."""
    found: dict[str, ObjectField] = {}
    for column in (*_key_columns(key), *_record_columns(record, {path.expression for path in key})):
        # Leave out fields whose line a formatter would break.
        if (
            column.name not in {"id", "table", *OUR_COLUMNS}
            and text_width(f"{column.name}={column.expression},") < WIDTH - 16
        ):
            found.setdefault(column.name, column)
    return list(found.values())


def _key_columns(key: Sequence[FieldPath]) -> Iterator[ObjectField]:
    if len(key) == 1:
        expression = key[0].expression
        yield ObjectField("uid", "str", expression if key[0].field.type == "str" else f"str({expression})")
        return
    for path in key:
        if path.field.type in ("str", "int"):
            yield ObjectField(path.name, path.field.type, path.expression)


def _record_columns(record: ModelSource, keys: set[str]) -> Iterator[ObjectField]:
    paths = [path for path in list_scalar_fields(record) if path.expression not in keys]
    ranked = sorted(paths, key=lambda path: display_rank(path.field.key))
    ranked_first = [path for path in ranked if display_rank(path.field.key) < UNRANKED][:_MAX_COLUMNS]
    others = [path for path in paths if path not in ranked_first][: max(0, _MIN_COLUMNS - len(ranked_first))]
    for path in (*ranked_first, *others):
        yield ObjectField(path.field.name, path.field.annotation, path.expression)
