"""What the domain object of a new integration holds of a record: its key, and what is most telling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dazz_assets.assistant.generate.record_models import ModelField, ModelSource
from dazz_assets.assistant.infer.field_shapes import UNTELLING, telling_rank
from dazz_assets.domain import OUR_COLUMNS
from dazz_assets.spec.literals import WIDTH, text_width


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """The attributes on the way from a record to a value."""

    attributes: tuple[ModelField, ...]

    @property
    def expression(self) -> str:
        """`record.repository.id`"""
        return ".".join(["record", *(attribute.name for attribute in self.attributes)])

    @property
    def last(self) -> ModelField:
        """The value's own."""
        return self.attributes[-1]

    @property
    def name(self) -> str:
        """`repository_id`"""
        return "_".join(attribute.name.rstrip("_") for attribute in self.attributes)

    @property
    def is_sure(self) -> bool:
        """Whether no record lacks it."""
        return not any(attribute.is_optional for attribute in self.attributes)


def find_place(model: ModelSource, keys: Sequence[str]) -> FieldPlace | None:
    """The place at a vendor's names, each step but the last an object that is in every record; else None."""
    found: list[ModelField] = []
    holder: ModelSource | None = model
    for key in keys:
        attribute = next((item for item in holder.attributes if item.key == key), None) if holder else None
        if attribute is None or any(item.is_optional for item in found):
            return None
        found.append(attribute)
        holder = attribute.model
    return FieldPlace(tuple(found)) if found else None


def list_scalars(model: ModelSource, within: tuple[ModelField, ...] = ()) -> Iterator[FieldPlace]:
    """The values of one type each that a record has itself, or in what holds its fields (`attributes` in JSON:API)."""
    for attribute in model.attributes:
        if attribute.type in ("str", "int", "float", "bool", "date", "AwareDatetime"):
            yield FieldPlace((*within, attribute))
        elif attribute.model and not within and not attribute.is_optional and attribute.key in _HOLDERS:
            yield from list_scalars(attribute.model, (attribute,))


_HOLDERS = ("attributes", "fields", "properties")


_MOST = 10
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A field of the domain object: its name and type, and the expression over `record` that fills it."""

    name: str
    annotation: str
    expression: str

    @property
    def declaration(self) -> str:
        """The field in its class."""
        return f"    {self.name}: {self.annotation}" + (" = None" if self.annotation.endswith("| None") else "")


def pick_object_fields(record: ModelSource, key: Sequence[FieldPlace]) -> list[ObjectField]:
    """The columns beside the id."""
    found: dict[str, ObjectField] = {}
    for column in (*_of_key(key), *_of_record(record, {place.expression for place in key})):
        # A line that a formatter would break is left out.
        if (
            column.name not in {"id", "table", *OUR_COLUMNS}
            and text_width(f"{column.name}={column.expression},") < WIDTH - 16
        ):
            found.setdefault(column.name, column)
    return list(found.values())


def _of_key(key: Sequence[FieldPlace]) -> Iterator[ObjectField]:
    if len(key) == 1:
        expression = key[0].expression
        yield ObjectField("uid", "str", expression if key[0].last.type == "str" else f"str({expression})")
        return
    for place in key:
        if place.last.type in ("str", "int"):
            yield ObjectField(place.name, place.last.type, place.expression)


def _of_record(record: ModelSource, keys: set[str]) -> Iterator[ObjectField]:
    places = [place for place in list_scalars(record) if place.expression not in keys]
    ranked = sorted(places, key=lambda place: telling_rank(place.last.key))
    telling = [place for place in ranked if telling_rank(place.last.key) < UNTELLING][:_MOST]
    others = [place for place in places if place not in telling][: max(0, _FEWEST - len(telling))]
    for place in (*telling, *others):
        yield ObjectField(place.last.name, place.last.annotation, place.expression)
