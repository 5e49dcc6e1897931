"""Pydantic models of records, made from their shape."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dazz_assets.assistant.generate.python_names import LONGEST, make_class_name, make_field_name, singular
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import Kind, is_writable
from dazz_assets.spec.literals import WIDTH, text_width, write_enclosed, write_literal

_TEXTS: frozenset[Kind] = frozenset({"time", "time without zone", "date", "uuid", "url", "email", "string"})
# Objects of these names say nothing without what they belong to.
_GENERIC = frozenset(
    {"attributes", "config", "content", "data", "details", "fields", "info", "items", "links", "meta", "metadata"}
    | {"node", "object", "options", "properties", "relationships", "settings", "source", "value", "values"}
)
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class ModelField:
    """One field of a model: its name in Python and the vendor's, its type, and the model that it holds, if one.

    is_optional: whether it was null or missing somewhere.
    """

    name: str
    key: str
    type: str
    is_optional: bool
    model: "ModelSource | None" = None

    @property
    def annotation(self) -> str:
        """The type, with None where the field is optional."""
        return f"{self.type} | None" if self.is_optional else self.type


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A class to be written: its name, what it is, and its fields."""

    name: str
    doc: str
    attributes: tuple[ModelField, ...]

    def lines(self) -> Iterator[str]:
        """The class, line by line."""
        yield f"class {self.name}(BaseModel):"
        yield f'    """{self.doc}"""'
        if self.attributes:
            yield from ("", *(line for attribute in self.attributes for line in _written(attribute)))


def make_models(shape: ValueShape, name: str, doc: str, taken: Collection[str] = ()) -> list[ModelSource]:
    """The models of records of this shape: each after those that it holds, the records' own last.

    taken: names of other classes.
    """
    own = make_class_name(name, taken=taken)
    maker = _Maker({own, *taken})
    attributes = maker.attributes(shape, own)
    return [*maker.made.values(), ModelSource(own, doc, attributes)]


class _Maker:
    """Makes models from the inside out. Objects of one name and the same fields share a model."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = taken
        self.made: dict[str, ModelSource] = {}

    def attributes(self, shape: ValueShape, own: str) -> tuple[ModelField, ...]:
        """The fields of a class of this name; the models that they hold are made on the way."""
        return tuple(self._attributes(shape, own))

    def _model(self, shape: ValueShape, key: str, within: str) -> ModelSource:
        longer = f"{within} {key}"
        own = make_class_name(longer if key.lower() in _GENERIC else key, within, self._taken)
        attributes, doc = self.attributes(shape, own), f"`{_plain(key)}` of {within}."
        for name in (own, make_class_name(longer, within, self._taken)):
            made = self.made.setdefault(name, ModelSource(name, doc, attributes))
            if made.attributes == attributes:
                return made
        free = make_class_name(own, within, {*self._taken, *self.made})
        return self.made.setdefault(free, ModelSource(free, doc, attributes))

    def _attributes(self, shape: ValueShape, own: str) -> Iterator[ModelField]:
        # A name that needs no alias is kept, whatever else would be written like it.
        members = {key: member for key, member in shape.members.items() if is_writable(key)}
        taken = {key for key in members if make_field_name(key) == key}
        for key, member in members.items():
            type_, model = self._type(member, key, own)
            is_optional = bool(member.nulls) or member.count < shape.objects
            if _room(type_) < _SHORTEST:
                type_, model = "object", None
            # A long name is cut so that the field stays on a line; its alias is whole.
            name = make_field_name(key, taken - {key}, min(LONGEST, _room(type_)))
            taken.add(name)
            yield ModelField(name, key, type_, is_optional, model)

    def _type(self, shape: ValueShape, key: str, within: str) -> tuple[str, ModelSource | None]:
        """The type of values of a shape, None left out, and the model where they are all objects with fields."""
        kinds = set(shape.kinds) - {"null"}
        model = self._object(shape, key, within) if "object" in kinds else None
        found = [
            *(["bool"] if "boolean" in kinds else []),
            *(["float"] if "number" in kinds else ["int"] if "integer" in kinds else []),
            *([_text(kinds & _TEXTS)] if kinds & _TEXTS else []),
            *([model.name if isinstance(model, ModelSource) else model] if model else []),
            *([f"list[{self._item(shape.items, key, within)}]"] if "list" in kinds else []),
        ]
        return " | ".join(found) or "object", model if isinstance(model, ModelSource) and len(found) == 1 else None

    def _object(self, shape: ValueShape, key: str, within: str) -> "ModelSource | str":
        if not shape.members:
            return "dict[str, object]"
        if shape.is_map:
            return f"dict[str, {self._item(shape.merged(), key, within)}]"
        return self._model(shape, key, within)

    def _item(self, shape: ValueShape | None, key: str, within: str) -> str:
        """The type of what a list or a map holds."""
        if shape is None or not shape.count:
            return "object"
        type_, _ = self._type(shape, singular(key), within)
        return f"{type_} | None" if shape.nulls and type_ != "object" else type_


def _room(type_: str) -> int:
    """How long the name of a field of this type can be, on a line of its own."""
    return WIDTH - text_width(f"    _99: {type_} | None = Field(")


def _text(kinds: set[Kind]) -> str:
    if kinds == {"time"}:
        return "AwareDatetime"
    if kinds == {"date"}:
        return "date"
    return "datetime" if kinds <= {"time", "time without zone", "date"} else "str"


def _written(attribute: ModelField) -> Sequence[str]:
    declared = f"    {attribute.name}: {attribute.annotation}"
    if attribute.name == attribute.key:
        return [f"{declared} = None" if attribute.is_optional else declared]
    settings = [*(["default=None"] if attribute.is_optional else []), f"alias={write_literal(attribute.key)}"]
    return write_enclosed(f"{declared} = Field(", settings, ")")


def _plain(key: str) -> str:
    """A vendor's name as it can stand in a docstring."""
    text = "".join(letter for letter in key if letter.isprintable() and letter not in '"\\`')
    return text.strip() or "a member"
