"""Settings of streams that type checkers mark: mypy and pyright report each line that ends with `# error`."""

from dazz_assets import Cursor, LinkHeader, Stream
from tests.typing.api import Project, ProjectsStream


class NumbersStream(Stream[int]):  # error
    path = "/numbers"


class NoPathStream(Stream[Project]):
    path = 1  # error


class NoTextsStream(Stream[Project]):
    path = "/things"
    name = 5  # error
    method = 5  # error
    records = ("a", "b")  # error
    primary_key = ["id"]  # error
    max_invalid = "0.1"  # error


class NoCursorStream(Stream[Project]):
    path = "/things"
    cursor = "updated_at"  # error


class CursorClassStream(Stream[Project]):
    path = "/things"
    cursor = Cursor  # error
    paginator = LinkHeader  # error


class InstanceStream(Stream[Project]):
    parent = ProjectsStream()  # error
    path = "/things"


class ModelAsParentStream(Stream[Project]):
    parent = Project  # error
    path = "/things"


class NoDictsStream(Stream[Project]):
    path = "/things"
    params = {"x": None}  # error
    headers = {"x": 1}  # error
    body = "query"  # error


class ListInParamsStream(Stream[Project]):
    path = "/things"
    params = {"x": {"a": 1}}  # error
    headers = "x"  # error
    body = ["x"]  # error


class UnknownWordStream(Stream[Project]):
    path = "/things"
    accept = {404: "ignore"}  # error


class TextAsStatusStream(Stream[Project]):
    path = "/things"
    accept = {"404": "skip"}  # error
