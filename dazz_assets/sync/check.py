"""Whether a connection works: the first page of the stream that its integration names for this."""

from contextlib import closing
from dataclasses import dataclass

from dazz_assets.sync.first_page import first_records
from dazz_assets.sync.session import Session


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
    client = session.client(session.spec.check)
    with closing(client):
        reached, records = first_records(session, client, session.spec.streams[session.spec.check])
        return CheckReport(
            session.connection.id, reached.name, len(records), client.counters.requests, tuple(client.warnings)
        )
