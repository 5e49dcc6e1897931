"""Parents that are asked for in one request: which go together, and which of them a record belongs to."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from dazz_assets.extract.batch import RowBatch, RowReader
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.http import FetchError, RateLimitedError, SignInError, UnreachableError
from dazz_assets.http.json.json_fields import FieldReader
from dazz_assets.http.json.json_slices import is_null
from dazz_assets.http.page import WalkedPage
from dazz_assets.spec.specs import StreamSpec

# A group is asked from the oldest of its marks on, so of the other parents at most this much comes again.
_MOST_APART = timedelta(days=7) // timedelta(microseconds=1)


class UnknownParentError(FetchError):
    """A record belongs to none of the parents that were asked for, so nobody knows to which."""

    advice = "Correct `parent_key`, or the parameter that names the parents: the vendor may ignore it."


def group_sources(
    stream: StreamSpec, sources: Sequence[Source], bounds_of: Callable[[Source], Bounds]
) -> Iterator[Sequence[Source]]:
    """The sources that are asked for together, at most `parents_per_request` of them, in the order of their marks."""
    most = stream.parents_per_request
    if most is None:
        yield from ([source] for source in sources)
        return

    def since(source: Source) -> int:
        return bounds_of(source).since or 0

    alike = defaultdict[Bounds, list[Source]](list)
    for source in sources:
        alike[_without_begin(bounds_of(source))].append(source)
    for members in alike.values():
        group: list[Source] = []
        for source in sorted(members, key=lambda each: (since(each), each.parent or "")):
            is_apart = stream.takes_since and group and since(source) - since(group[0]) > _MOST_APART
            if len(group) == most or is_apart:
                yield group
                group = []
            group.append(source)
        yield group


def find_alike(stream: StreamSpec, sources: Sequence[Source]) -> dict[str | None, str]:
    """The parents that no request can be made for since they share the value of `{parents.x}`, and why, by parent.

    A record that names the value may belong to any of them: it would be stored with each, or with the wrong one.
    """
    if stream.parents_per_request is None:
        return {}
    by_value = defaultdict[str | None, list[str | None]](list)
    for source in sources:
        by_value[_value(stream, source)].append(source.parent)
    shared = [parents for value, parents in by_value.items() if value is not None and len(parents) > 1]
    return {parent: _describe_alike(stream, parents) for parents in shared for parent in parents}


def _describe_alike(stream: StreamSpec, parents: Sequence[str | None]) -> str:
    field, named = stream.asked_parent_field, name_some(sorted(map(str, parents)))
    return (
        f"{{parents.{field}}} has the same value for {named}, so `{stream.parent_key}` (`parent_key`) does not say to "
        "which of them a record belongs. Ask with a field that is different for each, such as {parents.id}, with the "
        f"`parent_key` that holds it; or remove `parents_per_request` and use {{parent.{field}}}, if each is to have "
        "all of these records"
    )


def name_some(parents: Sequence[str], most: int = 3) -> str:
    """Name the parents of a group, the first ones if they are many."""
    listed = [*parents[:most], f"{len(parents) - most} more"] if len(parents) > most + 1 else parents
    return " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))


def opens_no_list(error: FetchError, *, has_listed: bool) -> bool:
    """Whether no parent can be listed: the host can't be reached, its limit stays closed, or the credentials were
    refused before any parent could be listed with them."""
    if isinstance(error, RateLimitedError) and error.outlasts_pauses:
        return True
    is_unauthorized = isinstance(error, SignInError) or (error.status == 401 and not has_listed)
    return isinstance(error, UnreachableError) or is_unauthorized


def name_sources(stream: StreamSpec, sources: Sequence[Source]) -> str:
    """Name the parents of a list, with the stream that they are of."""
    parents = [str(source.parent) for source in sources]
    return f"{stream.parent} {name_some(parents)}" + (" together" if len(parents) > 1 else "")


def widest(bounds: Sequence[Bounds]) -> Bounds:
    """The bounds of a group: those that begin first."""
    return min(bounds, key=lambda each: each.since or 0)


def _without_begin(bounds: Bounds) -> Bounds:
    """What the bounds of a group have in common: all but when they begin, though whether they do."""
    return replace(bounds, lower=bounds.lower and 1, since=bounds.since and 1)


def _value(stream: StreamSpec, source: Source) -> str | None:
    """What stands for a parent in a request, and in its records."""
    return source.fields.get(stream.asked_parent_field)


class PageReader:
    """Reads the pages of one stream into the rows of each parent that they list."""

    def __init__(self, stream: StreamSpec, rows: RowReader) -> None:
        self._stream = stream
        self._rows = rows
        self._parents = None if stream.parent_key is None else FieldReader([stream.parent_key])

    def read(self, steps: Sequence[WalkedPage], sources: Sequence[Source]) -> list[tuple[Source, RowBatch]]:
        """The rows of each source in some pages, in the order of the sources. Raises UnknownParentError.

        Of a stream whose records name their parent (`parent_key`), it takes one page at a time.
        """
        if self._parents is None:
            return [(source, self._rows.read_rows(steps, source.parent, source.fields)) for source in sources]
        (step,) = steps
        places = self._find_places(self._parents, step, sources)
        return [(source, self._read_rows(step, source, places[_value(self._stream, source)])) for source in sources]

    def _find_places(
        self, reader: FieldReader, step: WalkedPage, sources: Sequence[Source]
    ) -> dict[str | None, list[int]]:
        """Which records belong to each parent, by what stands for it. A null is no record, and belongs to none."""
        found: dict[str | None, list[int]] = {_value(self._stream, source): [] for source in sources}
        for place, value in enumerate(reader.read_columns(step.records)[0] if step.records else ()):
            if value is None and is_null(step.records[place]):
                continue
            if value is None or value not in found:
                raise step.page.make_error(UnknownParentError, self._describe_unknown(value))
            found[value].append(place)
        return found

    def _read_rows(self, step: WalkedPage, source: Source, places: Sequence[int]) -> RowBatch:
        ids = None if step.ids is None else [step.ids[place] for place in places]
        own = replace(step, records=[step.records[place] for place in places], ids=ids)
        rows = self._rows.read_rows([own], source.parent, source.fields)
        return replace(rows, positions=np.array(places, np.int64))

    def _describe_unknown(self, value: str | None) -> str:
        stream = self._stream
        if value is None:
            return f"a record has no value at `{stream.parent_key}`, which says to which of {stream.parent} it belongs."
        return (
            f"what a record has at `{stream.parent_key}` is the `{stream.asked_parent_field}` of none of "
            f"{stream.parent} that were asked for."
        )
