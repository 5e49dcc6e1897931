"""Braces in what a stream sends: `{config.x}` and `{parent.a.b}`, of fields that there are, and nothing like them."""

import re
from collections.abc import Mapping
from typing import Any

from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.naming import suggestion
from dazz_assets.http.placeholders import PLACEHOLDER, placeholders

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_KINDS = ("config", "parent")


def known(where: str, setting: str, value: object, config: type[ConnectionConfig], *, has_parent: bool) -> None:
    """Each placeholder names a field of the config, or of a parent that there is. Raises DefinitionError."""
    for kind, name in placeholders(value):
        if kind == "parent" and not has_parent:
            raise DefinitionError(f"{where}: `{setting}` uses {{parent.{name}}}, but it has no parent; set `parent`")
        if kind == "config" and name not in config.model_fields:
            raise DefinitionError(
                f"{where}: `{setting}` uses {{config.{name}}}, a field that {config.__name__} does not have"
                f"{suggestion(name, config.model_fields)}"
            )


def in_url(where: str, setting: str, text: str, config: type[ConnectionConfig]) -> None:
    """Whatever is in braces is a placeholder. Raises DefinitionError."""
    if found := _BRACES.search(PLACEHOLDER.sub("", text)):
        raise _no_placeholder(where, setting, found[0], config)


def in_texts(where: str, setting: str, texts: Mapping[str, Any], config: type[ConnectionConfig]) -> None:
    """No text has a field's name in braces without saying whose; other braces are the vendor's."""
    for text in texts.values():
        for found in _BRACES.finditer(PLACEHOLDER.sub("", text) if isinstance(text, str) else ""):
            if found[0].strip("{}") in {*config.model_fields, *_KINDS}:
                raise _no_placeholder(where, setting, found[0], config)


def _no_placeholder(where: str, setting: str, found: str, config: type[ConnectionConfig]) -> DefinitionError:
    name = found.strip("{} ").rpartition(".")[2]
    meant = f"; did you mean {{config.{name}}}?" if name in config.model_fields else ""
    or_parent = "" if setting == "base_url" else ", or {parent.x} for one of the parent's record"
    return DefinitionError(
        f"{where}: `{setting}` holds {found}, which is no placeholder; write {{config.x}} for a field of "
        f"{config.__name__}{or_parent}{meant}"
    )
