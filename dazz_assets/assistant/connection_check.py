"""Checks a connection by fetching the first page of its integration's check stream."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Raw

from dazz_assets.assistant.trial_ranges import trial_ranges
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.facts import fetch_facts
from dazz_assets.extract.stream_requests import ANCESTOR, build_request, parent_fields, sent_bounds, split_generations
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import FetchError
from dazz_assets.http.access import UNAUTHORIZED
from dazz_assets.http.client import Client
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.http.walk import WalkedPage
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

# Try this many parents before giving up, as a token may not have access to all of them.
_MAX_PARENTS = 5

Fetched = TypeVar("Fetched")


@dataclass(frozen=True, slots=True)
class FirstRecords:
    """The records of the first page of a stream; or none, of the ancestor that has none.

    fields: the values of the parent that the page belongs to: those that its request or a stream below needs.
    skipped: the failure in place of the page that the stream accepts as one without records, in the vendor's words.
    kept: the errors beside the records that the stream accepts, in the vendor's words.
    """

    stream: StreamSpec
    records: Sequence[Raw]
    fields: Mapping[str, str]
    skipped: str | None = None
    kept: str | None = None


def fetch_first_records(
    session: Session, client: Client, stream: StreamSpec, wanted: Sequence[str] = ()
) -> FirstRecords:
    """The first records of a stream. wanted: fields of its parent's record that a stream below it needs.

    Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    if stream.parent is None:
        return fetch_records_of_parent(session, client, stream, {})
    parents = fetch_parents(session, client, stream, wanted)
    if not parents.records:
        return parents

    def fetch(fields: Mapping[str, str]) -> FirstRecords:
        return fetch_records_of_parent(session, client, stream, fields)

    return next(fetch_for_parents(stream, parents, fetch, wanted))


def fetch_parents(session: Session, client: Client, stream: StreamSpec, wanted: Sequence[str] = ()) -> FirstRecords:
    """Return the first records of a sub-stream's parent. Raises as `fetch_first_records`."""
    _, above = split_generations([*parent_fields(stream), *wanted])
    return fetch_first_records(session, client, session.spec.streams[stream.parent or ""], above)


def fetch_for_parents(
    stream: StreamSpec,
    parents: FirstRecords,
    fetch: Callable[[Mapping[str, str]], Fetched],
    wanted: Sequence[str] = (),
) -> Iterator[Fetched]:
    """What `fetch` returns for each of the first parents that the token may read.

    A parent that may not be read does not prove that the connection is bad. Raises FetchError if all are refused.
    """
    refused: FetchError | None = None
    is_any_readable = False
    for fields in _parent_values([*parent_fields(stream), *wanted], parents):
        try:
            fetched = fetch(fields)
        except FetchError as error:
            if not error.is_access_refused or error.status == UNAUTHORIZED:
                raise
            refused = refused or error
            continue
        is_any_readable = True
        yield fetched
    if refused is not None and not is_any_readable:
        raise refused


def _parent_values(paths: Sequence[str], parents: FirstRecords) -> Iterator[Mapping[str, str]]:
    own, _ = split_generations(dict.fromkeys(paths))
    records = parents.records[:_MAX_PARENTS]
    rows = FieldReader(own).read(records) if own else [()] * len(records)
    inherited = {f"{ANCESTOR}{path}": text for path, text in parents.fields.items()}
    for row in rows:
        yield {path: text for path, text in zip(own, row, strict=True) if text is not None} | inherited


def fetch_records_of_parent(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]
) -> FirstRecords:
    """The records of the first page of a range that has any. parent: values of the parent's record."""
    skipped = None
    for bounds in trial_ranges(session, stream):
        first = _fetch_first_page(session, client, stream, parent, bounds)
        if first.records:
            return FirstRecords(stream, first.records, parent, kept=first.page.accepted_errors)
        skipped = skipped or first.page.accepted_failure
    return FirstRecords(stream, (), parent, skipped)


def _fetch_first_page(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str], bounds: Bounds
) -> WalkedPage:
    pages = walk_stream(
        session,
        stream,
        client,
        build_request(session, stream, [parent], sent_bounds(session, stream, bounds)),
        should_stop=lambda _: "the first page is enough",
    )
    with closing(pages):
        return next(pages)


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
    """Fetch the facts, and the first page of the check stream.

    For a sub-stream, take a parent from the first page of parents. Stores nothing.

    Raises FetchError, SyncError for a request that can't be made, BadConnection for a bad config.
    """
    client = session.client(session.spec.check)
    with closing(client):
        fetch_facts(session, client)
        first = fetch_first_records(session, client, session.spec.streams[session.spec.check])
        return CheckReport(
            session.connection.id,
            first.stream.name,
            len(first.records),
            client.counters.requests,
            tuple(client.warnings),
        )
