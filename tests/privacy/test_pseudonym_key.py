"""The key of pseudonyms is made once, and is nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dazz_assets.errors import RecordingError
from dazz_assets.privacy.pseudonyms import SIZE, pseudonym_key


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAZZ_RECORDING_KEY", raising=False)
    return tmp_path / "home"


def test_it_is_made_once_and_only_its_owner_reads_it(home: Path) -> None:
    key = pseudonym_key()
    assert len(key) == SIZE
    assert pseudonym_key() == key
    file = home / "recording.key"
    assert file.stat().st_mode & 0o777 == 0o600


def test_first_recordings_at_once_take_the_same_key(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: pseudonym_key(), range(8)))) == 1
    assert {file.name for file in home.iterdir()} == {"recording.key", ".gitignore"}


def test_people_who_share_a_key_give_it_by_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_RECORDING_KEY", "ours")
    assert pseudonym_key() == b"ours"
    assert not home.exists()


def test_what_the_file_holds_can_be_given_by_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = pseudonym_key()
    monkeypatch.setenv("DAZZ_RECORDING_KEY", (home / "recording.key").read_text())
    assert pseudonym_key() == key


def test_git_leaves_it_alone(home: Path) -> None:
    pseudonym_key()
    assert (home / ".gitignore").read_text() == "*\n"


def test_a_file_that_holds_no_key_is_not_taken_for_one(home: Path) -> None:
    home.mkdir()
    (home / "recording.key").touch()
    with pytest.raises(RecordingError, match=r"recording\.key holds no key: remove it, and a new one is made"):
        pseudonym_key()
