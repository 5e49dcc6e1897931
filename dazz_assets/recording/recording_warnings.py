"""Warnings about a recording that replays but may not be what its author meant."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from dazz_assets.assistant.infer.coverage import misspelt_paths
from dazz_assets.assistant.misspelt_fields import PRIVATE_SETTINGS, describe_misspelt
from dazz_assets.http.json.json_slices import Document
from dazz_assets.recording.exchange_file import Exchange, read_exchanges
from dazz_assets.recording.replay import Replay
from dazz_assets.spec.specs import StreamSpec


def find_warnings(replay: Replay) -> Iterator[str]:
    """The warnings about a replayed recording, a sentence each."""
    exchanges = list(read_exchanges(replay.folder / "first"))
    for stream in replay.spec.streams.values():
        yield from _warn_of_misspelt_paths(stream, _read_snapshot(replay, f"first/raw/{stream.name}"))
        yield from _warn_of_repeated_pages(stream, exchanges)
    for parser in replay.spec.parsers:
        kinds = Counter(row["kind"] for row in _read_snapshot(replay, f"second/quarantine/{parser}"))
        if kinds:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            yield (
                f"parser {parser} quarantined records or objects ({counts}); "
                f"snapshots/second/quarantine/{parser}.json says why"
            )


def _read_snapshot(replay: Replay, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(replay.snapshots[path])
    return rows


def _warn_of_misspelt_paths(stream: StreamSpec, rows: list[dict[str, Any]]) -> Iterator[str]:
    records = [row["record"] for row in rows]
    for setting in PRIVATE_SETTINGS:
        found = misspelt_paths(getattr(stream, setting), records, anywhere=hasattr(stream.stream, setting))
        if (warning := describe_misspelt(stream.stream.__name__, setting, found)) is not None:
            yield warning


def _warn_of_repeated_pages(stream: StreamSpec, exchanges: list[Exchange]) -> Iterator[str]:
    """Warn of lists whose second page repeats the first. With two pages alone the engine can't detect a loop."""
    pages = [item for item in exchanges if item.stream == stream.name]
    for _, group in groupby(pages, key=lambda item: item.name.rpartition(".")[0]):
        first, second = [*group, None, None][:2]
        if first and second and _repeats(stream, first, second):
            yield (
                f"stream {stream.name}: {second.name} repeats the records of {first.name}, so the paginator does not "
                "fit the API"
            )


def _repeats(stream: StreamSpec, first: Exchange, second: Exchange) -> bool:
    is_other_request = (first.request.url, first.request.body) != (second.request.url, second.request.body)
    return (
        is_other_request and bool(records := _read_records(stream, first)) and _read_records(stream, second) == records
    )


def _read_records(stream: StreamSpec, exchange: Exchange) -> list[bytes]:
    try:
        records = stream.for_page(exchange.request).records
        return [bytes(item) for item in Document(exchange.response.body).records(records)]
    except ValueError:
        return []
