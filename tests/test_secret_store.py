"""Secrets that vendors replace are kept in files for their owner alone, encrypted where a key is set."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from dazz_assets.secret_store import (
    FileSecretStore,
    MemorySecretStore,
    SecretStore,
    SecretStoreError,
    open_secret_store,
)

NAME = "vendor/acme/0a1b2c"
SECRET = "canary-5d0e, ü\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def only_file(home: Path) -> Path:
    (file,) = (path for path in (home / "secrets").rglob("*") if path.is_file() and path.suffix == ".json")
    return file


@pytest.mark.parametrize("store", [FileSecretStore(), MemorySecretStore()])
def test_what_was_written_last_is_read(store: SecretStore) -> None:
    assert store.read(NAME) is None
    store.write(NAME, "first")
    store.write(NAME, SECRET)
    assert store.read(NAME) == SECRET
    assert store.read("vendor/other/0a1b2c") is None


def test_its_owner_alone_can_read_it(home: Path) -> None:
    FileSecretStore().write(NAME, SECRET)
    file = only_file(home)
    file.chmod(0o644)
    FileSecretStore().write(NAME, SECRET)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_key_encrypts_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("DAZZ_SECRETS_KEY", key)
    open_secret_store().write(NAME, SECRET)
    assert b"canary" not in only_file(home).read_bytes()
    assert open_secret_store().read(NAME) == SECRET


def test_what_was_written_before_there_was_a_key_is_read_and_encrypted_when_it_is_written_next(home: Path) -> None:
    FileSecretStore().write(NAME, SECRET)
    store = FileSecretStore(Fernet.generate_key().decode())
    assert store.read(NAME) == SECRET
    store.write(NAME, SECRET)
    assert b"canary" not in only_file(home).read_bytes()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "is encrypted; set DAZZ_SECRETS_KEY to the key that it was written with"),
        (Fernet.generate_key().decode(), "was encrypted with another key; set DAZZ_SECRETS_KEY to that key, or remove"),
    ],
    ids=["missing", "wrong"],
)
def test_a_missing_or_wrong_key_is_told(key: str | None, message: str) -> None:
    FileSecretStore(Fernet.generate_key().decode()).write(NAME, SECRET)
    with pytest.raises(SecretStoreError, match=message) as caught:
        FileSecretStore(key).read(NAME)
    assert "0a1b2c.json" in str(caught.value)


def test_what_is_no_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_SECRETS_KEY", "canary-key")
    with pytest.raises(SecretStoreError, match="DAZZ_SECRETS_KEY is no key of Fernet; make one with") as caught:
        open_secret_store()
    assert "canary" not in str(caught.value)


def test_a_file_that_cannot_be_read_or_written_is_named(home: Path) -> None:
    FileSecretStore().write(NAME, SECRET)
    file = only_file(home)
    file.unlink()
    file.mkdir()
    with pytest.raises(SecretStoreError, match=r"0a1b2c\.json can't be read"):
        FileSecretStore().read(NAME)
    with pytest.raises(SecretStoreError, match=r"0a1b2c\.json can't be written"):
        FileSecretStore().write(NAME, SECRET)
    assert [path.name for path in file.parent.iterdir()] == [file.name]  # nothing unfinished is left


def test_one_thread_at_a_time_holds_the_lock() -> None:
    def add_one(_: int) -> None:
        store = FileSecretStore()
        with store.lock(NAME):
            store.write(NAME, str(int(store.read(NAME) or 0) + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(40)))
    assert FileSecretStore().read(NAME) == "40"


def test_a_deployment_brings_its_own_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vault.py"
    file.write_text(
        "from contextlib import nullcontext\n"
        "class Vault:\n"
        "    def read(self, name): return f'of {name}'\n"
        "    def write(self, name, text): ...\n"
        "    def lock(self, name): return nullcontext()\n"
        "class NoStore: ...\n"
        "class Broken(Vault):\n"
        "    def __init__(self): raise ValueError('no vault')\n"
    )
    monkeypatch.setenv("DAZZ_SECRET_STORE", f"{file}:Vault")
    assert open_secret_store().read(NAME) == f"of {NAME}"
    for name, message in (
        ("NoStore", "DAZZ_SECRET_STORE: .*vault.py has no subclass of SecretStore named 'NoStore'"),
        ("Broken", "DAZZ_SECRET_STORE: the store can't be made: ValueError: no vault"),
    ):
        monkeypatch.setenv("DAZZ_SECRET_STORE", f"{file}:{name}")
        with pytest.raises(SecretStoreError, match=message):
            open_secret_store()
