"""Finds the records that kept ones name and that were cut away, so that parsers which join streams find them.

A parser looks up records of its `FullRefresh` inputs by what a record of another input says. So the lists of these
inputs are read on, beyond what is kept, and the records that a kept one names are added to the recording.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.crawl import Crawl
from dazz_assets.extract.facts import fetch_facts
from dazz_assets.extract.list_events import ListPages
from dazz_assets.extract.marks import Marks
from dazz_assets.extract.marks import Source as ListedSource
from dazz_assets.extract.parent_groups import find_alike, group_sources
from dazz_assets.extract.ranges import SyncPlan, SyncRange
from dazz_assets.extract.stream_requests import request_source
from dazz_assets.http import Page
from dazz_assets.recording.tape import Source
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

RecordId = tuple[str, str]
"""The stream and the key of a record."""

SEARCHED_PAGES = 100
"""Pages to read of a list in search of records that others name."""
_MOST_ADDED = 100
"""Records to add to a stream: a recording must stay small, and small numbers may name anything."""

_SEPARATOR = re.compile(r"[/?&=#,;:|]")
_ID_NAME = re.compile(r".*(?:id|key|number)", re.IGNORECASE)
"""Fields whose numbers identify a record; other numbers count or measure."""


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record of a list that was read on. page: its page of those kept, or the last one. item: its redacted JSON."""

    key: str
    source: Source
    page: int
    item: str
    content: Any = field(repr=False)


FoundLists = Mapping[Source, Sequence[FoundRecord]]
"""The records of each list that was read on, also of one without any."""


@dataclass(frozen=True, slots=True)
class _Said:
    """The values in some records, in any of their fields."""

    anywhere: frozenset[str]
    by_record: Sequence[frozenset[str]]


def looked_up_streams(spec: IntegrationSpec) -> set[str]:
    """The streams whose records a parser may look up: it can rely on a full input only to hold all of them."""
    return {item.stream for parser in spec.parsers.values() for item in parser.inputs if item.kind == "full_refresh"}


def read_lists(session: Session, cut: Collection[Source], pages: int) -> dict[Source, list[FoundRecord]]:
    """The records of the lists that were cut and that parsers look up. pages: those kept of each list.

    Sends requests, and stores nothing. A list that fails on the way ends there.
    """
    looked_up = looked_up_streams(session.spec)
    found: dict[Source, list[FoundRecord]] = {source: [] for source in sorted(cut) if source[0] in looked_up}
    for name in dict.fromkeys(source[0] for source in found):
        stream, client = session.spec.streams[name], session.client(name)
        try:
            fetch_facts(session, client)
            crawl = Crawl(session, stream, client, _ranges(session, stream), lambda _: Bounds())
            for record in _read_stream(session, stream, crawl, pages, found.keys()):
                found[record.source].append(record)
        finally:
            client.close()
    return found


def _ranges(session: Session, stream: StreamSpec) -> Callable[[Sequence[ListedSource]], Sequence[Bounds]]:
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), None)

    def ranges(sources: Sequence[ListedSource]) -> Sequence[Bounds]:
        found = (plan.bounds(sources[0], part) for part in plan.parts(sources))  # None of them has a mark.
        return [step for item in found if item is not None for step in plan.steps(item)]

    return ranges


def _read_stream(
    session: Session, stream: StreamSpec, crawl: Crawl, pages: int, cut: Collection[Source]
) -> Iterator[FoundRecord]:
    """The records of a stream's lists that were cut, read from their start and not from a mark."""
    sources = Marks(session, stream).sources(session.raw(stream).open())
    alike = find_alike(stream, sources)
    unmarked = [ListedSource(source.parent, source.fields) for source in sources if source.parent not in alike]
    groups = group_sources(stream, unmarked, lambda _: Bounds())
    wanted = [
        source
        for group in groups
        if request_source(stream, [source.fields for source in group]) in cut
        for source in group
    ]
    before: Counter[Source] = Counter()
    read: Counter[tuple[Source, int]] = Counter()
    for event in crawl.events(wanted, session.integration.concurrency):
        if not isinstance(event, ListPages):
            continue
        for place, step in enumerate(event.steps):
            source = step.page.request.source
            read[source, event.list_number] += 1
            if read[source, event.list_number] <= pages:
                before[source] += 1
            of_page = [rows.select(rows.origin_of == place) for _, rows in event.rows]
            yield from _read_page(stream, step.page, of_page, before[source])


