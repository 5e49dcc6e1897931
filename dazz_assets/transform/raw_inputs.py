"""The raw tables that a parser reads: their versions, and the fingerprints of their windows."""

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from urllib.parse import quote, unquote

from dazz_assets.errors import ParseError
from dazz_assets.lake import TableVersion, read_fingerprints
from dazz_assets.lake.commit import PASSES
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import is_synced

# Before the parser's version in provenance. No stream has a name with an equals sign.
_PARSER = "parser="

# A parser that sets no `refresh` parses its windows again if its incremental inputs have at most this many rows.
MOST_ROWS_REFRESHED = 20_000


class RawInputs:
    """The raw tables that a parser reads, each opened at one version."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        self._session = session
        self._parser = parser
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
        """How many passes changed a stream's raw table so far."""
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

    @property
    def provenance(self) -> str:
        """The versions of the parser and its inputs, as published objects name them.

        `parser=2 issues@41#17` is version 2 of the parser, and version 41 of the table, after 17 passes.
        """
        inputs = [f"{name}@{version.version}#{self.passes(name)}" for name, version in sorted(self.versions.items())]
        return " ".join([f"{_PARSER}{quote(self._parser.version, safe='')}", *inputs])

    def is_stale(self, provenance: str) -> bool:
        """Whether a full-refresh input changed since a window was parsed. provenance: the versions that it names."""
        return bool(self.changed_inputs(provenance))

    def changed_inputs(self, provenance: str) -> set[str]:
        """The full-refresh inputs that changed since a window was parsed, beside the incremental ones.

        Without an incremental input, the fingerprint tells whether anything changed.
        """
        parsed = parsed_passes(provenance)
        full = [item.stream for item in self._parser.inputs if item.kind == "full_refresh"]
        return {name for name in full if self._parser.incremental_inputs and parsed.get(name) != self.passes(name)}


def parsed_passes(provenance: str) -> dict[str, int]:
    """How many passes had changed each input when a window was parsed. provenance: as `RawInputs.provenance`."""
    named = [item.rpartition("#") for item in provenance.split() if not item.startswith(_PARSER)]
    return {name.partition("@")[0]: int(passes) for name, _, passes in named}


def parsed_by(provenance: str) -> str | None:
    """The version of the parser that a window was parsed by; None if the window was parsed before it was recorded."""
    versions = [item.removeprefix(_PARSER) for item in provenance.split() if item.startswith(_PARSER)]
    return unquote(versions[0]) if versions else None


def _combine_fingerprints(parts: list[str]) -> str:
    """One fingerprint of several, each part with the name of what it is a fingerprint of; their order is irrelevant."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:48]
