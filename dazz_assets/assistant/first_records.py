"""Fetches the first records of a stream, of a sub-stream for one of its first parents. Stores nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Raw

from dazz_assets.assistant.trial_ranges import trial_ranges
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.stream_requests import (
    ANCESTOR,
    UnusableParentError,
    build_request,
    parent_fields,
    sent_bounds,
    split_generations,
)
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import FetchError, Request
from dazz_assets.http.client import Client
from dazz_assets.http.json.json_fields import FieldReader
from dazz_assets.http.page import WalkedPage
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

# Try this many parents before giving up, as a token may not have access to all of them.
MAX_PARENTS = 5

Fetched = TypeVar("Fetched")


@dataclass(frozen=True, slots=True)
class FirstRecords:
    """The records of the first page of a stream; or none, of the ancestor that has none.

    fields: the values of the parent that the page belongs to: those that its request or a stream below needs.
    skipped: the failure in place of the page that the stream accepts as one without records, in the vendor's words.
    page: where the records are; None if there are none.
    refused: of a sub-stream, why other parents that were tried have no page.
    """

    stream: StreamSpec
    records: Sequence[Raw]
    fields: Mapping[str, str]
    skipped: str | None = None
    page: WalkedPage | None = None
    refused: tuple[FetchError, ...] = ()

    @property
    def kept(self) -> str | None:
        """The errors beside the records that the stream accepts, in the vendor's words."""
        return None if self.page is None else self.page.page.accepted_errors


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
    at_most: int = MAX_PARENTS,
) -> Iterator[Fetched]:
    """What `fetch` returns for each of the first parents that the token may read, and that have the fields to ask with.

    One parent does not prove that the connection is bad, and a sync passes it over. Raises the first FetchError or
    UnusableParentError if there is no other.
    """
    refused: FetchError | UnusableParentError | None = None
    is_any_readable = False
    for fields in _parent_values([*parent_fields(stream), *wanted], parents, at_most):
        try:
            fetched = fetch(fields)
        except FetchError as error:
            if not error.is_of_one_parent:
                raise
            refused = refused or error
            continue
        except UnusableParentError as error:
            refused = refused or error
            continue
        is_any_readable = True
        yield fetched
    if refused is not None and not is_any_readable:
        raise refused


def _parent_values(paths: Sequence[str], parents: FirstRecords, at_most: int) -> Iterator[Mapping[str, str]]:
    own, _ = split_generations(dict.fromkeys(paths))
    records = parents.records[:at_most]
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
            return FirstRecords(stream, first.records, parent, page=first)
        skipped = skipped or first.page.accepted_failure
    return FirstRecords(stream, (), parent, skipped)


def _fetch_first_page(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str], bounds: Bounds
) -> WalkedPage:
    pages = walk_stream(
        session,
        stream,
        client,
        build_first_request(session, stream, parent, bounds),
        should_stop=lambda _: "the first page is enough",
    )
    with closing(pages):
        (page,) = next(pages)
        return page


def build_first_request(session: Session, stream: StreamSpec, parent: Mapping[str, str], bounds: Bounds) -> Request:
    """The request for the first page of a range. Raises UnusableParentError, SyncError."""
    try:
        return build_request(session, stream, [parent], sent_bounds(session, stream, bounds))
    except UnusableParentError as error:
        raise UnusableParentError(f"{session.place(stream)}: {error}") from None
