"""An integration's file that defines something twice, or can't be imported, fails to load with the line named."""

from pathlib import Path

import pytest

from dazz_assets import DefinitionError
from dazz_assets.spec.discovery import find_integration

FILE = """\
from collections.abc import Iterator
from pydantic import BaseModel
from dazz_assets import ApiKey, Cursor, CursorToken, NextLink, ConnectionConfig, FullRefresh, Integration, Offset, Rate
from dazz_assets import Stream, parser
from dazz_assets.domain import DomainObject

class Thing(BaseModel):
    id: str

class Note(DomainObject):
    text: str

class ThingsStream(Stream[Thing]):
    path = "/things"

class NotesIntegration(Integration[ConnectionConfig]):
    base_url = "https://api.test"
    streams = (ThingsStream,)

    @parser
    def notes(self, things: FullRefresh[ThingsStream]) -> Iterator[Note]:
        yield from ()
"""
ANOTHER_PARSER = """
    @parser(version="2")
    def notes(self, things: FullRefresh[ThingsStream]) -> Iterator[Note]:
        yield from ()
"""
ANOTHER_STREAM = 'class ThingsStream(Stream[Thing]):\n    path = "/things"\n\n'


def load_error(folder: Path, text: str) -> str:
    """The error that a file with this text raises when it loads; `PATH` stands for its path."""
    file = folder / "notes.py"
    file.write_text(text)
    with pytest.raises(DefinitionError) as caught:
        find_integration(str(file))
    return str(caught.value).replace(str(file), "PATH")


def test_two_parsers_of_the_same_name(tmp_path: Path) -> None:
    assert load_error(tmp_path, FILE + ANOTHER_PARSER) == (
        "NotesIntegration: `notes` is defined twice, in lines 21 and 25, and Python keeps only the second; rename or "
        "remove one of them"
    )


def test_a_parser_and_a_helper_of_the_same_name(tmp_path: Path) -> None:
    text = FILE + "\n    def notes(self) -> None:\n        pass\n"
    assert load_error(tmp_path, text) == (
        "NotesIntegration: `notes` is defined twice, in lines 21 and 24, and Python keeps only the second; rename or "
        "remove one of them"
    )


def test_a_setting_given_twice(tmp_path: Path) -> None:
    text = FILE.replace('path = "/things"', 'path = "/things"\n    primary_key = "id"\n    path = "/other"')
    assert load_error(tmp_path, text) == (
        "ThingsStream: `path` is defined twice, in lines 14 and 16, and Python keeps only the second; rename or remove "
        "one of them"
    )


def test_two_streams_of_the_same_class_name(tmp_path: Path) -> None:
    message = load_error(tmp_path, FILE.replace("class NotesI", ANOTHER_STREAM + "class NotesI"))
    assert message.partition(": ")[2] == (
        "`ThingsStream` is defined twice, in lines 13 and 16, and Python keeps only the second; give each class a name "
        "of its own"
    )


@pytest.mark.parametrize(
    ("replaced", "by", "problem"),
    [
        ('path = "/things"', "path = /things", "SyntaxError: invalid syntax (line 14 of notes.py)"),
        (
            "from collections.abc",
            "import requestz\nfrom collections.abc",
            "ModuleNotFoundError: No module named 'requestz'; install it, or correct the import (line 1 of notes.py)",
        ),
        (
            "ConnectionConfig, FullRefresh",
            "ConectionConfig, FullRefresh",
            (
                "ImportError: cannot import name 'ConectionConfig' from 'dazz_assets'; did you mean "
                "'ConnectionConfig'? (line 3 of notes.py)"
            ),
        ),
        ("(Stream[Thing])", "(Stream[Thign])", "NameError: name 'Thign' is not defined (line 13 of notes.py)"),
        (
            'path = "/things"',
            'path = "/things"\n    paginator = Offset(size_param="limit")',
            (
                "ThingsStream.paginator: Offset takes size_param and size together: give both, or neither (line 15 of "
                "notes.py)"
            ),
        ),
        (
            "    streams =",
            "    rate = Rate(-5)\n    streams =",
            (
                "NotesIntegration.rate: Rate needs more than zero requests per more than zero seconds: correct it "
                "(line 18 of notes.py)"
            ),
        ),
        (
            "    streams =",
            "    rate = Rate(5, pause=900)\n    streams =",
            (
                "NotesIntegration.rate: its `pause` is 900; it must be a number of seconds from 0 to 600, for example "
                "`Rate(1_600, per=60, pause=60)` (line 18 of notes.py)"
            ),
        ),
        (
            'path = "/things"',
            'path = "/things"\n    rate = Rate(5, pauze=9)',
            "ThingsStream.rate: Rate has no argument `pauze`; did you mean `pause`? (line 15 of notes.py)",
        ),
        (
            'path = "/things"',
            'path = "/things"\n    cursor = Cursor("at", sinse="from")',
            "ThingsStream.cursor: Cursor has no argument `sinse`; did you mean `since`? (line 15 of notes.py)",
        ),
        (
            'path = "/things"',
            'path = "/things"\n    paginator = Offset(first=0)',
            (
                "ThingsStream.paginator: Offset has no argument `first`; its first page is what `params` say: "
                'params = {"page": 0}, under the name of its `param` (line 15 of notes.py)'
            ),
        ),
        (
            'path = "/things"',
            'path = "/things"\n    paginator = CursorToken(\n        "next"\n    )',
            (
                "ThingsStream.paginator: CursorToken missing 1 required keyword-only argument: 'param'; write "
                "CursorToken(path, param=, header=, more=, resume=, resume_param=, repeats=) (line 15 of notes.py)"
            ),
        ),
        (
            'path = "/things"',
            'path = "/things"\n    paginator = NextLink("links", "next")',
            (
                "ThingsStream.paginator: NextLink takes 2 arguments but 3 were given; write NextLink(path, more=, "
                "keep=, resume=) (line 15 of notes.py)"
            ),
        ),
        (
            "    streams =",
            '    auth = ApiKey("{config.key}")\n    streams =',
            (
                "NotesIntegration.auth: ApiKey takes its arguments by name: ApiKey(header=, param=, format=) (line 18 "
                "of notes.py)"
            ),
        ),
    ],
    ids=[
        "a syntax error",
        "a missing module",
        "a misspelt import",
        "an undefined name",
        "an argument that a paginator refuses",
        "a negative rate",
        "a pause that no sync waits for",
        "a misspelt pause",
        "a misspelt argument",
        "a number of the first page",
        "a missing argument",
        "an argument too many",
        "an argument by position",
    ],
)
def test_a_file_that_python_can_not_run(tmp_path: Path, replaced: str, by: str, problem: str) -> None:
    assert load_error(tmp_path, FILE.replace(replaced, by)) == f"PATH failed to load: {problem}"


def test_a_file_without_an_integration(tmp_path: Path) -> None:
    assert load_error(tmp_path, "x = 5\n") == "PATH must hold one integration class, but it holds none"
