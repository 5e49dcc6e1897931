"""One exchange with a vendor: a request out, a bounded response in. The only place that sends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.hooks import dispatch_hook
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import NewConnectionError

from dazz_assets.http.auth import Auth
from dazz_assets.http.complaints import shortened
from dazz_assets.http.errors import (
    BadRequestError,
    FetchError,
    RedirectError,
    ResponseTooLargeError,
    TransportError,
    UndeclaredHostError,
    UnreachableError,
)
from dazz_assets.http.hosts import DeclaredHosts, Origin, origin_of, shown
from dazz_assets.http.page import Request, sent_params

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
LARGEST_RESPONSE = 256 * 1024 * 1024
"""Bytes of a body after decompression, counted while reading."""
LONGEST_RESPONSE_SECONDS = 600.0
MOST_REDIRECTS = 5
CONNECTIONS = 32
_CHUNK = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SETTLED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidProxyURL,
    UnicodeError,
    ValueError,
    TypeError,
)


class Prepared(requests.PreparedRequest):
    """A request as it goes out, which knows the `source` of the one it was made from: who records wants to know."""

    def __init__(self, source: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.source = source


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read whole. `url` is what was asked for and `answered_url` what answered, both unauthenticated.

    sent_at: when the request that it answers was sent, in epoch seconds.
    """

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    url: str
    answered_url: str
    sent_at: float


class Transport:
    """Sends requests over one session to declared hosts; safe to share between threads.

    Redirects are followed here, so that nothing reaches an undeclared host. Cookies and .netrc are not used; proxies
    and certificates of the environment are.
    """

    def __init__(
        self, hosts: DeclaredHosts, auth: Auth | None, values: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self._hosts = hosts
        self._auth = auth
        self._values = dict(values)
        self._clock = clock
        self._environment: dict[Origin | None, Mapping[str, Any]] = {}
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))

    def exchange(self, request: Request, before_each: Callable[[], None]) -> Answer:
        """The answer to a request, after redirects; `before_each` is called before each of the requests that takes.

        The errors hold URLs and texts that are not masked.
        """
        asked, first_url = request, ""
        for _ in range(MOST_REDIRECTS + 1):
            prepared, url = self._prepared(asked)
            first_url = first_url or url
            before_each()
            sent_at = self._clock()
            response = self._send(prepared)
            with response:
                if response.status_code in _REDIRECTS:
                    asked = _redirected(asked, url, response)
                    continue
                body = _read(response)
            return Answer(response.status_code, response.headers, body, first_url, url, sent_at)
        raise RedirectError(f"more than {MOST_REDIRECTS} redirects.")

    def _prepared(self, request: Request) -> tuple[requests.PreparedRequest, str]:
        """The request as it goes out, and its URL without credentials."""
        prepared: requests.PreparedRequest = Prepared(request.source)
        problem = ""
        try:
            prepared.prepare(
                method=request.method,
                url=request.url,
                headers={**self.session.headers, **request.headers},
                params=sent_params(request.params),
                json=request.body,
            )
        except _SETTLED as error:
            problem = _reason(error)
        if problem:  # Raised out here, so that the error carries no other one with a URL in it.
            raise BadRequestError(f"the request can't be sent: {problem}.")
        url = prepared.url or ""
        self._demand_declared(url)
        if self._auth is not None:
            prepared = _of_source(self._auth.apply(prepared, self._values), request.source)
            self._demand_declared(prepared.url or "")
        return prepared, url

    def _demand_declared(self, url: str) -> None:
        if self._hosts.allows(url):
            return
        target = origin_of(url)
        raise UndeclaredHostError(
            f"a redirect or link leads from {shown(self._hosts.base)} to "
            f"{shown(target) if target else 'an address that is not plain http or https'}, which is not declared; "
            "nothing was sent there."
        )

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response:
        started = time.perf_counter()
        response = self._response_or_error(prepared)
        if isinstance(response, FetchError):  # Raised out here, so that it carries no exception with a URL in it.
            raise response
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        hooked: requests.Response = dispatch_hook("response", self.session.hooks, response)  # type: ignore[no-untyped-call]
        return hooked

    def _response_or_error(self, prepared: requests.PreparedRequest) -> requests.Response | FetchError:
        url = prepared.url or ""
        try:
            settings = self._settings(url)
            return self.session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                verify=settings["verify"],
                cert=settings["cert"],
                proxies=settings["proxies"],
            )
        except requests.RequestException as error:
            return _translated(error)
        except (UnicodeError, ValueError) as error:
            return BadRequestError(f"the request can't be sent: {type(error).__name__}.")

    def _settings(self, url: str) -> Mapping[str, Any]:
        """Proxies and certificates of the environment, looked up once for each origin: that is slow."""
        origin = origin_of(url)
        if origin not in self._environment:
            self._environment[origin] = self.session.merge_environment_settings(url, {}, True, None, None)
        return self._environment[origin]


