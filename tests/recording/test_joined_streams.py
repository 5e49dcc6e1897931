"""What is kept of one stream holds what is kept of the others, so that a parser that joins them finds every record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dazz_assets.recording.record_scenario import RecordedScenario, record_scenario
from tests.recording.pager import INTEGRATION, Pager
from tests.recording.pytest_runs import run_pytest
from tests.recording.shop import KEY, connection_to, write_integration


@pytest.fixture
def pager() -> Iterator[Pager]:
    pager = Pager()
    with pager.vendor:
        yield pager


def record(
    folder: Path, pager: Pager, text: str = INTEGRATION, between: Callable[[], object] = lambda: None
) -> RecordedScenario:
    return record_scenario(
        write_integration(folder / "vendor", text, "pager.py"),
        connection_to(pager.url, "pager"),
        "default",
        key=KEY,
        records=3,
        between=between,
    )


def kept(folder: Path, file: str) -> list[str]:
    """The ids of the records in a recorded page."""
    page = json.loads((folder / f"{file}.json").read_text())["response"]["body"]
    return [item["id"] for item in next(items for items in page.values() if isinstance(items, list))]


def test_records_that_kept_ones_name_are_kept_from_any_page_of_another_list(tmp_path: Path, pager: Pager) -> None:
    folder = record(tmp_path, pager).folder
    assert kept(folder, "first/3-incidents.001") == ["I000", "I001", "I002"]
    assert kept(folder, "first/3-incidents.002") == ["I003", "I004", "I005"]
    # Services are listed before the incidents that name them, and are kept in the order of their list.
    assert kept(folder, "first/2-services.001") == ["S000", "S001", "S002"]
    assert kept(folder, "first/2-services.002") == ["S003", "S004", "S005", *(f"S{n:03}" for n in range(64, 70))]
    # Services name teams in turn, in a list; those that services of other pages name are at the beginning.
    assert kept(folder, "first/1-teams.001") == ["T000", "T001", "T002"]
    assert kept(folder, "first/1-teams.002") == ["T003", "T004", "T005", *(f"T{n:03}" for n in range(64, 70))]
    assert len(list((folder / "first").glob("*.json"))) == 6


def test_such_a_recording_passes_its_test_without_a_network(tmp_path: Path, pager: Pager) -> None:
    record(tmp_path, pager)
    pager.vendor.close()
    assert run_pytest("vendor", cwd=tmp_path).outcome == "1 passed"