def _read_page(stream: StreamSpec, page: Page, batches: Iterable[RowBatch], kept_page: int) -> Iterator[FoundRecord]:
    """The records of a page that a recording can have. kept_page: the page of those kept that they would join."""
    if page.converted_from is not None:
        return
    try:
        items = page.document.records(stream.for_page(page.request).records)
    except ValueError:  # an object by id is not cut
        return
    for rows in batches:
        problems, places = rows.problems or [None] * len(rows), rows.positions.tolist()
        for key, place, problem, record in zip(rows.keys, places, problems, rows.records(), strict=True):
            item = bytes(items[place]) if place < len(items) else b""
            if problem is None and record in item:
                yield FoundRecord(key, page.request.source, kept_page, item.decode(), json.loads(record))


def find_named(
    spec: IntegrationSpec, kept: Mapping[str, Mapping[str, Any]], lists: FoundLists
) -> dict[RecordId, FoundRecord]:
    """The records that are not kept and that a kept one names, or one that is kept because of it, by stream and key.

    kept: the kept records of each stream by key.
    """
    named: dict[RecordId, FoundRecord] = {}
    by_stream = defaultdict[str, list[FoundRecord]](list)
    for (stream, *_), records in lists.items():
        by_stream[stream] += records
    identities = {stream: _identify(records) for stream, records in by_stream.items()}
    before = -1
    while len(named) > before:
        before = len(named)
        for parser in spec.parsers.values():
            said = _read_values(parser, kept, named)
            for item in parser.inputs:
                if item.kind == "full_refresh":
                    missing = (
                        found for found in identities.get(item.stream, ()) if found.record.key not in kept[item.stream]
                    )
                    new = {
                        (item.stream, found.record.key): found.record for found in missing if found.is_named_in(said)
                    }
                    named = _limit(named | new)
    return named


def _limit(named: Mapping[RecordId, FoundRecord]) -> dict[RecordId, FoundRecord]:
    """At most `_MOST_ADDED` records of each stream: the first that were found, which kept ones name themselves."""
    counts: Counter[str] = Counter()
    limited = {}
    for (stream, key), record in named.items():
        counts[stream] += 1
        if counts[stream] <= _MOST_ADDED:
            limited[stream, key] = record
    return limited


def _read_values(
    parser: ParserSpec, kept: Mapping[str, Mapping[str, Any]], named: Mapping[RecordId, FoundRecord]
) -> _Said:
    """What each record says, in any field, that a parser reads or would read."""
    streams = {item.stream for item in parser.inputs}
    contents = [content for stream in streams for content in kept[stream].values()]
    contents += [record.content for (stream, _), record in named.items() if stream in streams]
    by_record = [frozenset(_flatten(content)) for content in contents]
    return _Said(frozenset().union(*by_record), by_record)


def _flatten(value: Any) -> Iterator[str]:
    """The texts and whole numbers in a value, and the parts of URLs, paths and resource names."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _flatten(item)
    elif isinstance(value, list):
        for item in value:
            yield from _flatten(item)
    elif isinstance(value, str):
        yield value
        yield from (unquote(part) for part in _SEPARATOR.split(value) if part and part != value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


@dataclass(frozen=True, slots=True)
class _Identity:
    """What identifies a record: any of the values, or all terms of its key together."""

    record: FoundRecord
    values: frozenset[str]
    terms: frozenset[str]

    def is_named_in(self, said: _Said) -> bool:
        return not self.values.isdisjoint(said.anywhere) or any(self.terms <= values for values in said.by_record)


def _identify(records: Sequence[FoundRecord]) -> list[_Identity]:
    """The identities of records: a value identifies one if it is its key, or if no other has it in the same field."""
    fields = [dict(_scalars(record.content, ())) for record in records]
    counts = Counter(pair for found in fields for pair in found.items())
    shared = {path for (path, _), count in counts.items() if count > 1}
    return [
        _Identity(
            record,
            frozenset({record.key, *(value for path, value in found.items() if path not in shared)}),
            _terms(record.key),
        )
        for record, found in zip(records, fields, strict=True)
    ]


def _terms(key: str) -> frozenset[str]:
    """The terms of a composite key, which is a JSON array; a key of one term is its own."""
    try:
        terms = json.loads(key) if key.startswith("[") else [key]
    except ValueError:
        terms = [key]
    return frozenset(map(str, terms))


def _scalars(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts, and the numbers that may identify a record, that are in no list."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, (*path, name))
    elif isinstance(value, str) and value:
        yield path, value
    elif isinstance(value, int) and not isinstance(value, bool) and path and _ID_NAME.fullmatch(path[-1]):
        yield path, str(value)
