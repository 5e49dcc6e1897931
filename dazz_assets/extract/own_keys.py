"""Checks that each key stands for one record: not for another one under another parent, nor twice in a list."""

from collections.abc import Sequence

from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.http.placeholders import parent_field
from dazz_assets.lake import DataFile, TableVersion
from dazz_assets.lake.versions.shared_keys import SharedKeys, find_shared_keys
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec


def require_own_keys(state: SyncState, added: Sequence[DataFile], *, beside: TableVersion | None) -> None:
    """Raise SyncError if rows of several parents have the same key, of which only the latest would be read.

    added: files that are to be committed. beside: the stored rows that remain beside them.
    """
    session, stream = state.session, state.stream
    if stream.parent is None or not stream.primary_key or _names_parent(session, stream):
        return
    current = [parent for parent in state.parents if parent is not None]
    if (shared := find_shared_keys(state.table, added, beside, current)) is not None:
        raise SyncError(f"{state.place}: {_describe(session, stream, shared)}")


def count_shared(rows: RowBatch) -> int:
    """How many of some new rows have the key of another one in the same page."""
    if len(set(rows.keys)) == len(rows):
        return 0
    return len(rows) - len(set(zip(rows.origin_of.tolist(), rows.keys, strict=True)))


def describe_repeated(stream: StreamSpec, repeated: int) -> str:
    """Warn of records of a list whose key an earlier record of the list has."""
    have = "1 record has" if repeated == 1 else f"{repeated} records have"
    return (
        f"{have} the key ({_format_terms(stream)}) of an earlier one, so only one of each is read; "
        f"set `primary_key` of {stream.stream.__name__} to paths that together are different in each record"
    )


def describe_shared(stream: StreamSpec, shared: int) -> str:
    """Warn of records of a first sync that have the key of another one in the same page."""
    have = "1 record has" if shared == 1 else f"{shared} records have"
    return (
        f"{have} the key ({_format_terms(stream)}) of another one in the same page, and only the latest of each is "
        f"read. If they are not versions of one record, set `primary_key` of {stream.stream.__name__} to paths that "
        "together are different in each record"
    )


def _names_parent(session: Session, stream: StreamSpec) -> bool:
    """Whether the key holds the parent's whole key, so that no other parent can have it."""
    fields = _parent_key_fields(session, stream)
    return bool(fields) and set(fields) <= set(stream.key_parent_fields)


def _parent_key_fields(session: Session, stream: StreamSpec) -> list[str]:
    """The fields of the parent's record that are its key; `parent.x` for one of the grandparent's."""
    terms = session.spec.streams[stream.parent or ""].primary_key
    return [term if (field := parent_field(term)) is None else f"parent.{field}" for term in terms]


def _describe(session: Session, stream: StreamSpec, shared: SharedKeys) -> str:
    fields = _parent_key_fields(session, stream) or ["id"]
    missing = [f"{{parent.{field}}}" for field in fields if field not in stream.key_parent_fields]
    key = ", ".join(f'"{term}"' for term in (*missing, *stream.primary_key))
    keys = "1 key" if shared.keys == 1 else f"{shared.keys} keys"
    example, one, other = shared.example
    moved = "" if shared.are_added else ". If records move from one to another, fetch them all again with --refetch"
    return (
        f"{shared.records} records of {stream.name} share {keys} ({_format_terms(stream)}) under different "
        f"{stream.parent}; set primary_key = ({key}) on {stream.stream.__name__}, as only one record of each key would "
        f"be read (for example of {example}, under {one} and {other}). None of them was stored{moved}"
    )


def _format_terms(stream: StreamSpec) -> str:
    return " and ".join(f"`{term}`" for term in stream.primary_key)
