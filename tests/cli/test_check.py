"""`dazz check` tries all streams of connections, and says which fail, with the vendor's response and the fix."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import Project
from tests.cli.vendor import TOKEN
from tests.http.loopback import Reply


def rows(out: str) -> list[list[str]]:
    """The cells of the table's rows."""
    return [re.split(r" {2,}", line.strip()) for line in out.splitlines()[3:]]


def test_a_working_connection_is_ok_with_the_count_of_records_on_each_first_page(project: Project) -> None:
    result = project.run("check", project.target)
    assert result.out.startswith("incidents/acme: ok, 2 of 2 streams work\n")
    assert rows(result.out) == [["services", "works", "1", "1"], ["incidents", "works", "3", "1"]]
    assert project.vendor.requests == ["/services", "/incidents"]
    assert not (project.home / "lake").exists()


def test_a_rejected_token_names_connection_response_and_fix_and_the_others_are_checked(project: Project) -> None:
    project.configure({}, {"id": "beta", "config": project.config("wrong-9d2e")})
    result = project.run("check", project.target, status=1)
    assert "incidents/acme: ok" in result.out
    assert "incidents/beta" in result.err
    assert "opens nothing here" in result.err
    assert "Check the connection's credentials" in result.err
    assert "wrong-9d2e" not in result.out + result.err
    assert result.err.count("opens nothing here") == 1


def test_check_can_be_limited_to_one_connection(project: Project) -> None:
    project.configure({"config": project.config("wrong-9d2e")}, {"id": "beta"})
    assert "beta: ok" in project.run("check", project.target, "--connection", "beta").out


def test_check_can_be_limited_to_streams(project: Project) -> None:
    result = project.run("check", project.target, "--stream", "incidents")
    assert rows(result.out) == [["incidents", "works", "3", "1"]]
    assert project.vendor.requests == ["/incidents"]
    error = project.run("check", project.target, "--stream", "incident", status=2).err
    assert "incidents has no stream 'incident'; did you mean" in error


def test_a_missing_environment_variable_is_wrong_config(project: Project) -> None:
    project.env["INCIDENTS_TOKEN"] = None
    result = project.run("check", project.target, status=2)
    assert "needs the environment variable INCIDENTS_TOKEN" in result.err


