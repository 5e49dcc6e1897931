"""What a recorded test says when it fails: what differs, where, and what to do, and nothing of Python's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recording.pytest_runs import Run, files_of, run_pytest

pytestmark = pytest.mark.xdist_group("failing recordings")

FIRST_ORDERS = "2-orders.*.001.json"


def replaced(folder: Path, name: str, old: str, new: str) -> None:
    """Edit the one file of this pattern that holds a text, once."""
    (file,) = [path for path in sorted(folder.glob(name)) if old in path.read_text(encoding="utf-8")]
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def in_code(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: replaced(folder, "shop.py", old, new)


def in_recording(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: replaced(folder, f"recordings/default/{name}", old, new)


def edit_a_total(folder: Path) -> None:
    """Of the order o1, which only the first sync brings."""
    (file,) = [path for path in folder.glob(f"recordings/default/first/{FIRST_ORDERS}") if '"o1"' in path.read_text()]
    before, order, after = file.read_text(encoding="utf-8").partition('"id": "o1"')
    file.write_text(before + order + after.replace("12.50", "99.00", 1), encoding="utf-8")


def lose_the_integration(folder: Path) -> None:
    (folder / "shop.py").unlink()


def spoil_snapshots(folder: Path) -> None:
    """One is no JSON, one is missing, and one is of a stream that there is no more."""
    replaced(folder, "recordings/default/snapshots/first/raw/orders.json", '"record": {', '"record": ')
    raw = folder / "recordings/default/snapshots/second/raw"
    (raw / "orders.json").rename(raw / "refunds.json")


ILL: dict[str, Callable[[Path], None]] = {
    "edited": edit_a_total,
    "params": in_code('path = "/accounts"', 'path = "/accounts"\n    params = {"limit": 100}'),
    "definition": in_code('primary_key = "id"', 'primary_keys = "id"'),
    "syntax": in_code("for order in orders:", "for order in orders"),
    "module": in_code("from decimal", "from decimals"),
    "around": in_code("for order in orders:", "for order in orders:\n            __import__('requests').get(RATES)"),
    "exchange": in_recording("first/1-accounts.001.json", '"id": "a1",', '"id": "a1"'),
    "scenario": in_recording("scenario.json", '"shop.py",', '"shop.py"'),
    "other scenario": in_recording("scenario.json", '"integration": "shop"', '"integration": "sop"'),
    "config": in_recording("scenario.json", '"token": ', '"tokn": '),
    "snapshots": spoil_snapshots,
    "lost": lose_the_integration,
}


def made_ill(folder: Path, recorded: Path, *names: str) -> Path:
    """Copies of the recorded shop, by what was done to each."""
    for name in names:
        shutil.copytree(recorded, folder / name)
        ILL[name](folder / name)
    if "around" in names:
        replaced(
            folder / "around",
            "shop.py",
            "\nclass ShopConfig",
            '\nRATES = "https://rates.example/eur"\n\nclass ShopConfig',
        )
    return folder


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory, recorded_shop: Path) -> Path:
    return made_ill(tmp_path_factory.mktemp("ill"), recorded_shop, *ILL)


@pytest.fixture(scope="module")
def before(ill: Path) -> dict[str, bytes]:
    return files_of(ill)


@pytest.fixture(scope="module")
def ran(ill: Path, before: dict[str, bytes]) -> Run:
    """One run over all of them."""
    return run_pytest(ill, cwd=ill)


@pytest.fixture(scope="module")
def told(ran: Run) -> Callable[[str], str]:
    """What the run says of one of them."""
    return lambda name: ran.failure(f"recording {name}/default")


def snapshots_named(text: str) -> list[str]:
    return re.findall(r"^(\S+\.json)$", text, re.MULTILINE)


Told = Callable[[str], str]


def test_each_fails_as_a_test_of_its_own(ran: Run) -> None:
    assert ran.status == 1
    assert ran.outcome == f"{len(ILL)} failed"


def test_nothing_of_python_is_shown(ran: Run) -> None:
    for noise in ("Traceback", "site-packages", "dazz_assets/", "Error:\n", "/replay.py", "dagster"):
        assert noise not in ran.text


def test_a_run_changes_no_file(ran: Run, ill: Path, before: dict[str, bytes]) -> None:
    assert files_of(ill) == before


def test_a_field_edited_by_hand_fails_just_the_snapshots_that_it_is_in_and_names_record_and_field(told: Told) -> None:
    text = told("edited")
    assert snapshots_named(text) == ["first/objects/invoices.invoices.json", "first/raw/orders.json"]
    assert "    record o1: record.total: 12.50 -> 99.00" in text
    assert re.findall(r"object [0-9a-f]{32}: (.*)", text) == ['total: "12.5" -> "99"']


def test_it_says_how_to_take_a_change_over(told: Told, ill: Path) -> None:
    assert told("edited").endswith(f"pytest --dazz-update {ill}/edited/recordings/default")


def test_a_changed_request_is_told_with_the_nearest_that_was_recorded_and_what_differs(told: Told) -> None:
    assert told("params").startswith(
        "first sync: GET https://api.shop.example/accounts?limit=100 was requested and not recorded\n"
        "    nearest: GET https://api.shop.example/accounts\n"
        '    differs in: query.limit: (missing) -> "100"\n'
        "first sync: of the recorded requests 8 were then not made"
    )


def test_a_request_more_meets_no_network_also_where_a_parser_makes_it_and_what_it_brings_about_is_not_told(
    told: Told,
) -> None:
    text = told("around")
    assert "first sync: GET https://rates.example/eur was requested and not recorded\n    nearest: GET " in text
    assert text.count("nearest: ") == 1
    assert snapshots_named(text) == []


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
            "{scenario} is of an integration in {folder}/shop.py, which there isn't; correct its `file`",
        ),
        (
            "other scenario",
            "{scenario} is of the integration 'sop', which {folder}/shop.py doesn't hold; did you mean 'shop'?",
        ),
        (
            "config",
            "{scenario} is not of this config: connection 'test' of shop: `config.token`: Field required; "
            "`config.tokn`: Extra inputs are not permitted; correct it, or record again",
        ),
        (
            "scenario",
            "{scenario} is no scenario: the file: Invalid JSON: expected `,` or `}}` at line 4 column 3",
        ),
        (
            "exchange",
            "{recording}/first/1-accounts.001.json is no recording of a request: Expecting ',' delimiter: line 19 "
            "column 11 (char 369); correct it, or record again",
        ),
    ],
)
def test_what_can_not_be_read_is_told_with_its_file(told: Told, ill: Path, name: str, expected: str) -> None:
    recording = ill / name / "recordings/default"
    scenario = recording / "scenario.json"
    assert told(name) == expected.format(folder=ill / name, recording=recording, scenario=scenario)


def test_a_snapshot_that_is_no_json_missing_or_no_longer_taken_is_one_that_differs(told: Told) -> None:
    assert told("snapshots").startswith(
        "first/raw/orders.json\n    it is no JSON: Expecting ',' delimiter: line 7 column 11 (char 96)\n"
        "second/raw/orders.json\n    there is no such snapshot yet\n"
        "second/raw/refunds.json\n    nothing is taken for it any more\n"
    )


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory, recorded_shop: Path) -> tuple[Path, dict[str, bytes], Run]:
    """A folder, its files before, and the run that writes snapshots anew, in two processes."""
    folder = made_ill(tmp_path_factory.mktemp("updated"), recorded_shop, "edited", "params")
    spoil_snapshots(folder / "edited")
    files = files_of(folder)
    return folder, files, run_pytest("--dazz-update", "-n", "2", folder, cwd=folder)


Updated = tuple[Path, dict[str, bytes], Run]


def test_an_update_writes_the_snapshots_that_differ_and_says_what_changed(updated: Updated) -> None:
    folder, before, ran = updated
    after = files_of(folder)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    assert changed == [
        "edited/recordings/default/snapshots/first/objects/invoices.invoices.json",
        "edited/recordings/default/snapshots/first/raw/orders.json",
        "edited/recordings/default/snapshots/second/raw/orders.json",
        "edited/recordings/default/snapshots/second/raw/refunds.json",
    ]
    told = ran.text.partition("snapshots written anew")[2]
    for name in changed:
        assert told.count(f"{folder / name}\n") == 1
    assert 'total: "12.5" -> "99"\n' in told


def test_an_update_changes_nothing_where_the_requests_do_not_fit(updated: Updated) -> None:
    _, _, ran = updated
    assert ran.status == 1
    assert ran.outcome == "1 failed, 1 passed"
    assert "accounts?limit=100 was requested and not recorded" in ran.failure("recording params/default")


def test_after_an_update_a_plain_run_passes(updated: Updated) -> None:
    folder, _, _ = updated
    ran = run_pytest("edited", cwd=folder)
    assert (ran.status, ran.outcome) == (0, "1 passed")
    assert "written anew" not in ran.text
