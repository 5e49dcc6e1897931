"""Tries each stream of a connection with its first page: which work, which are refused, and for want of what."""

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Literal

from dazz_assets.assistant.connection_check import FirstRecords, fetch_for_parents, fetch_records_of_parent
from dazz_assets.errors import SyncError
from dazz_assets.extract.facts import fetch_fact
from dazz_assets.extract.stream_requests import parent_fields, split_generations
from dazz_assets.http import CredentialError, FetchError, TransportError
from dazz_assets.http.access import UNAUTHORIZED, says_refusal
from dazz_assets.http.client import Client
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

Outcome = Literal["works", "partly", "skipped", "refused", "failed", "untried"]
"""A page came; one came with errors beside its records that say that some of it may not be read; a failure came that
the stream accepts as no records; the credentials may not read it; it failed in another way; there was nothing to ask
for."""

# After so many 401s and nothing else, the credentials are taken to be wrong, and nothing more is sent with them.
_ENOUGH_401 = 2
_FACT = "fact "


class ConnectionRefused(Exception):
    """Nothing works, and for one reason: wrong credentials, or an address that can't be reached. The text says it."""


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """How the first page of a stream or a fact went.

    name: that of a fact begins with `fact `. reason: why no page came, in the vendor's words where there are any.
    needs: the permissions that a header of the refusal names, or else those that the stream declares.
    """

    name: str
    outcome: Outcome
    records: int = 0
    requests: int = 0
    reason: str = ""
    needs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_fact(self) -> bool:
        """Whether it is a fact of the integration, and no stream."""
        return self.name.startswith(_FACT)

    @property
    def is_problem(self) -> bool:
        """Whether a sync of it would fail."""
        return self.outcome in ("refused", "failed")


def check_streams(session: Session, names: Collection[str] | None = None) -> list[StreamCheck]:
    """Try all facts and streams of a connection; or the streams of these names, with what they depend on.

    A sub-stream is tried for a few of its parents' first records, which are fetched once for all of its siblings. What
    is refused does not keep the others from being tried. Stores nothing.

    Raises ConnectionRefused if nothing works and for one reason; BadConnection.
    """
    checks = _Checks(session)
    checks.check_facts()
    for stream in _with_ancestors(session.spec, names):
        checks.check_stream(stream)
    checks.raise_if_unauthorized(at_least=1)
    checks.raise_if_alike()
    return [each for each in checks.found if names is None or each.name in names or each.is_problem]


class _Checks:
    """The checks of one connection so far, and the first records of each stream that has any."""

    def __init__(self, session: Session) -> None:
        self.found: list[StreamCheck] = []
        self._session = session
        self._wanted = _wanted_below(session.spec)
        self._first: dict[str, FirstRecords] = {}
        self._unauthorized: list[FetchError] = []
        self._other_failures: list[FetchError] = []

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
        if (reason := self._nothing_to_try(stream)) is not None:
            self.found.append(StreamCheck(name, "untried", reason=reason))
            return
        with closing(self._session.client(stream.name if name == stream.name else self._session.spec.check)) as client:
            try:
                first = fetch(client)
            except (FetchError, SyncError) as error:
                self._note_failure(name, stream, error, client)
                return
            self._first[name] = first
            outcome, reason = _judge(first)
            needs = () if outcome == "works" else stream.permissions
            requests = client.counters.requests
            found = StreamCheck(name, outcome, len(first.records), requests, reason, needs, client.warnings)
        self.found.append(found)

    def _note_failure(self, name: str, stream: StreamSpec, error: FetchError | SyncError, client: Client) -> None:
        is_first = all(each.outcome == "untried" for each in self.found)
        if isinstance(error, CredentialError) or (isinstance(error, TransportError) and is_first):
            raise ConnectionRefused(str(error)) from None
        is_refused = isinstance(error, FetchError) and error.is_access_refused
        named = error.named_permission if isinstance(error, FetchError) else ""
        needs = (named,) if named else stream.permissions
        self.found.append(
            StreamCheck(
                name,
                "refused" if is_refused else "failed",
                requests=client.counters.requests,
                reason=str(error),
                needs=needs if is_refused else (),
                warnings=client.warnings,
            )
        )
        if isinstance(error, FetchError) and error.status == UNAUTHORIZED:
            self._unauthorized.append(error)
            self.raise_if_unauthorized(at_least=_ENOUGH_401)
        elif isinstance(error, FetchError) and not is_refused:
            self._other_failures.append(error)

    def _nothing_to_try(self, stream: StreamSpec) -> str | None:
        """Why a stream can't be tried; None if it can."""
        cursor = stream.cursor
        templates = (stream.request, (cursor.format, cursor.zone) if cursor is not None else ())
        for kind, field in find_placeholders(templates):
            fact = field.partition(".")[0]
            if kind == "facts" and fact not in self._session.facts:
                return f"it needs the fact {fact}, which could not be fetched"
        above = self._first.get(stream.parent or "")
        if stream.parent is None or (above is not None and above.records):
            return None
        return f"there is no record of {stream.parent} to ask for it with"

    def _fetch_fact(self, client: Client, name: str) -> FirstRecords:
        self._session.facts[name] = fetch_fact(self._session, client, name)
        return FirstRecords(self._session.spec.facts[name], (), {})

    def _fetch(self, client: Client, stream: StreamSpec) -> FirstRecords:
        """The first records of a stream; of a sub-stream, for the first of a few parents for which there are any."""

        def fetch(fields: Mapping[str, str]) -> FirstRecords:
            return fetch_records_of_parent(self._session, client, stream, fields)

        if stream.parent is None:
            return fetch({})
        best: FirstRecords | None = None
        for found in fetch_for_parents(stream, self._first[stream.parent], fetch, self._wanted[stream.name]):
            if best is None or found.records or (best.skipped is not None and found.skipped is None):
                best = found
            if best.records:
                break
        return best or fetch({})


def _judge(first: FirstRecords) -> tuple[Outcome, str]:
    """The outcome of a page that came, and why it is not simply one that works."""
    if first.skipped is not None and not first.records:
        return "skipped", first.skipped
    if first.kept is not None and says_refusal(first.kept):
        return "partly", first.kept
    return "works", ""


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
