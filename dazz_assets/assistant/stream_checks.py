"""Tries each stream of a connection with its first page: which work, which are refused, and for want of what."""

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from dazz_assets.assistant.first_records import MAX_PARENTS, FirstRecords, fetch_for_parents, fetch_records_of_parent
from dazz_assets.assistant.sync_faults import examine_page
from dazz_assets.counts import format_count
from dazz_assets.errors import SyncError
from dazz_assets.extract.facts import fetch_fact
from dazz_assets.extract.stream_requests import parent_fields, split_generations
from dazz_assets.http import CredentialError, FetchError, TransportError
from dazz_assets.http.auth.access import says_refusal
from dazz_assets.http.client import Client
from dazz_assets.http.errors import UNAUTHORIZED
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.http.responses.failures import NOT_FOUND
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

Outcome = Literal["works", "partly", "skipped", "refused", "not found", "failed", "untried"]
"""A page came; one came, but some of it may not be read, by errors beside its records, or for another parent; a failure
came that the stream accepts as no records; the credentials may not read it; its address was not found, which may mean
the same; it failed in another way, or of its records none can be used; there was nothing to ask for."""

# After so many 401s and nothing else, the credentials are taken to be wrong, and nothing more is sent with them.
_ENOUGH_401 = 2
# The check stream's parents may be accounts, each with credentials of its own. No other stream is tried for so many.
_PARENTS_OF_CHECK = 25
# Somebody waits for the answer: so much is waited between attempts, for all streams that fail together.
_BACKOFF_SECONDS = 30.0
_FACT = "fact "


class ConnectionRefused(Exception):
    """Nothing works, and for one reason: wrong credentials, or an address that can't be reached. The text says it."""


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """How the first page of a stream or a fact went.

    name: that of a fact begins with `fact `. reason: why no page came, in the vendor's words where there are any.
    needs: the permissions of which one is missing: that which the refusal names, or those that the stream declares.
    cause: the same for all that lack the same thing, so that it need be told only once; never shown.
    """

    name: str
    outcome: Outcome
    records: int = 0
    requests: int = 0
    reason: str = ""
    needs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    cause: str = ""

    @property
    def is_fact(self) -> bool:
        """Whether it is a fact of the integration, and no stream."""
        return self.name.startswith(_FACT)

    @property
    def is_problem(self) -> bool:
        """Whether a sync of it would fail."""
        return self.outcome in ("refused", "not found", "failed")


def check_streams(session: Session, names: Collection[str] | None = None) -> list[StreamCheck]:
    """Try all facts and streams of a connection; or the streams of these names, with what they depend on.

    The check stream and its ancestors are tried first, so that a wrong token is told by them. A sub-stream is tried
    for a few of its parents' first records, which are fetched once for all of its siblings. A stream that is refused
    does not keep the others from being tried; a fact does, as it does in a sync. Stores nothing.

    Raises ConnectionRefused if nothing works and for one reason; BadConnection.
    """
    checks = _Checks(session)
    checks.check_facts()
    for stream in _in_order(session.spec, names):
        checks.check_stream(stream)
    checks.raise_if_unauthorized(at_least=1)
    checks.raise_if_alike()
    return [each for each in checks.found if names is None or each.name in names or _is_lacking(each)]


