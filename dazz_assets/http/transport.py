"""Sends a request and reads its response within limits. Nothing else in the library sends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
from requests.hooks import dispatch_hook
from urllib3.exceptions import NewConnectionError

from dazz_assets.http.auth.authenticator import Authenticator, is_signed
from dazz_assets.http.direct_adapter import DirectAdapter
from dazz_assets.http.errors import (
    BadRequestError,
    FetchError,
    RedirectError,
    ResponseTooLargeError,
    TransportError,
    UndeclaredHostError,
    UnreachableError,
)
from dazz_assets.http.hosts import DeclaredHosts, Origin, format_origin, parse_origin
from dazz_assets.http.page import Page, Request, Response
from dazz_assets.http.prepared import (
    INVALID_REQUEST_ERRORS,
    PreparedRequest,
    Preparer,
    innermost_reason,
    read_prepared,
)

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
LARGEST_RESPONSE = 256 * 1024 * 1024
"""Bytes of a body after decompression, counted while reading."""
LONGEST_RESPONSE_SECONDS = 600.0
MAX_REDIRECTS = 5
MAX_CONNECTIONS = 32
_CHUNK_BYTES = 1024 * 1024
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
# What OpenSSL says when the other side speaks plain HTTP.
_NOT_TLS = re.compile(r"wrong.version.number|record.layer.failure|packet.length.too.long|http.request", re.I)
_OF_LIBRARY = re.compile(r"^\w+Error: (?:HTTPS?Connection\([^)]*\): )?")


class Transport:
    """Sends requests over one session, to declared hosts only. Threads may share it.

    It follows redirects itself, so that nothing reaches an undeclared host. It ignores cookies and .netrc, and uses the
    proxies and certificates that the environment sets.
    """

    def __init__(self, hosts: DeclaredHosts, authenticator: Authenticator, clock: Callable[[], float]) -> None:
        self._hosts = hosts
        self._authenticator = authenticator
        self._clock = clock
        self._environment_settings: dict[Origin | None, Mapping[str, Any]] = {}
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self._preparer = Preparer({name: str(value) for name, value in self.session.headers.items()})
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, DirectAdapter(MAX_CONNECTIONS))

    def exchange(
        self, request: Request, before_each: Callable[[], None], after_each: Callable[[Request, Response, float], None]
    ) -> Page:
        """Send a request, follow redirects, and return the response as a page, whatever its status.

        before_each: called before each request that is sent, including redirects and the auth's own requests.
        after_each: called after each one but redirects, with the request without credentials, its response, and when it
        was sent (epoch seconds).

        The page's URLs and the texts of errors are not masked.
        """
        target, first_url, sent_at = request, "", 0.0

        def send(signed: Request) -> Response:
            nonlocal sent_at
            prepared = self._prepare_signed(signed, plain, unsigned)
            before_each()
            sent_at = self._clock()
            response = self._send_and_read(prepared)
            if response.status not in REDIRECT_STATUSES:
                after_each(_strip_credentials(signed, plain), response, sent_at)
            return response

        for _ in range(MAX_REDIRECTS + 1):
            unsigned = self._prepare(target)
            plain = read_prepared(unsigned)
            last, response = self._authenticator.send_signed(plain, send)
            last = _strip_credentials(last, plain)
            first_url = first_url or last.url
            if response.status in REDIRECT_STATUSES and last is plain:
                target = _follow_redirect(target, plain.url, response)
                continue
            return Page(
                status=response.status,
                headers=response.headers,
                body=response.body,
                url=first_url if last is plain else last.url,
                fetched_at=datetime.fromtimestamp(sent_at, UTC),
                request=request if last is plain else last,
                final_url=last.url,
                lost_body=request.body is not None and target.body is None,
            )
        raise RedirectError(f"more than {MAX_REDIRECTS} redirects.")

    def _prepare(self, request: Request, *, of_auth: bool = False) -> PreparedRequest:
        """The request as `requests` sends it. of_auth: it is the auth's own, which may have another host.

        Raises BadRequestError and UndeclaredHostError.
        """
        prepared = self._preparer.prepare(request)
        url = prepared.url or ""
        if not (of_auth and self._authenticator.declares(url)):
            self._check_host(url)
        return prepared

    def _prepare_signed(self, signed: Request, plain: Request, unsigned: PreparedRequest) -> PreparedRequest:
        """The same for a request with credentials. Most are in a header, and then the rest was prepared already."""
        if (signed.url, signed.method, signed.params, signed.body) != (plain.url, plain.method, {}, plain.body):
            return self._prepare(signed, of_auth=not is_signed(signed, plain))
        return unsigned if signed.headers == plain.headers else self._preparer.sign(unsigned, signed.headers)

    def _check_host(self, url: str) -> None:
        if self._hosts.allows(url):
            return
        origin = parse_origin(url)
        target = format_origin(origin) if origin else "an address that is not plain http or https"
        raise UndeclaredHostError(
            f"a redirect, a link or the auth leads from {format_origin(self._hosts.base)} to {target}, which is not "
            "declared; nothing was sent there."
        )

    def _send_and_read(self, prepared: requests.PreparedRequest) -> Response:
        """Send a request and read its response within limits. The body of a redirect is not read."""
        with self._send(prepared) as response:
            body = b"" if response.status_code in REDIRECT_STATUSES else _read_body(response)
            return Response(response.status_code, response.headers, body)

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response:
        started = time.perf_counter()
        response = self._try_to_send(prepared)
        if isinstance(response, FetchError):  # Raised out here, so that it has no context with a URL in it.
            raise response
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        hooked: requests.Response = dispatch_hook("response", self.session.hooks, response)  # type: ignore[no-untyped-call]
        return hooked

    def _try_to_send(self, prepared: requests.PreparedRequest) -> requests.Response | FetchError:
        url = prepared.url or ""
        try:
            settings = self._read_environment(url)
            return self.session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                verify=settings["verify"],
                cert=settings["cert"],
                proxies=settings["proxies"],
            )
        except requests.RequestException as error:
            return _translate_error(error, url)
        except (UnicodeError, ValueError) as error:
            return BadRequestError(f"the request can't be sent: {type(error).__name__}.")

    def _read_environment(self, url: str) -> Mapping[str, Any]:
        """The environment's proxies and certificates for a URL. The lookup is slow, so they are kept per origin."""
        origin = parse_origin(url)
        if origin not in self._environment_settings:
            self._environment_settings[origin] = self.session.merge_environment_settings(url, {}, True, None, None)
        return self._environment_settings[origin]


