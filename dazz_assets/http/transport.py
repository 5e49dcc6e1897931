"""One exchange with a vendor: a request out, a bounded response in. The only place that sends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.hooks import dispatch_hook
from urllib3.exceptions import NewConnectionError

from dazz_assets.http.authenticator import Authenticator, is_signed
from dazz_assets.http.errors import (
    BadRequestError,
    FetchError,
    RedirectError,
    ResponseTooLargeError,
    TransportError,
    UndeclaredHostError,
    UnreachableError,
)
from dazz_assets.http.failures import shorten
from dazz_assets.http.hosts import DeclaredHosts, Origin, format_origin, origin_of
from dazz_assets.http.page import Page, Request, Response, sent_params

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
LARGEST_RESPONSE = 256 * 1024 * 1024
"""Bytes of a body after decompression, counted while reading."""
LONGEST_RESPONSE_SECONDS = 600.0
MOST_REDIRECTS = 5
CONNECTIONS = 32
_CHUNK = 1024 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
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


class _Prepared(requests.PreparedRequest):
    """A request as `requests` sends it, which knows the `source` of ours."""

    source: tuple[str, ...] = ()


def request_source(prepared: requests.PreparedRequest) -> tuple[str, ...]:
    """What a request lists, for recordings; empty where the engine did not make it (see `Request`)."""
    return prepared.source if isinstance(prepared, _Prepared) else ()


class Transport:
    """Sends requests over one session to declared hosts; safe to share between threads.

    Redirects are followed here, so that nothing reaches an undeclared host. Cookies and .netrc are not used; proxies
    and certificates of the environment are.
    """

    def __init__(self, hosts: DeclaredHosts, authenticator: Authenticator, clock: Callable[[], float]) -> None:
        self._hosts = hosts
        self._authenticator = authenticator
        self._clock = clock
        self._environment: dict[Origin | None, Mapping[str, Any]] = {}
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self._headers = {name: str(value) for name, value in self.session.headers.items()}
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))

    def exchange(
        self, request: Request, before_each: Callable[[], None], after_each: Callable[[Request, Response, float], None]
    ) -> Page:
        """The page that a response to a request would be, whatever its status, after redirects.

        before_each: called before each of the requests that it takes, those of the auth included. after_each: called
        with each, as it is without credentials, its response, and when it was sent (epoch seconds); not of redirects.

        The URLs in it, and the texts of the errors, are not masked.
        """
        asked, first_url, sent_at = request, "", 0.0

        def send(signed: Request) -> Response:
            nonlocal sent_at
            prepared = self._prepared(signed)
            before_each()
            sent_at = self._clock()
            response = self._received(prepared)
            if response.status not in REDIRECTS:
                after_each(_without_credentials(signed, plain), response, sent_at)
            return response

        for _ in range(MOST_REDIRECTS + 1):
            plain = read_prepared(self._prepared(asked))
            last, response = self._authenticator.respond(plain, send)
            last = _without_credentials(last, plain)
            first_url = first_url or last.url
            if response.status in REDIRECTS and last is plain:
                asked = _redirected(asked, plain.url, response)
                continue
            return Page(
                status=response.status,
                headers=response.headers,
                body=response.body,
                url=first_url if last is plain else last.url,
                fetched_at=datetime.fromtimestamp(sent_at, UTC),
                request=request if last is plain else last,
                answered_url=last.url,
            )
        raise RedirectError(f"more than {MOST_REDIRECTS} redirects.")

    def _prepared(self, request: Request) -> _Prepared:
        """The request as `requests` sends it. Raises BadRequestError, and UndeclaredHostError."""
        prepared = prepare_request(replace(request, headers={**self._headers, **request.headers}))
        self._demand_declared(prepared.url or "")
        return prepared

    def _demand_declared(self, url: str) -> None:
        if self._hosts.allows(url):
            return
        origin = origin_of(url)
        target = format_origin(origin) if origin else "an address that is not plain http or https"
        raise UndeclaredHostError(
            f"a redirect, a link or the auth leads from {format_origin(self._hosts.base)} to {target}, which is not "
            "declared; nothing was sent there."
        )

    def _received(self, prepared: requests.PreparedRequest) -> Response:
        """Sends a request, and reads its response within bounds; of a redirect no body."""
        with self._send(prepared) as response:
            body = b"" if response.status_code in REDIRECTS else _read(response)
            return Response(response.status_code, response.headers, body)

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


def prepare_request(request: Request) -> _Prepared:
    """A request as `requests` sends it. Raises BadRequestError for one that can't be sent."""
    prepared = _Prepared()
    prepared.source = request.source
    body: Mapping[str, Any] = {"data" if isinstance(request.body, bytes) else "json": request.body}
    problem = ""
    try:
        prepared.prepare(
            method=request.method,
            url=request.url,
            headers=dict(request.headers),
            params=sent_params(request.params),
            **body,
        )
    except _SETTLED as error:
        problem = _reason(error)
    if problem:  # Raised out here, so that the error carries no other one with a URL in it.
        raise BadRequestError(f"the request can't be sent: {problem}.")
    return prepared


def read_prepared(prepared: requests.PreparedRequest) -> Request:
    """What a request of the library `requests` sends. A body that is a file or a generator is read to its end."""
    return Request(
        url=prepared.url or "",
        method=prepared.method or "GET",
        headers={name: _text(value) for name, value in prepared.headers.items() if name != "Content-Length"},
        body=None if prepared.body is None else _whole(prepared.body),
        source=request_source(prepared),
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _whole(body: bytes | str | Iterable[bytes | str]) -> bytes:
    if isinstance(body, bytes | str):
        return _bytes(body)
    # Of a file larger pieces than its lines, which binary ones may hardly have.
    read = getattr(body, "read", None)
    return _bytes(read()) if read is not None else b"".join(map(_bytes, body))


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _without_credentials(sent: Request, plain: Request) -> Request:
    """What was sent, without what the auth added; of a request of the auth's own, all but its query."""
    return plain if is_signed(sent, plain) else replace(sent, url=sent.url.partition("?")[0], params={})


def _redirected(request: Request, url: str, response: Response) -> Request:
    """What a redirect asks for. It names the whole address: our parameters are in it, or are not wanted there."""
    target = response.headers.get("location", "")
    if not target:
        raise RedirectError(f"a redirect ({response.status}) that does not say where to.", status=response.status)
    target = urljoin(url, target.encode("latin-1", "replace").decode("utf-8", "replace"))
    keeps_method = response.status in (307, 308) or request.method in ("GET", "HEAD")
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
    return shorten(" ".join(f"{type(inner).__name__}: {inner}".split()), 200).rstrip(".")
