"""The raw tables that a parser reads: their versions, what is in their windows, and which windows are to be parsed."""

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cached_property

from dazz_assets.errors import ParseError
from dazz_assets.lake import TableVersion, window_fingerprints
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec


class RawInputs:
    """One version of each raw table that a parser reads."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        self._session = session
        self._parser = parser
        self.snapshots: Mapping[str, TableVersion] = {item.stream: self._open(item.stream) for item in parser.inputs}

    def _open(self, name: str) -> TableVersion:
        session, stream = self._session, self._session.spec.streams[name]
        if (snapshot := session.raw(stream).open()) is None or snapshot.transaction("passes") is None:
            raise ParseError(
                f"{session.where}, parser {self._parser.name}: its input {name} was never synced; "
                f"sync (or materialize) {name} first"
            )
        return snapshot

    def passes(self, stream: str) -> int:
        """How many passes changed a stream's raw so far."""
        return self.snapshots[stream].transaction("passes") or 0

    @property
    def checked(self) -> dict[str, int]:
        """Transactions that say up to which pass of the inputs that make its windows the published tables are right."""
        inputs = self._parser.incremental_inputs or self._parser.inputs
        return {f"checked/{item.stream}": self.passes(item.stream) for item in inputs}

    @cached_property
    def fingerprints(self) -> Mapping[date | None, str]:
        """Of each window that has records, what it is parsed from. Read from keys and hashes alone."""
        incremental = self._parser.incremental_inputs
        if not incremental:
            found = {item.stream: window_fingerprints(self.snapshots[item.stream]) for item in self._parser.inputs}
            whole = [f"{name}/{window}={text}" for name, each in found.items() for window, text in each.items()]
            return {None: _digest(whole)}
        if len(incremental) == 1:
            return window_fingerprints(self.snapshots[incremental[0].stream])
        each_input = {item.stream: window_fingerprints(self.snapshots[item.stream]) for item in incremental}
        windows = {window for found in each_input.values() for window in found}
        return {
            window: _digest([f"{name}={found[window]}" for name, found in each_input.items() if window in found])
            for window in windows
        }

    @property
    def names(self) -> str:
        """The versions, as published objects name them: `issues@41#17`: version 41 of the table, after 17 passes."""
        return " ".join(
            f"{name}@{snapshot.version}#{self.passes(name)}" for name, snapshot in sorted(self.snapshots.items())
        )

    def is_stale(self, named: str) -> bool:
        """Whether a full-refresh input changed since a window was parsed, from the versions that the window names."""
        was = dict(item.rpartition("#")[::2] for item in named.split())
        parsed = {name.partition("@")[0]: int(passes) for name, passes in was.items()}
        full = [item.stream for item in self._parser.inputs if item.kind == "full_refresh"]
        return bool(self._parser.incremental_inputs) and any(parsed.get(name) != self.passes(name) for name in full)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:48]
