"""Parsers that type checkers mark, and calls of parsers with wrong arguments."""

from collections.abc import Iterator

from dazz_assets import FullRefresh, Incremental, Integration, parser
from tests.typing.api import Config, Fact, IssuesStream, Note, NotesIntegration, OrgsStream, Project, ProjectsStream


class WrongIntegration(Integration[Config]):
    @parser
    def of_a_model(self, projects: FullRefresh[Project]) -> Iterator[Note]:  # error
        yield Note(id="1", text="x")

    @parser
    def of_a_number(self, projects: Incremental[int]) -> Iterator[Note]:  # error
        yield Note(id="1", text="x")

    @parser
    def yields_another_model(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        yield Fact(id="1", text="x")  # error

    @parser
    def yields_records(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        yield from projects  # error

    @parser
    def returns_the_wrong_list(self, projects: FullRefresh[ProjectsStream]) -> list[Note]:
        return [project.name for project in projects]  # error

    @parser  # error
    def returns_records(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Project]:
        yield from projects

    @parser  # error
    def returns_one(self, projects: FullRefresh[ProjectsStream]) -> Note:
        return Note(id="1", text="x")

    @parser  # error
    async def is_async(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        return iter([Note(id="1", text="x")])

    @parser
    def forgets_to_yield(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:  # error
        for project in projects:
            Note(id=project.id, text=project.name)

    @parser
    def reads_an_unknown_field(self, projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        for project in projects:
            yield Note(id=project.id, text=project.title)  # error

    @parser
    def reads_a_stream_without_a_model(self, orgs: FullRefresh[OrgsStream]) -> Iterator[Note]:
        for org in orgs:
            yield Note(id="1", text=org.name)  # error

    @parser
    def gives_the_wrong_type(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        for issue in issues:
            yield Note(id=issue.number, text=issue.title)  # error

    @parser
    def forgets_a_field(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        for issue in issues:
            yield Note(id=self.object_id(issue.number))  # error

    @parser
    def takes_a_parent_that_may_be_gone(
        self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]
    ) -> Iterator[Note]:
        for issue, project in issues.with_parents(projects):
            yield Note(id=issue.title, text=project.name)  # error

    @parser
    def takes_parents_from_a_window(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        for issue, _ in issues.with_parents(issues):  # error
            yield Note(id=issue.title, text="x")

    @parser(refresh="always")  # error
    def is_refreshed_always(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        yield Note(id="1", text="x")

    @parser(version=2)  # error
    def has_a_number_as_version(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        yield Note(id="1", text="x")

    @parser()  # error
    def has_empty_parentheses(self, issues: Incremental[IssuesStream]) -> Iterator[Note]:
        yield Note(id="1", text="x")


NotesIntegration().listed([])  # error
NotesIntegration().listed(Incremental([]))  # error
NotesIntegration().listed()  # error
FullRefresh(5)  # error
FullRefresh()  # error
