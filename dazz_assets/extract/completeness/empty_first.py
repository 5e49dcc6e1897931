"""Finds out whether a first sync that brought nothing asked for what it meant to.

Bounds in another unit, format or order than the API's make each list empty, and without a mark nothing else shows it.
So the API is asked once without bounds.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import chain

from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.bounds import Bounds, format_moment
from dazz_assets.extract.marks import Source
from dazz_assets.extract.parent_groups import PageReader
from dazz_assets.extract.stream_requests import build_request, sent_bounds
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import FetchError
from dazz_assets.windows import to_microseconds

# What changed later than that may not have been there when the API was asked at first.
_SETTLES = 600_000_000


def list_unbounded(state: SyncState, source: Source) -> list[tuple[str, int]]:
    """The key and the cursor's time of records that the API lists without bounds: those of a page, or none.

    source: one that listed nothing.
    """
    session, stream = state.session, state.stream
    reader = PageReader(stream, RowReader(stream, session.windows, session.cursor_of(stream)))
    listed: list[tuple[str, int]] = []
    try:
        sent = sent_bounds(session, stream, Bounds())
        unbounded = None if sent is None else replace(sent, has_until=False)
        request = build_request(session, stream, [source.fields], unbounded)
        batches = walk_stream(session, stream, state.client, request, should_stop=lambda _: "one page is enough")
        with closing(batches):
            for step in chain.from_iterable(batches):
                for _, rows in reader.read([step], [source]):
                    state.cursor_signs.add(rows)
                    listed += zip(rows.keys, rows.cursor_at.tolist(), strict=True)
    except (FetchError, SyncError):
        return []  # The API takes no request without bounds, so nothing is known.
    return listed


def describe_unlisted(state: SyncState, listed: list[tuple[str, int]]) -> str | None:
    """Say that the API lists a record of the range that was asked for only without bounds; None if it lists none."""
    start, until = state.session.start, to_microseconds(state.session.now()) - _SETTLES
    return next((_describe(state, key, at) for key, at in listed if start <= at < until), None)


def _describe(state: SyncState, key: str, at: int) -> str:
    stream = state.stream
    sent = sent_bounds(state.session, stream, Bounds(since=state.session.start, exact=True))
    until = f" until {sent.until}" if sent is not None and stream.takes_until else ""
    return (
        f"no record came, asked for what changed since {sent and sent.since}{until}, though without bounds the API "
        f"lists {key}, which changed at {format_moment(at)}. Correct `since`, `until` or `format` in the Cursor of "
        f"{stream.stream.__name__}"
    )
