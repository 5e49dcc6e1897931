"""Makes Python names from any names that a vendor uses."""

import builtins
import keyword
import unicodedata
from collections.abc import Container, Sequence

from pydantic import BaseModel

import dazz_assets
from dazz_assets.assistant.infer.json_values import split_words
from dazz_assets.names import snake_case
from dazz_assets.spec.literals import text_width

MAX_WIDTH = 40
_MAX_CLASS_WIDTH = 30
# A field can't have the name of a type in annotations: in the class body, the name would mean the field.
_IN_ANNOTATIONS = frozenset({"bool", "date", "datetime", "dict", "float", "int", "list", "object", "str"})
_MODEL_ATTRIBUTES = frozenset(name for name in dir(BaseModel) if not name.startswith("_"))
_CLASSES = frozenset({*dazz_assets.__all__, *dir(builtins), "AwareDatetime", "BaseModel", "DomainObject", "Field"})
_NO_PLURAL = ("ss", "us", "is", "news", "data", "series")


def make_field_name(name: str, taken: Container[str] = (), max_width: int = MAX_WIDTH) -> str:
    """Make a name in snake case: `@type` -> type, `class` -> class_, `2fa` -> field_2fa, `someName` -> some_name."""
    plain = unicodedata.normalize("NFKC", "_".join(split_words(name))).lower()
    if not plain.isidentifier():
        plain = f"field_{plain}".rstrip("_")
    plain = plain if plain.isidentifier() else "field"
    if plain.startswith(("model_validate", "model_dump")):
        plain = f"field_{plain}"
    plain = _truncate(plain, max_width).rstrip("_") or "field"
    if keyword.iskeyword(plain) or plain in _IN_ANNOTATIONS or plain in _MODEL_ATTRIBUTES:
        plain += "_"
    return _make_free(plain, taken)


def make_class_name(name: str, within: str = "", taken: Container[str] = (), max_width: int = _MAX_CLASS_WIDTH) -> str:
    """Make a class name, prefixed with that of the enclosing class where it can't stand alone."""
    camel = unicodedata.normalize("NFKC", "".join(word[:1].upper() + word[1:] for word in split_words(name)))
    if not camel[:1].isupper() or not camel.isidentifier():
        camel = f"{within or 'Record'}{camel}"
    camel = camel if camel.isidentifier() else f"{within or 'Record'}Part"
    camel = _truncate(camel, max_width)
    return _make_free(f"{camel}Record" if camel in _CLASSES else camel, taken)


def singular(name: str) -> str:
    """The singular of a name, by the most common rules of English."""
    low = name.lower()
    if low.endswith(_NO_PLURAL) or not low.endswith("s") or len(low) < 3:
        return name
    if low.endswith("ies") and len(low) > 4:
        return name[:-3] + "y"
    return name[:-2] if low.endswith(("sses", "xes", "ches", "shes", "zzes")) else name[:-1]


def plural(name: str) -> str:
    """The plural of a name, by the most common rules of English."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh", "z")) else "s")


def table_name(class_: str) -> str:
    """The table name of a domain object: the plural of its class name in snake case."""
    return plural(snake_case(class_))


def stream_name_from_path(path: str) -> str:
    """Make a stream name from a path: its last segment without a placeholder; empty if there is none."""
    segments: Sequence[str] = [part for part in path.split("/") if part and "{" not in part]
    plain = "_".join(split_words(segments[-1].partition(".")[0])) if segments else ""
    return plain if plain.isascii() and plain[:1].isalpha() else ""


def _truncate(name: str, max_width: int) -> str:
    while text_width(name) > max_width:
        name = name[:-1]
    return name


def _make_free(name: str, taken: Container[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name.rstrip('_')}_{number}" if name.islower() else f"{name}{number}", number + 1
    return free
