"""`dazz check` tests connections, and says which one fails, with the vendor's response and the fix."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Project
from tests.cli.vendor import TOKEN


def test_a_working_connection_is_ok_with_the_count_of_records_on_its_first_page(project: Project) -> None:
    result = project.run("check", project.target)
    assert result.out == "incidents/acme: ok, 1 record on the first page of services\n"
    assert project.vendor.requests == ["/services"]
    assert not (project.home / "lake").exists()


def test_a_rejected_token_names_connection_response_and_fix_and_the_others_are_checked(project: Project) -> None:
    project.configure({}, {"id": "beta", "config": project.config("wrong-9d2e")})
    result = project.run("check", project.target, status=1)
    assert "incidents/acme: ok" in result.out
    assert "incidents/beta" in result.err
    assert "opens nothing here" in result.err
    assert "Check the connection's credentials" in result.err
    assert "wrong-9d2e" not in result.out + result.err


def test_check_can_be_limited_to_one_connection(project: Project) -> None:
    project.configure({"config": project.config("wrong-9d2e")}, {"id": "beta"})
    assert "beta: ok" in project.run("check", project.target, "--connection", "beta").out


def test_a_missing_environment_variable_is_wrong_config(project: Project) -> None:
    project.env["INCIDENTS_TOKEN"] = None
    result = project.run("check", project.target, status=2)
    assert "needs the environment variable INCIDENTS_TOKEN" in result.err


def test_a_sub_stream_is_checked_with_a_record_of_its_parent(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace("class IncidentsIntegration", NOTES + "\n\nclass IncidentsIntegration").replace(
        "streams = (ServicesStream, IncidentsStream)",
        "streams = (ServicesStream, NotesStream, IncidentsStream)\n    check = NotesStream",
    )
    target = project.folder / "with_notes.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.services = [{"id": "a/b", "name": "Shop"}]
    project.vendor.responses["/services/a%2Fb/notes"] = b'{"items": [{"id": "n1"}, {"id": "n2"}]}'
    result = project.run("check", str(target))
    assert result.out == "incidents/acme: ok, 2 records on the first page of notes\n"
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


def test_a_page_without_a_list_of_records_fails_without_a_traceback_or_token(project: Project) -> None:
    project.vendor.responses["/services"] = b'{"items": "no list"}'
    result = project.run("check", project.target, status=1)
    assert "incidents/acme" in result.err
    assert "Traceback" not in result.err
    assert TOKEN not in result.err


def test_a_warning_names_the_connection_once(project: Project) -> None:
    project.vendor.responses["/services"] = b'{"items": [{"id": "s1", "name": "Shop"}], "total": 8}'
    result = project.run("check", project.target)
    assert "warning: " in result.err
    assert result.err.count("incidents/acme") == 1


def test_a_token_that_must_be_fetched_is_fetched_and_a_refusal_is_told(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    client = 'ClientCredentials(token_url="/oauth/token", client_id="dazz", client_secret="{config.token}")'
    text = text.replace('BearerToken("{config.token}")', client).replace("BearerToken", "ClientCredentials")
    target = project.folder / "with_client.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.responses["/oauth/token"] = b'{"access_token": "%s"}' % TOKEN.encode()
    assert "incidents/acme: ok, 1 record" in project.run("check", str(target)).out
    assert project.vendor.requests == ["/oauth/token", "/services"]
    project.vendor.responses["/oauth/token"] = (
        b'{"error": "invalid_client", "error_description": "%s"}' % TOKEN.encode()
    )
    error = project.run("check", str(target), status=1).err
    assert f"incidents/acme, stream services: POST {project.url}/oauth/token" in error
    assert "The vendor says: ***; invalid_client" in error
    assert "Check `config.token` in the connection's config" in error
