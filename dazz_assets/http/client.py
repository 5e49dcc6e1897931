"""One connection's way to its vendor's API."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import requests

from dazz_assets.http.auth import Auth
from dazz_assets.http.authenticator import Authenticator
from dazz_assets.http.classify import Accept, classify_response, deprecation_notice
from dazz_assets.http.errors import FetchError, PassingError, StoppedError
from dazz_assets.http.hosts import DeclaredHosts
from dazz_assets.http.mask import mask_transport_logs
from dazz_assets.http.page import Page, Request, Response
from dazz_assets.http.rate_limit import Limiter, Rate
from dazz_assets.http.retry import LONGEST_NAMED_WAIT, Attempts, wait_too_long
from dazz_assets.http.telemetry import ClientEvent, Counters, Telemetry
from dazz_assets.http.transport import Transport

TOLD_WAIT_SECONDS = 1.0
"""Shorter waits are pacing; nobody watches for them."""

_log = logging.getLogger("dazz.http")


class Client:
    """Sends one connection's requests: authenticated, paced, retried, bounded, and to declared hosts alone.

    base_url: the API's address; its origin is a declared host, plain http included. hosts: further ones, on https.
    auth: see `Auth`; `values` are the config's fields as text, `secrets` those that no text may show. authenticator: in
    place of the three, one that the connection's clients share.
    rate: what the vendor documents; limiter: in its place, one that the connection's clients share. where: the
    connection ("snyk/acme"), for messages.
    clock, sleep: epoch seconds, and how to wait; given by tests. on_event: called from any thread.

    Threads share a client; clients share nothing.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: Iterable[str] = (),
        auth: Auth | None = None,
        values: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        rate: Rate | None = None,
        limiter: Limiter | None = None,
        authenticator: Authenticator | None = None,
        where: str = "",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        on_event: Callable[[ClientEvent], None] | None = None,
    ) -> None:
        self.base_url = base_url
        self.where = where
        authenticator = authenticator or Authenticator(auth, values, secrets)
        self.mask = authenticator.mask
        mask_transport_logs(self.mask)
        self._clock = clock
        self._sleep = sleep
        self._limiter = limiter or Limiter(rate)
        self._telemetry = Telemetry(where, on_event)
        self._transport = Transport(DeclaredHosts(base_url, hosts), authenticator, clock)

    def __repr__(self) -> str:
        return f"<Client of {self.where or 'a connection'}>"

    @property
    def session(self) -> requests.Session:
        """The session that sends; its `hooks["response"]` see each response."""
        return self._transport.session

    @property
    def clock(self) -> Callable[[], float]:
        """Epoch seconds."""
        return self._clock

    @property
    def counters(self) -> Counters:
        """What was done so far."""
        return self._telemetry.counters

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the vendor announced, and errors passed over; each once."""
        return self._telemetry.warnings

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self.session.close()

    def send(self, request: Request, accept: Accept | None = None, *, stop: threading.Event | None = None) -> Page:
        """The page that answers a request. Passing failures are tried again, others raise a `FetchError` at once.

        accept: failures that count as a page without records (any status but 200), or `{200: "keep"}`.
        stop: once set, waiting ends and nothing more is sent (StoppedError).
        """
        accepted = accept or {}

        def wait(seconds: float, is_named: bool, error: PassingError) -> None:
            self._telemetry.count(Counters(retries=1))
            self._telemetry.tell("retry", self.mask(error.problem), seconds)
            if is_named or error.holds_others:
                self._limiter.hold(self._clock() + seconds)
            else:
                self._pause(seconds, stop)

        attempts = Attempts(self._clock, wait)
        return self._placed(request, lambda: attempts.call(lambda: self._attempt(request, accepted, stop)))

    def _placed(self, request: Request, call: Callable[[], Page]) -> Page:
        """What the call returns; its error says where it was, and no secret."""
        try:
            return call()
        except FetchError as error:
            failed = error
        raise failed.placed(self.where, f"{request.method} {request.address()}", self.mask)

    def _attempt(self, request: Request, accept: Accept, stop: threading.Event | None) -> Page:
        try:
            received = self._transport.exchange(request, lambda: self._permitted(stop), self._heard)
            page = self._understood(request, received, accept)
        except PassingError as error:
            if error.wait is not None:
                self._limiter.hold(self._clock() + error.wait)
            raise
        self._note(page)
        return page

    def _understood(self, request: Request, received: Page, accept: Accept) -> Page:
        """The page as its reader gets it. An error names the request that failed, if that is one of the auth's own."""
        page = replace(received, url=self.mask(received.url), where=self.where)
        try:
            return classify_response(page, accept, self._clock(), self.mask)
        except FetchError as error:
            if page.request is not request:
                error.url = f"{page.request.method} {page.url}"
            raise

    def _heard(self, request: Request, response: Response, sent_at: float) -> None:
        """Takes in what a response says beside its data."""
        now = self._clock()
        self._telemetry.count(Counters(bytes=len(response.body)))
        self._limiter.observe(response.headers, now)
        shown = self.mask(request.url)
        if announced := deprecation_notice(response.headers):
            self._telemetry.warn(announced, self.mask(f"{request.method} {shown.partition('?')[0]}: {announced}"))
        _log.debug("%s: %s %s: %s, %s bytes", self.where, request.method, shown, response.status, len(response.body))
        self._telemetry.tell("response", shown, now - sent_at, len(response.body))

    def _note(self, page: Page) -> None:
        """Keeps in mind what a page passed over."""
        asked = f"{page.request.method} {page.url}"
        if page.skipped is not None:
            self._telemetry.count(Counters(skipped=1))
            self._telemetry.warn(f"skipped {page.status}", f"{asked}: taken as empty: {page.skipped}")
        if page.reported is not None:
            self._telemetry.warn(f"kept {page.reported}", f"{asked}: data kept although errors came: {page.reported}")

    def _permitted(self, stop: threading.Event | None) -> None:
        """Returns when the next request may go out."""
        self._limiter.acquire(self._clock, lambda seconds: self._pause(seconds, stop))
        if stop is not None and stop.is_set():
            raise StoppedError("stopped.")
        self._telemetry.count(Counters(requests=1))

    def _pause(self, seconds: float, stop: threading.Event | None) -> None:
        if seconds > LONGEST_NAMED_WAIT:
            raise wait_too_long(seconds)
        if seconds >= TOLD_WAIT_SECONDS:
            self._telemetry.tell("waiting", f"{self.where}: waiting {seconds:.0f} s", seconds)
        if self._sleep is not None:
            self._sleep(seconds)
        elif stop is not None:
            stop.wait(seconds)
        else:
            time.sleep(seconds)
        self._telemetry.count(Counters(waited_seconds=seconds))
        if stop is not None and stop.is_set():
            raise StoppedError("stopped.")
