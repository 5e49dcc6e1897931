"""What is kept of one stream holds what is kept of the others, so that a parser that joins them finds every record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dazz_assets.errors import RecordingError
from dazz_assets.recording.record_scenario import RecordedScenario, record_scenario
from dazz_assets.reports import Progress
from tests.recording.pager import INTEGRATION, Pager
from tests.recording.pytest_runs import run_pytest
from tests.recording.shop import KEY, connection_to, write_integration

FIRST_PAGE = ["S000", "S001", "S002"]
SECOND_PAGE = ["S003", "S004", "S005"]


@pytest.fixture
def pager() -> Iterator[Pager]:
    pager = Pager()
    with pager.vendor:
        yield pager


def record(
    folder: Path,
    pager: Pager,
    text: str = INTEGRATION,
    between: Callable[[], object] = lambda: None,
    progress: Progress | None = None,
) -> RecordedScenario:
    return record_scenario(
        write_integration(folder / "vendor", text, "pager.py"),
        connection_to(pager.url, "pager"),
        "default",
        key=KEY,
        records=3,
        between=between,
        progress=progress,
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RecordedScenario:
    """A recording that tests only read. A service is renamed between its syncs."""
    pager = Pager()
    with pager.vendor:
        return record(tmp_path_factory.mktemp("recorded"), pager, between=lambda: pager.rename("S069", "Renamed"))


def kept(recorded: RecordedScenario, file: str) -> list[str]:
    """The ids of the records in a recorded page."""
    page = json.loads((recorded.folder / f"{file}.json").read_text())["response"]["body"]
    return [item["id"] for item in next(items for items in page.values() if isinstance(items, list))]


def ids(letter: str, first: int, last: int) -> list[str]:
    return [f"{letter}{number:03}" for number in range(first, last + 1)]


def test_records_that_kept_ones_name_are_kept_from_any_page_of_another_list(recorded: RecordedScenario) -> None:
    assert kept(recorded, "first/3-incidents.001") == ["I000", "I001", "I002"]
    assert kept(recorded, "first/3-incidents.002") == ["I003", "I004", "I005"]
    # Services are listed before the incidents that name them, and are kept in the order of their list.
    assert kept(recorded, "first/2-services.001") == FIRST_PAGE
    assert kept(recorded, "first/2-services.002") == [*SECOND_PAGE, *ids("S", 64, 69)]
    # Services name teams in turn, in a list.
    assert kept(recorded, "first/1-teams.002") == [*ids("T", 3, 5), *ids("T", 64, 69)]


def test_a_second_sync_keeps_what_both_name_as_it_is_then(recorded: RecordedScenario) -> None:
    assert kept(recorded, "second/3-incidents.002")[-1] == "I010"
    assert kept(recorded, "second/2-services.002") == [*SECOND_PAGE, *ids("S", 59, 69)]
    page = json.loads((recorded.folder / "second" / "2-services.002.json").read_text())["response"]["body"]
    assert page["services"][-1]["name"] == "Renamed"


def test_a_recording_stays_as_small_as_its_limit_says(recorded: RecordedScenario) -> None:
    assert recorded.exchanges == {"first": 6, "second": 6}
    assert recorded.objects == {"alarms": 11}
    assert recorded.warnings == ()


def test_such_a_recording_passes_its_test_without_a_network(recorded: RecordedScenario) -> None:
    assert run_pytest(recorded.folder.parent, cwd=recorded.folder.parents[2]).outcome == "1 passed"


def test_a_record_of_a_sub_stream_is_found_below_the_parents_that_are_kept(tmp_path: Path, pager: Pager) -> None:
    text = INTEGRATION.replace('path = "/services"', 'parent = TeamsStream\n    path = "/teams/{parent.id}/services"')
    pager.services_of = {"T001": pager.lists["services"], "T066": []}
    recorded = record(tmp_path, pager, text)
    assert kept(recorded, "first/2-services.t001-e78d6e.002")[3:] == ids("S", 64, 69)
    # These teams are kept as services name them, and are parents in turn.
    assert kept(recorded, "first/2-services.t066-ea18cc.001") == []


def test_what_was_found_below_one_parent_stays_when_another_parent_is_kept_later(tmp_path: Path, pager: Pager) -> None:
    text = INTEGRATION.replace('path = "/services"', 'parent = TeamsStream\n    path = "/teams/{parent.id}/services"')
    *services, last = pager.lists["services"]
    others = [{"id": f"other-{number}", "name": "Other", "teams": [{"id": "T001"}]} for number in range(25)]
    # The team T066 is only kept as a service of T001 names it, and then has a service of its own that is named.
    pager.services_of = {"T001": services, "T066": [*others, last]}
    recorded = record(tmp_path, pager, text)
    assert kept(recorded, "first/2-services.t001-e78d6e.002")[3:] == ids("S", 64, 68)
    assert kept(recorded, "first/2-services.t066-ea18cc.002")[3:] == ["S069"]
    assert recorded.objects == {"alarms": 11}


def test_a_record_of_an_incremental_stream_is_kept_in_the_order_of_its_list(tmp_path: Path, pager: Pager) -> None:
    """A second sync lists its changes only, so the first one keeps what both name."""
    text = INTEGRATION.replace(
        'records = "services"', 'records = "services"\n    cursor = Cursor("created_at", since="since")'
    )
    text = text.replace("    name: str\n    teams:", "    name: str\n    created_at: datetime\n    teams:")
    for number, service in enumerate(pager.lists["services"]):
        service["created_at"] = f"2026-01-08T{number // 60:02}:{number % 60:02}:00Z"
    recorded = record(tmp_path, pager, text)
    services = [*kept(recorded, "first/2-services.001"), *kept(recorded, "first/2-services.002")]
    assert services == [*ids("S", 0, 5), *ids("S", 59, 69)]
    assert kept(recorded, "second/2-services.001") == ["S069"]
    assert recorded.objects == {"alarms": 11}


def test_a_parser_that_fails_on_a_cut_recording_is_told_so(tmp_path: Path, pager: Pager) -> None:
    text = INTEGRATION.replace("services_by_id[incident.service.id]", 'services_by_id["S05" + incident.service.id[3:]]')
    with pytest.raises(RecordingError) as raised:
        record(tmp_path, pager, text)
    assert str(raised.value).startswith("the first sync failed, so nothing was recorded: pager/test, parser alarms")
    assert str(raised.value).endswith(
        ". The recording was cut, so parser alarms may miss a record: of incidents, services and teams, 3 records of "
        "each page and 2 pages of each list were kept, and what they name. To keep everything: --limit 0"
    )


def test_a_sync_that_is_recorded_again_is_told(tmp_path: Path, pager: Pager) -> None:
    """Its first attempt is shown, with a parser that failed."""
    told: list[str] = []

    class Told(Progress):
        def repeating(self, connection: str, reason: str) -> None:
            told.append(f"{connection}: {reason}")

    record(tmp_path, pager, progress=Told())
    assert told[0] == (
        "pager/test: the first sync is recorded again, with the records that kept ones name (services 6, teams 6)"
    )


def test_a_record_is_found_below_parents_that_are_asked_for_together(tmp_path: Path, pager: Pager) -> None:
    several = (
        'parent = TeamsStream\n    parents_per_request = 100\n    parent_key = "owner"\n'
        '    params = {"teams": "{parents.id}"}\n    path = "/services"'
    )
    for service in pager.lists["services"]:
        service["owner"] = "T001"
    recorded = record(tmp_path, pager, INTEGRATION.replace('path = "/services"', several))
    assert kept(recorded, "first/2-services.t000-a81516.001") == FIRST_PAGE
    assert kept(recorded, "first/2-services.t000-a81516.002") == [*SECOND_PAGE, *ids("S", 64, 69)]
    assert run_pytest(recorded.folder.parent, cwd=recorded.folder.parents[2]).outcome == "1 passed"
