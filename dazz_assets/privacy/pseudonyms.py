"""What stands in recordings for secrets and for who a person is: the same for the same value and key. Who has the key
could tell whose they are, so it stays out of recordings.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from urllib.parse import quote, unquote

from dazz_assets.errors import RecordingError
from dazz_assets.home import home, make_home

PERSON = r"(?:https://example\.com/|https%3[Aa]%2[Ff]%2[Ff]example\.com%2[Ff])?person-[0-9a-f]{8}(?:(?:@|%(?:25)*40)example\.com)?"
"""A pattern of the pseudonyms of texts, percent-encoded ones included."""

_EMAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_PERSON = re.compile(PERSON)
_DIGITS = re.compile(r"-?[0-9]+")
# How many digits a pseudonym has, and how many of them are the check.
_SHORT, _LONG = (9, 3), (15, 5)
NUMBER = rf"(?<![0-9])(?:[0-9]{{{_LONG[0]}}}|[0-9]{{{_SHORT[0]}}})(?![0-9])"
"""A pattern of the pseudonyms of numbers; other numbers have this form too."""


class Pseudonyms:
    """Stand-ins made with one key, and what each of them stands for.

    >>> Pseudonyms(b"key").person("jane@corp.com")
    'person-4fe70559@example.com'
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._stand_ins: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._written: dict[str, str] = {}

    def person(self, value: str) -> str:
        """The pseudonym of a text: an e-mail address for one, a URL for one, digits for digits, else a word."""
        if not value or _PERSON.fullmatch(value):
            return value
        if _DIGITS.fullmatch(value):
            return self.number(value)
        if _EMAIL.fullmatch(value):
            # Addresses are the same in either case, and come in both.
            return self._of_text(value, "person-{}@example.com", same=str.lower)
        if _URL.fullmatch(value):
            return self._of_text(value, "https://example.com/person-{}")
        return self._of_text(value, "person-{}")

    def number(self, value: str) -> str:
        """The pseudonym of a number: its last digits are a check by which a pseudonym is known."""
        if _is_ours(value):
            # Nobody else's from now on.
            self._originals.setdefault(value, value)
            return value
        if value not in self._numbers:
            self._numbers[value] = self._free(value, lambda attempt: self._digits(value, attempt))
        return self._numbers[value]

    def secret(self, kind: str, value: str, written: str = "") -> str:
        """The placeholder of a secret that no config names. `written`: how it stands in a URL, if it is from one."""
        stand_in = self._of_text(value, f"redacted-{kind}-{{}}")
        if written:
            self._written.setdefault(stand_in, written)
        return stand_in

    def keep(self, value: str, stand_in: str) -> None:
        """Remember a stand-in that was made elsewhere."""
        self._originals.setdefault(stand_in, value)
        self._stand_ins.setdefault(value, stand_in)

    def original(self, stand_in: str) -> str | None:
        """What a stand-in that was given out here stands for."""
        return self._originals.get(stand_in)

    def original_in_url(self, stand_in: str) -> str | None:
        """The same as it is written within a URL or a form; there the stand-in may be percent-encoded too."""
        plain = stand_in
        while plain not in self._originals and "%" in plain and unquote(plain) != plain:
            plain = unquote(plain)
        if (original := self._originals.get(plain)) is None:
            return None
        if plain.startswith("https://"):
            return original if plain == stand_in else quote(original, safe="", errors="replace")
        written = self._written.get(plain) or quote(original, safe="", errors="replace")
        return quote(written, safe="") if "%25" in stand_in else written

    def _of_text(self, value: str, form: str, same: Callable[[str], str] = str) -> str:
        """The stand-in of a text, made now if it has none; `same` makes one text of those that share theirs."""
        if value not in self._stand_ins:
            self._stand_ins[value] = self._free(
                value, lambda attempt: form.format(self._hex(same(value), attempt)), same
            )
        return self._stand_ins[value]

    def _free(self, value: str, made: Callable[[int], str], same: Callable[[str], str] = str) -> str:
        """The first of the stand-ins that are made that is nobody else's, from now on the value's."""
        stand_in = next(found for found in map(made, count()) if same(self._originals.get(found, value)) == same(value))
        self._originals.setdefault(stand_in, value)
        return stand_in

    def _digits(self, value: str, attempt: int) -> str:
        length, checked = _SHORT if len(value) <= _SHORT[0] else _LONG
        lowest = 10 ** (length - checked - 1)
        random = int(self._hex(value, attempt, 8 if length == _SHORT[0] else 16), 16)
        digits = str(lowest + random % (9 * lowest))
        return digits + _check(digits, checked)

    def _hex(self, value: str, attempt: int, length: int = 8) -> str:
        text = value.encode("utf-8", "surrogatepass") + (b"\0" + str(attempt).encode() if attempt else b"")
        return hmac.new(self._key, text, sha256).hexdigest()[:length]


def _is_ours(number: str) -> bool:
    return (
        number.isascii()
        and number.isdecimal()
        and number[0] != "0"
        and any(
            len(number) == length and number[-checked:] == _check(number[:-checked], checked)
            for length, checked in (_SHORT, _LONG)
        )
    )


def _check(digits: str, length: int) -> str:
    return f"{zlib.crc32(digits.encode()) % 10**length:0{length}}"


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
