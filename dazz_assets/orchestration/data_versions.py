"""Data versions, by which Dagster decides whether what was made from a partition is still up to date.

Each partition has a version of its own, made from the content that lies in it: fetching or parsing the same content
again gives the same version. Versions come from the lake: from the logs of its tables and the fingerprints kept beside
them. Only a sync that changed a stream reads that stream's keys and hashes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from dazz_assets.lake import TableVersion, keep_fingerprints
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.transform.published_tables import TableWindow
from dazz_assets.transform.raw_inputs import parsed_by, parsed_passes

#: The version of a window in which nothing lies.
EMPTY = "empty"


def snapshot_version(stored: TableVersion | None) -> str:
    """A hash of the content of a snapshot stream."""
    content = None if stored is None else stored.transaction("content")
    return EMPTY if content is None else f"content {content}"


def stream_versions(session: Session, stored: TableVersion | None, grid: Grid) -> dict[date, str]:
    """The version of each window of the grid in which latest versions of records lie: the fingerprint of their set."""
    fingerprints = {} if stored is None else keep_fingerprints(session.lake, stored)
    parts: dict[date, list[str]] = defaultdict(list)
    for window, text in fingerprints.items():
        if window is not None:
            nearest = grid.nearest(window)
            parts[nearest].append(text if nearest == window else f"{window} {text}")
    return {window: combine_versions(texts) for window, texts in parts.items()}


def parser_version(parser: ParserSpec, states: Iterable[TableWindow]) -> str:
    """The version of what a parser published in some windows: a hash of what made it, and of what it is."""
    full_refresh = {item.stream for item in parser.inputs if item.kind == "full_refresh"}
    parts = []
    for table, window, state in states:
        passes = parsed_passes(state.inputs) if parser.incremental_inputs else {}
        inputs = sorted((name, count) for name, count in passes.items() if name in full_refresh)
        # The same code version may make other objects of the same records: a parser was corrected without a new one.
        # And objects may leave a window for another one that yields them too.
        content = state.rows if state.content is None else state.content
        parts.append(f"{table} {window} {state.fingerprint} {content} {inputs} {parsed_by(state.inputs)}")
    return _hash(parts) if parts else EMPTY


def combine_versions(versions: Iterable[str]) -> str:
    """One version for several: a hash of them, or the version itself if there is only one."""
    found = sorted(versions)
    return found[0] if len(found) == 1 else _hash(found)


def _hash(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:32]
