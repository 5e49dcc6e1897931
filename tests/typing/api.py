"""What a user writes: clean under strict mypy and pyright, and with the types that an editor should know.

Never run; `test_typing` has it checked.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import assert_type

from pydantic import BaseModel, SecretStr

from dazz_assets import (
    ApiKey,
    Basic,
    BearerToken,
    ConnectionConfig,
    Cursor,
    CursorToken,
    FullRefresh,
    GraphQLCursor,
    Incremental,
    Integration,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import DomainObject


class Config(ConnectionConfig):
    token: SecretStr
    username: str = "me"
    org: str


class Project(BaseModel):
    id: str
    name: str


class Issue(BaseModel):
    number: int
    title: str


class ProjectsStream(Stream[Project]):
    path = "/projects"
    primary_key = "id"
    params = {"limit": 10, "q": "{config.org}", "all": True}
    headers = {"X-Org": "{config.org}"}
    paginator = LinkHeader()
    accept = {404: "skip"}
    max_invalid = 0.5


class IssuesStream(Stream[Issue]):
    parent = ProjectsStream
    path = "/projects/{parent.id}/issues"
    method = "POST"
    body = {"query": "x", "variables": {"first": 10}}
    records = "data.items"
    primary_key = ("project.id", "number")
    cursor = Cursor(
        "updated_at", since="since", until="until", lookback=timedelta(hours=1), order="asc", format="epoch"
    )
    paginator = GraphQLCursor("data.items.pageInfo.endCursor", variable="after")


class Note(DomainObject):
    text: str


class Fact(DomainObject):
    table = "facts_of_life"
    text: str


class NotesIntegration(Integration[Config]):
    """Notes."""

    name = "notes"
    base_url = "https://api.test"
    auth = BearerToken("{config.token}")
    hosts = ("files.test",)
    rate = Rate(100, per=60)
    concurrency = 4
    window = "day"
    check = ProjectsStream
    params = {"v": 1}
    headers = {"Accept": "application/json"}
    records = "items"
    paginator = NextLink("links.next")
    streams = (ProjectsStream, IssuesStream)

    @parser
    def notes(self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]) -> Iterator[Note]:
        for project in projects:
            assert_type(project, Project)
            assert_type(project.name, str)
        assert_type(self.config, Config)
        assert_type(self.config.token.get_secret_value(), str)
        for issue in issues:
            assert_type(issue, Issue)
            yield Note(id=self.object_id("x", issue.number), text=issue.title)

    @parser(version="2")
    def facts(self, issues: Incremental[IssuesStream]) -> Iterable[Note | Fact]:
        return [Note(id="1", text="x"), Fact(id="2", text="y")]

    @parser
    def listed(self, issues: FullRefresh[IssuesStream]) -> list[Fact]:
        return [Fact(id=str(issue.number), text=issue.title) for issue in issues]

    @parser
    def sequence(self, issues: FullRefresh[IssuesStream]) -> Sequence[Fact]:
        return sorted((Fact(id=str(issue.number), text=issue.title) for issue in issues), key=lambda fact: fact.id)


class SecondIntegration(Integration[Config]):
    auth = Basic("{config.username}", "{config.token}")
    paginator = Offset(size_param="limit", size=100, more="total")
    streams = (ProjectsStream,)


class ThirdIntegration(Integration[Config]):
    auth = ApiKey(param="key")
    paginator = PageNumber("page", size_param="per_page", size=50)


class FourthIntegration(Integration[Config]):
    auth = ApiKey("X-Key", format="t {config.token}")
    paginator = CursorToken("next_cursor", param="cursor")


# A parser is called in a test with lists, and nothing set up.
made = NotesIntegration(Config(token=SecretStr("x"), org="acme"), connection="acme")
assert_type(
    made.notes(FullRefresh([Project(id="1", name="x")]), Incremental([Issue(number=1, title="t")])), Iterator[Note]
)
assert_type(NotesIntegration().listed(FullRefresh([])), list[Fact])
assert_type(made.object_id(1, "x"), str)
assert_type(made.connection, str)
