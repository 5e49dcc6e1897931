"""Where secrets are kept that vendors replace, such as refresh tokens: never in the lake."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dazz_assets.class_by_name import load_named_class
from dazz_assets.errors import DefinitionError
from dazz_assets.home import home, make_home

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

STORE_VARIABLE = "DAZZ_SECRET_STORE"
KEY_VARIABLE = "DAZZ_SECRETS_KEY"
LONGEST_WAIT = 300.0
"""Seconds to wait for another process that renews the same secret."""
_ENCRYPTED = "fernet:"
_NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class SecretStoreError(Exception):
    """A secret can't be read or written. The text names the place and the fix, but no secret."""


@runtime_checkable
class SecretStore(Protocol):
    """Keeps texts that hold secrets, by name: `desk/acme/3f0c5e1a92b7d468` for one of connection `acme` of `desk`.

    A deployment's own is the class that `DAZZ_SECRET_STORE` names; it is made without arguments.
    Its methods raise SecretStoreError, or what else goes wrong, without showing a secret.
    """

    def read(self, name: str) -> str | None:
        """The text that was written last; None if there is none."""
        ...

    def write(self, name: str, text: str) -> None:
        """Keep a text in place of an earlier one. It survives a crash once this returns."""
        ...

    def lock(self, name: str) -> AbstractContextManager[object]:
        """Held by one thread of one process at a time, on all machines that use this name."""
        ...


class FileSecretStore:
    """A file for each secret below `DAZZ_HOME/secrets`, which only its owner can read.

    key: of Fernet, to encrypt the files with. A file that is not encrypted yet can be read all the same.
    folder: where to keep them, instead.
    Raises SecretStoreError for what is no key.
    """

    def __init__(self, key: str | None = None, folder: Path | None = None) -> None:
        self._folder = folder
        self._fernet = _make_fernet(key) if key else None

    def read(self, name: str) -> str | None:
        """See `SecretStore`."""
        path = self._path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SecretStoreError(f"{path} can't be read: {_reason(error)}") from None
        return self._decrypt(text, path) if text.startswith(_ENCRYPTED) else text

    def write(self, name: str, text: str) -> None:
        """See `SecretStore`."""
        path = self._path(name)
        content = text if self._fernet is None else _ENCRYPTED + self._fernet.encrypt(text.encode()).decode()
        try:
            self._make_folder(path.parent)
            _replace_file(path, content.encode())
        except OSError as error:
            raise SecretStoreError(
                f"{path} can't be written: {_reason(error)}; check the folder and its rights"
            ) from None

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """See `SecretStore`."""
        from filelock import FileLock, Timeout  # most commands lock nothing

        path = self._path(name).with_suffix(".lock")
        lock = FileLock(path, mode=0o600)
        try:
            self._make_folder(path.parent)
            lock.acquire(timeout=LONGEST_WAIT)
        except Timeout:
            raise SecretStoreError(
                f"another process holds {path} for more than {LONGEST_WAIT:.0f} s; see whether it hangs"
            ) from None
        except OSError as error:
            raise SecretStoreError(f"{path} can't be locked: {_reason(error)}") from None
        try:
            yield
        finally:
            lock.release()

    def _path(self, name: str) -> Path:
        return (self._folder or home() / "secrets") / f"{name}.json"

    def _make_folder(self, folder: Path) -> None:
        """Create the folder of a file. The one around all of them is open to its owner alone."""
        if not folder.is_dir():
            (self._folder or make_home() / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)

    def _decrypt(self, text: str, path: Path) -> str:
        from cryptography.fernet import InvalidToken

        if self._fernet is None:
            raise SecretStoreError(f"{path} is encrypted; set {KEY_VARIABLE} to the key that it was written with")
        try:
            return self._fernet.decrypt(text.removeprefix(_ENCRYPTED).encode()).decode()
        except InvalidToken:
            raise SecretStoreError(
                f"{path} was encrypted with another key; set {KEY_VARIABLE} to that key, or remove the file and "
                "authorise the connection again"
            ) from None


class MemorySecretStore:
    """Secrets that are forgotten with the process: for tests and replays."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        """See `SecretStore`."""
        return self.texts.get(name)

    def write(self, name: str, text: str) -> None:
        """See `SecretStore`."""
        self.texts[name] = text

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """See `SecretStore`. Nothing else knows of these secrets."""
        yield


def open_secret_store() -> SecretStore:
    """The store that `DAZZ_SECRET_STORE` names, or files, encrypted if `DAZZ_SECRETS_KEY` is set.

    Raises SecretStoreError.
    """
    try:
        own = load_named_class(STORE_VARIABLE, SecretStore)  # type: ignore[type-abstract]
        if own is not None:
            return own()
    except DefinitionError as error:
        raise SecretStoreError(str(error)) from None
    except Exception as error:  # noqa: BLE001  whatever a deployment's own code raises
        raise SecretStoreError(f"{STORE_VARIABLE}: the store can't be made: {type(error).__name__}: {error}") from None
    return FileSecretStore(os.environ.get(KEY_VARIABLE))


def _make_fernet(key: str) -> Fernet:
    from cryptography.fernet import Fernet

    try:
        return Fernet(key)
    except ValueError:
        raise SecretStoreError(f"{KEY_VARIABLE} is no key of Fernet; make one with `{_NEW_KEY}`") from None


def _replace_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and wait until it is on the disk."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    if os.name == "posix":  # elsewhere, a folder can't be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
