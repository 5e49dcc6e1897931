"""Faults that tests switch on."""

from __future__ import annotations

import pytest
import requests

from dazz_assets.sandbox import Fault
from tests.sandbox.conftest import LibrarySandbox


def statuses(reader: requests.Session, url: str, count: int) -> list[int]:
    return [reader.get(url, allow_redirects=False).status_code for _ in range(count)]


def test_the_next_requests_answer_a_status_and_then_all_is_well(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    library.faults.add(Fault(kind="status", status=503, times=2))

    assert statuses(reader, f"{url}/books", 3) == [503, 503, 200]


def test_a_fault_brings_its_own_body_and_headers(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="status", status=429, headers={"Retry-After": "7"}, body={"message": "slow down"}))

    answer = reader.get(f"{url}/books")
    assert (answer.headers["Retry-After"], answer.json()) == ("7", {"message": "slow down"})


def test_a_fault_can_let_some_requests_pass_first(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="status", status=500, skip=2))

    assert statuses(reader, f"{url}/books", 4) == [200, 200, 500, 200]


def test_a_fault_meets_only_the_paths_that_it_names(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    library.faults.add(Fault(kind="status", status=403, path="/shelves/2/*"))

    assert statuses(reader, f"{url}/shelves/1/books/x", 1) == [200]
    assert statuses(reader, f"{url}/shelves/2/books/x", 2) == [403, 200]


def test_an_html_page_comes_with_status_200(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="html"))

    answer = reader.get(f"{url}/books")
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_redirect_names_its_location(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="redirect", location="http://elsewhere.example/books"))

    answer = reader.get(f"{url}/books", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.example/books")


def test_a_truncated_body_is_shorter_than_announced(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    library.faults.add(Fault(kind="truncated"))

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        reader.get(f"{url}/books")
    assert statuses(reader, f"{url}/books", 1) == [200]


def test_a_reset_connection_gives_no_answer(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="reset"))

    with pytest.raises(requests.exceptions.ConnectionError):
        reader.get(f"{url}/books")
    assert statuses(reader, f"{url}/books", 1) == [200]
    assert library.traffic.stats().statuses == {0: 1, 200: 1}


def test_a_slow_answer_comes_after_its_time(reader: requests.Session, url: str, library: LibrarySandbox) -> None:
    library.faults.add(Fault(kind="slow", seconds=0.2))

    with pytest.raises(requests.exceptions.ReadTimeout):
        reader.get(f"{url}/books", timeout=0.05)


def test_clearing_faults_lets_every_request_go_well(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    library.faults.add(Fault(kind="status", times=100))
    library.faults.clear()

    assert statuses(reader, f"{url}/books", 2) == [200, 200]
