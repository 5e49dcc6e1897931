"""Checks a connection by fetching the first page of its integration's check stream."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Raw

from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.stream_requests import build_request, parent_fields, sent_bounds
from dazz_assets.http import Client, FetchError, walk
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

_REFUSED_STATUSES = (403, 404)
# Try this many parents before giving up, as a token may not have access to all of them.
_MAX_PARENTS = 5

Fetched = TypeVar("Fetched")


def fetch_first_records(session: Session, client: Client, stream: StreamSpec) -> tuple[StreamSpec, Sequence[Raw]]:
    """A stream and the records of its first page, or the ancestor that has no records and an empty list.

    Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    if stream.parent is None:
        return stream, _fetch_records_of_parent(session, client, stream, {})
    reached, parents = fetch_first_records(session, client, session.spec.streams[stream.parent])
    if not parents:
        return reached, []
    return stream, next(
        fetch_for_parents(stream, parents, lambda fields: _fetch_records_of_parent(session, client, stream, fields))
    )


def fetch_for_parents(
    stream: StreamSpec, parents: Sequence[Raw], fetch: Callable[[Mapping[str, str]], Fetched]
) -> Iterator[Fetched]:
    """What `fetch` returns for each of the first parents that the token may read.

    A refused parent (403, 404) does not prove that the connection is bad. Raises FetchError if all are refused.
    """
    refused: FetchError | None = None
    is_any_readable = False
    for fields in _parent_values(stream, parents[:_MAX_PARENTS]):
        try:
            fetched = fetch(fields)
        except FetchError as error:
            if error.status not in _REFUSED_STATUSES:
                raise
            refused = refused or error
            continue
        is_any_readable = True
        yield fetched
    if refused is not None and not is_any_readable:
        raise refused


def _parent_values(stream: StreamSpec, parents: Sequence[Raw]) -> Iterator[Mapping[str, str]]:
    paths = parent_fields(stream)
    rows = FieldReader(paths).read(parents) if paths else [()] * len(parents)
    for row in rows:
        yield {path: text for path, text in zip(paths, row, strict=True) if text is not None}


def _fetch_records_of_parent(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]
) -> Sequence[Raw]:
    pages = walk(
        client,
        build_request(session, stream, parent, sent_bounds(session, stream, Bounds())),
        paginator=stream.paginator,
        rules=stream.rules,
        should_stop=lambda _: "the first page is enough",
    )
    with closing(pages):
        return next(pages).records


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check that passed.

    stream: the check stream, or the first of its ancestors that had no records. records: how many its first page had.
    """

    connection: str
    stream: str
    records: int
    requests: int
    warnings: tuple[str, ...] = ()


def check_connection(session: Session) -> CheckReport:
    """Fetch the first page of the check stream; for a sub-stream, take a parent from the first page of parents.

    Stores nothing. Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    client = session.client(session.spec.check)
    with closing(client):
        reached, records = fetch_first_records(session, client, session.spec.streams[session.spec.check])
        return CheckReport(
            session.connection.id, reached.name, len(records), client.counters.requests, tuple(client.warnings)
        )
