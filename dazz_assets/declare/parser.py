"""The decorator that makes a method a parser, and the lazy handles through which it reads records."""

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
    """Mark a method of an integration as a parser: it reads records and yields domain objects.

    ```python
    @parser
    def findings(
        self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]
    ) -> Iterator[Finding]:
        names = {project.id: project.name for project in projects}
        for issue in issues:
            yield Finding(id=self.object_id(issue.id), title=issue.title, project=names[issue.project_id])
    ```

    Every parameter after `self` is a `FullRefresh[S]` or an `Incremental[S]`, where S is one of the integration's
    streams. Return an iterator, iterable, generator, sequence or list of one domain model or a union of them. The
    result must depend on the records and `self.config` alone: a window may be parsed again at any time.

    version: raise it, `@parser(version="2")`, when the parser's results change. The Dagster UI then shows its assets as
        stale; syncs don't act on it.

    Raises DefinitionError if the version is not a string, or is given without its name.
    """
    if not isinstance(version, str):
        raise DefinitionError(f'@parser(version={version!r}): give the version as a string: `version="{version}"`')
    if isinstance(function, str):
        raise DefinitionError(f'@parser({function!r}): give the version by name: `@parser(version="{function}")`')

    def mark(target: Parse) -> Parse:
        # A property takes no attributes. Mark its function, so that the check at load can refuse it with a reason.
        setattr(target.fget if isinstance(target, property) else target, _VERSION, version)
        return target

    return mark if function is None else mark(function)


def parser_version(function: Any) -> str | None:
    """The version given to `@parser`; None if the function is not a parser."""
    version = getattr(function, _VERSION, None)
    return version if isinstance(version, str) else None


S = TypeVar("S", bound=Stream[Any], covariant=True)


class FullRefresh(Generic[S]):
    """A parser's input: the latest version of every record of the connection, each key once.

    ```python
    def findings(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Finding]: ...
    ```

    Use it for what other records refer to, or for a stream without a cursor. Iterating yields records as the stream's
    model, read in batches, so memory stays constant unless you keep them; it can be iterated again.

    In a test, pass any iterable of records: `FullRefresh([Project(id="1")])`.
    """

    def __init__(self, records: Iterable[object]) -> None:
        self._records = records

    def __iter__(self: "FullRefresh[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))


class Incremental(Generic[S]):
    """A parser's input: the records whose latest version lies in the window being parsed, each key once.

    ```python
    def findings(self, issues: Incremental[IssuesStream]) -> Iterator[Finding]: ...
    ```

    The stream needs a cursor. A parser with such an input runs once for each window whose records changed. Iterating
    yields records as the stream's model, read in batches.

    In a test, pass any iterable of records: `Incremental([Issue(number=1)])`.
    """

    def __init__(self, records: Iterable[object]) -> None:
        self._records = records

    def __iter__(self: "Incremental[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))
