"""The data versions by which Dagster tells whether what was made from an asset is still up to date.

They are what the lake's logs say already: no data file is read. Dagster gives all windows of a run one version, so a
version is of all that is stored for a connection: windows of a run may show as changed although another one did, until
they are parsed; none that changed shows as it was.
"""

import hashlib
from collections.abc import Iterable

from dazz_assets.orchestration.row_counts import stream_snapshot
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.transform.published_tables import PublishedTables


def stream_data_version(session: Session, stream: StreamSpec) -> str:
    """Of a snapshot stream its content; of an incremental stream how many passes changed it."""
    stored = stream_snapshot(session, stream)
    content = stored.transaction("content") if stored is not None and stream.cursor is None else None
    passes = stored.transaction("passes") if stored is not None else None
    return f"content {content}" if content is not None else f"pass {passes or 0}"


def parser_data_version(session: Session, parser: ParserSpec) -> str:
    """Which records, which versions of whole inputs and which version of the parser made what is published."""
    published = PublishedTables(session, parser).windows
    made_from = [
        f"{number}/{window}={state.fingerprint} {state.inputs}"
        for number, windows in enumerate(published)
        for window, state in windows.items()
    ]
    return combine_versions([f"parser {parser.version}", *made_from])


def combine_versions(versions: Iterable[str]) -> str:
    """One version of several; of one alone that one."""
    found = sorted(versions)
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()[:32]
