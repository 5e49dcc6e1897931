"""A query that passed its check is not parsed again by the next process, and one that changed is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INTEGRATION = """
from pydantic import SecretStr
from dazz_assets import BearerToken, ConnectionConfig, Integration, Stream

class Config(ConnectionConfig):
    token: SecretStr

class CardsStream(Stream):
    query = "{ cards { id title } }"
    records = "data.cards"
    primary_key = "id"

class CardsIntegration(Integration[Config]):
    base_url = "https://api.vendor.test"
    auth = BearerToken("{config.token}")
    streams = (CardsStream,)
"""
LOAD = "import sys; from dazz_assets.spec.discovery import find_integration; find_integration(sys.argv[1]);"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cards.py"
    path.write_text(INTEGRATION, encoding="utf-8")
    return path


def load(file: Path, home: Path) -> tuple[str, str]:
    """What a process that loads the integration writes: whether it has loaded graphql-core, and its error."""
    code = LOAD + "print('graphql' in sys.modules)"
    environment = {**os.environ, "DAZZ_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code, str(file)], env=environment, capture_output=True, text=True)
    return done.stdout.strip(), done.stderr


def test_the_next_process_does_not_parse_it_again(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert [load(file, home)[0] for _ in range(2)] == ["True", "False"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id title }", "id title", "is no GraphQL"),
        ('primary_key = "id"', 'primary_key = "number"', "does not ask for `number`"),
        ('records = "data.cards"', 'records = "data.boards"', "does not ask for `boards`"),
    ],
)
def test_what_changed_is_checked_again(file: Path, tmp_path: Path, old: str, new: str, told: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    load(file, home)
    file.write_text(INTEGRATION.replace(old, new), encoding="utf-8")
    assert told in load(file, home)[1]


def test_no_home_is_made_for_it(file: Path, tmp_path: Path) -> None:
    assert load(file, tmp_path / "home")[0] == "True"
    assert not (tmp_path / "home").exists()


def test_a_damaged_file_is_no_reason_to_fail(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "checked_queries").write_bytes(b"\xff\xfe")
    assert load(file, home) == ("True", "")
