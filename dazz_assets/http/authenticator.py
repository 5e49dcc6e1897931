"""An auth at work: its flows, driven for one connection, and the secrets that they bring."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import time
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.auth import Auth
from dazz_assets.http.errors import CredentialError, FetchError, PassingError
from dazz_assets.http.failures import failure_of
from dazz_assets.http.mask import Mask
from dazz_assets.http.page import Request, Response

MOST_REQUESTS = 10
"""A flow that yields more than these, for one request, does not come to an end."""
SHORTEST_LEARNED = 8
"""Shorter words that an auth adds are no tokens; masking them would leave messages unreadable."""
_NO_SECRETS = frozenset({"accept", "content-type", "date", "host", "user-agent"})

Send = Callable[[Request], Response]
Returned = TypeVar("Returned")


class Authenticator:
    """The auth of one connection. Its clients and their threads share it; no other connection does.

    auth: is copied, so that what it keeps (a token) stays with this connection.
    config: the connection's config as text; secrets: those values that no text may show.
    """

    def __init__(
        self, auth: Auth | None = None, config: Mapping[str, str] | None = None, secrets: Iterable[str] = ()
    ) -> None:
        self.mask = Mask(secrets)
        self._auth = copy.deepcopy(auth)
        self._config = dict(config or {})
        self._lock = Lock()

    def respond(self, request: Request, send: Send) -> tuple[Request, Response]:
        """The response to a request, and what was sent for it last: the request, signed, or what went wrong before it.

        request: as it is sent, without credentials; send: sends one as it is given.
        Raises what `send` raises, and FetchError for a flow that fails.
        """
        if self._auth is None:
            return request, send(request)
        flow = _Flow(self._auth, request, self._config, self._learning(request, send))
        try:
            while True:
                with self._lock:
                    signed = flow.run_to_signed()
                if signed is None:
                    return flow.outcome()
                flow.send(replace(signed, source=request.source))
        finally:
            flow.close()

    def first_request(self, request: Request) -> Request:
        """What a flow would send first. Nothing is sent. FetchError: the flow fails."""
        if self._auth is None:
            return request
        flow = _Flow(self._auth, request, self._config, lambda _: Response(0))
        try:
            with self._lock:
                first = flow.resume()
        finally:
            flow.close()
        return first or request

    def _learning(self, original: Request, send: Send) -> Send:
        """Sends, and masks from then on what the auth has added to a request."""

        def learn_and_send(request: Request) -> Response:
            for value in _added(original, request):
                if value not in self._config.values() and self.mask(value) == value:
                    self.mask.learn(value)
            return send(request)

        return learn_and_send


def is_signed(request: Request, original: Request) -> bool:
    """Whether what a flow yields is the request that it was given, and none of its own."""
    return (request.method, _address(request)) == (original.method, _address(original))


class _Flow:
    """One flow of an auth: what it yielded last, and what came for it."""

    def __init__(self, auth: Auth, request: Request, config: Mapping[str, str], send: Send) -> None:
        self._name = type(auth).__name__
        self._request = request
        self._send = send
        self._sent: Request | None = None
        self._response: Response | None = None
        self._count = 0
        flow = self._calling(lambda: auth.flow(request, config))
        if not isinstance(flow, Generator):
            raise self._wrong("must be a generator: `yield` the request with its credentials")
        self._flow = flow

    def run_to_signed(self) -> Request | None:
        """Runs the auth's code, and sends what it asks for itself, up to the signed request; None where it is over."""
        while not self._failed_for_now():
            request = self.resume()
            if request is None or is_signed(request, self._request):
                return request
            self.send(request)
        return None

    def resume(self) -> Request | None:
        """What the flow yields next; None where it is over."""
        flow, response = self._flow, self._response
        try:
            request = self._calling(lambda: flow.send(response) if response is not None else next(flow))
        except FetchError as error:
            if self._sent is not None:
                error.url = error.url or f"{self._sent.method} {_address(self._sent)}"
            raise
        if request is None:
            return None
        if not isinstance(request, Request):
            raise self._wrong(f"yielded a {type(request).__name__}: yield a Request")
        self._count += 1
        if self._count > MOST_REQUESTS:
            raise self._wrong(f"asks for more than {MOST_REQUESTS} requests for one: let it end")
        return request

    def send(self, request: Request) -> None:
        """Sends what the flow yielded."""
        self._sent = request
        self._response = self._send(request)

    def outcome(self) -> tuple[Request, Response]:
        """What was sent last, and its response."""
        if self._sent is None or self._response is None:
            raise self._wrong("yielded no request: yield the one that it was given")
        if not is_signed(self._sent, self._request) and 200 <= self._response.status < 300:
            raise self._wrong("ended after a request of its own: yield the one that it was given as well")
        return self._sent, self._response

    def close(self) -> None:
        """Ends the flow where it stands."""
        self._flow.close()

    def _failed_for_now(self) -> bool:
        response = self._response
        if response is None or response.status < 400:
            return False
        return isinstance(failure_of(response.status, response.headers, response.body, time()), PassingError)

    def _calling(self, call: Callable[[], Returned]) -> Returned | None:
        """What the auth's code returns, None where a generator ends. Any other error is said to be the auth's."""
        try:
            return call()
        except StopIteration:
            return None
        except FetchError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
            at = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(at.filename).name}, line {at.lineno}"
            failed = self._wrong(f"raised {type(error).__name__} ({place}): {error}")
        raise failed  # Out here, so that no exception with a secret in it is behind this one.

    def _wrong(self, problem: str) -> CredentialError:
        return CredentialError(f"{self._name}.flow {problem}.", advice="Correct the integration's auth.")


def _address(request: Request) -> str:
    return request.url.partition("?")[0]


def _added(original: Request, request: Request) -> list[str]:
    """The words of headers and parameters that an auth has added to a request."""
    known = set(original.headers.values())
    texts = [text for name, text in request.headers.items() if text not in known and name.lower() not in _NO_SECRETS]
    before = set(parse_qsl(urlsplit(original.url).query))
    texts += [value for name, value in parse_qsl(urlsplit(request.url).query) if (name, value) not in before]
    texts += [str(value) for value in request.params.values()]
    return [word for text in texts for word in text.split() if len(word) >= SHORTEST_LEARNED]
