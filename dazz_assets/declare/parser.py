"""The decorator that makes a method a parser, and the lazy handles through which it reads records."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, overload, runtime_checkable

from dazz_assets.declare.stream import Model, RecordModel, Stream
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError

Parse = TypeVar("Parse", bound=Callable[..., Iterable[DomainObject]])

Parent = TypeVar("Parent", bound=RecordModel)
Refresh = Literal["changed", "manual"]

_VERSION = "__dazz_parser_version__"
_REFRESH = "__dazz_parser_refresh__"


@overload
def parser(function: Parse, /) -> Parse: ...
@overload
def parser(*, version: str, refresh: Refresh | None = ...) -> Callable[[Parse], Parse]: ...
@overload
def parser(*, refresh: Refresh) -> Callable[[Parse], Parse]: ...
def parser(
    function: Parse | None = None, /, *, version: str = "1", refresh: Refresh | None = None
) -> Parse | Callable[[Parse], Parse]:
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
    result must depend on the records and `self.config` alone, and not on what the parser kept of another window, on
    `self` or in its module: a window may be parsed again at any time, in any order, and in a process of its own.

    version: raise it, `@parser(version="2")`, when the parser's results change. The Dagster UI then shows its assets as
        stale; syncs don't act on it.
    refresh: whether the windows of a parser with an `Incremental` input are parsed again when one of its `FullRefresh`
        inputs changed: `"changed"`, by the next sync or parse; `"manual"`, only by `dazz parse --stale` or from the UI.
        By default by the next one if the `Incremental` inputs have at most 20,000 stored rows, so that it is cheap.

    Raises DefinitionError if the version is not a string, or is given without its name, or for another `refresh`.
    """
    if not isinstance(version, str):
        raise DefinitionError(f'@parser(version={version!r}): give the version as a string: `version="{version}"`')
    if isinstance(function, str):
        raise DefinitionError(f'@parser({function!r}): give the version by name: `@parser(version="{function}")`')

    if refresh not in (None, "changed", "manual"):
        raise DefinitionError(f'@parser(refresh={refresh!r}): give "changed" or "manual", or leave it out')

    def mark(target: Parse) -> Parse:
        # A property takes no attributes. Mark its function, so that the check at load can refuse it with a reason.
        marked = target.fget if isinstance(target, property) else target
        setattr(marked, _VERSION, version)
        setattr(marked, _REFRESH, refresh)
        return target

    return mark if function is None else mark(function)


def parser_version(function: Any) -> str | None:
    """The version given to `@parser`; None if the function is not a parser."""
    version = getattr(function, _VERSION, None)
    return version if isinstance(version, str) else None


def parser_refresh(function: Any) -> Refresh | None:
    """The `refresh` given to `@parser`; None if none was given."""
    return cast("Refresh | None", getattr(function, _REFRESH, None))


@runtime_checkable
class RecordsWithParents(Protocol):
    """Records that know the record of another stream to which each of them belongs."""

    def with_parents(self, parents: object) -> Iterator[tuple[object, object | None]]:
        """Each record with its parent among these records. Raises TypeError if they are not those of the parent."""
        ...


@runtime_checkable
class RecordsWithDepartures(Protocol):
    """Records of which it is known when their stream no longer listed one."""

    def gone_since(self, key: tuple[object, ...]) -> datetime | None:
        """Since when the record with this key is no longer listed. Raises TypeError for a stream with a cursor."""
        ...

    def departures(self) -> Mapping[str, datetime | None]:
        """What left the list, by key, and since when. Raises TypeError for a stream with a cursor."""
        ...


S = TypeVar("S", bound=Stream[Any], covariant=True)