def _of_source(prepared: requests.PreparedRequest, source: tuple[str, ...]) -> Prepared:
    """The request with its source, which an auth that gives back another object does not know of."""
    if isinstance(prepared, Prepared):
        return prepared
    known = Prepared(source)
    vars(known).update(vars(prepared), source=source)
    return known


def _redirected(request: Request, url: str, response: requests.Response) -> Request:
    """What a redirect asks for. It names the whole address: our parameters are in it, or are not wanted there."""
    target = response.headers.get("location", "")
    if not target:
        raise RedirectError(
            f"a redirect ({response.status_code}) that does not say where to.", status=response.status_code
        )
    target = urljoin(url, target.encode("latin-1", "replace").decode("utf-8", "replace"))
    keeps_method = response.status_code in (307, 308) or request.method in ("GET", "HEAD")
    if keeps_method:
        return replace(request, url=target, params={})
    return replace(request, url=target, params={}, method="GET", body=None)


def _read(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    ends_at = time.monotonic() + LONGEST_RESPONSE_SECONDS
    size = 0
    reason = ""
    try:
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_RESPONSE:
                break
            if time.monotonic() > ends_at:
                reason = f"it took longer than {LONGEST_RESPONSE_SECONDS:.0f} s"
                break
    except (requests.RequestException, OSError) as error:
        reason = _reason(error)
    if reason:
        raise TransportError(f"the body was cut short after {size} bytes: {reason}.", status=response.status_code)
    if size > LARGEST_RESPONSE:
        raise ResponseTooLargeError(
            f"the response is larger than {LARGEST_RESPONSE} bytes after decompression.", status=response.status_code
        )
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _translated(error: requests.RequestException) -> FetchError:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return UnreachableError(f"no connection within {CONNECT_SECONDS:.0f} s.")
    if isinstance(error, requests.exceptions.Timeout):
        return TransportError(f"no answer within {READ_SECONDS:.0f} s.")
    reason = _reason(error)
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in reason.lower():
        return BadRequestError(
            f"the server's certificate is not trusted: {reason}.",
            advice="Check base_url; for a certificate authority of your own, set REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, _SETTLED):
        return BadRequestError(f"the request can't be sent: {reason}.")
    if isinstance(error, requests.exceptions.ConnectionError) and _is_unreachable(error):
        return UnreachableError(f"no connection: {reason}.")
    return TransportError(f"no answer: {reason}.")


def _is_unreachable(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection was never made (urllib3 says so in the reason of its own error)."""
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", inner), NewConnectionError)


def _reason(error: BaseException) -> str:
    """The innermost reason of an exception of requests, whose own text repeats the URL."""
    inner: Any = error
    for _ in range(5):
        below = getattr(inner, "reason", None) or next(
            (item for item in inner.args if isinstance(item, Exception)), None
        )
        if not isinstance(below, BaseException):
            break
        inner = below
    return shortened(" ".join(f"{type(inner).__name__}: {inner}".split()), 200).rstrip(".")
