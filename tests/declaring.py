"""Declares classes whose settings a test varies, as an author would write them."""

import types
from typing import Any, TypeVar

Declared = TypeVar("Declared")


def declare(name: str, base: type[Declared], /, **settings: Any) -> type[Declared]:
    """The class that `class name(base)` makes with these settings in its body."""
    return types.new_class(name, (base,), exec_body=lambda body: body.update(settings))
