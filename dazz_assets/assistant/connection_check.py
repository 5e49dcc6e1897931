"""Whether a connection works: the first page of the stream that its integration names for this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Raw

from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.stream_requests import first_request, parent_fields, sent_bounds
from dazz_assets.http import Client, FetchError, walk
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

_REFUSALS = (403, 404)
# Parents that are asked for what belongs to them, where the ones before may not be read.
_PARENTS = 5

Found = TypeVar("Found")


def fetch_first_records(session: Session, client: Client, stream: StreamSpec) -> tuple[StreamSpec, Sequence[Raw]]:
    """The records of a stream's first page; where one of its ancestors has none, that ancestor and nothing.

    Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    if stream.parent is None:
        return stream, _first_page(session, client, stream, {})
    reached, parents = fetch_first_records(session, client, session.spec.streams[stream.parent])
    if not parents:
        return reached, []
    return stream, next(ask_for_parents(stream, parents, lambda fields: _first_page(session, client, stream, fields)))


def ask_for_parents(
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


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What proved a connection: records are those of the first page of `stream`.

    stream: the integration's check stream; of a sub-stream the ancestor that had no records, where one had none.
    """

    connection: str
    stream: str
    records: int
    requests: int
    warnings: tuple[str, ...] = ()


def check_connection(session: Session) -> CheckReport:
    """Fetch the first page of the check stream, of a sub-stream for a parent from the first page of its parent.

    Nothing is stored. Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    client = session.client(session.spec.check)
    with closing(client):
        reached, records = fetch_first_records(session, client, session.spec.streams[session.spec.check])
        return CheckReport(
            session.connection.id, reached.name, len(records), client.counters.requests, tuple(client.warnings)
        )
