"""Runs the flows of an auth for one connection, and masks the secrets that they fetch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from time import time
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.auth.auth import Auth, fill_own_auth
from dazz_assets.http.auth.fetched_token import AuthConnection, TokenAuth
from dazz_assets.http.errors import CredentialError, FetchError, RefusedError, SignInError, TransientError
from dazz_assets.http.hosts import parse_origin
from dazz_assets.http.mask import Mask
from dazz_assets.http.page import Request, Response
from dazz_assets.http.paging.author_code import describe_exception
from dazz_assets.http.responses.failures import error_for_response

MAX_FLOW_REQUESTS = 10
"""A flow that yields more requests than this for one request is taken to be endless."""
SHORTEST_TOKEN = 8
"""Shorter words that an auth adds are not masked: they are hardly ever tokens, and it would garble messages."""
_PUBLIC_HEADERS = frozenset({"accept", "content-type", "date", "host", "user-agent"})

Send = Callable[[Request], Response]
Result = TypeVar("Result")


class Authenticator:
    """The auth of one connection, shared by its clients and their threads but by no other connection.

    auth: copied, so that its state (a token) stays with this connection. An author's own is filled from the config.
    config: the fields of the connection's config as text. secrets: the values to mask in all texts. mask: replaces
    them; the connection's authenticators share it. connection: what an auth that fetches tokens must know of it.
    """

    def __init__(
        self,
        auth: Auth | None = None,
        config: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        mask: Mask | None = None,
        connection: AuthConnection | None = None,
    ) -> None:
        self.mask = mask or Mask(secrets)
        self._auth = copy.deepcopy(auth)
        if isinstance(self._auth, TokenAuth):
            self._auth.connect(replace(connection or AuthConnection(), mask=self.mask))
        self._config = dict(config or {})
        self._lock = Lock()
        self._is_filled = False
        self._has_signed_in = False
        self._refused: SignInError | None = None

    def send_signed(self, request: Request, send: Send) -> tuple[Request, Response]:
        """Sign and send a request. Returns the last request that was sent and its response.

        The last request is the signed one, unless one of the auth's own requests failed before it.

        request: as it is sent, without credentials. send: sends a request unchanged. Raises what `send` raises, and
        FetchError for a flow that fails. Once the auth's own request was refused before anything was signed, nothing is
        sent any more: SignInError.
        """
        if self._auth is None:
            return request, send(request)
        if self._refused is not None:
            raise self._refused.copy()
        flow = _Flow(self._fill_once(self._auth), request, self._config, self._masking_send(request, send))
        try:
            while True:
                with self._lock:
                    signed = flow.run_to_signed()
                if signed is None:
                    return flow.outcome()
                flow.send(signed if signed.source == request.source else replace(signed, source=request.source))
                self._has_signed_in = True
        except SignInError as error:
            if not self._has_signed_in:
                self._refused = error.copy()
            raise
        finally:
            flow.close()

    def declares(self, url: str) -> bool:
        """Whether the auth names the origin of a URL for its own requests. Raises CredentialError."""
        if not isinstance(self._auth, TokenAuth) or not self._auth.endpoint:
            return False
        return parse_origin(self._auth.address(self._config)) == parse_origin(url)

    def preview_signing(self, request: Request) -> Request:
        """The first request that a flow would send, without sending it. FetchError: the flow fails."""
        if self._auth is None:
            return request
        flow = _Flow(self._fill_once(self._auth), request, self._config, lambda _: Response(0))
        try:
            with self._lock:
                first = flow.resume()
        finally:
            flow.close()
        return first or request

    def _fill_once(self, auth: Auth) -> Auth:
        """The auth that the flows of this connection share. Raises CredentialError."""
        with self._lock:
            if not self._is_filled:
                self._auth, self._is_filled = fill_own_auth(auth, self._config), True
            return self._auth or auth

    def _masking_send(self, original: Request, send: Send) -> Send:
        """A `send` that first starts masking what the auth has added to the request."""

        def learn_and_send(request: Request) -> Response:
            for value in _find_added_words(original, request):
                if value not in self._config.values() and self.mask(value) == value:
                    self.mask.learn(value)
            return send(request)

        return learn_and_send


def is_signed(request: Request, original: Request) -> bool:
    """Whether a request that a flow yields is the signed original, and not one of the auth's own requests."""
    if request.method != original.method:
        return False
    return request.url == original.url or _url_without_query(request) == _url_without_query(original)


