"""The key that pseudonyms are made with: who has it could tell whose they are, so it stays out of recordings."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from dazz_assets.home import home, make_home
from dazz_assets.testing.errors import RecordingError

VARIABLE = "DAZZ_RECORDING_KEY"
FILE = "recording.key"
SIZE = 64
"""Characters of a key: hex digits, so that it can be given by the environment as it stands in the file."""


def pseudonym_key() -> bytes:
    """`DAZZ_RECORDING_KEY`, which people share who record the same integrations, or a random one in the home.

    The same key gives the same pseudonyms, so that a second recording differs only where the vendor does.
    Raises RecordingError for a file that holds none.
    """
    if given := os.environ.get(VARIABLE):
        return os.fsencode(given)
    path = home() / FILE
    if not path.exists():
        make_home()
        _write_once(path, secrets.token_hex(SIZE // 2).encode())
    key = path.read_bytes().strip()
    if len(key) < SIZE:
        raise RecordingError(f"{path} holds no key: remove it, and a new one is made")
    return key


def _write_once(path: Path, key: bytes) -> None:
    """Write the key where there is none; of two first recordings at once both take the one that came first."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{FILE}.") as unfinished:  # it is made with mode 0600
        unfinished.write(key)
        unfinished.flush()
        with suppress(FileExistsError):
            os.link(unfinished.name, path)
