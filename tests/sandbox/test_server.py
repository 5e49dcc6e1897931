"""The server: routes, connections, the log of what was asked."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from dazz_assets.sandbox import Sandbox
from tests.sandbox.conftest import NOW, LibrarySandbox


def test_a_route_answers_its_path(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    assert reader.get(f"{url}/books").json() == library.books


def test_segments_of_a_path_arrive_decoded(reader: requests.Session, url: str) -> None:
    book = reader.get(f"{url}/shelves/a%2Fb/books/caf%C3%A9").json()

    assert book == {"shelf": "a/b", "title": "café", "origin": url}


def test_a_path_without_a_route_gets_the_vendors_not_found(reader: requests.Session, url: str) -> None:
    answer = reader.get(f"{url}/films")

    assert (answer.status_code, answer.json()) == (404, {"message": "no such shelf"})


def test_a_request_without_credentials_is_refused_before_any_route(url: str) -> None:
    assert requests.get(f"{url}/books", timeout=5).status_code == 401


def test_a_connection_serves_many_requests(sandbox: Sandbox, url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    request = f"GET /books HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


def test_closing_ends_connections_that_clients_keep_open(library: LibrarySandbox, reader: requests.Session) -> None:
    before = set(threading.enumerate())
    with Sandbox([library]) as sandbox:
        reader.get(f"{sandbox.url('library')}/books")

    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
    assert set(threading.enumerate()) <= before


def test_each_vendor_listens_on_a_port_of_its_own() -> None:
    class ArchiveSandbox(LibrarySandbox):
        name = "archive"

    with Sandbox([LibrarySandbox(now=NOW), ArchiveSandbox(now=NOW)]) as sandbox:
        assert sandbox.url("library") != sandbox.url("archive")
        assert sandbox.settings("archive") == {"token": "reader", "base_url": sandbox.url("archive")}


def test_a_port_that_is_taken_is_an_error(url: str) -> None:
    port = int(url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        Sandbox([LibrarySandbox(now=NOW)], port=port).start()


def test_the_log_keeps_each_request_with_its_headers(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    reader.get(f"{url}/books", params={"sort": "title"})

    [exchange] = library.traffic.log
    assert (exchange.status, exchange.request.path, exchange.request.param("sort")) == (200, "/books", "title")
    assert exchange.request.headers["authorization"] == "Bearer reader"


def test_counts_tell_requests_records_statuses_and_paths(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    for path in ("/books", "/books", "/films"):
        reader.get(url + path)

    stats = library.traffic.stats()
    assert (stats.requests, stats.records) == (3, 40)
    assert (stats.statuses, stats.paths) == ({200: 2, 404: 1}, {"/books": 2, "/films": 1})


def test_threads_are_served_side_by_side(url: str, library: LibrarySandbox) -> None:
    def read() -> None:
        for _ in range(20):
            assert requests.get(f"{url}/books", headers={"Authorization": "Bearer reader"}, timeout=5).ok

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert library.traffic.stats().statuses == {200: 80}
