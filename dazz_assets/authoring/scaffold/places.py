"""Where a value of a record is in its models: the expression that reads it, and its type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dazz_assets.authoring.scaffold.models import Attribute, Model


@dataclass(frozen=True, slots=True)
class Place:
    """The attributes on the way from a record to a value."""

    attributes: tuple[Attribute, ...]

    @property
    def expression(self) -> str:
        """`record.repository.id`"""
        return ".".join(["record", *(attribute.name for attribute in self.attributes)])

    @property
    def last(self) -> Attribute:
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


def place_of(model: Model, keys: Sequence[str]) -> Place | None:
    """The place at a vendor's names, each step but the last an object that is in every record; else None."""
    found: list[Attribute] = []
    holder: Model | None = model
    for key in keys:
        attribute = next((item for item in holder.attributes if item.key == key), None) if holder else None
        if attribute is None or any(item.is_optional for item in found):
            return None
        found.append(attribute)
        holder = attribute.model
    return Place(tuple(found)) if found else None


def scalars_of(model: Model, within: tuple[Attribute, ...] = ()) -> Iterator[Place]:
    """The values of one type each that a record has itself, or in what holds its fields (`attributes` in JSON:API)."""
    for attribute in model.attributes:
        if attribute.type in ("str", "int", "float", "bool", "date", "AwareDatetime"):
            yield Place((*within, attribute))
        elif attribute.model and not within and not attribute.is_optional and attribute.key in _HOLDERS:
            yield from scalars_of(attribute.model, (attribute,))


_HOLDERS = ("attributes", "fields", "properties")
