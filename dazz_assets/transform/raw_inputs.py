"""The raw tables that a parser reads: their versions, and the fingerprints of their windows."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from urllib.parse import quote, unquote

from dazz_assets.errors import ParseError
from dazz_assets.lake import TableVersion, read_fingerprints
from dazz_assets.lake.commit import PASSES
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import is_synced
from dazz_assets.transform.read_content import read_content_fingerprint, read_departures

# Before the parser's version in provenance. No stream has a name with an equals sign.
_PARSER = "parser="

# A parser that sets no `refresh` parses its windows again if its incremental inputs have at most this many rows.
MOST_ROWS_REFRESHED = 20_000


class RawInputs:
    """The raw tables that a parser reads, each opened at one version."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        self._session = session
        self._parser = parser
        self._departures: dict[str, Mapping[str, datetime | None]] = {}
        self._departure_tables: dict[str, TableVersion | None] = {}
        self._contents: dict[str, str] = {}
        self.versions: Mapping[str, TableVersion] = {item.stream: self._open(item.stream) for item in parser.inputs}

    def _open(self, name: str) -> TableVersion:
        session, stream = self._session, self._session.spec.streams[name]
        version = session.raw(stream).open()
        if not is_synced(version):
            raise ParseError(
                f"{session.name}, parser {self._parser.name}: its input {name} was never synced; "
                f"sync (or materialize) {name} first"
            )
        return version

    def passes(self, stream: str) -> int:
        """The number of the last pass that changed a stream's raw table."""
        return self.versions[stream].transaction(PASSES) or 0

    @cached_property
    def refreshes(self) -> bool:
        """Whether windows are parsed again when a full-refresh input changed: by the parser's setting, or if cheap."""
        incremental = self._parser.incremental_inputs
        if self._parser.refresh is not None or not incremental:
            return self._parser.refresh == "changed"
        return sum(self.versions[item.stream].rows for item in incremental) <= MOST_ROWS_REFRESHED

    @property
    def checked(self) -> dict[str, int]:
        """Transactions that record the input passes with which the published tables are up to date.

        They cover the inputs that decide what is parsed: the incremental ones, or all if there are none, or if windows
        are parsed again when a full-refresh input changed.
        """
        inputs = self._parser.inputs if self.refreshes else self._parser.incremental_inputs or self._parser.inputs
        return {f"checked/{item.stream}": self.passes(item.stream) for item in inputs}

    @cached_property
    def fingerprints(self) -> Mapping[date | None, str]:
        """The fingerprint of each window that has records. Reads at most keys and hashes."""
        incremental = self._parser.incremental_inputs
        if not incremental:
            found = {item.stream: self._read_fingerprints(item.stream) for item in self._parser.inputs}
            parts = [f"{name}/{window}={text}" for name, each in found.items() for window, text in each.items()]
            departed = ((name, *item) for name in found for item in self.departures(name).items())
            parts += [
                f"{name}: {key} is {f'gone since {since}' if since else 'missing'}" for name, key, since in departed
            ]
            return {None: _combine_fingerprints(parts)}
        if len(incremental) == 1:
            return self._read_fingerprints(incremental[0].stream)
        each_input = {item.stream: self._read_fingerprints(item.stream) for item in incremental}
        windows = {window for found in each_input.values() for window in found}
        return {
            window: _combine_fingerprints(
                [f"{name}={found[window]}" for name, found in each_input.items() if window in found]
            )
            for window in windows
        }

    def _read_fingerprints(self, stream: str) -> Mapping[date | None, str]:
        return read_fingerprints(self._session.lake, self.versions[stream])

    def departures(self, stream: str) -> Mapping[str, datetime | None]:
        """Since when records of a snapshot stream are no longer listed, by key; None while no whole list says so."""
        if stream not in self._departures:
            self._departures[stream] = read_departures(self.departure_table(stream), self.versions[stream])
        return self._departures[stream]

    def departure_table(self, stream: str) -> TableVersion | None:
        """The table that `departures` reads, opened once; None if nothing ever departed."""
        if stream not in self._departure_tables:
            table = self._session.lake.departures(self._session.spec.name, stream, self._session.connection.id)
            self._departure_tables[stream] = table.open()
        return self._departure_tables[stream]

    @cached_property
    def provenance(self) -> str:
        """The versions of the parser and its inputs, as published objects name them.

        `parser=2 issues@41#17 projects@9#4=1f0c` is version 2 of the parser, version 41 of the issues' table, after its
        pass 17, and version 9 of the projects' table, after its pass 4, with the fingerprint of what is read of it.
        """
        inputs = [
            f"{name}@{version.version}#{self.passes(name)}{self._format_read_content(name)}"
            for name, version in sorted(self.versions.items())
        ]
        return " ".join([f"{_PARSER}{quote(self._parser.version, safe='')}", *inputs])

    def _format_read_content(self, stream: str) -> str:
        return f"={self._read_content(stream)}" if stream in self._compared_by_content else ""

    @cached_property
    def _compared_by_content(self) -> frozenset[str]:
        """The inputs of which only what the parser reads counts as a change: those that parse windows again by
        themselves. A snapshot changes with each push to a repository, and what is read of it hardly ever."""
        if not self._parser.incremental_inputs or not self.refreshes:
            return frozenset()
        streams = self._session.spec.streams
        inputs = (item.stream for item in self._parser.inputs if item.kind == "full_refresh")
        return frozenset(name for name in inputs if streams[name].cursor is None)

    def _read_content(self, stream: str) -> str:
        if stream not in self._contents:
            model, gone = self._session.spec.streams[stream].required_model, self.departures(stream)
            self._contents[stream] = read_content_fingerprint(model, self.versions[stream], gone)
        return self._contents[stream]

    def changed_inputs(self, provenance: str) -> set[str]:
        """The full-refresh inputs that changed since a window was parsed, beside the incremental ones.

        provenance: the versions that the window names. Without an incremental input, the fingerprint tells whether
        anything changed.
        """
        parsed, contents = parsed_passes(provenance), _parsed_contents(provenance)
        full = [item.stream for item in self._parser.inputs if item.kind == "full_refresh"]
        changed = {name for name in full if self._parser.incremental_inputs and parsed.get(name) != self.passes(name)}
        return {
            name
            for name in changed
            if name not in self._compared_by_content or contents.get(name) != self._read_content(name)
        }


def parsed_passes(provenance: str) -> dict[str, int]:
    """The last pass that had changed each input when a window was parsed. provenance: as `RawInputs.provenance`."""
    return {name: int(passes) for name, passes, _ in _split_inputs(provenance)}


def _parsed_contents(provenance: str) -> dict[str, str]:
    """The fingerprint of what was read of inputs when a window was parsed, where it is known."""
    return {name: content for name, _, content in _split_inputs(provenance)}


def _split_inputs(provenance: str) -> Iterator[tuple[str, str, str]]:
    """The inputs that provenance names, each with its passes and the fingerprint of what was read of it."""
    for item in provenance.split():
        if not item.startswith(_PARSER):
            version, _, state = item.rpartition("#")
            passes, _, content = state.partition("=")
            yield version.partition("@")[0], passes, content


def parsed_by(provenance: str) -> str | None:
    """The version of the parser that a window was parsed by; None if the window was parsed before it was recorded."""
    versions = [item.removeprefix(_PARSER) for item in provenance.split() if item.startswith(_PARSER)]
    return unquote(versions[0]) if versions else None


def _combine_fingerprints(parts: list[str]) -> str:
    """One fingerprint of several, each part with the name of what it is a fingerprint of; their order is irrelevant."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:48]
