"""Data versions, by which Dagster decides whether what was made from an asset is still up to date.

They come from the logs of the lake's tables; no data file is read. Dagster gives all windows of a run the same version,
so a version covers everything stored for a connection. If one window of a run changed, the run's other windows show as
changed too until they are parsed, but a changed window never shows as unchanged.
"""

import hashlib
from collections.abc import Iterable

from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.transform.published_tables import PublishedTables


def stream_data_version(session: Session, stream: StreamSpec) -> str:
    """A hash of the content of a snapshot stream, or the number of passes that changed an incremental stream."""
    stored = session.raw(stream).open()
    content = stored.transaction("content") if stored is not None and stream.cursor is None else None
    passes = stored.transaction("passes") if stored is not None else None
    return f"content {content}" if content is not None else f"pass {passes or 0}"


def parser_data_version(session: Session, parser: ParserSpec) -> str:
    """A hash of the parser's version, and of the records and input versions that each window was parsed from."""
    parsed_from = [
        f"{number}/{window}={state.fingerprint} {state.inputs}"
        for number, windows in enumerate(PublishedTables(session, parser).windows)
        for window, state in windows.items()
    ]
    return combine_versions([f"parser {parser.version}", *parsed_from])


def combine_versions(versions: Iterable[str]) -> str:
    """One version for several: a hash of them, or the version itself if there is only one."""
    found = sorted(versions)
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()[:32]