class _Flow:
    """One run of an auth's `flow`, with the request that it sent last and the response."""

    def __init__(self, auth: Auth, request: Request, config: Mapping[str, str], send: Send) -> None:
        self._name = type(auth).__name__
        self._code = auth.flow
        self._has_advice = isinstance(auth, TokenAuth)
        self._request = request
        self._send = send
        self._sent: Request | None = None
        self._response: Response | None = None
        self._count = 0
        flow = self._call_author_code(lambda: auth.flow(request, config))
        if not isinstance(flow, Generator):
            raise self._flow_error("must be a generator: `yield` the request with its credentials")
        self._flow = flow

    def run_to_signed(self) -> Request | None:
        """Run the flow to its next signed request, and send its own requests on the way; None when it has ended."""
        while not self._failed_transiently():
            request = self.resume()
            if request is None or is_signed(request, self._request):
                return request
            self.send(request)
        return None

    def resume(self) -> Request | None:
        """The request that the flow yields next; None when it has ended."""
        flow, response = self._flow, self._response
        try:
            request = self._call_author_code(lambda: flow.send(response) if response is not None else next(flow))
        except FetchError as error:
            if self._sent is not None:
                error.url = error.url or _describe(self._sent)
            failed = error
        else:
            return self._check(request)
        if isinstance(failed, RefusedError) and self._sent is not None and not is_signed(self._sent, self._request):
            failed = self._sign_in_error(failed)
        raise failed

    def _check(self, request: object) -> Request | None:
        if request is None:
            return None
        if not isinstance(request, Request):
            raise self._flow_error(f"yielded a {type(request).__name__}: yield a Request")
        self._count += 1
        if self._count > MAX_FLOW_REQUESTS:
            raise self._flow_error(f"yielded more than {MAX_FLOW_REQUESTS} requests for one: make it end")
        return request

    def send(self, request: Request) -> None:
        """Send a request that the flow yielded."""
        self._sent = request
        try:
            self._response = self._send(request)
        except FetchError as error:
            if not is_signed(request, self._request):
                error.url = error.url or _describe(request)
            raise

    def outcome(self) -> tuple[Request, Response]:
        """The last request that was sent, and its response."""
        if self._sent is None or self._response is None:
            raise self._flow_error("yielded no request: yield the one that it was given")
        if not is_signed(self._sent, self._request):
            if 200 <= self._response.status < 300:
                raise self._flow_error("ended after a request of its own: also yield the one that it was given")
            response = self._response
            refused = error_for_response(response.status, response.headers, response.body, time())
            if isinstance(refused, RefusedError):
                refused.url = _describe(self._sent)
                raise self._sign_in_error(refused)
        return self._sent, self._response

    def close(self) -> None:
        """Close the generator."""
        self._flow.close()

    def _failed_transiently(self) -> bool:
        response = self._response
        if response is None or response.status < 400:
            return False
        return isinstance(error_for_response(response.status, response.headers, response.body, time()), TransientError)

    def _call_author_code(self, call: Callable[[], Result]) -> Result | None:
        """The result of calling the author's code; None when a generator ends. Exceptions become FetchErrors."""
        try:
            return call()
        except StopIteration:
            return None
        except FetchError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
            failed = self._flow_error(describe_exception(error, self._code))
        raise failed  # Raised out here, so that it has no context that could hold a secret.

    def _sign_in_error(self, error: RefusedError) -> SignInError:
        advice = "Check what the connection's config gives to sign in with."
        return SignInError.from_refusal(error, error.advice if self._has_advice else advice)

    def _flow_error(self, problem: str) -> CredentialError:
        return CredentialError(f"{self._name}.flow {problem}.", advice="Correct the integration's auth.")


def _describe(request: Request) -> str:
    return f"{request.method} {_url_without_query(request)}"


def _url_without_query(request: Request) -> str:
    return request.url.partition("?")[0]


def _find_added_words(original: Request, request: Request) -> list[str]:
    """The words in the headers and parameters that an auth has added to a request, if they may be secret."""
    known = set(original.headers.values())
    headers = {name: text for name, text in request.headers.items() if name.lower() not in _PUBLIC_HEADERS}
    texts = [text for text in headers.values() if text not in known]
    if request.url != original.url:
        before = set(parse_qsl(urlsplit(original.url).query))
        texts += [value for name, value in parse_qsl(urlsplit(request.url).query) if (name, value) not in before]
    texts += [str(value) for value in request.params.values()]
    return [word for text in texts for word in text.split() if len(word) >= SHORTEST_TOKEN]
