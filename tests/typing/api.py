"""Code as users write it: clean under strict mypy and pyright, with the types that an editor should infer.

Never run, only type-checked by `test_typing`.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_type

from msgspec import Struct
from pydantic import BaseModel, SecretStr

from dazz_assets import (
    ApiKey,
    Auth,
    Basic,
    BearerToken,
    Budget,
    ClientCredentials,
    ConnectionConfig,
    Cursor,
    CursorToken,
    FullRefresh,
    GraphQLCursor,
    Incremental,
    Integration,
    JwtGrant,
    Last,
    LinkHeader,
    NextLink,
    Offset,
    Page,
    PageNumber,
    Paginator,
    Rate,
    RefreshToken,
    Request,
    Response,
    Seam,
    SecretStore,
    SignedJwt,
    Stream,
    TokenExchange,
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


class Comment(BaseModel):
    id: int
    text: str


class Label(Struct):
    name: str
    colour: str | None = None


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
    query = "query ($first: Int, $after: ID) { items(first: $first, after: $after) { id } }"
    variables = {"first": 10, "range": ["{cursor.since}", {"until": "{cursor.until}"}]}
    records = "data.items"
    rate = Rate(10, per=1)
    budget = Budget("data.cost.left", reset="data.cost.reset", cost="data.cost.used")
    primary_key = ("project.id", "number")
    cursor = Cursor(
        "updated_at", since="since", until="until", lookback=timedelta(hours=1), order="asc", format="epoch"
    )
    paginator = GraphQLCursor(
        "data.items.pageInfo.endCursor",
        variable="after",
        next_query="next.graphql",
        next_records="data.more",
        next_path="data.next",
    )


class CommentsStream(Stream[Comment]):
    parent = IssuesStream
    path = "/projects/{parent.parent.id}/issues/{parent.number}/comments"
    primary_key = ("{parent.parent.id}", "{parent.number}", "id")
    cursor = Cursor("updated_at", since="since")


class LabelsStream(Stream[Label]):
    """Its records are structs."""

    parent = ProjectsStream
    path = "/projects/{parent.id}/labels"
    primary_key = "name"


class OrgsStream(Stream):
    """No parser reads it, so it needs no model."""

    path = "/orgs"
    primary_key = "id"


class TeamsStream(Stream[Any]):
    parent = OrgsStream
    path = "/orgs/{parent.id}/teams"


class Note(DomainObject):
    text: str


class Fact(DomainObject):
    table = "facts_of_life"
    text: str


class OwnAuth:
    """An auth that sends its own request first."""

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        response = yield Request("https://api.test/token", "POST", body={"key": config["token"]})
        assert_type(response, Response)
        assert_type(response.raise_for_status().status, int)
        refused = yield request.with_header("Authorization", str(response.value("token"))).with_param("v", 1)
        if refused.status == 401:
            yield request


class DelegatingAuth:
    def __init__(self, auth: Auth) -> None:
        self.auth = auth

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        return self.auth.flow(request, config)


class OwnPaginator:
    def first(self, request: Request) -> Request:
        return replace(request, params={**request.params, "page": 1})

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        assert_type(page.request, Request)
        assert_type(page.headers.get("x-more"), str | None)
        return request.with_param("after", received) if page.has("more") else Last("no more")


class OwnSeam:
    @contextmanager
    def recording(self, tape: Callable[[Request, Callable[[Request], Response]], Response]) -> Generator[None]:
        tape(Request("https://api.test"), lambda request: Response(200, {"X": "y"}, request.method.encode()))
        yield

    @contextmanager
    def replaying(self, script: Callable[[Request], Response]) -> Generator[None]:
        assert_type(script(Request("https://api.test", body=b"x")).body, bytes)
        yield


class OwnIntegration(Integration[Config]):
    auth = DelegatingAuth(OwnAuth())
    paginator = OwnPaginator()
    seams = (OwnSeam(),)
    streams = (ProjectsStream,)


paginators: list[Paginator] = [OwnPaginator(), LinkHeader()]
seam: Seam = OwnSeam()


class NotesIntegration(Integration[Config]):
    """Notes."""

    name = "notes"
    base_url = "https://api.test"
    auth = BearerToken("{config.token}")
    hosts = ("files.test",)
    rate = (Rate(5, per=1), Rate(100, per=60))
    concurrency = 4
    window = "day"
    check = ProjectsStream
    params = {"v": 1}
    headers = {"Accept": "application/json"}
    records = "items"
    paginator = NextLink("links.next")
    streams = (ProjectsStream, IssuesStream, CommentsStream, LabelsStream, OrgsStream, TeamsStream)

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
    def told(self, issues: Incremental[IssuesStream]) -> Iterable[Note | Fact]:
        return [Note(id="1", text="x"), Fact(id="2", text="y")]

    @parser(refresh="changed")
    def joined(self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]) -> Iterator[Note]:
        for issue, project in issues.with_parents(projects):
            assert_type(issue, Issue)
            assert_type(project, Project | None)
            yield Note(id=self.object_id(issue.number), text=project.name if project else issue.title)

    @parser(version="2", refresh="manual")
    def commented(self, comments: Incremental[CommentsStream], issues: FullRefresh[IssuesStream]) -> Iterator[Note]:
        assert_type(comments.with_parents(issues), Iterator[tuple[Comment, Issue | None]])
        yield from ()

    @parser
    def snapshots(self, issues: FullRefresh[IssuesStream], projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        assert_type(issues.with_parents(projects), Iterator[tuple[Issue, Project | None]])
        for key, gone in projects.departures().items():
            assert_type((key, gone), tuple[str, datetime | None])
        yield from ()

    @parser
    def labelled(self, labels: FullRefresh[LabelsStream], projects: FullRefresh[ProjectsStream]) -> Iterator[Note]:
        for label in labels:
            assert_type(label, Label)
            assert_type(label.colour, str | None)
            yield Note(id=self.object_id(label.name), text=label.name)
        assert_type(labels.with_parents(projects), Iterator[tuple[Label, Project | None]])

    @parser
    def listed(self, issues: FullRefresh[IssuesStream]) -> list[Fact]:
        return [Fact(id=str(issue.number), text=issue.title) for issue in issues]

    @parser
    def sequence(self, issues: FullRefresh[IssuesStream]) -> Sequence[Fact]:
        return sorted((Fact(id=str(issue.number), text=issue.title) for issue in issues), key=lambda fact: fact.id)


def names_of(orgs: FullRefresh[OrgsStream]) -> Iterator[BaseModel]:
    """The records have no fields to read. As a parser it would be refused when definitions load."""
    for org in orgs:
        assert_type(org, BaseModel)
        yield org


class SecondIntegration(Integration[Config]):
    auth = Basic("{config.username}", "{config.token}")
    paginator = Offset(size_param="limit", size=100, more="total")
    check = OrgsStream
    streams = (ProjectsStream, OrgsStream)


class ThirdIntegration(Integration[Config]):
    auth = ApiKey(param="key")
    paginator = PageNumber("page", size_param="per_page", size=50)


class FourthIntegration(Integration[Config]):
    auth = ApiKey(header="X-Key", format="t {config.token}")
    paginator = CursorToken("next_cursor", param="cursor")


class ClientIntegration(Integration[Config]):
    auth = ClientCredentials(
        token_url="https://auth.vendor.test/token",
        client_id="{config.org}",
        client_secret="{config.token}",
        send="basic",
    )


class RefreshIntegration(Integration[Config]):
    auth = RefreshToken(token_url="/token", refresh_token="{config.token}", client_secret="", params={"audience": "x"})


class JwtIntegration(Integration[Config]):
    auth = SignedJwt("{config.token}", algorithm="ES256", claims={"iss": "{config.org}"}, lifetime=timedelta(hours=1))


class GrantIntegration(Integration[Config]):
    auth = JwtGrant(SignedJwt("{config.token}"), token_url="/token", scope="read")


class ExchangeIntegration(Integration[Config]):
    auth = TokenExchange(SignedJwt("{config.token}"), url="/tokens", expires="ends", body={"for": ["{config.org}"]})


class OwnStore:
    """A deployment's own store of secrets."""

    def read(self, name: str) -> str | None:
        return None

    def write(self, name: str, text: str) -> None: ...

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        yield


