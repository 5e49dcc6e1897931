"""The client that sends one connection's requests to its vendor's API."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import requests

from dazz_assets.http.auth.access import Permissions
from dazz_assets.http.auth.auth import Auth
from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.http.auth.credential import Credential, CredentialSet
from dazz_assets.http.errors import (
    NOT_MODIFIED,
    FetchError,
    NotReadyError,
    PlaceLostError,
    RateLimitedError,
    RefusedError,
    StoppedError,
    TooDeepError,
    TransientError,
    UnreachableError,
)
from dazz_assets.http.hosts import DeclaredHosts
from dazz_assets.http.mask import mask_transport_logs
from dazz_assets.http.page import Page, Request, Response
from dazz_assets.http.rate_limit import LONGEST_WAIT, MOST_PAUSES, Limiter, Rates, Turn
from dazz_assets.http.responses.classify import classify_response, classify_sensitive
from dazz_assets.http.responses.failures import name_unfound
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.http.responses.version_end import VersionWatch, deprecation_notice
from dazz_assets.http.retry import BACKOFF_SECONDS, FIRST_BACKOFF, Attempts, build_wait_error
from dazz_assets.http.telemetry import ClientEvent, Counters, Telemetry
from dazz_assets.http.told_limits import read_allowance, read_budget
from dazz_assets.http.transport import Transport, get_instead

SHORTEST_REPORTED_WAIT = 1.0
"""Seconds. Shorter waits are ordinary pacing and emit no event."""

# Statuses with which a vendor refuses who asks.
_REFUSES_CREDENTIAL = frozenset({401, 403})
# Slots of a client that has no limit of its own.
_ANY_NUMBER = 10_000
# Seconds after which a thread that waits for a slot checks whether its walk was stopped.
_CHECK_SECONDS = 0.2
_AFTER_PAUSES = (
    f"It came again after {MOST_PAUSES} pauses in a row, each longer than the one before: something else may use up "
    "the limit. Sync again later or less often, or lower the integration's rate."
)
_WITHOUT_PAUSE = (
    "After it, nothing should be sent for the `pause` of the rate, which is longer than is waited here: try again "
    "after that time."
)

_log = logging.getLogger("dazz.http")


class Client:
    """Sends one connection's requests, to declared hosts only, with auth, pacing, retries and limits.

    base_url: the API's address; its origin is a declared host, even on plain http. hosts: further hosts, on https.
    other_urls: further base URLs, whose origins are declared hosts too.
    auth: see `Auth`. values: the fields of the config as text. secrets: the values to mask in all texts. rate: the
    vendor's documented rate or rates. credentials: replaces these four; the connection's clients can share them.
    slots: as many as the connection may have requests in flight; its clients can share them. By default any number.
    base_fields: the fields of the config that the API's address is made of, for messages.
    permissions: where the vendor tells of them. versions: watches for the end of the API's version; the connection's
    clients can share it.
    backoff_seconds: for how long a request is tried again, the pauses of its rate included, of which all requests have
    so many seconds together. By default as long as a sync does, see `retry`, and pauses come on top.
    where: the connection ("desk/acme"), for messages.
    clock, sleep: epoch seconds, and a function that waits; for tests. on_event: called from any thread.

    Threads may share a client. Two clients share nothing but what they are given.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: Iterable[str] = (),
        other_urls: Iterable[str] = (),
        auth: Auth | None = None,
        values: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        rate: Rates = None,
        credentials: CredentialSet | None = None,
        slots: threading.Semaphore | None = None,
        base_fields: Iterable[str] = (),
        permissions: Permissions | None = None,
        versions: VersionWatch | None = None,
        backoff_seconds: float | None = None,
        where: str = "",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        on_event: Callable[[ClientEvent], None] | None = None,
    ) -> None:
        self.base_url = base_url
        self.where = where
        self._credentials = credentials or CredentialSet(
            [Credential(Authenticator(auth, values, secrets), Limiter(rate))]
        )
        self.mask = self._credentials.all[0].authenticator.mask
        mask_transport_logs(self.mask)
        self._clock = clock
        self._sleep = sleep
        self._slots = slots or threading.Semaphore(_ANY_NUMBER)
        self._base_fields = tuple(base_fields)
        self._permissions = permissions or Permissions()
        self._versions = versions or VersionWatch()
        self._backoff_seconds = backoff_seconds
        self._telemetry = Telemetry(where, on_event)
        # Epoch seconds: the end of the longest wait that an event told of.
        self._announced_until = 0.0
        declared = DeclaredHosts(base_url, hosts, other_urls)
        self._transports = {item.name: Transport(declared, item.authenticator, clock) for item in self._credentials.all}
        for transport in self._transports.values():  # Connections are kept open for all credentials together.
            transport.session = self.session

    def __repr__(self) -> str:
        return f"<Client of {self.where or 'a connection'}>"

    @property
    def session(self) -> requests.Session:
        """The session that sends. Its `hooks["response"]` see each response."""
        return self._transports[self._credentials.all[0].name].session

    @property
    def clock(self) -> Callable[[], float]:
        """Epoch seconds."""
        return self._clock

    @property
    def counters(self) -> Counters:
        """The totals so far."""
        return self._telemetry.counters

    @property
    def warnings(self) -> tuple[str, ...]:
        """Deprecations that the vendor announced, and errors that streams accepted; each once."""
        return self._telemetry.warnings

    def warn(self, key: str, text: str) -> None:
        """Add a warning, once for each key. It need not name the connection and stream: those who show it do."""
        self._telemetry.warn(key, self.mask(text))

    def settle(self, key: str) -> None:
        """Take back the warning with a key, if there is one: it turned out to be needless."""
        self._telemetry.settle(key)

    def is_settled(self, key: str) -> bool:
        """Whether the warning with a key turned out to be needless."""
        return self._telemetry.is_settled(key)

    def count_room(self, seconds: float) -> int:
        """How many requests the rate lets out within so many seconds from now."""
        return self._credentials.count_room(self._clock(), seconds)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.session.close()

    def send(
        self,
        request: Request,
        rules: ResponseRules | None = None,
        *,
        stop: threading.Event | None = None,
        until: float | None = None,
        moves_on: bool = False,
    ) -> Page:
        """Send a request and return its page. Transient failures are retried; others raise a `FetchError` at once.

        rules: how the response is to be read. until: epoch seconds until which a list that is not ready is waited for,
        at the address that the vendor names for that, if it names one.
        stop: once set, ends all waiting and sends nothing more (StoppedError).
        moves_on: the next answer to the same request is another, so it is not sent again where an answer may be lost
        (PlaceLostError).
        """
        rules = rules or ResponseRules()
        credential, current = self._credentials.all[0], request

        def attempt() -> Page:
            nonlocal credential, current
            credential = self._credentials.take(self._clock())
            try:
                return self._attempt(credential, current, rules, stop)
            except NotReadyError as error:
                if error.monitor is not None:
                    current = get_instead(current, error.monitor)
                raise
            except (UnreachableError, RateLimitedError):  # Nothing was answered with a page.
                raise
            except TransientError as error:
                if not moves_on:
                    raise
                lost = f"{error.problem} Its page may be lost, as the same request brings the next one."
                failed = PlaceLostError(lost, status=error.status)
            raise failed

        attempts = self._attempts(lambda: credential, stop, until)
        try:
            page = attempts.call(attempt)
        except FetchError as error:
            failed = error
        else:
            self.note_accepted(page)
            return page
        # Raised out here, so that the error has no context that could hold a secret.
        raise failed.add_context(self.where, f"{current.method} {current.address()}", self.mask)

    def send_once(self, request: Request, rules: ResponseRules, *, stop: threading.Event) -> Page:
        """Send a request whose page may not be wanted: once, whatever comes, and without a warning of it.

        Call `note_accepted` with a page that is used. Raises as `send` does, also for a transient failure.
        """
        credential = self._credentials.take(self._clock())
        try:
            return self._attempt(credential, request, rules, stop)
        except FetchError as error:
            failed = error
        if isinstance(failed, TransientError) and failed.holds_others and failed.wait is None:
            self._hold(credential, failed, FIRST_BACKOFF)
        raise failed.add_context(self.where, f"{request.method} {request.address()}", self.mask)

    def attempts(self, stop: threading.Event | None = None) -> Attempts:
        """Attempts at what is more than one request, or none of ours, such as a list whose pages code makes."""
        return self._attempts(lambda: self._credentials.all[0], stop, None)

    def take_page(
        self, make: Callable[[], Page | None], rules: ResponseRules, *, stop: threading.Event | None = None
    ) -> Page | None:
        """A page that code makes by sending a request in its own way, as an SDK does; None if it has no more.

        It is paced, counted and classified as a response, and sent once. Raises as `send` does, also for a transient
        failure; an error has no context yet.
        """
        credential, sent_at = self._credentials.take(self._clock()), self._clock()
        try:
            with self._slot(stop):
                turn = self._wait_for_turn(credential.limiter, stop)
                sent_at = self._clock()
                received = make()
            if received is None:
                credential.limiter.give_back(turn)
                return None
            self._telemetry.count(Counters(requests=1))
            self._observe_response(received.request, received, sent_at, self._clock())
            page = self._classify(received.request, received, rules)
            credential.limiter.note_success(sent_at)
            return page
        except TransientError as error:
            self._learn(credential, error, sent_at)
            raise
        finally:
            self._credentials.give_back(credential)

    def _attempts(
        self, credential: Callable[[], Credential], stop: threading.Event | None, until: float | None
    ) -> Attempts:
        """Attempts between which the client waits. credential: what the last one was sent with. until: see `send`."""
        is_told = False

        def wait(seconds: float, is_requested: bool, error: TransientError) -> None:
            nonlocal is_told
            self._telemetry.count(Counters(retries=1))
            # A list that is not ready may be asked for many times, which is told once.
            if not (is_told and isinstance(error, NotReadyError)):
                self._telemetry.emit("retry", self.mask(error.problem), seconds)
            is_told = isinstance(error, NotReadyError)
            self._announced_until = max(self._announced_until, self._clock() + seconds)
            if is_requested or error.holds_others:
                self._hold(credential(), error, seconds)
            else:
                self._pause(seconds, stop)

        return Attempts(
            self._clock, wait, until, BACKOFF_SECONDS if self._backoff_seconds is None else self._backoff_seconds
        )

    def _attempt(
        self, credential: Credential, request: Request, rules: ResponseRules, stop: threading.Event | None
    ) -> Page:
        """Send a request with a credential that was taken, and give that back."""
        limiter, sent_at = credential.limiter, self._clock()

        def observe(answered: Request, response: Response, at: float) -> None:
            nonlocal sent_at
            sent_at, now = at, self._clock()
            limiter.observe(read_allowance(response.headers, now), now)
            self._observe_response(answered, response, at, now)

        try:
            with self._slot(stop):
                self._wait_until_open(limiter, stop)
                transport = self._transports[credential.name]
                received = transport.exchange(request, lambda: self._begin_request(limiter, stop), observe)
            page = self._classify(request, received, rules)
            limiter.note_success(sent_at)
            self._observe_budget(limiter, page, rules)
            return page
        except TransientError as error:
            self._learn(credential, error, sent_at)
            raise
        except RefusedError as error:
            if credential.name and error.status in _REFUSES_CREDENTIAL:
                error.problem += f" It was sent with {credential.name}."
            raise
        finally:
            self._credentials.give_back(credential)

    def _learn(self, credential: Credential, error: TransientError, sent_at: float) -> None:
        """Take note of a failure that may pass: the limit that it shows, and the wait that it asks for or a pause."""
        if isinstance(error, RateLimitedError):
            if len(self._credentials.all) > 1:
                error.outlasts_sync = False  # Another token may have requests left.
            if not error.outlasts_sync:
                self._note_refusal(credential, error, sent_at)
        if error.wait is not None:
            self._hold(credential, error, error.wait)
            if error.holds_others and len(self._credentials.all) > 1:
                error.wait = self._credentials.seconds_closed(self._clock())

    def _note_refusal(self, credential: Credential, error: RateLimitedError, sent_at: float) -> None:
        """Let the limiter know of a limit, which may begin a pause. After enough of them, the error is final."""
        names_wait, longest = bool(error.wait), LONGEST_WAIT
        if self._backoff_seconds is not None:
            longest = self._backoff_seconds - self.counters.waited_seconds
        error.wait = credential.limiter.note_refusal(sent_at, error.wait, self._clock(), longest)
        # Of several tokens, another may have requests left.
        if names_wait or not all(item.limiter.pauses_are_over for item in self._credentials.all):
            return
        error.outlasts_pauses = True
        if error.advice == RateLimitedError.advice:  # Else it is the integration's own.
            error.advice = _AFTER_PAUSES if self._backoff_seconds is None else _WITHOUT_PAUSE

    def _hold(self, credential: Credential, error: TransientError, seconds: float) -> None:
        """Let nothing be sent for so long: with this credential if its limit is used up, or else at all."""
        held = (credential,) if error.holds_others else self._credentials.all
        for item in held:
            item.limiter.hold(self._clock() + seconds)

    @contextmanager
    def _slot(self, stop: threading.Event | None) -> Iterator[None]:
        """One of the requests that the connection may have in flight. StoppedError: the caller stopped the walk."""
        while not self._slots.acquire(timeout=_CHECK_SECONDS):
            if stop is not None and stop.is_set():
                raise StoppedError("stopped.")
        try:
            yield
        finally:
            self._slots.release()

    def _classify(self, request: Request, received: Page, rules: ResponseRules) -> Page:
        """The page, masked. An error about one of the auth's own requests names that request."""
        page = replace(received, url=self.mask(received.url), where=self.where, list_path=rules.records)
        if page.request is not request:
            rules = ResponseRules()  # What the stream accepts, it accepts of its own requests.
        try:
            classify = classify_sensitive if rules.sensitive else classify_response
            return classify(page, rules, self._clock(), self.mask)
        except RecursionError:  # It was read, but code that looks into it needs a few calls for each level.
            raise TooDeepError(page.status) from None
        except FetchError as error:
            if page.request is not request:
                error.url = f"{page.request.method} {page.url}"
            elif error.is_access_refused:
                name_unfound(error, rules.address_fields, self._base_fields)
                self._permissions.explain(error, rules.permissions, received.headers, self.mask)
            raise

    def _observe_budget(self, limiter: Limiter, page: Page, rules: ResponseRules) -> None:
        """Read what a page tells of the budget, and warn if it tells nothing: then the budget would not be kept."""
        budget = rules.budget
        if budget is None or page.accepted_failure is not None:
            return
        seen = read_budget(budget, page.document, self._clock())
        limiter.observe(seen, self._clock(), "body")
        if seen is None:
            self._telemetry.warn(
                "budget",
                f"{page.request.method} {page.url}: the page does not tell both what remains of the budget "
                f"(`{budget.remaining}`) and its reset (`{budget.reset}`), so it can't be kept. Ask for both in the "
                "query, correct the paths of `budget`, or set `budget = None` on the stream",
            )

    def _observe_response(self, request: Request, response: Response, sent_at: float, now: float) -> None:
        """Count and log a response, and read the deprecation in its headers."""
        self._telemetry.count(Counters(bytes=len(response.body)))
        url = self.mask(request.url)
        if notice := deprecation_notice(response.headers):
            self._telemetry.warn(notice, self.mask(f"{request.method} {url.partition('?')[0]}: {notice}"))
        for notice in self._versions.new_notices(request, response.headers, now):
            self._telemetry.warn(notice, self.mask(notice))
        _log.debug("%s: %s %s: %s, %s bytes", self.where, request.method, url, response.status, len(response.body))
        self._telemetry.emit("response", url, now - sent_at, len(response.body))

    def note_accepted(self, page: Page) -> None:
        """Warn of the errors in a page that is used, which the stream accepts."""
        request = f"{page.request.method} {page.url}"
        if page.accepted_failure is not None:
            self._telemetry.count(Counters(accepted_failures=1))
            # An end is no surprise: each sync says what ended its list. Nor is it that nothing is new.
            if page.accepted_end is None and page.status != NOT_MODIFIED:
                warning = f"{request}: accepted as a page without records: {page.accepted_failure}"
                self._telemetry.warn(f"skipped {page.status}", warning)
        if page.accepted_errors is not None:
            warning = f"{request}: kept the data although errors came with it: {page.accepted_errors}"
            self._telemetry.warn(f"kept {page.accepted_errors}", warning)

    def _begin_request(self, limiter: Limiter, stop: threading.Event | None) -> None:
        """Wait until the next request may be sent, and count it. StoppedError: the caller stopped the walk."""
        self._wait_for_turn(limiter, stop)
        self._telemetry.count(Counters(requests=1))

    def _wait_until_open(self, limiter: Limiter, stop: threading.Event | None) -> None:
        """Wait out a limit before the request is signed: a token may end meanwhile (conformance 22)."""
        if (seconds := limiter.seconds_closed(self._clock())) > 0:
            self._pause_for_limit(limiter, seconds, stop)

    def _wait_for_turn(self, limiter: Limiter, stop: threading.Event | None) -> Turn:
        turn = limiter.acquire(self._clock, lambda seconds: self._pause_for_limit(limiter, seconds, stop))
        if stop is not None and stop.is_set():
            limiter.give_back(turn)
            raise StoppedError("stopped.")
        return turn

    def _pause_for_limit(self, limiter: Limiter, seconds: float, stop: threading.Event | None) -> None:
        ends_at = self._clock() + seconds
        # The clock goes on between the announcement of a wait and the wait itself, and resets are in whole seconds.
        is_announced = ends_at < self._announced_until + SHORTEST_REPORTED_WAIT
        if SHORTEST_REPORTED_WAIT <= seconds <= LONGEST_WAIT and not is_announced:
            budget = limiter.tight_budget(self._clock())
            told = budget and f"the vendor's budget: {budget.remaining:g} is left, and a request takes {budget.cost:g}"
            self._telemetry.emit("waiting", told or "the vendor's rate limit", seconds)
            self._announced_until = ends_at
        self._pause(seconds, stop)

    def _pause(self, seconds: float, stop: threading.Event | None) -> None:
        if seconds > LONGEST_WAIT:
            raise build_wait_error(seconds)
        if self._sleep is not None:
            self._sleep(seconds)
        elif stop is not None:
            stop.wait(seconds)
        else:
            time.sleep(seconds)
        self._telemetry.count(Counters(waited_seconds=seconds))
        if stop is not None and stop.is_set():
            raise StoppedError("stopped.")
