"""The tables of a connection: there, and empty, from its first sync on, whatever becomes of that."""

from collections.abc import Iterator

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Commit, Lake, Table, TableVersion
from dazz_assets.lake.object_columns import object_schema
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec


def parser_tables(session: Session, parser: ParserSpec, lake: Lake) -> dict[type[DomainObject], Table]:
    """The tables of a parser's models, in the connection's lake or in another."""
    return {
        model: lake.domain(
            model.table_name(), session.spec.name, parser.name, session.connection.id, object_schema(model)
        )
        for model in parser.models
    }


def create_tables(session: Session) -> None:
    """Make the tables of a connection that are not there yet."""
    for table in _tables(session):
        if not table.exists():
            table.commit(lambda _: Commit())


def is_synced(snapshot: TableVersion | None) -> bool:
    """Whether a pass over the stream was ever complete; a table that is only declared says nothing of its vendor."""
    return snapshot is not None and snapshot.transaction("passes") is not None


def _tables(session: Session) -> Iterator[Table]:
    yield from map(session.raw, session.spec.streams.values())
    for parser in session.spec.parsers.values():
        yield from parser_tables(session, parser, session.lake).values()
        yield session.lake.quarantine(session.spec.name, parser.name, session.connection.id)
