"""Users' code is clean under strict mypy and pyright, and their mistakes are errors in the editor."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path("tests/typing")
VALID = FOLDER / "api.py"
INVALID = sorted(path.relative_to(ROOT) for path in (ROOT / FOLDER / "wrong").glob("[!_]*.py"))
INTEGRATIONS = sorted(path.relative_to(ROOT) for path in (ROOT / "integrations").rglob("*.py"))

Lines = set[tuple[str, int]]

pytestmark = pytest.mark.xdist_group("types")


def marked_lines() -> Lines:
    """The lines that end with `# error`."""
    return {
        (path.as_posix(), number)
        for path in INVALID
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if line.endswith("# error")
    }


def run_checker(*command: str) -> str:
    """The output of a type checker."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300
    ).stdout


def test_mypy_finds_the_marked_lines_and_no_other(mypy_cache: Path) -> None:
    found = run_checker(
        "mypy",
        "--config-file=",
        "--strict",
        f"--cache-dir={mypy_cache}",
        "--no-error-summary",
        *map(str, [VALID, *INVALID]),
    )
    lines = {(match[1], int(match[2])) for match in re.finditer(r"^(.+?):(\d+): error", found, re.MULTILINE)}
    assert lines == marked_lines()


def test_pyright_finds_the_marked_lines_and_no_other() -> None:
    found = json.loads(
        run_checker("pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, [VALID, *INVALID]))
    )
    lines = {
        (Path(item["file"]).relative_to(ROOT).as_posix(), item["range"]["start"]["line"] + 1)
        for item in found["generalDiagnostics"]
    }
    assert lines == marked_lines()


def test_pyright_finds_nothing_in_our_own_integrations() -> None:
    found = json.loads(run_checker("pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, INTEGRATIONS)))
    assert found["generalDiagnostics"] == []
    assert found["summary"]["filesAnalyzed"] == len(INTEGRATIONS)
