"""An adapter for `requests` that takes urllib3's connections and reads from them with fewer layers in between.

A page's time goes into HTTP more than into anything else: `requests` and urllib3 wrap each response several times.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import select_proxy
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from dazz_assets.http.plain_messages import PlainResponse, write_request

_SEND = HTTPAdapter.send


class DirectAdapter(HTTPAdapter):
    """Sends what needs no proxy directly over urllib3's connections, with its certificates and its pool.

    Who replaces `HTTPAdapter.send`, as `responses` and recordings do, is asked as ever.
    """

    def __init__(self, pool_maxsize: int) -> None:
        super().__init__(pool_maxsize=pool_maxsize)
        self._pools: dict[tuple[Any, ...], HTTPConnectionPool] = {}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """See `HTTPAdapter.send`. timeout: the seconds to connect, and to wait for the next bytes."""
        is_replaced = HTTPAdapter.send is not _SEND
        if is_replaced or not isinstance(request.body, bytes | str | None) or _needs_proxy(request, proxies):
            return super().send(request, stream, timeout, verify, cert, proxies)
        try:
            return self._exchange(request, self._find_pool(request, verify, cert), timeout)
        except ConnectTimeoutError as error:
            kind = requests.ConnectionError if isinstance(error, NewConnectionError) else requests.ConnectTimeout
            raise kind(error, request=request) from error
        except ssl.SSLError as error:
            raise requests.exceptions.SSLError(error, request=request) from error
        except TimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except (OSError, http.client.HTTPException, HTTPError) as error:
            raise requests.ConnectionError(error, request=request) from error

    def _find_pool(self, request: requests.PreparedRequest, verify: Any, cert: Any) -> HTTPConnectionPool:
        """The pool for a request's host. Looking it up in urllib3 is slow, so those in use are kept."""
        url = request.url or ""
        key = (*url.split("/", 3)[:3], verify, cert)
        known = self._pools.get(key)
        if known is not None and known.pool is not None:  # urllib3 closes the oldest of many pools.
            return known
        pool = cast(HTTPConnectionPool, self.get_connection_with_tls_context(request, verify, cert=cert))
        self.cert_verify(pool, url, verify, cert)  # type: ignore[no-untyped-call]
        self._pools[key] = pool
        return pool

    def _exchange(
        self, request: requests.PreparedRequest, pool: HTTPConnectionPool, timeout: tuple[float, float]
    ) -> requests.Response:
        connection: Any = pool._get_conn()
        try:
            connection.timeout = timeout[0]
            if connection.sock is None:
                connection.connect()
            if connection.sock.gettimeout() != timeout[1]:
                connection.sock.settimeout(timeout[1])
            received = _exchange_over(connection, request)
        except BaseException:
            connection.close()
            raise
        return self._build(request, received, pool, connection)

    def _build(
        self,
        request: requests.PreparedRequest,
        received: http.client.HTTPResponse,
        pool: HTTPConnectionPool,
        connection: HTTPConnection,
    ) -> requests.Response:
        response = requests.Response()
        headers = _join_headers(received)
        response.status_code, response.reason = received.status, received.reason
        response.headers = CaseInsensitiveDict(headers)
        response.url, response.request = request.url or "", request
        if received.length is not None and "content-encoding" not in response.headers:
            response.raw = _PlainBody(received, pool, connection)
        else:
            response.raw = HTTPResponse(
                received,
                headers,
                received.status,
                preload_content=False,
                original_response=received,
                pool=pool,
                connection=connection,
                request_method=request.method,
            )
        return response


def _exchange_over(connection: Any, request: requests.PreparedRequest) -> http.client.HTTPResponse:
    """Send a request, and read the head of its response."""
    name = connection.host
    host = name if connection.port == connection.default_port else f"{name}:{connection.port}"
    written = None
    if not isinstance(request.body, str) and name.isascii() and ":" not in name:
        written = write_request(request.method or "", request.path_url, host, request.headers, request.body)
    if written is None:
        http.client.HTTPConnection.request(
            connection, request.method or "GET", request.path_url, request.body, dict(request.headers)
        )
        connection.response_class = PlainResponse
        return http.client.HTTPConnection.getresponse(connection)
    connection.sock.sendall(written)
    received = PlainResponse(connection.sock, request.method or "")
    try:
        received.begin()
    except BaseException:
        received.close()
        raise
    if received.will_close:
        connection.close()
    return received


class _PlainBody:
    """A body whose length is known and that is sent as it is. It gives its connection back when it is closed."""

    def __init__(
        self, received: http.client.HTTPResponse, pool: HTTPConnectionPool, connection: HTTPConnection
    ) -> None:
        self._received = received
        self._pool = pool
        self._connection: HTTPConnection | None = connection

    def read(self, size: int | None = None) -> bytes:
        """The next bytes, at most so many; none at the end. Raises what `requests` raises for a body cut short."""
        try:
            chunk = self._received.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise requests.ConnectionError(error) from error
        if not chunk and self._received.length:
            raise requests.exceptions.ChunkedEncodingError(http.client.IncompleteRead(b"", self._received.length))
        return chunk

    def close(self) -> None:
        """Close the connection, if its response was not read to the end."""
        if self._connection is not None and not self._received.isclosed():
            self._connection.close()
            self._received.close()

    def release_conn(self) -> None:
        """Give the connection back to its pool, once."""
        self.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool._put_conn(connection)


def _needs_proxy(request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> bool:
    return bool(proxies) and select_proxy(request.url or "", proxies) is not None


def _join_headers(received: http.client.HTTPResponse) -> dict[str, str]:
    """The headers of a response, those that came several times in one (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in received.headers.items():
        known = names.setdefault(name.lower(), name)
        found[known] = f"{found[known]}, {value}" if known in found else value
    return found