class _Checks:
    """The checks of one connection so far, and the first records of each stream that has any."""

    def __init__(self, session: Session) -> None:
        self.found: list[StreamCheck] = []
        self._session = session
        self._wanted = _wanted_below(session.spec)
        self._first: dict[str, FirstRecords] = {}
        self._unauthorized: list[FetchError] = []
        self._other_failures: list[FetchError] = []
        self._backoff_seconds = _BACKOFF_SECONDS

    def check_facts(self) -> None:
        """Fetch the facts, each by itself."""
        for name, stream in self._session.spec.facts.items():
            self._check(f"{_FACT}{name}", stream, partial(self._fetch_fact, name=name))

    def check_stream(self, stream: StreamSpec) -> None:
        """Fetch the first page of a stream. That of its parent was tried before."""
        self._check(stream.name, stream, partial(self._fetch, stream=stream))

    def raise_if_unauthorized(self, at_least: int) -> None:
        """Raise ConnectionRefused if so many of what was tried, and all of it, was answered with a 401."""
        tried = sum(each.outcome != "untried" for each in self.found)
        if at_least <= len(self._unauthorized) == tried:
            raise ConnectionRefused(str(self._unauthorized[0]))

    def raise_if_alike(self) -> None:
        """Raise ConnectionRefused if all that was tried failed in the same words, as a client that can't be made."""
        tried = sum(each.outcome != "untried" for each in self.found)
        if 1 < len(self._other_failures) == tried and len({error.problem for error in self._other_failures}) == 1:
            raise ConnectionRefused(str(self._other_failures[0]))

    def _check(self, name: str, stream: StreamSpec, fetch: Callable[[Client], FirstRecords]) -> None:
        is_fact = name != stream.name
        reason = self._missing_facts(stream, is_fact=is_fact) or self._missing_parent(stream)
        if reason is not None:
            self.found.append(StreamCheck(name, "untried", reason=reason, cause=reason))
            return
        of = self._session.spec.check if is_fact else name
        with closing(self._session.client(of, backoff_seconds=self._backoff_seconds)) as client:
            try:
                first = fetch(client)
            except (FetchError, SyncError) as error:
                self._note_failure(name, error, client)
                return
            self._first[name] = first
            self.found.append(self._note_page(name, stream, first, client))

    def _note_page(self, name: str, stream: StreamSpec, first: FirstRecords, client: Client) -> StreamCheck:
        outcome, reason, needs = _judge(stream, first)
        findings = examine_page(self._session, stream, first)
        if findings.fault is not None:
            outcome, reason, needs = "failed", f"{client.where}: {findings.fault}", ()
        warnings = (*client.warnings, *findings.warnings)
        return StreamCheck(name, outcome, len(first.records), client.counters.requests, reason, needs, warnings)

    def _note_failure(self, name: str, error: FetchError | SyncError, client: Client) -> None:
        is_first = all(each.outcome == "untried" for each in self.found)
        if isinstance(error, CredentialError) or (isinstance(error, TransportError) and is_first):
            raise ConnectionRefused(str(error)) from None
        self._backoff_seconds = max(0.0, self._backoff_seconds - client.counters.waited_seconds)
        outcome, needs, cause = _judge_failure(error)
        requests, warnings = client.counters.requests, client.warnings
        self.found.append(StreamCheck(name, outcome, 0, requests, str(error), needs, warnings, cause))
        if isinstance(error, FetchError) and error.status == UNAUTHORIZED:
            self._unauthorized.append(error)
            self.raise_if_unauthorized(at_least=_ENOUGH_401)
        elif isinstance(error, FetchError) and outcome == "failed":
            self._other_failures.append(error)

    def _missing_facts(self, stream: StreamSpec, *, is_fact: bool) -> str | None:
        """Why a stream can't be tried for want of facts: a sync of it fetches them all before; a fact may name some."""
        named = (field.partition(".")[0] for kind, field in find_placeholders(stream.request) if kind == "facts")
        needed = named if is_fact else self._session.spec.facts
        missing = next((fact for fact in needed if fact not in self._session.facts), None)
        return None if missing is None else f"the fact {missing} comes first, and could not be fetched"

    def _missing_parent(self, stream: StreamSpec) -> str | None:
        """Why a sub-stream can't be tried for want of a parent's record."""
        above = self._first.get(stream.parent or "")
        if stream.parent is None or (above is not None and above.records):
            return None
        return f"there is no record of {stream.parent} to ask for it with"

    def _fetch_fact(self, client: Client, name: str) -> FirstRecords:
        self._session.facts[name] = fetch_fact(self._session, client, name)
        return FirstRecords(self._session.spec.facts[name], (), {})

    def _fetch(self, client: Client, stream: StreamSpec) -> FirstRecords:
        """The first records of a stream; of a sub-stream, for the first of a few parents for which there are any."""

        refused: list[FetchError] = []

        def fetch(fields: Mapping[str, str]) -> FirstRecords:
            try:
                return fetch_records_of_parent(self._session, client, stream, fields)
            except FetchError as error:
                refused.append(error)
                raise

        if stream.parent is None:
            return fetch({})
        is_check = stream.name == self._session.spec.check
        at_most = _PARENTS_OF_CHECK if is_check else MAX_PARENTS
        best: FirstRecords | None = None
        for found in fetch_for_parents(stream, self._first[stream.parent], fetch, self._wanted[stream.name], at_most):
            if best is None or _rank(found) > _rank(best):
                best = found
            if best.records and not is_check:
                break
        return replace(best or fetch({}), refused=tuple(refused))


def _rank(first: FirstRecords) -> int:
    """How much a page tells of its stream: most if it has records, least if it was skipped."""
    return 2 if first.records else int(first.skipped is None)


def _is_lacking(check: StreamCheck) -> bool:
    """Whether what is below a stream lacks something because of it."""
    return check.is_problem or check.outcome == "partly"


def _judge_failure(error: FetchError | SyncError) -> tuple[Outcome, tuple[str, ...], str]:
    """The outcome of a failure, the permissions that may be missing, and what it has in common with others."""
    if not isinstance(error, FetchError):
        return "failed", (), str(error)
    if not error.is_access_refused:
        return "failed", (), error.problem
    if error.status != NOT_FOUND:
        return "refused", error.needs, str(error)
    return "not found", error.needs, f"not found {error.unfound}" if error.unfound else str(error)


def _judge(stream: StreamSpec, first: FirstRecords) -> tuple[Outcome, str, tuple[str, ...]]:
    """The outcome of a page that came, why it is not simply one that works, and the permissions that may be missing."""
    if first.skipped is not None and not first.records:
        return "skipped", first.skipped, stream.permissions
    if first.refused:
        number = format_count(len(first.refused), "record")
        told = " Likewise ".join(
            [str(first.refused[0]), *(f"{item.url}: {item.problem}" for item in first.refused[1:])]
        )
        return "partly", f"refused for {number} of {stream.parent}: {told}", first.refused[0].needs
    if first.kept is not None and says_refusal(first.kept):
        return "partly", first.kept, stream.permissions
    return "works", "", ()


def _wanted_below(spec: IntegrationSpec) -> dict[str, list[str]]:
    """The fields of its parent's record that streams below each stream need."""
    wanted: dict[str, list[str]] = {name: [] for name in spec.streams}
    for stream in reversed(list(spec.streams.values())):
        if stream.parent is not None:
            wanted[stream.parent] += split_generations([*parent_fields(stream), *wanted[stream.name]])[1]
    return wanted


def _with_ancestors(spec: IntegrationSpec, names: Collection[str] | None) -> list[StreamSpec]:
    """The streams of these names and those above them, parents first; all for None."""
    needed = set(spec.streams if names is None else names)
    for stream in reversed(list(spec.streams.values())):
        if stream.name in needed and stream.parent is not None:
            needed.add(stream.parent)
    return [stream for name, stream in spec.streams.items() if name in needed]


def _in_order(spec: IntegrationSpec, names: Collection[str] | None) -> list[StreamSpec]:
    """The streams of `_with_ancestors`, of which the check stream and what it depends on are first."""
    first = {stream.name for stream in _with_ancestors(spec, [spec.check])}
    return sorted(_with_ancestors(spec, names), key=lambda stream: stream.name not in first)
