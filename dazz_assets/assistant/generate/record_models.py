"""Makes pydantic models from the shape of records."""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass

from dazz_assets.assistant.generate.python_names import MAX_WIDTH, make_class_name, make_field_name, singular
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import Kind, is_encodable
from dazz_assets.spec.literals import WIDTH, text_width, write_enclosed, write_literal

_TEXTS: frozenset[Kind] = frozenset({"time", "time without zone", "date", "uuid", "url", "email", "string"})
# Names too generic for a class; prefixed with the name of the enclosing class.
_GENERIC = frozenset(
    {"attributes", "config", "content", "data", "details", "fields", "info", "items", "links", "meta", "metadata"}
    | {"node", "object", "options", "properties", "relationships", "settings", "source", "value", "values"}
)
_MIN_NAME_WIDTH = 8


@dataclass(frozen=True, slots=True)
class ModelField:
    """A field of a model.

    name: in Python. key: the vendor's name. is_optional: whether a record may have null or lack it. model: of the
    object that the field holds, if any.
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
    """A class to write: its name, docstring and fields."""

    name: str
    doc: str
    attributes: tuple[ModelField, ...]

    def lines(self) -> Iterator[str]:
        """The lines of the class."""
        yield f"class {self.name}(BaseModel):"
        yield f'    """{self.doc}"""'
        if self.attributes:
            yield from ("", *(line for attribute in self.attributes for line in _field_lines(attribute)))


Paths = Set[tuple[str, ...]]


def make_models(
    shape: ValueShape, name: str, doc: str, taken: Collection[str] = (), *, required: Paths = frozenset()
) -> list[ModelSource]:
    """Make the models of records of this shape: nested models first, the record's own last.

    taken: names of other classes. required: paths of the fields that are required where every record has them. All
    others are optional, since what one page has may be missing or null elsewhere.
    """
    own = make_class_name(name, taken=taken)
    builder = _ModelBuilder({own, *taken}, has_blanks=shape.has_blanks)
    attributes = builder.attributes(shape, own, required)
    return [*builder.made.values(), ModelSource(own, doc, attributes)]


class _ModelBuilder:
    """Makes models from the inside out. Objects with the same name and fields share a model.

    has_blanks: whether the API writes an empty text where it has no value, which may be in the place of any time.
    """

    def __init__(self, taken: Collection[str], *, has_blanks: bool) -> None:
        self._taken = taken
        self._has_blanks = has_blanks
        self.made: dict[str, ModelSource] = {}

    def attributes(self, shape: ValueShape, own: str, required: Paths) -> tuple[ModelField, ...]:
        """The fields of the class with this name, making nested models on the way."""
        return tuple(self._list_fields(shape, own, required))

    def _model(self, shape: ValueShape, key: str, within: str, required: Paths) -> ModelSource:
        longer = f"{within} {key}"
        own = make_class_name(longer if key.lower() in _GENERIC else key, within, self._taken)
        attributes, doc = self.attributes(shape, own, required), f"`{_docstring_text(key)}` of {within}."
        for name in (own, make_class_name(longer, within, self._taken)):
            made = self.made.setdefault(name, ModelSource(name, doc, attributes))
            if made.attributes == attributes:
                return made
        free = make_class_name(own, within, {*self._taken, *self.made})
        return self.made.setdefault(free, ModelSource(free, doc, attributes))

    def _list_fields(self, shape: ValueShape, own: str, required: Paths) -> Iterator[ModelField]:
        # Keep names that need no alias, even if another member would get the same name.
        members = {key: member for key, member in shape.members.items() if is_encodable(key)}
        taken = {key for key in members if make_field_name(key) == key}
        for key, member in members.items():
            below = frozenset(path[1:] for path in required if path[0] == key)
            type_, model = self._value_type(member, key, own, below)
            is_optional = not below or bool(member.nulls) or member.count < shape.objects
            if _max_name_width(type_) < _MIN_NAME_WIDTH:
                type_, model = "object", None
            # Truncate a long name so that the field fits on a line; the alias stays whole.
            name = make_field_name(key, taken - {key}, min(MAX_WIDTH, _max_name_width(type_)))
            taken.add(name)
            yield ModelField(name, key, type_, is_optional, model)

    def _value_type(
        self, shape: ValueShape, key: str, within: str, required: Paths = frozenset()
    ) -> tuple[str, ModelSource | None]:
        """The type of a shape's values without None, and their model if all are objects with fields.

        required: paths from these values on; the empty path is the values themselves.
        """
        kinds = set(shape.kinds) - {"null"}
        model = self._object_type(shape, key, within, required) if "object" in kinds else None
        texts: Set[Kind] = {"string"} if self._has_blanks and not required else kinds & _TEXTS
        found = [
            *(["bool"] if "boolean" in kinds else []),
            *(["float"] if "number" in kinds else ["int"] if "integer" in kinds else []),
            *([_text_type(texts)] if kinds & _TEXTS else []),
            *([model.name if isinstance(model, ModelSource) else model] if model else []),
            *([f"list[{self._item_type(shape.items, key, within)}]"] if "list" in kinds else []),
        ]
        return " | ".join(found) or "object", model if isinstance(model, ModelSource) and len(found) == 1 else None

    def _object_type(self, shape: ValueShape, key: str, within: str, required: Paths) -> "ModelSource | str":
        if not shape.members:
            return "dict[str, object]"
        if shape.is_map:
            return f"dict[str, {self._item_type(shape.merge_members(), key, within)}]"
        return self._model(shape, key, within, required - {()})

    def _item_type(self, shape: ValueShape | None, key: str, within: str) -> str:
        """The type of the items of a list or the values of a map."""
        if shape is None or not shape.count:
            return "object"
        type_, _ = self._value_type(shape, singular(key), within)
        return f"{type_} | None" if shape.nulls and type_ != "object" else type_


def _max_name_width(type_: str) -> int:
    """The maximum width of a field name of this type, so that the field starts on one line."""
    return WIDTH - text_width(f"    _99: {type_} | None = Field(")


def _text_type(kinds: Set[Kind]) -> str:
    if kinds == {"time"}:
        return "AwareDatetime"
    if kinds == {"date"}:
        return "date"
    return "datetime" if kinds <= {"time", "time without zone", "date"} else "str"


def _field_lines(attribute: ModelField) -> Sequence[str]:
    declared = f"    {attribute.name}: {attribute.annotation}"
    if attribute.name == attribute.key:
        return [f"{declared} = None" if attribute.is_optional else declared]
    settings = [*(["default=None"] if attribute.is_optional else []), f"alias={write_literal(attribute.key)}"]
    return write_enclosed(f"{declared} = Field(", settings, ")")


def _docstring_text(key: str) -> str:
    """Clean a vendor's name for use in a docstring."""
    text = "".join(letter for letter in key if letter.isprintable() and letter not in '"\\`')
    return text.strip() or "a member"
