"""A command whose reader has had enough, such as `head`, ends without complaint."""

from __future__ import annotations

import pytest

from tests.cli.closed_pipe import run_without_reader
from tests.cli.conftest import Project

LARGE = "select repeat('x', 100) as text from range(5000)"


@pytest.mark.parametrize(
    "args",
    [
        ("query", LARGE),
        ("query", LARGE, "--json"),
        ("query", "select 1 as n", "--json"),
        ("list", "--json"),
        ("status",),
    ],
    ids=" ".join,
)
def test_a_command_ends_in_silence_when_its_reader_does(synced: Project, args: tuple[str, ...]) -> None:
    assert run_without_reader(synced.command(*args), synced.env) == ("", 1)


def test_a_command_that_fails_ends_in_silence_too(project: Project) -> None:
    (project.folder / "broken.py").write_text("raise ValueError", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = f"{project.target}:{project.folder / 'broken.py'}"
    assert run_without_reader(project.command("list", "--json"), project.env) == ("", 1)
