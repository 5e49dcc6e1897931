"""The tables that an integration declares: there, and empty, from the first sync on, whatever becomes of it."""

from collections.abc import Iterator

from dazz_assets.lake import Commit, Snapshot, Table
from dazz_assets.sync.objects.published import Published
from dazz_assets.sync.session import Session


def declare(session: Session) -> None:
    """Make the tables of a connection that are not there yet."""
    for table in _tables(session):
        if not table.exists():
            table.commit(lambda _: Commit())


def is_synced(snapshot: Snapshot | None) -> bool:
    """Whether a pass over the stream was ever complete; a table that is only declared says nothing of its vendor."""
    return snapshot is not None and snapshot.transaction("passes") is not None


def _tables(session: Session) -> Iterator[Table]:
    yield from map(session.raw, session.spec.streams.values())
    for parser in session.spec.parsers.values():
        published = Published(session, parser)
        yield from published.tables.values()
        yield published.quarantine
