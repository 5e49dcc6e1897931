"""`dazz check` proves connections, or says which doesn't work, what the vendor answered, and how to fix it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Project
from tests.cli.vendor import TOKEN


def test_a_connection_that_works_is_ok_with_the_records_of_its_first_page(project: Project) -> None:
    ran = project.run("check", project.target)
    assert ran.out == "incidents/acme: ok, 1 record on the first page of services\n"
    assert project.vendor.requests == ["/services"]
    assert not (project.home / "lake").exists()


def test_a_refused_token_names_connection_answer_and_fix_and_the_others_are_checked(project: Project) -> None:
    project.configure({}, {"id": "beta", "config": project.config("wrong-9d2e")})
    ran = project.run("check", project.target, status=1)
    assert "incidents/acme: ok" in ran.out
    assert "incidents/beta" in ran.err
    assert "opens nothing here" in ran.err
    assert "Check the connection's credentials" in ran.err
    assert "wrong-9d2e" not in ran.out + ran.err


def test_one_connection_can_be_chosen(project: Project) -> None:
    project.configure({"config": project.config("wrong-9d2e")}, {"id": "beta"})
    assert "beta: ok" in project.run("check", project.target, "--connection", "beta").out


def test_a_missing_environment_variable_is_wrong_config(project: Project) -> None:
    project.env["INCIDENTS_TOKEN"] = None
    ran = project.run("check", project.target, status=2)
    assert "needs the environment variable INCIDENTS_TOKEN" in ran.err


def test_a_sub_stream_is_checked_through_a_parent_that_may_be_read(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace("class IncidentsIntegration", NOTES + "\n\nclass IncidentsIntegration").replace(
        "streams = (ServicesStream, IncidentsStream)",
        "streams = (ServicesStream, NotesStream, IncidentsStream)\n    check = NotesStream",
    )
    target = project.folder / "with_notes.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.services = [{"id": "a/b", "name": "Shop"}]
    project.vendor.answers["/services/a%2Fb/notes"] = b'{"items": [{"id": "n1"}, {"id": "n2"}]}'
    ran = project.run("check", str(target))
    assert ran.out == "incidents/acme: ok, 2 records on the first page of notes\n"
    project.vendor.services = []
    assert "ok, 0 records on the first page of services" in project.run("check", str(target)).out


NOTES = '''
class Note(BaseModel):
    id: str


class NotesStream(Stream[Note]):
    """Notes about a service."""

    parent = ServicesStream
    path = "/services/{parent.id}/notes"
'''


def test_a_page_that_is_no_json_is_told_with_what_it_was(project: Project) -> None:
    project.vendor.answers["/services"] = b'{"items": "no list"}'
    ran = project.run("check", project.target, status=1)
    assert "incidents/acme" in ran.err
    assert "Traceback" not in ran.err
    assert TOKEN not in ran.err
