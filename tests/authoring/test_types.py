"""What a user writes is clean under a strict type checker, and its mistakes are errors there."""

import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = """
from collections.abc import Iterator
from pydantic import BaseModel
from dazz_assets import ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject

class Project(BaseModel):
    id: str
    name: str

class ProjectsStream(Stream[Project]):
    path = "/projects"
    primary_key = "id"
    params = {"limit": 10}
    cursor = Cursor("updated_at")

class Note(DomainObject):
    text: str

class NotesIntegration(Integration[ConnectionConfig]):
    base_url = "https://api.test"
    streams = (ProjectsStream,)

    @parser
    def notes(self, projects: FullRefresh[ProjectsStream], changed: Incremental[ProjectsStream]) -> Iterator[Note]:
        for project in projects:
            reveal_type(project)
        for project in changed:
            yield Note(id=self.object_id(project.id), text=project.name)

notes = NotesIntegration().notes(FullRefresh([Project(id="1", name="x")]), Incremental([]))
reveal_type(notes)
"""
WRONG = RIGHT.replace("-> Iterator[Note]", "-> Iterator[Project]").replace("reveal_type(project)", "project.nope")


def _check(tmp_path: Path, text: str) -> str:
    (tmp_path / "user.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null", "user.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300).stdout


@pytest.mark.xdist_group("types")
def test_iterating_an_input_gives_the_streams_model(tmp_path: Path) -> None:
    output = _check(tmp_path, RIGHT)
    assert 'Revealed type is "user.Project"' in output
    assert 'Revealed type is "typing.Iterator[user.Note]"' in output or "Iterator[user.Note]" in output
    assert "error" not in output


@pytest.mark.xdist_group("types")
def test_an_unknown_field_and_a_return_that_is_no_domain_model_are_errors(tmp_path: Path) -> None:
    output = _check(tmp_path, WRONG)
    assert '"Project" has no attribute "nope"' in output
    assert output.count("error:") >= 2
