"""A failing recorded test shows what differs, where, and what to do, without Python tracebacks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recording.pytest_runs import Run, read_files, run_pytest

pytestmark = pytest.mark.xdist_group("failing recordings")

FIRST_ORDERS = "2-orders.*.001.json"


def replace_once(folder: Path, name: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in the one file of this pattern that holds it."""
    (file,) = [path for path in sorted(folder.glob(name)) if old in path.read_text(encoding="utf-8")]
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def edit_code(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: replace_once(folder, "shop.py", old, new)


def edit_recording(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: replace_once(folder, f"recordings/default/{name}", old, new)


def edit_total(folder: Path) -> None:
    """Change the total of the order o1, which only the first sync fetches."""
    (file,) = [path for path in folder.glob(f"recordings/default/first/{FIRST_ORDERS}") if '"o1"' in path.read_text()]
    before, order, after = file.read_text(encoding="utf-8").partition('"id": "o1"')
    file.write_text(before + order + after.replace("12.50", "99.00", 1), encoding="utf-8")


def delete_integration(folder: Path) -> None:
    (folder / "shop.py").unlink()


def spoil_snapshots(folder: Path) -> None:
    """Make one snapshot invalid JSON, remove one, and add one of a stream that does not exist."""
    replace_once(folder, "recordings/default/snapshots/first/raw/orders.json", '"record": {', '"record": ')
    raw = folder / "recordings/default/snapshots/second/raw"
    (raw / "orders.json").rename(raw / "refunds.json")


FAULTS: dict[str, Callable[[Path], None]] = {
    "edited": edit_total,
    "params": edit_code('path = "/accounts"', 'path = "/accounts"\n    params = {"limit": 100}'),
    "definition": edit_code('primary_key = "id"', 'primary_keys = "id"'),
    "syntax": edit_code("for order in orders:", "for order in orders"),
    "module": edit_code("from decimal", "from decimals"),
    "around": edit_code("for order in orders:", "for order in orders:\n            __import__('requests').get(RATES)"),
    "exchange": edit_recording("first/1-accounts.001.json", '"id": "a1",', '"id": "a1"'),
    "scenario": edit_recording("scenario.json", '"shop.py",', '"shop.py"'),
    "other scenario": edit_recording("scenario.json", '"integration": "shop"', '"integration": "sop"'),
    "config": edit_recording("scenario.json", '"token": ', '"tokn": '),
    "snapshots": spoil_snapshots,
    "lost": delete_integration,
}


def copy_with_faults(folder: Path, recorded: Path, *names: str) -> Path:
    """Make a copy of the recorded shop for each of these faults."""
    for name in names:
        shutil.copytree(recorded, folder / name)
        FAULTS[name](folder / name)
    if "around" in names:
        replace_once(
            folder / "around",
            "shop.py",
            "\nclass ShopConfig",
            '\nRATES = "https://rates.example/eur"\n\nclass ShopConfig',
        )
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, recorded_shop: Path) -> Path:
    return copy_with_faults(tmp_path_factory.mktemp("faulty"), recorded_shop, *FAULTS)


@pytest.fixture(scope="module")
def before(faulty: Path) -> dict[str, bytes]:
    return read_files(faulty)


@pytest.fixture(scope="module")
def run(faulty: Path, before: dict[str, bytes]) -> Run:
    """One run over all copies."""
    return run_pytest(faulty, cwd=faulty)


@pytest.fixture(scope="module")
def failure_text(run: Run) -> Callable[[str], str]:
    """A function that returns what the run prints about one copy."""
    return lambda name: run.failure(f"recording {name}/default")


def find_snapshot_names(text: str) -> list[str]:
    return re.findall(r"^(\S+\.json)$", text, re.MULTILINE)


FailureText = Callable[[str], str]


def test_each_scenario_fails_as_a_test_of_its_own(run: Run) -> None:
    assert run.status == 1
    assert run.outcome == f"{len(FAULTS)} failed"


def test_no_traceback_is_shown(run: Run) -> None:
    for noise in ("Traceback", "site-packages", "dazz_assets/", "Error:\n", "/replay.py", "dagster"):
        assert noise not in run.text


def test_a_run_changes_no_file(run: Run, faulty: Path, before: dict[str, bytes]) -> None:
    assert read_files(faulty) == before


def test_a_field_edited_by_hand_fails_only_its_snapshots_and_names_record_and_field(failure_text: FailureText) -> None:
    text = failure_text("edited")
    assert find_snapshot_names(text) == ["first/objects/invoices.invoices.json", "first/raw/orders.json"]
    assert "    record o1: record.total: 12.50 -> 99.00" in text
    assert re.findall(r"object [0-9a-f]{32}: (.*)", text) == ['total: "12.5" -> "99"']


def test_a_failure_says_how_to_accept_the_change(failure_text: FailureText, faulty: Path) -> None:
    assert failure_text("edited").endswith(f"pytest --dazz-update {faulty}/edited/recordings/default")


def test_a_changed_request_is_shown_with_the_nearest_recorded_one_and_the_difference(failure_text: FailureText) -> None:
    assert failure_text("params").startswith(
        "first sync: GET https://api.shop.example/accounts?limit=100 was requested but not recorded\n"
        "    nearest: GET https://api.shop.example/accounts\n"
        '    differs in: query.limit: (missing) -> "100"\n'
        "first sync: as a result, 8 recorded requests were not sent"
    )


def test_an_additional_request_of_a_parser_is_not_sent_and_its_consequences_are_not_shown(
    failure_text: FailureText,
) -> None:
    text = failure_text("around")
    assert "first sync: GET https://rates.example/eur was requested but not recorded\n    nearest: GET " in text
    assert text.count("nearest: ") == 1
    assert find_snapshot_names(text) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("definition", "ShopIntegration.primary_keys is not a setting; did you mean `primary_key`?"),
        ("syntax", "{folder}/shop.py failed to load: SyntaxError: expected ':' (line 71 of shop.py)"),
        (
            "module",
            "{folder}/shop.py failed to load: ModuleNotFoundError: No module named 'decimals'; install it, or correct "
            "the import (line 6 of shop.py)",
        ),
        (
            "lost",
            "{scenario} names the integration file {folder}/shop.py, which does not exist; correct `file`",
        ),
        (
            "other scenario",
            "{scenario} names the integration 'sop', which is not in {folder}/shop.py; did you mean 'shop'?",
        ),
        (
            "config",
            "{scenario} does not fit the integration's config: connection 'test' of shop: "
            "`config.token` is missing; `config.tokn` is not a setting of the config; did you mean `config.token`?; "
            "correct it, or record again",
        ),
        (
            "scenario",
            "{scenario} is not a scenario: the file: Invalid JSON: expected `,` or `}}` at line 4 column 3",
        ),
        (
            "exchange",
            "{recording}/first/1-accounts.001.json is not a recorded request: Expecting ',' delimiter: line 19 "
            "column 11 (char 369); correct it, or record again",
        ),
    ],
)
def test_a_file_that_can_not_be_read_is_named(
    failure_text: FailureText, faulty: Path, name: str, expected: str
) -> None:
    recording = faulty / name / "recordings/default"
    scenario = recording / "scenario.json"
    assert failure_text(name) == expected.format(folder=faulty / name, recording=recording, scenario=scenario)


