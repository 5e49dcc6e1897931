"""Pseudonyms of people and placeholders of secrets, and the key that makes them.

The same value and key always give the same pseudonym. Anyone with the key could test guesses, so the key stays out of
recordings.
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
"""A pattern that matches the pseudonyms of texts, percent-encoded ones too."""

_EMAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_PERSON = re.compile(PERSON)
_INTEGER = re.compile(r"-?[0-9]+")
# The length of a number's pseudonym in digits, and how many of them are check digits.
_SHORT, _LONG = (9, 3), (15, 5)
NUMBER = rf"(?<![0-9])(?:[0-9]{{{_LONG[0]}}}|[0-9]{{{_SHORT[0]}}})(?![0-9])"
"""A pattern that matches the pseudonyms of numbers. Other numbers may match it too."""

KEY_VARIABLE = "DAZZ_RECORDING_KEY"
KEY_FILE = "recording.key"
KEY_LENGTH = 64
"""Characters of a key: hex digits, so that the environment variable can hold what the file holds."""


class Pseudonyms:
    """Makes stand-ins with one key, and remembers the original of each.

    >>> Pseudonyms(b"key").person("jane@corp.com")
    'person-4fe70559@example.com'
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._stand_ins: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._url_forms: dict[str, str] = {}

    def person(self, value: str) -> str:
        """The pseudonym of a text: an e-mail address, URL or number gets one of its own form, others a word."""
        if not value or _PERSON.fullmatch(value):
            return value
        if _INTEGER.fullmatch(value):
            return self.number(value)
        if _EMAIL.fullmatch(value):
            # Addresses are case-insensitive, and vendors send them in either case.
            return self._text_stand_in(value, "person-{}@example.com", normalise=str.lower)
        if _URL.fullmatch(value):
            return self._text_stand_in(value, "https://example.com/person-{}")
        return self._text_stand_in(value, "person-{}")

    def number(self, value: str) -> str:
        """The pseudonym of a number, whose last digits are check digits that identify it as a pseudonym."""
        if _is_pseudonym_number(value):
            # Reserve it, so that no other number gets it.
            self._originals.setdefault(value, value)
            return value
        if value not in self._numbers:
            self._numbers[value] = self._first_unused(value, lambda attempt: self._make_number(value, attempt))
        return self._numbers[value]

    def secret(self, kind: str, value: str, url_form: str = "") -> str:
        """The placeholder of a secret that is not in the config. url_form: its form in the URL it came from."""
        stand_in = self._text_stand_in(value, f"redacted-{kind}-{{}}")
        if url_form:
            self._url_forms.setdefault(stand_in, url_form)
        return stand_in

    def remember(self, value: str, stand_in: str) -> None:
        """Register a stand-in that was made elsewhere."""
        self._originals.setdefault(stand_in, value)
        self._stand_ins.setdefault(value, stand_in)

    def original(self, stand_in: str) -> str | None:
        """The original of a stand-in, or None if it was not made here."""
        return self._originals.get(stand_in)

    def original_in_url(self, stand_in: str) -> str | None:
        """The original in the form that a URL or a form body needs; the stand-in may be percent-encoded."""
        plain = stand_in
        while plain not in self._originals and "%" in plain and unquote(plain) != plain:
            plain = unquote(plain)
        if (original := self._originals.get(plain)) is None:
            return None
        if plain.startswith("https://"):
            return original if plain == stand_in else quote(original, safe="", errors="replace")
        url_form = self._url_forms.get(plain) or quote(original, safe="", errors="replace")
        return quote(url_form, safe="") if "%25" in stand_in else url_form

    def _text_stand_in(self, value: str, form: str, normalise: Callable[[str], str] = str) -> str:
        """The stand-in of a text, making it if needed. Texts with the same normal form share a stand-in."""
        if value not in self._stand_ins:
            self._stand_ins[value] = self._first_unused(
                value, lambda attempt: form.format(self._hash(normalise(value), attempt)), normalise
            )
        return self._stand_ins[value]

    def _first_unused(self, value: str, make: Callable[[int], str], normalise: Callable[[str], str] = str) -> str:
        """Reserve for this value the first stand-in that no other value has, and return it."""
        stand_in = next(
            stand_in
            for stand_in in map(make, count())
            if normalise(self._originals.get(stand_in, value)) == normalise(value)
        )
        self._originals.setdefault(stand_in, value)
        return stand_in

    def _make_number(self, value: str, attempt: int) -> str:
        """A pseudonym with check digits; another attempt gives another pseudonym."""
        length, check_length = _SHORT if len(value) <= _SHORT[0] else _LONG
        lowest = 10 ** (length - check_length - 1)
        random = int(self._hash(value, attempt, 8 if length == _SHORT[0] else 16), 16)
        digits = str(lowest + random % (9 * lowest))
        return digits + _check_digits(digits, check_length)

    def _hash(self, value: str, attempt: int, length: int = 8) -> str:
        """The first hex digits of the value's HMAC; another attempt gives other digits."""
        text = value.encode("utf-8", "surrogatepass") + (b"\0" + str(attempt).encode() if attempt else b"")
        return hmac.new(self._key, text, sha256).hexdigest()[:length]


def _is_pseudonym_number(number: str) -> bool:
    return (
        number.isascii()
        and number.isdecimal()
        and number[0] != "0"
        and any(
            len(number) == length and number[-check_length:] == _check_digits(number[:-check_length], check_length)
            for length, check_length in (_SHORT, _LONG)
        )
    )


def _check_digits(digits: str, length: int) -> str:
    return f"{zlib.crc32(digits.encode()) % 10**length:0{length}}"


def pseudonym_key() -> bytes:
    """`DAZZ_RECORDING_KEY`, or else the key in `$DAZZ_HOME/recording.key`, which is made if it is missing.

    The same key gives the same pseudonyms, so that a second recording differs only where the vendor's data does. People
    who record the same integrations share one. Raises RecordingError if the file holds no key.
    """
    if from_environment := os.environ.get(KEY_VARIABLE):
        return os.fsencode(from_environment)
    path = home() / KEY_FILE
    if not path.exists():
        make_home()
        _write_once(path, secrets.token_hex(KEY_LENGTH // 2).encode())
    key = path.read_bytes().strip()
    if len(key) < KEY_LENGTH:
        raise RecordingError(f"{path} holds no key: remove it, and the next recording makes a new one")
    return key


def _write_once(path: Path, key: bytes) -> None:
    """Write the key unless the file exists, so that recordings that start at once all use the first one's key."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{KEY_FILE}.") as unfinished:  # mode 0600
        unfinished.write(key)
        unfinished.flush()
        with suppress(FileExistsError):
            os.link(unfinished.name, path)
