"""Settings of integrations that type checkers mark, and integrations made with the wrong arguments."""

from pydantic import SecretStr

from dazz_assets import BearerToken, Integration, Request
from tests.typing.api import Config, NotesIntegration, Project, ProjectsStream


class NoConfigIntegration(Integration[Project]):  # error
    base_url = "https://api.test"


class OneStreamIntegration(Integration[Config]):
    streams = ProjectsStream  # error


class ListIntegration(Integration[Config]):
    streams = [ProjectsStream]  # error
    hosts = ["files.test"]  # error


class InstanceIntegration(Integration[Config]):
    streams = (ProjectsStream(),)  # error
    check = ProjectsStream()  # error


class ModelIntegration(Integration[Config]):
    streams = (Project,)  # error
    check = Project  # error


class NoTextsIntegration(Integration[Config]):
    name = 7  # error
    base_url = None  # error
    hosts = "files.test"  # error
    check = "projects"  # error


class NumberIntegration(Integration[Config]):
    rate = 100  # error
    auth = "token"  # error
    concurrency = 1.5  # error
    window = "year"  # error


class ClassIntegration(Integration[Config]):
    auth = BearerToken  # error


class NoFlow:
    def flow(self, request: Request) -> Request:
        return request


class NoFlowIntegration(Integration[Config]):
    auth = NoFlow()  # error
    paginator = NoFlow()  # error
    seams = (NoFlow(),)  # error


Config(token="x", org="acme")  # error
Config(token=SecretStr("x"))  # error
NotesIntegration("token")  # error
NotesIntegration(Project(id="1", name="x"))  # error
NotesIntegration(connection=1)  # error
print(NotesIntegration().config.nope)  # error
NotesIntegration().object_id(None)  # error
