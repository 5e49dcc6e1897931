"""What in a recording may not be as it was meant, although it replays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from dazz_assets.assistant.infer.coverage import unmatched_personal_paths
from dazz_assets.http.json_slices import Document
from dazz_assets.recording.exchange_file import Exchange, read_exchanges
from dazz_assets.recording.replay import Replay
from dazz_assets.spec.specs import StreamSpec


def find_warnings(replay: Replay) -> Iterator[str]:
    """A sentence each, of a recording that was replayed."""
    exchanges = list(read_exchanges(replay.folder / "first"))
    for stream in replay.spec.streams.values():
        yield from _personal(stream, _rows(replay, f"first/raw/{stream.name}"))
        yield from _paging(stream, exchanges)
    for parser in replay.spec.parsers:
        kinds = Counter(row["kind"] for row in _rows(replay, f"second/quarantine/{parser}"))
        if kinds:
            shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            yield f"{parser} put records or objects aside ({shown}); snapshots/second/quarantine/{parser}.json says why"


def _rows(replay: Replay, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(replay.texts[path])
    return rows


def _personal(stream: StreamSpec, rows: list[dict[str, Any]]) -> Iterator[str]:
    for path, suggestion in unmatched_personal_paths(stream.personal, [row["record"] for row in rows]).items():
        yield f"`personal` of {stream.stream.__name__}: no record has anything at `{path}`{suggestion}"


def _paging(stream: StreamSpec, exchanges: list[Exchange]) -> Iterator[str]:
    """Where a list's second page is its first one again. Of two pages alone the engine can't say that they circle."""
    of_stream = [item for item in exchanges if _stream_of(item) == stream.name]
    for _, group in groupby(of_stream, key=lambda item: item.name.rpartition(".")[0]):
        first, second = [*group, None, None][:2]
        if first and second and _is_again(stream, first, second):
            yield (
                f"{stream.name}: {second.name} holds the records of {first.name} again, so the paginator does not fit "
                "what the API expects"
            )


def _stream_of(exchange: Exchange) -> str:
    """As the recorder names its files."""
    return exchange.name.partition("-")[2].partition(".")[0]


def _is_again(stream: StreamSpec, first: Exchange, second: Exchange) -> bool:
    is_other_request = (first.request.url, first.request.body) != (second.request.url, second.request.body)
    return is_other_request and bool(records := _records(stream, first)) and _records(stream, second) == records


def _records(stream: StreamSpec, exchange: Exchange) -> list[bytes]:
    try:
        return [bytes(item) for item in Document(exchange.response.body).records(stream.records)]
    except ValueError:
        return []
