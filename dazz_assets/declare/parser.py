"""Parsers: the mark that makes a method one, and the lazy handles over the records of a stream that it receives."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar, cast, overload

from dazz_assets.declare.stream import Model, Stream
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError

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


def parser_version(function: Any) -> str | None:
    """The version given to `@parser`, or None where the function is no parser."""
    version = getattr(function, _VERSION, None)
    return version if isinstance(version, str) else None


S = TypeVar("S", bound=Stream[Any], covariant=True)


class FullRefresh(Generic[S]):
    """The latest state of a stream's connection: each key once. Iterating gives records of the stream's model."""

    def __init__(self, records: Iterable[object]) -> None:
        self._records = records

    def __iter__(self: "FullRefresh[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))


class Incremental(Generic[S]):
    """The records whose latest version lies in the window being parsed: each key once, of the stream's model."""

    def __init__(self, records: Iterable[object]) -> None:
        self._records = records

    def __iter__(self: "Incremental[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))
