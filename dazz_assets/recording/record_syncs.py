"""Records the syncs of a scenario. One is repeated until what it kept of one list holds what it kept of the others, and
until all of it is redacted with all that is known to be personal.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Self

import time_machine

from dazz_assets.connections import Connection
from dazz_assets.errors import RecordingError
from dazz_assets.http import Seam, Tape
from dazz_assets.orchestration.outcomes import Outcome, Problem
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange
from dazz_assets.recording.named_records import (
    SEARCHED_PAGES,
    FoundLists,
    FoundRecord,
    RecordId,
    find_named,
    read_lists,
)
from dazz_assets.recording.redaction_changes import RedactionChanges, describe_twins
from dazz_assets.recording.refresh_tokens import RecordedRefreshToken
from dazz_assets.recording.replay import replay_requests
from dazz_assets.recording.replay_answers import ReplayScript
from dazz_assets.recording.scenario import ScenarioSync, now_in_seconds
from dazz_assets.recording.tape import Cut, RecordingTape, Source
from dazz_assets.recording.workspace import Clock, Workspace, open_workspace
from dazz_assets.reports import Progress
from dazz_assets.spec.specs import IntegrationSpec

_MOST_ROUNDS = 5
"""How often to record a sync: a record that is added may bring lists, in which others are named."""


@dataclass(frozen=True, slots=True)
class RecordedSync:
    """A recorded sync: when it ran, and its exchanges."""

    at: datetime
    exchanges: Sequence[Exchange]


class SyncRecorder(AbstractContextManager["SyncRecorder"]):
    """Records one sync after another. Use it in a `with` statement.

    cut: what to keep of each list; None keeps all. seams: where to record. changes: told what redaction changed.
    refresh_token: the connection's, if it has one.
    """

    def __init__(
        self,
        spec: IntegrationSpec,
        connection: Connection,
        redactor: Redactor,
        *,
        cut: Cut | None,
        seams: Sequence[Seam],
        changes: RedactionChanges,
        refresh_token: RecordedRefreshToken,
        progress: Progress | None = None,
    ) -> None:
        self.recorded: dict[ScenarioSync, RecordedSync] = {}
        self._spec = spec
        self._connection = connection
        self._redactor = redactor
        self._cut = cut
        self._seams = seams
        self._changes = changes
        self._refresh_token = refresh_token
        self._progress = progress
        self._cut_sources: set[Source] = set()
        self._last_pages: dict[Source, int] = {}
        self._added: set[RecordId] = set()
        self._rehearsed = False
        self._seen = 0
        """How many values were known to be secret or personal when what was recorded was last compared with them."""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._workspace = self._open_workspace()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def record(self, sync: ScenarioSync) -> None:
        """Record a sync. Raises RecordingError if it fails. What was recorded before may be redacted further."""
        lists = self._read_lists(self._cut_sources, now_in_seconds())
        named = self._find_named(lists)
        for attempt in count(1):
            recorded, tape, outcome = self._run(named, lists)
            more: dict[RecordId, FoundRecord] = {}
            if not (is_late := self._knew_too_late(recorded)):
                more = self._find_more(lists, tape, recorded, outcome) or self._rehearse(lists, outcome)
                is_late = self._knew_too_late(recorded)
            if is_late and attempt < _MOST_ROUNDS:
                self._tell(
                    f"the {sync} sync is recorded again, as an earlier list holds what a later one says is personal"
                )
                # A parent's values in a path may have pseudonyms now.
                lists, named, self._cut_sources, self._last_pages = {}, {}, set(), {}
                self._restart()
                continue
            if not (new := more.keys() - named.keys()) or attempt == _MOST_ROUNDS:
                break
            self._tell_repeating(sync, new)
            named |= more
            self._restart()
        if outcome.errors:
            raise RecordingError(self._describe_failure(sync, outcome.errors[0], recorded))
        self._added |= named.keys()
        self.recorded[sync] = recorded
        if self._rehearsed:
            self._restart()

    def redaction_warnings(self) -> Iterator[str]:
        """What redaction changed or left that a parser may depend on, a sentence each."""
        return self._changes.warnings(self._spec.streams.values(), self._exchanges())

    def _exchanges(self, *more: RecordedSync) -> list[Exchange]:
        return [exchange for recorded in (*self.recorded.values(), *more) for exchange in recorded.exchanges]

    def _knew_too_late(self, recorded: RecordedSync) -> bool:
        """Whether this sync, or an earlier one, holds what was only found to be secret or personal afterwards."""
        if (seen := self._redactor.count_seen()) == self._seen:
            return False
        self._seen = seen
        tape = RecordingTape(self._spec, self._redactor, None, RedactionChanges())
        return any(tape.redact_again(exchange) != exchange.response for exchange in self._exchanges(recorded))

    def _run(
        self, named: Mapping[RecordId, FoundRecord], lists: FoundLists
    ) -> tuple[RecordedSync, RecordingTape, Outcome]:
        """Sync while a tape records it, and adds the named records."""
        at, added = now_in_seconds(), defaultdict[Source, dict[int, list[str]]](dict)
        for (stream, *_), records in lists.items():
            # Records join the last page, so that the request for it stays as it is; but with a cursor, order counts.
            in_order = self._spec.streams[stream].cursor is not None
            for record in records:
                if (stream, record.key) in named:
                    page = record.page if in_order else self._last_pages[record.source]
                    added[record.source].setdefault(page, []).append(record.item)
        cut = replace(self._cut, added=added) if self._cut else None
        tape = RecordingTape(self._spec, self._redactor, cut, self._changes, self._refresh_token.replace_spent)
        with _open_seams(self._seams, tape), self._refresh_token.live():
            outcome = self._workspace.sync(Clock(at))
        self._cut_sources |= tape.cut_sources
        self._last_pages |= tape.pages
        return RecordedSync(at, tape.exchanges), tape, outcome

    def _find_more(
        self, lists: dict[Source, list[FoundRecord]], tape: RecordingTape, recorded: RecordedSync, outcome: Outcome
    ) -> dict[RecordId, FoundRecord]:
        """The records that this sync left out and that others name; reads on the lists that it cut."""
        if any(problem.parser is None for problem in outcome.errors):
            return {}
        lists |= self._read_lists(tape.cut_sources - lists.keys(), recorded.at)
        return find_named(self._spec, self._read_kept(), lists)

    def _rehearse(self, lists: FoundLists, outcome: Outcome) -> dict[RecordId, FoundRecord]:
        """The records of incremental streams that a second sync will name: it can't add what is older than its start.

        Only a first sync is followed by one, which is then undone.
        """
        incremental = {name for name, *_ in lists if self._spec.streams[name].cursor is not None}
        if self.recorded or outcome.errors or not incremental:
            return {}
        self._tell("a second sync is tried, to see which records it names")
        self._rehearsed = True
        self._run({}, {})
        named = find_named(self._spec, self._read_kept(), lists)
        return {(stream, key): record for (stream, key), record in named.items() if stream in incremental}

    def _find_named(self, lists: FoundLists) -> dict[RecordId, FoundRecord]:
        """The records to add before a sync has run: those that stored ones name, and that it would leave out."""
        read = {stream for stream, *_ in lists}
        kept = {
            stream: {
                key: record for key, record in records.items() if stream not in read or (stream, key) not in self._added
            }
            for stream, records in self._read_kept().items()
        }
        return find_named(self._spec, kept, lists)

    def _read_lists(self, sources: Collection[Source], at: datetime) -> dict[Source, list[FoundRecord]]:
        """The records of these lists. After the first sync, an incremental stream lists its changes only."""
        if self._cut is None or self._cut.pages is None:
            return {}
        streams = self._spec.streams
        wanted = {source for source in sources if not self.recorded or streams[source[0]].cursor is None}
        token = self._refresh_token
        session = self._workspace.searching_session(Clock(at), SEARCHED_PAGES, token.engine_store())
        tape = RecordingTape(self._spec, self._redactor, None, RedactionChanges(), token.replace_spent)
        with closing(session), _open_seams(self._seams, tape), token.live():
            return read_lists(session, wanted, self._cut.pages)

    def _read_kept(self) -> dict[str, dict[str, Any]]:
        """The latest stored record of each key, by stream."""
        kept: dict[str, dict[str, Any]] = {}
        for stream in self._spec.streams.values():
            stored = self._workspace.session.raw(stream).open()
            batches = stored.read(["key", "sequence", "problem", "record"]) if stored is not None else ()
            rows = sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row["sequence"])
            kept[stream.name] = {row["key"]: json.loads(row["record"]) for row in rows if row["problem"] is None}
        return kept

    def _tell_repeating(self, sync: ScenarioSync, added: Collection[RecordId]) -> None:
        counts = Counter(stream for stream, _ in added)
        records = ", ".join(f"{stream} {number}" for stream, number in sorted(counts.items()))
        self._tell(f"the {sync} sync is recorded again, with the records that kept ones name ({records})")

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress.repeating(self._workspace.session.name, what)

    def _restart(self) -> None:
        """Undo what ran since the last recorded sync: repeat the recorded ones in an empty workspace.

        They are redacted again, with all that is known by now.
        """
        self._stack.close()
        self._workspace, self._rehearsed = self._open_workspace(), False
        for sync, recorded in self.recorded.items():
            tape = RecordingTape(self._spec, self._redactor, None, self._changes)
            # What requests hold may have a pseudonym now, so that they are told apart by the originals.
            script = ReplayScript(map(tape.restore_request, recorded.exchanges), self._redactor)
            with (
                replay_requests(self._spec, lambda request, tape=tape, script=script: tape(request, script)),  # type: ignore[misc]
                time_machine.travel(recorded.at, tick=False),
            ):
                outcome = self._workspace.sync(Clock(recorded.at, wait=None))
            self.recorded[sync] = RecordedSync(recorded.at, tape.exchanges)
            if problems := [*script.problems, *(problem.message for problem in outcome.errors)]:
                raise RecordingError(f"the {sync} sync can't be repeated, so nothing was recorded: {problems[0]}")

    def _open_workspace(self) -> Workspace:
        pages = self._cut.pages if self._cut else None
        secrets = self._refresh_token.engine_store()
        return self._stack.enter_context(open_workspace(self._spec, self._connection, pages, self._progress, secrets))

    def _describe_failure(self, sync: ScenarioSync, problem: Problem, recorded: RecordedSync) -> str:
        """The problem, with what redaction or the cut may have to do with it."""
        sentences = [f"the {sync} sync failed, so nothing was recorded: {problem.message.rstrip('.')}"]
        exchanges, twins = self._exchanges(recorded), list[str]()
        if problem.parser is not None:
            inputs = dict.fromkeys(item.stream for item in self._spec.parsers[problem.parser].inputs)
            if twins := self._describe_twins(inputs, exchanges):
                sentences += [f"Redaction may be why: {twins[0]}", *twins[1:]]
            sentences += self._describe_cut(problem.parser, inputs)
        warnings = self._changes.warnings(self._spec.streams.values(), exchanges)
        sentences += [f"Warning: {warning}" for warning in warnings if warning not in twins]
        return ". ".join(sentences) if len(sentences) > 1 else f"{sentences[0]}."

    def _describe_twins(self, inputs: Collection[str], exchanges: Sequence[Exchange]) -> list[str]:
        """What to declare where fields of a parser's inputs no longer agree with each other."""
        twins = self._changes.find_twins(self._spec.streams.values(), exchanges)
        of_inputs = [twin for twin in twins if {twin.left.stream, twin.replaced.stream} <= set(inputs)]
        return [text for stream in inputs for text in describe_twins(self._spec.streams[stream], of_inputs)]

    def _describe_cut(self, parser: str, inputs: Collection[str]) -> Iterator[str]:
        """Say that a parser may fail as its inputs were cut, if they were."""
        cut = {source[0] for source in self._cut_sources}
        left_out = [stream for stream in inputs if stream in cut]
        if self._cut is not None and left_out:
            *others, last = left_out
            streams = f"{', '.join(others)} and {last}" if others else last
            yield (
                f"The recording was cut, so parser {parser} may miss a record: of {streams}, {self._cut.describe()} "
                "were kept, and what they name. To keep everything: --limit 0"
            )


@contextmanager
def _open_seams(seams: Sequence[Seam], tape: Tape) -> Iterator[None]:
    with ExitStack() as stack:
        for seam in seams:
            stack.enter_context(seam.recording(tape))
        yield
