"""Commands with a paginator or auth of one's own: they work, or say in a sentence what is wrong in its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.vendor import TOKEN

WORKING = """
class ByLetter:
    \"\"\"Pages named by letters; `path`, `more` and `resume` mean something of its own.\"\"\"

    def __init__(self, letters, path=("a", 1)):
        self.letters = letters
        self.path = path
        self.more = 3

    def resume(self):
        return "not a setting of the library"

    def first(self, request):
        return request.with_param("letter", self.letters[0])

    def next(self, request, page, received):
        at = self.letters.index(request.params["letter"]) + 1
        return request.with_param("letter", self.letters[at]) if at < len(self.letters) else Last("no letter is left")
"""

FAILING = """
class Failing:
    def first(self, request):
        return {first}

    def next(self, request, page, received):
        return {next}
"""


def declare(project: Project, code: str, setting: str) -> None:
    """Give the project's integration a setting, with the code that it needs."""
    file = Path(project.target)
    text = file.read_text(encoding="utf-8").replace("Integration, Stream,", "Integration, Last, NextLink, Stream,")
    text = text.replace("class IncidentsConfig", f"{code}\n\nclass IncidentsConfig", 1)
    if setting.startswith("auth"):
        text = text.replace('auth = BearerToken("{config.token}")', setting)
    else:
        text = text.replace('records = "items"', f'records = "items"\n    {setting}')
    file.write_text(text, encoding="utf-8")


def declare_failing(project: Project, *, first: str = "request", following: str = 'Last("one page")') -> None:
    declare(project, FAILING.format(first=first, next=following), "paginator = Failing()")


def line_of(project: Project, text: str) -> int:
    lines = Path(project.target).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def assert_one_sentence(err: str, project: Project) -> None:
    assert "Traceback" not in err
    assert TOKEN not in err
    assert str(project.folder) not in err


def test_a_working_one_with_attributes_of_its_own_is_previewed_explained_checked_and_synced(project: Project) -> None:
    declare(project, WORKING, 'paginator = ByLetter("ab")')
    preview = project.run("preview", project.target, "services")
    assert preview.out.splitlines()[1].endswith("/services?letter=a")
    assert preview.out.splitlines()[-2:] == [
        "paginator: ByLetter; detected in this page: none",
        f"next: GET {project.url}/services?letter=b",
    ]
    assert preview.err == ""
    assert "every sync: GET https://incidents.example/services?letter=a" in project.run("explain", project.target).out
    assert "incidents/acme: ok, 2 of 2 streams work" in project.run("check", project.target).out
    assert "incidents" in project.run("list").out
    project.run("sync", project.target)
    assert project.vendor.requests[-4:] == ["/services", "/services", "/incidents", "/incidents"]


def test_one_that_raises_names_its_class_and_line(project: Project) -> None:
    declare_failing(project, first='request.with_param("page", {}["start"])', following='{}["after"]')
    line = line_of(project, "start")
    told = f"Failing.first raised KeyError (incidents.py, line {line}): 'start'. Correct the paginator."
    for command in ("preview", "explain", "check"):
        stream = ["services"] if command == "preview" else []
        err = project.run(command, project.target, *stream, status=1).err
        assert told in err
        assert "stream services" in err
        assert_one_sentence(err, project)


def test_preview_shows_the_page_after_which_it_raises(project: Project) -> None:
    declare_failing(project, following='page.value("next.token")["after"]')
    result = project.run("preview", project.target, "services")
    assert "1 record at `items`" in result.out
    assert result.err == (
        f"warning: Failing.next raised TypeError (incidents.py, line {line_of(project, 'next.token')}): 'NoneType' "
        "object is not subscriptable. Correct the paginator.\n"
    )


def test_a_line_of_the_author_is_named_where_another_library_raises(project: Project) -> None:
    declare_failing(project, following='__import__("json").loads("{")')
    err = project.run("preview", project.target, "services").err
    assert f"Failing.next raised JSONDecodeError (incidents.py, line {line_of(project, 'json')})" in err


