"""Names in Python for a vendor's names, whatever these are."""

import builtins
import keyword
import unicodedata
from collections.abc import Container, Sequence

from pydantic import BaseModel

import dazz_assets
from dazz_assets.assistant.infer.json_values import split_words
from dazz_assets.names import snake_case
from dazz_assets.spec.literals import text_width

LONGEST = 40
_LONGEST_CLASS = 30
# What annotations are written with can't be fields' names as well: in a class's body the field would be meant.
_IN_ANNOTATIONS = frozenset({"bool", "date", "datetime", "dict", "float", "int", "list", "object", "str"})
_OF_MODELS = frozenset(name for name in dir(BaseModel) if not name.startswith("_"))
_CLASSES = frozenset({*dazz_assets.__all__, *dir(builtins), "AwareDatetime", "BaseModel", "DomainObject", "Field"})
_NO_PLURAL = ("ss", "us", "is", "news", "data", "series")


def make_field_name(name: str, taken: Container[str] = (), longest: int = LONGEST) -> str:
    """A field's name in snake case: `@type` is type, `class` is class_, `2fa` is field_2fa, `someName` is some_name."""
    plain = unicodedata.normalize("NFKC", "_".join(split_words(name))).lower()
    if not plain.isidentifier():
        plain = f"field_{plain}".rstrip("_")
    plain = plain if plain.isidentifier() else "field"
    if plain.startswith(("model_validate", "model_dump")):
        plain = f"field_{plain}"
    plain = _cut(plain, longest).rstrip("_") or "field"
    if keyword.iskeyword(plain) or plain in _IN_ANNOTATIONS or plain in _OF_MODELS:
        plain += "_"
    return _free(plain, taken)


def make_class_name(name: str, within: str = "", taken: Container[str] = (), longest: int = _LONGEST_CLASS) -> str:
    """A class's name, with the name of the class around it in front where it needs one."""
    camel = unicodedata.normalize("NFKC", "".join(word[:1].upper() + word[1:] for word in split_words(name)))
    if not camel[:1].isupper() or not camel.isidentifier():
        camel = f"{within or 'Record'}{camel}"
    camel = camel if camel.isidentifier() else f"{within or 'Record'}Part"
    camel = _cut(camel, longest)
    return _free(f"{camel}Record" if camel in _CLASSES else camel, taken)


def singular(name: str) -> str:
    """The name of one of several, by the commonest rules of English."""
    low = name.lower()
    if low.endswith(_NO_PLURAL) or not low.endswith("s") or len(low) < 3:
        return name
    if low.endswith("ies") and len(low) > 4:
        return name[:-3] + "y"
    return name[:-2] if low.endswith(("sses", "xes", "ches", "shes", "zzes")) else name[:-1]


def plural(name: str) -> str:
    """The name of several, by the commonest rules of English."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh", "z")) else "s")


def table_name(class_: str) -> str:
    """The name of the table of a domain object: its class's plural in snake case."""
    return plural(snake_case(class_))


def stream_name_from_path(path: str) -> str:
    """A stream's name from its path: the last segment that is no placeholder; empty where there is none."""
    segments: Sequence[str] = [part for part in path.split("/") if part and "{" not in part]
    plain = "_".join(split_words(segments[-1].partition(".")[0])) if segments else ""
    return plain if plain.isascii() and plain[:1].isalpha() else ""


def _cut(name: str, longest: int) -> str:
    while text_width(name) > longest:
        name = name[:-1]
    return name


def _free(name: str, taken: Container[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name.rstrip('_')}_{number}" if name.islower() else f"{name}{number}", number + 1
    return free
