"""The key of pseudonyms is made once, and only its owner can read it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dazz_assets.errors import RecordingError
from dazz_assets.privacy.pseudonyms import KEY_LENGTH, pseudonym_key


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAZZ_RECORDING_KEY", raising=False)
    return tmp_path / "home"


def test_the_key_is_made_once_and_only_its_owner_can_read_it(home: Path) -> None:
    key = pseudonym_key()
    assert len(key) == KEY_LENGTH
    assert pseudonym_key() == key
    file = home / "recording.key"
    assert file.stat().st_mode & 0o777 == 0o600


def test_concurrent_first_recordings_use_the_same_key(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: pseudonym_key(), range(8)))) == 1
    assert {file.name for file in home.iterdir()} == {"recording.key", ".gitignore"}


def test_the_environment_variable_holds_a_shared_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_RECORDING_KEY", "ours")
    assert pseudonym_key() == b"ours"
    assert not home.exists()


def test_the_environment_variable_can_hold_the_files_content(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = pseudonym_key()
    monkeypatch.setenv("DAZZ_RECORDING_KEY", (home / "recording.key").read_text())
    assert pseudonym_key() == key


def test_git_ignores_the_key(home: Path) -> None:
    pseudonym_key()
    assert (home / ".gitignore").read_text() == "*\n"


def test_a_file_without_a_key_is_an_error(home: Path) -> None:
    home.mkdir()
    (home / "recording.key").touch()
    with pytest.raises(RecordingError, match=r"recording\.key holds no key: remove it, and the next recording makes"):
        pseudonym_key()
