"""An integration's file that defines something twice, or can't be imported, fails to load with the line named."""

from pathlib import Path

import pytest

from dazz_assets import DefinitionError
from dazz_assets.spec.discovery import find_integration

FILE = """\
from collections.abc import Iterator
from pydantic import BaseModel
from dazz_assets import ConnectionConfig, FullRefresh, Integration, Stream, parser
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
        "NotesIntegration: `notes` is defined twice, in lines 20 and 24, and Python keeps only the second; rename or "
        "remove one of them"
    )


def test_a_parser_and_a_helper_of_the_same_name(tmp_path: Path) -> None:
    text = FILE + "\n    def notes(self) -> None:\n        pass\n"
    assert load_error(tmp_path, text) == (
        "NotesIntegration: `notes` is defined twice, in lines 20 and 23, and Python keeps only the second; rename or "
        "remove one of them"
    )


def test_a_setting_given_twice(tmp_path: Path) -> None:
    text = FILE.replace('path = "/things"', 'path = "/things"\n    primary_key = "id"\n    path = "/other"')
    assert load_error(tmp_path, text) == (
        "ThingsStream: `path` is defined twice, in lines 13 and 15, and Python keeps only the second; rename or remove "
        "one of them"
    )


def test_two_streams_of_the_same_class_name(tmp_path: Path) -> None:
    message = load_error(tmp_path, FILE.replace("class NotesI", ANOTHER_STREAM + "class NotesI"))
    assert message.partition(": ")[2] == (
        "`ThingsStream` is defined twice, in lines 12 and 15, and Python keeps only the second; give each class a name "
        "of its own"
    )


def test_a_syntax_error(tmp_path: Path) -> None:
    assert load_error(tmp_path, FILE.replace('path = "/things"', "path = /things")) == (
        "PATH failed to load: SyntaxError: invalid syntax (line 13 of notes.py)"
    )


def test_a_missing_module(tmp_path: Path) -> None:
    assert load_error(tmp_path, "import requestz\n" + FILE) == (
        "PATH failed to load: ModuleNotFoundError: No module named 'requestz'; install it, or correct the import "
        "(line 1 of notes.py)"
    )


def test_a_misspelt_import(tmp_path: Path) -> None:
    text = FILE.replace("ConnectionConfig, FullRefresh", "ConectionConfig, FullRefresh")
    assert load_error(tmp_path, text) == (
        "PATH failed to load: ImportError: cannot import name 'ConectionConfig' from 'dazz_assets'; did you mean "
        "'ConnectionConfig'? (line 3 of notes.py)"
    )


def test_an_undefined_name(tmp_path: Path) -> None:
    assert load_error(tmp_path, FILE.replace("(Stream[Thing])", "(Stream[Thign])")) == (
        "PATH failed to load: NameError: name 'Thign' is not defined (line 12 of notes.py)"
    )


def test_an_argument_that_a_paginator_refuses(tmp_path: Path) -> None:
    text = FILE.replace("Stream, parser", "Stream, Offset, Rate, parser").replace(
        'path = "/things"', 'path = "/things"\n    paginator = Offset(size_param="limit")'
    )
    assert load_error(tmp_path, text) == (
        "PATH failed to load: ValueError: Offset takes size_param and size together: give both, or neither "
        "(line 14 of notes.py)"
    )


def test_a_negative_rate(tmp_path: Path) -> None:
    text = FILE.replace("Stream, parser", "Stream, Rate, parser").replace(
        "    streams =", "    rate = Rate(-5)\n    streams ="
    )
    assert load_error(tmp_path, text) == (
        "PATH failed to load: ValueError: Rate needs more than zero requests per more than zero seconds: correct it "
        "(line 17 of notes.py)"
    )


def test_a_file_without_an_integration(tmp_path: Path) -> None:
    assert load_error(tmp_path, "x = 5\n") == "PATH must hold one integration class, but it holds none"
