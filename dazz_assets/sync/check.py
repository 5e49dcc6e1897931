"""Whether a connection works: the first page of the stream that its integration names for this."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from msgspec import Raw

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import Client, FetchError, walk
from dazz_assets.sync.fetch.fields import FieldReader
from dazz_assets.sync.fetch.request import first_request, parent_fields
from dazz_assets.sync.session import Session

_REFUSALS = (403, 404)
# Parents that are asked for what belongs to them, where the ones before may not be read.
_PARENTS = 5


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


def check(session: Session) -> CheckReport:
    """Fetch the first page of the check stream, of a sub-stream for a parent from the first page of its parent.

    Nothing is stored. Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    line = _line(session, session.spec.streams[session.spec.check])
    client = session.client(session.spec.check)
    with closing(client):
        records = _first_page(session, client, line[0], {})
        reached = line[0]
        for stream in line[1:]:
            if not records:
                break
            records, reached = _page_of_a_parent(session, client, stream, records), stream
        return CheckReport(
            session.connection.id, reached.name, len(records), client.counters.requests, tuple(client.warnings)
        )


def _line(session: Session, stream: StreamSpec) -> list[StreamSpec]:
    """A stream after its ancestors, the eldest first."""
    above = _line(session, session.spec.streams[stream.parent]) if stream.parent else []
    return [*above, stream]


def _page_of_a_parent(session: Session, client: Client, stream: StreamSpec, parents: Sequence[Raw]) -> Sequence[Raw]:
    """The first page of the first parent that may be read; one that may not says nothing of the connection."""
    refused: FetchError | None = None
    for fields in _fields(stream, parents[:_PARENTS]):
        try:
            return _first_page(session, client, stream, fields)
        except FetchError as error:
            if error.status not in _REFUSALS:
                raise
            refused = refused or error
    if refused is None:
        return []
    raise refused


def _fields(stream: StreamSpec, parents: Sequence[Raw]) -> Iterator[Mapping[str, str]]:
    paths = parent_fields(stream)
    rows = FieldReader(paths).read(parents) if paths else [()] * len(parents)
    for row in rows:
        yield {path: text for path, text in zip(paths, row, strict=True) if text is not None}


def _first_page(session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]) -> Sequence[Raw]:
    pages = walk(
        client,
        first_request(session, stream, parent, None, None),
        paginator=stream.paginator,
        records=stream.records,
        accept=stream.accept,
        should_stop=lambda _: "the first page is enough",
    )
    with closing(pages):
        return next(pages).records