store: SecretStore = OwnStore()

# A test calls a parser with lists, without any set-up.
integration = NotesIntegration(Config(token=SecretStr("x"), org="acme"), connection="acme")
assert_type(
    integration.notes(FullRefresh([Project(id="1", name="x")]), Incremental([Issue(number=1, title="t")])),
    Iterator[Note],
)
assert_type(NotesIntegration().listed(FullRefresh([])), list[Fact])
integration.joined(
    FullRefresh([]),
    Incremental([Issue(number=1, title="t"), Issue(number=2, title="u")], parents=[Project(id="1", name="x"), None]),
)
integration.snapshots(FullRefresh([Issue(number=1, title="t")], parents=[Project(id="1", name="x")]), FullRefresh([]))
assert_type(integration.object_id(1, "x"), str)
assert_type(integration.connection, str)


class Sdk:
    def list_projects(self, *, topic: str) -> Iterator[list[dict[str, str]]]:
        yield [{"id": "1", "name": topic}]


class SdkError(Exception):
    status: int
    body: bytes


class SdkProjectsStream(Stream[Project]):
    params = {"topic": "{facts.me.topic}"}

    @classmethod
    def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, str]]]:
        yield from client.list_projects(**params)


class FromSdk(Integration[Config]):
    base_url = "https://api.vendor.com"
    facts = {"me": "/myself", "site": ProjectsStream}
    streams = (SdkProjectsStream,)

    def connect(self) -> Sdk:
        assert_type(self.config, Config)
        return Sdk()

    def error_response(self, error: Exception) -> Response | None:
        return Response(error.status, body=error.body) if isinstance(error, SdkError) else None

    @parser
    def findings(self, projects: FullRefresh[SdkProjectsStream]) -> Iterator[Note]:
        for project in projects:
            assert_type(project, Project)
            yield Note(id=self.object_id(project.id), text=str(self.fact("me.name")))