def test_invalid_missing_and_outdated_snapshots_count_as_differences(failure_text: FailureText) -> None:
    assert failure_text("snapshots").startswith(
        "first/raw/orders.json\n    this file is not JSON: Expecting ',' delimiter: line 7 column 11 (char 96)\n"
        "second/raw/orders.json\n    this snapshot is new\n"
        "second/raw/refunds.json\n    this snapshot is no longer taken\n"
    )


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory, recorded_shop: Path) -> tuple[Path, dict[str, bytes], Run]:
    """A folder, its files before, and the run that rewrites snapshots, in two processes."""
    folder = copy_with_faults(tmp_path_factory.mktemp("updated"), recorded_shop, "edited", "params")
    spoil_snapshots(folder / "edited")
    files = read_files(folder)
    return folder, files, run_pytest("--dazz-update", "-n", "2", folder, cwd=folder)


Updated = tuple[Path, dict[str, bytes], Run]


def test_an_update_rewrites_the_snapshots_that_differ_and_shows_what_changed(updated: Updated) -> None:
    folder, before, run = updated
    after = read_files(folder)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    assert changed == [
        "edited/recordings/default/snapshots/first/objects/invoices.invoices.json",
        "edited/recordings/default/snapshots/first/raw/orders.json",
        "edited/recordings/default/snapshots/second/raw/orders.json",
        "edited/recordings/default/snapshots/second/raw/refunds.json",
    ]
    failure_text = run.text.partition("rewritten snapshots")[2]
    for name in changed:
        assert failure_text.count(f"{folder / name}\n") == 1
    assert 'total: "12.5" -> "99"\n' in failure_text


def test_an_update_changes_nothing_if_the_requests_differ(updated: Updated) -> None:
    _, _, run = updated
    assert run.status == 1
    assert run.outcome == "1 failed, 1 passed"
    assert "accounts?limit=100 was requested but not recorded" in run.failure("recording params/default")


def test_after_an_update_a_plain_run_passes(updated: Updated) -> None:
    folder, _, _ = updated
    run = run_pytest("edited", cwd=folder)
    assert (run.status, run.outcome) == (0, "1 passed")
    assert "rewritten snapshots" not in run.text