@pytest.mark.parametrize(
    ("following", "problem"),
    [
        ("None", "returned None; return the Request for the next page, or Last with the reason"),
        ('"/services?page=2"', "returned a str; return the Request for the next page"),
        ("(request for _ in [1])", "returned a generator; return the Request"),
        ("Last(None)", "returned a Last without a reason"),
        ('Last("")', "returned a Last without a reason"),
        ("Last", "returned a type; return the Request"),
        ("type(request)(url=None)", "returned a Request whose `url` is None"),
        ('type(request)(request.url, params="page=2")', "returned a Request whose `params` is a str"),
    ],
)
def test_what_it_returns_is_checked(project: Project, following: str, problem: str) -> None:
    declare_failing(project, following=following)
    preview = project.run("preview", project.target, "services")
    assert f"warning: Failing.next {problem}" in preview.err
    failed = project.run("check", project.target, status=1).err
    assert f"incidents/acme, stream services: GET {project.url}/services: Failing.next {problem}" in failed
    assert_one_sentence(preview.err + failed, project)


def test_a_first_request_that_is_none_is_refused(project: Project) -> None:
    declare_failing(project, first="None")
    err = project.run("explain", project.target, status=1).err
    assert err == (
        "Error: incidents, stream services: Failing.first returned None; return the Request for the first page. "
        "Correct the paginator.\n"
    )


def test_methods_with_other_arguments_are_told_with_the_line_of_the_method(project: Project) -> None:
    declare(
        project,
        "class Short:\n    def first(self):\n        return 1\n    def next(self):\n        return 1\n",
        "paginator = Short()",
    )
    err = project.run("explain", project.target, status=1).err
    assert f"Short.first raised TypeError (incidents.py, line {line_of(project, 'def first(self):')})" in err
    assert_one_sentence(err, project)


def test_recording_and_sync_tell_it_in_a_sentence(project: Project) -> None:
    declare_failing(project, following='{}["after"]')
    told = f"Failing.next raised KeyError (incidents.py, line {line_of(project, 'after')}): 'after'"
    for command in ("record", "sync"):
        err = project.run(command, project.target, "--connection", "acme", status=1).err
        assert told in err
        assert_one_sentence(err, project)


def test_a_subclass_that_does_not_set_up_its_base_is_refused_when_it_loads(project: Project) -> None:
    code = "class Half(NextLink):\n    def __init__(self, base):\n        object.__setattr__(self, 'base', base)\n"
    declare(project, code, 'paginator = Half("/v2")')
    err = project.run("preview", project.target, "services", status=2).err
    assert "Half.__init__ leaves `path` without a value; call `super().__init__(...)` there" in err
    assert_one_sentence(err, project)
    assert "Half.__init__ leaves `path`" in project.run("list", status=1).err


def test_a_subclass_with_more_attributes_is_shown_as_its_base_is(project: Project) -> None:
    code = (
        "class Rooted(NextLink):\n    def __init__(self, path, root):\n        super().__init__(path)\n"
        "        object.__setattr__(self, 'root', root)\n"
        "    def resolve(self, link, requested):\n        return self.root + link\n"
    )
    declare(project, code, f'paginator = Rooted("links.next", root="{project.url}/api")')
    project.vendor.responses["/services"] = b'{"items": [], "links": {"next": "/services?page=2"}}'
    result = project.run("preview", project.target, "services")
    assert f"next: GET {project.url}/api/services?page=2" in result.out
    assert result.err == "warning: no records, so there is nothing to show\n"


def test_a_page_that_it_ends_although_a_link_is_there_is_a_warning(project: Project) -> None:
    declare_failing(project)
    project.vendor.responses["/services"] = b'{"items": [], "links": {"next": "/services?page=2"}}'
    assert 'Failing is set, but `links.next` holds a link: you may need NextLink("links.next")' in (
        project.run("preview", project.target, "services").err
    )


OWN_AUTH = """
class Signed:
    def __init__(self, header):
        self.header = header

    def flow(self, request, config):
        {body}
        yield request.with_header(self.header, "Bearer " + config["token"])
"""


def test_an_auth_of_ones_own_works_in_all_commands(project: Project) -> None:
    declare(project, OWN_AUTH.format(body="pass"), 'auth = Signed("Authorization")')
    project.run("check", project.target)
    assert "auth Signed" in project.run("explain", project.target).out
    assert "1 record at `items`" in project.run("preview", project.target, "services").out


def test_an_auth_that_raises_is_told_with_its_line(project: Project) -> None:
    declare(project, OWN_AUTH.format(body='config["secret_key"]'), 'auth = Signed("Authorization")')
    line = line_of(project, "secret_key")
    for command in (["check", project.target], ["preview", project.target, "services"]):
        err = project.run(*command, status=1).err
        assert f"Signed.flow raised KeyError (incidents.py, line {line}): 'secret_key'" in err
        assert_one_sentence(err, project)
