"""The first page of a stream; of a sub-stream for a parent from the first page of its own parent. Nothing is stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TypeVar

from msgspec import Raw

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import Client, FetchError, walk
from dazz_assets.sync.fetch.bounds import Bounds
from dazz_assets.sync.fetch.fields import FieldReader
from dazz_assets.sync.fetch.request import first_request, parent_fields, sent_bounds
from dazz_assets.sync.session import Session

_REFUSALS = (403, 404)
# Parents that are asked for what belongs to them, where the ones before may not be read.
_PARENTS = 5

Found = TypeVar("Found")


def first_records(session: Session, client: Client, stream: StreamSpec) -> tuple[StreamSpec, Sequence[Raw]]:
    """The records of a stream's first page; where one of its ancestors has none, that ancestor and nothing.

    Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    if stream.parent is None:
        return stream, _first_page(session, client, stream, {})
    reached, parents = first_records(session, client, session.spec.streams[stream.parent])
    if not parents:
        return reached, []
    return stream, next(of_parents(stream, parents, lambda fields: _first_page(session, client, stream, fields)))


def of_parents(
    stream: StreamSpec, parents: Sequence[Raw], ask: Callable[[Mapping[str, str]], Found]
) -> Iterator[Found]:
    """What `ask` gives for the fields of each of the first parents that may be read.

    One that may not be read says nothing of the connection. Raises FetchError where none may.
    """
    refused: FetchError | None = None
    answered = False
    for fields in _fields(stream, parents[:_PARENTS]):
        try:
            answer = ask(fields)
        except FetchError as error:
            if error.status not in _REFUSALS:
                raise
            refused = refused or error
            continue
        answered = True
        yield answer
    if refused is not None and not answered:
        raise refused


def _fields(stream: StreamSpec, parents: Sequence[Raw]) -> Iterator[Mapping[str, str]]:
    paths = parent_fields(stream)
    rows = FieldReader(paths).read(parents) if paths else [()] * len(parents)
    for row in rows:
        yield {path: text for path, text in zip(paths, row, strict=True) if text is not None}


def _first_page(session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]) -> Sequence[Raw]:
    pages = walk(
        client,
        first_request(session, stream, parent, sent_bounds(session, stream, Bounds())),
        paginator=stream.paginator,
        records=stream.records,
        accept=stream.accept,
        should_stop=lambda _: "the first page is enough",
    )
    with closing(pages):
        return next(pages).records