def _strip_credentials(sent: Request, plain: Request) -> Request:
    """The request without the credentials that the auth added: the plain one, or an auth's own without its query."""
    return plain if is_signed(sent, plain) else replace(sent, url=sent.url.partition("?")[0], params={})


def _follow_redirect(request: Request, url: str, response: Response) -> Request:
    """The request that a redirect leads to. Its URL is complete, so our parameters are not added to it."""
    target = read_location(response.headers, url)
    if target is None:
        raise RedirectError(f"a redirect ({response.status}) without a Location header.", status=response.status)
    keeps_method = response.status in (307, 308) or request.method in ("GET", "HEAD")
    return replace(request, url=target, params={}) if keeps_method else get_instead(request, target)


def read_location(headers: Mapping[str, str], url: str) -> str | None:
    """The address in a response's Location header, which may be relative to its URL; None if there is none."""
    target = headers.get("location", "")
    return urljoin(url, target.encode("latin-1", "replace").decode("utf-8", "replace")) if target else None


def get_instead(request: Request, url: str) -> Request:
    """A GET of another, complete URL, with the headers of a request."""
    return replace(request, url=url, params={}, method="GET", body=None)


def _read_body(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    ends_at = time.monotonic() + LONGEST_RESPONSE_SECONDS
    size = 0
    reason = ""
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_RESPONSE:
                break
            if time.monotonic() > ends_at:
                reason = f"it took longer than {LONGEST_RESPONSE_SECONDS:.0f} s"
                break
    except (requests.RequestException, OSError) as error:
        reason = innermost_reason(error)
    if size and not reason and size <= LARGEST_RESPONSE and _has_open_compression(response):
        reason = "" if _is_json(b"".join(chunks)) else "its compression has no end"
    if reason:
        raise TransportError(f"the body was cut short after {size} bytes: {reason}.", status=response.status_code)
    if size > LARGEST_RESPONSE:
        raise ResponseTooLargeError(
            f"the response is larger than {LARGEST_RESPONSE} bytes after decompression.", status=response.status_code
        )
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _has_open_compression(response: requests.Response) -> bool:
    """Whether a compressed body stopped before its end, of which urllib3 says nothing."""
    inflater = getattr(getattr(response.raw, "_decoder", None), "_obj", None)
    return getattr(inflater, "eof", True) is False


def _is_json(body: bytes) -> bool:
    """Whether a body is whole by itself, as JSON a line is not: some servers leave out the end of the compression."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except ValueError:
        return False
    return True


def _translate_error(error: requests.RequestException, url: str) -> FetchError:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return UnreachableError(f"no connection within {CONNECT_SECONDS:.0f} s.")
    if isinstance(error, requests.exceptions.Timeout):
        return TransportError(f"no response within {READ_SECONDS:.0f} s.")
    reason = innermost_reason(error)
    if isinstance(error, requests.exceptions.SSLError) and _NOT_TLS.search(reason):
        return BadRequestError(
            f"{urlsplit(url).netloc} does not answer in TLS: {reason}.", advice="Check base_url: is it http, not https?"
        )
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in reason.lower():
        return BadRequestError(
            f"the server's certificate is not trusted: {reason}.",
            advice="Check base_url; for a certificate authority of your own, set REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, INVALID_REQUEST_ERRORS):
        return BadRequestError(f"the request can't be sent: {reason}.")
    if isinstance(error, requests.exceptions.ConnectionError) and _is_unreachable(error):
        return UnreachableError(f"no connection: {_explain_unreachable(url, reason)}.")
    return TransportError(f"no response: {reason}.")


def _is_unreachable(error: requests.exceptions.ConnectionError) -> bool:
    """Whether no connection was made. urllib3 says so in the `reason` of its own error."""
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", inner), NewConnectionError)


def _explain_unreachable(url: str, reason: str) -> str:
    """Why no connection was made, by the server's name: the reason's own text names objects of a library."""
    parts = urlsplit(url)
    if "refused" in reason.lower():
        return f"{parts.netloc} refuses connections"
    if "NameResolutionError" in reason:
        return f"the name {parts.hostname} can't be resolved"
    return f"{parts.netloc}: {_OF_LIBRARY.sub('', reason)}"
