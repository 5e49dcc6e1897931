"""The mark that makes a method of an integration a parser."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.domain import DomainObject

Parse = TypeVar("Parse", bound=Callable[..., Iterable[DomainObject]])

_VERSION = "__dazz_parser_version__"


@overload
def parser(function: Parse, /) -> Parse: ...
@overload
def parser(*, version: str) -> Callable[[Parse], Parse]: ...
def parser(function: Parse | None = None, /, *, version: str = "1") -> Parse | Callable[[Parse], Parse]:
    """Mark a method as a parser: its inputs are `FullRefresh[S]` and `Incremental[S]`, it yields domain objects.

    A changed `version` shows the parser as stale in the Dagster UI; syncs don't act on it.
    Raises DefinitionError for a version that is no text, and for what is no method.
    """
    if not isinstance(version, str):
        raise DefinitionError(f'@parser(version={version!r}): give the version as a text, `version="{version}"`')
    if isinstance(function, str):
        raise DefinitionError(f'@parser({function!r}): give the version by name, `@parser(version="{function}")`')

    def mark(target: Parse) -> Parse:
        # A property can't be marked; its function can, and the check at load says what to do about it.
        setattr(target.fget if isinstance(target, property) else target, _VERSION, version)
        return target

    return mark if function is None else mark(function)


def version_of(function: Any) -> str | None:
    """The version given to `@parser`, or None where the function is no parser."""
    version = getattr(function, _VERSION, None)
    return version if isinstance(version, str) else None