def test_a_sub_stream_is_checked_with_a_record_of_its_parent(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace("class IncidentsIntegration", NOTES + "\n\nclass IncidentsIntegration").replace(
        "streams = (ServicesStream, IncidentsStream)",
        "streams = (ServicesStream, NotesStream, IncidentsStream)",
    )
    target = project.folder / "with_notes.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.services = [{"id": "a/b", "name": "Shop"}]
    project.vendor.responses["/services/a%2Fb/notes"] = b'{"items": [{"id": "n1"}, {"id": "n2"}]}'
    result = project.run("check", str(target))
    assert ["notes", "works", "2", "1"] in rows(result.out)
    project.vendor.services = []
    result = project.run("check", str(target))
    assert "incidents/acme: ok, 2 of 3 streams work" in result.out
    assert ["notes", "nothing to try", "0"] in rows(result.out)
    assert "incidents/acme, notes: there is no record of services to ask for it with" in result.err


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


def test_a_page_that_is_less_than_its_total_fails_the_check_and_the_sync(project: Project) -> None:
    project.vendor.responses["/services"] = b'{"items": [{"id": "a", "name": "A"}], "meta": {"page": 1, "total": 5}}'
    for command in ("check", "sync"):
        result = project.run(command, project.target, status=1)
        assert "`meta.total` of 5 in the page says that there is more, but no paginator is set" in result.err
        assert "if it counts something else, such as what your own filter leaves out, `total = None`" in result.err


def test_a_warning_names_the_connection_once(project: Project) -> None:
    project.vendor.responses["/services"] = b'{"items": [{"id": "s1", "name": "Shop"}], "count": 8}'
    result = project.run("check", project.target)
    assert "warning: " in result.err
    assert result.err.count("incidents/acme") == 1


def test_a_refusal_names_the_stream_its_permission_and_where_to_give_it(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace('path = "/incidents"', 'path = "/incidents"\n    permissions = ("Incidents: read",)').replace(
        'records = "items"', 'records = "items"\n    permissions_url = "https://incidents.example/docs/permissions"'
    )
    target = project.folder / "with_permissions.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.refused["/incidents"] = Reply(403, {"message": f"{TOKEN} has no such scope"})
    result = project.run("check", str(target), status=1)
    assert result.out.startswith("incidents/acme: failed, 1 of 2 streams work\n")
    assert ["incidents", "refused; needs Incidents: read", "1"] in rows(result.out)
    assert "The vendor says: *** has no such scope" in result.err
    assert "The stream needs `Incidents: read`. See https://incidents.example/docs/permissions." in result.err
    assert TOKEN not in result.out + result.err

    assert "The stream needs `Incidents: read`." in project.run("sync", str(target), status=1).err
    assert "  incidents: Incidents: read" in project.run("explain", str(target)).out


def test_an_address_that_is_not_found_is_told_once_with_the_setting_that_may_be_wrong(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace('path = "/incidents"', 'path = "/incidents"\n    permissions = ("Incidents: read",)')
    target = project.folder / "with_permissions.py"
    target.write_text(text, encoding="utf-8")
    for path in ("/services", "/incidents"):
        project.vendor.refused[path] = Reply(404, {"message": "Not Found", "documentation_url": f"https://x{path}"})
    result = project.run("check", str(target), status=1)
    assert result.out.startswith("incidents/acme: failed, 0 of 2 streams work\n")
    assert rows(result.out) == [
        ["services", "not found", "1"],
        ["incidents", "not found; may need Incidents: read", "1"],
    ]
    assert result.err.count("404 Not Found") == 1
    assert "check `config.base_url`, and that the credentials may see it" in result.err
    assert result.err.rstrip().endswith("It is the same for incidents.")


class OnlyOnce(dict[str, Reply]):
    """Replies of which each is sent once."""

    def __getitem__(self, path: str) -> Reply:
        return self.pop(path)


def test_waits_are_shown_as_a_sync_shows_them(project: Project) -> None:
    project.vendor.refused = OnlyOnce({"/services": Reply(503, {"message": "soon"}, headers={"Retry-After": "0"})})
    result = project.run("check", project.target)
    assert rows(result.out)[0] == ["services", "works", "1", "2"]
    assert "incidents/acme: waiting: 503 Service Unavailable. The vendor says: soon." in result.err


def test_records_that_are_refused_for_one_parent_are_told_and_fail_nothing(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace("class IncidentsIntegration", NOTES + "\n\nclass IncidentsIntegration").replace(
        "streams = (ServicesStream, IncidentsStream)",
        "check = NotesStream\n    streams = (ServicesStream, NotesStream, IncidentsStream)",
    )
    target = project.folder / "with_notes.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.services = [{"id": "s1", "name": "Shop"}, {"id": "s2", "name": "Bank"}]
    project.vendor.responses["/services/s1/notes"] = b'{"items": [{"id": "n1"}]}'
    project.vendor.refused["/services/s2/notes"] = Reply(403, {"message": "not yours"})
    result = project.run("check", str(target))
    assert result.out.startswith("incidents/acme: ok, 2 of 3 streams work, 1 partly\n")
    assert ["notes", "partly: some of it is refused", "1", "2"] in rows(result.out)
    assert "incidents/acme, notes: refused for 1 record of services: " in result.err
    assert "/services/s2/notes: 403 Forbidden. The vendor says: not yours." in result.err
    assert "incidents/acme notes: warning: services s2 was passed over: GET " in project.run("sync", str(target)).err


def test_a_token_that_must_be_fetched_is_fetched_and_a_refusal_is_told(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    client = 'ClientCredentials(token_url="/oauth/token", client_id="dazz", client_secret="{config.token}")'
    text = text.replace('BearerToken("{config.token}")', client).replace("BearerToken", "ClientCredentials")
    target = project.folder / "with_client.py"
    target.write_text(text, encoding="utf-8")
    project.vendor.responses["/oauth/token"] = b'{"access_token": "%s"}' % TOKEN.encode()
    assert "incidents/acme: ok, 2 of 2 streams work" in project.run("check", str(target)).out
    assert project.vendor.requests == ["/oauth/token", "/services", "/incidents"]
    project.vendor.responses["/oauth/token"] = (
        b'{"error": "invalid_client", "error_description": "%s"}' % TOKEN.encode()
    )
    error = project.run("check", str(target), status=1).err
    assert f"incidents/acme, stream services: POST {project.url}/oauth/token" in error
    assert "The vendor says: ***; invalid_client" in error
    assert "Check `config.token` in the connection's config" in error
