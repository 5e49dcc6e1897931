"""The tables of a connection. Its first sync creates them all, so that queries find them even if the sync fails."""

from collections.abc import Iterator
from typing import TypeGuard

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Commit, Lake, Table, TableVersion
from dazz_assets.lake.commit import PASSES
from dazz_assets.lake.objects.object_columns import object_schema
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec


def parser_tables(session: Session, parser: ParserSpec, lake: Lake) -> dict[type[DomainObject], Table]:
    """The tables of a parser's models in a lake, which may be another than the session's."""
    return {
        model: lake.domain(
            model.table_name(), session.spec.name, parser.name, session.connection.id, object_schema(model)
        )
        for model in parser.models
    }


def create_tables(session: Session) -> None:
    """Create the tables of a connection that don't exist yet."""
    for table in _all_tables(session):
        if not table.exists():
            table.commit(lambda _: Commit())


def is_synced(stored: TableVersion | None) -> TypeGuard[TableVersion]:
    """Whether a pass over the stream was ever completed. A table that was only created does not count."""
    return stored is not None and stored.transaction(PASSES) is not None


def _all_tables(session: Session) -> Iterator[Table]:
    yield from map(session.raw, session.spec.streams.values())
    for parser in session.spec.parsers.values():
        yield from parser_tables(session, parser, session.lake).values()
        yield session.lake.quarantine(session.spec.name, parser.name, session.connection.id)
