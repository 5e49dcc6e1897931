"""What a parser receives: lazy handles over the records of a stream."""

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar, cast

from dazz_assets.authoring.stream import Model, Stream

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
