"""The control API, for tests and demos in other processes."""

from __future__ import annotations

import requests

from tests.sandbox.conftest import NOW, LibrarySandbox


def control(url: str, method: str, path: str, **options: object) -> requests.Response:
    return requests.request(method, f"{url}/_sandbox/{path}", timeout=5, **options)  # type: ignore[arg-type]


def test_a_change_is_made_and_told(url: str, library: LibrarySandbox) -> None:
    answer = control(url, "POST", "change?seed=4").json()

    assert answer["seed"] == 4
    assert answer["added"] == {"books": library.books[-1:]}


def test_a_change_through_the_api_is_the_one_made_in_process(url: str, library: LibrarySandbox) -> None:
    twin = LibrarySandbox(seed=1, now=NOW)
    twin.change(4)
    control(url, "POST", "change?seed=4")

    assert library.books == twin.books


def test_a_seed_that_is_no_number_is_refused(url: str) -> None:
    assert control(url, "POST", "change?seed=x").status_code == 400


def test_faults_are_queued_from_json(reader: requests.Session, url: str) -> None:
    faults = [{"kind": "status", "status": 500}, {"kind": "status", "status": 502, "path": "/books"}]
    assert control(url, "POST", "faults", json=faults).status_code == 204

    assert [reader.get(f"{url}/books").status_code for _ in range(3)] == [500, 502, 200]


def test_queued_faults_can_be_dropped(reader: requests.Session, url: str) -> None:
    control(url, "POST", "faults", json={"kind": "html", "times": 9})
    control(url, "DELETE", "faults")

    assert reader.get(f"{url}/books").json()


def test_a_fault_with_an_unknown_field_is_refused_and_says_which(url: str) -> None:
    answer = control(url, "POST", "faults", json={"kind": "status", "state": 500})

    assert answer.status_code == 400
    assert "state" in answer.json()["message"]


def test_stats_count_the_vendors_requests_and_not_the_controls(reader: requests.Session, url: str) -> None:
    reader.get(f"{url}/books")
    control(url, "GET", "stats")

    assert control(url, "GET", "stats").json() == {
        "requests": 1,
        "records": 20,
        "statuses": {"200": 1},
        "paths": {"/books": 1},
    }


def test_a_reset_brings_back_the_first_records_without_faults_or_counts(
    reader: requests.Session, url: str, library: LibrarySandbox
) -> None:
    first = list(library.books)
    control(url, "POST", "change?seed=1")
    control(url, "POST", "faults", json={"kind": "html"})
    control(url, "POST", "reset")

    assert reader.get(f"{url}/books").json() == first
    assert library.traffic.stats().requests == 1


def test_an_unknown_control_says_which_there_are(url: str) -> None:
    answer = control(url, "GET", "nonsense")

    assert answer.status_code == 404
    assert "change?seed=N" in answer.json()["message"]
