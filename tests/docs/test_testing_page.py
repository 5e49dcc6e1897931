"""The tests that docs/testing.md shows are tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import blocks

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
IMPORTS = """
from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.snyk.integration import IssuesStream, ProjectsStream, SnykIntegration, TargetsStream
"""


def test_they_pass_as_they_are_written(tmp_path: Path) -> None:
    shown = [block.text for block in blocks(PAGE) if block.language == "python"]
    assert len(shown) == 2
    (tmp_path / "test_shown.py").write_text("\n\n".join([IMPORTS, *shown]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shown.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "2 passed" in done.stdout, done.stdout
