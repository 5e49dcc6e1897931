"""The settings that a connection's config takes, as they are described to people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from dazz_assets.declare.config import ConnectionConfig

# A line of a docstring that describes one field or several: `token_url, asset_url: where tokens are issued`.
_DESCRIBED = re.compile(r"^(\w+(?:, \w+)*): (.+(?:\n[ \t]+.+)*)", re.MULTILINE)
_SENTENCE_END = re.compile(r"\.\s")


@dataclass(frozen=True, slots=True)
class ConfigField:
    """A setting of a connection's config.

    type: as it is written in the file, so a secret is a `str`. default: None if it is required, or if leaving it out
    says nothing. description: a sentence, which may be empty.
    """

    name: str
    type: str
    required: bool
    default: str | None
    secret: bool
    description: str


def describe_purpose(config: type[ConnectionConfig]) -> str:
    """What the author of a config says of it as a whole."""
    return "" if config is ConnectionConfig else cleandoc(config.__doc__ or "")


def describe_config(config: type[ConnectionConfig]) -> list[ConfigField]:
    """The settings of a config, in the order of their declaration, those that are its own first."""
    described = dict(_read_docstrings(config))
    inherited = ConnectionConfig.model_fields.keys() & config.model_fields.keys()
    names = sorted(config.model_fields, key=lambda name: name in inherited)
    return [_describe_field(name, config.model_fields[name], described.get(name, "")) for name in names]


def _describe_field(name: str, field: FieldInfo, documented: str) -> ConfigField:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    values = default if isinstance(default, tuple | list) else [default]
    return ConfigField(
        name=name,
        type=_name_type(field.annotation),
        required=field.is_required(),
        default=", ".join(str(value) for value in values if value is not None) or None,  # a secret's text is masked
        secret=_holds_secret(field.annotation),
        description=_first_sentence(field.description or documented),
    )


def _read_docstrings(config: type[ConnectionConfig]) -> Iterator[tuple[str, str]]:
    """What docstrings of a config and its bases say of its fields, the config's own last."""
    for model in reversed(config.__mro__):
        if issubclass(model, ConnectionConfig):
            for names, text in _DESCRIBED.findall(cleandoc(model.__doc__ or "")):
                yield from ((name, text) for name in names.split(", "))


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(" ".join(text.split()), maxsplit=1)[0].removesuffix(".")


def _name_type(annotation: Any) -> str:
    """A type as the values of a file have it, without what tells secrets and optional fields."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is SecretStr:
        return "str"
    if origin is Annotated:
        return _name_type(args[0])
    if origin in (tuple, list, set, frozenset):
        return f"list of {_name_type(args[0])}"
    if origin in (Union, UnionType):
        return " | ".join(_name_type(each) for each in args if each is not NoneType)
    if origin is Literal:
        return " | ".join(map(repr, args))
    name = getattr(origin or annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(_name_type, args))}]" if args else name


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))