class FullRefresh(Generic[S]):
    """A parser's input: the latest version of every record of the connection, each key once.

    ```python
    def findings(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Finding]: ...
    ```

    Use it for what other records refer to, or for a stream without a cursor. Iterating yields records as the stream's
    model, read in batches, so memory stays constant unless you keep them; it can be iterated again.

    In a test, pass any iterable of records: `FullRefresh([Project(id="1")])`; for a parser that reads their parents
    too, with the parent of each: `FullRefresh([member, other], parents=[group, None])`; for one that asks what is no
    longer listed, with the keys of that: `FullRefresh([], gone={"1": datetime(2026, 1, 31, tzinfo=UTC)})`.
    """

    def __init__(
        self,
        records: Iterable[object],
        *,
        parents: Iterable[object] | None = None,
        gone: Mapping[object, datetime | None] | None = None,
    ) -> None:
        self._records = records
        self._parents = parents
        self._gone = {key_text(key if isinstance(key, tuple) else (key,)): at for key, at in (gone or {}).items()}

    def __iter__(self: "FullRefresh[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))

    def with_parents(
        self: "FullRefresh[Stream[Model]]", parents: "FullRefresh[Stream[Parent]]"
    ) -> "Iterator[tuple[Model, Parent | None]]":
        """Yield each record of a sub-stream with the record that it was fetched for.

        ```python
        def memberships(
            self, members: FullRefresh[MembersStream], groups: FullRefresh[GroupsStream]
        ) -> Iterator[Membership]:
            for member, group in members.with_parents(groups):
                yield Membership(id=self.object_id(group.id if group else "", member.id), ...)
        ```

        parents: the parser's `FullRefresh` input of the parent stream. All of it is kept in memory, by key; the records
            are read in batches.

        The parent is None if it is not stored any more, or was never valid. Raises TypeError for records of another
        stream than the parent.
        """
        return _with_parents(self._records, self._parents, parents)

    def gone_since(self, *key: object) -> datetime | None:
        """When a record was no longer in the vendor's list, of which it had been a part.

        ```python
        for issue in issues:
            finding = Finding(...)
            if gone := projects.gone_since(issue.project_id):
                finding = finding.closed("project no longer listed", gone)
            yield finding
        ```

        key: the values of the stream's `primary_key`, those of a parent first.

        The time is that of the first complete list without the record. A list that may not be whole doesn't count: one
        that was refused, failed or cut short, in whole or for the record's parent. It is None for a record that is
        listed, whether valid or not, and for one that never was: it may be newer than the last list. Give the parser
        `refresh="changed"`, or what was parsed before a record was gone stays as it is in a large connection.

        Raises TypeError for a stream with a cursor, whose lists hold only what changed.
        """
        if isinstance(self._records, RecordsWithDepartures):
            return self._records.gone_since(key)
        return self._gone.get(key_text(key))

    def departures(self) -> Mapping[str, datetime | None]:
        """All records that the vendor's list had and has no more, and since when, as `gone_since` tells of one.

        ```python
        for name, gone in buckets.departures().items():
            yield Finding(id=self.object_id(name), ...).closed("bucket no longer listed", gone)
        ```

        Use it where what was parsed from a record would vanish with it: a key is all that is left of the record, so
        make the ids of its objects from the key alone. Keys are those of the lake: the text of the `primary_key`'s
        value, a JSON array of several. The time is None while no complete list says that the record is gone; what is
        listed again is not among them.

        Raises TypeError for a stream with a cursor, whose lists hold only what changed.
        """
        if isinstance(self._records, RecordsWithDepartures):
            return self._records.departures()
        return self._gone


class Incremental(Generic[S]):
    """A parser's input: the records whose latest version lies in the window being parsed, each key once.

    ```python
    def findings(self, issues: Incremental[IssuesStream]) -> Iterator[Finding]: ...
    ```

    The stream needs a cursor. A parser with such an input runs once for each window whose records changed. Iterating
    yields records as the stream's model, read in batches.

    In a test, pass any iterable of records: `Incremental([Issue(number=1)])`, with their parents as in `FullRefresh`.
    """

    def __init__(self, records: Iterable[object], *, parents: Iterable[object] | None = None) -> None:
        self._records = records
        self._parents = parents

    def __iter__(self: "Incremental[Stream[Model]]") -> Iterator[Model]:
        return cast("Iterator[Model]", iter(self._records))

    def with_parents(
        self: "Incremental[Stream[Model]]", parents: FullRefresh[Stream[Parent]]
    ) -> Iterator[tuple[Model, Parent | None]]:
        """Yield each record of a sub-stream with the record that it was fetched for, as `FullRefresh.with_parents`."""
        return _with_parents(self._records, self._parents, parents)


def key_text(values: tuple[object, ...]) -> str:
    """A key as raw rows have it: the value's text, or a JSON array of several."""
    if len(values) == 1:
        return str(values[0])
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=str)


def _with_parents(records: object, given: Iterable[object] | None, parents: FullRefresh[Any]) -> Iterator[Any]:
    """The pairs of records that were stored, or that a test gave with their parents."""
    if isinstance(records, RecordsWithParents):
        return records.with_parents(parents._records if isinstance(parents, FullRefresh) else parents)
    if given is None:
        raise TypeError(
            "with_parents() needs the parent of each record; in a test, give them: "
            "FullRefresh([member], parents=[group])"
        )
    return zip(cast("Iterable[object]", records), given, strict=True)
