"""What stands in recordings for secrets and for what says who a person is: the same for the same value and key.

Each is made so that nobody takes it for a real value, and none is made of another one: `person-1f2e3d4c`,
`person-1f2e3d4c@example.com`, `https://example.com/person-1f2e3d4c`, nine digits of which three are a check (fifteen of
which five are one, of a number of more than nine), and `redacted-github-token-1f2e3d4c`.

No two values have one stand-in: the second to come gets the next that is free. Which of them is the second depends on
the order in which they come, so in another recording they may have changed places; that is rare, but for numbers of
nine digits, of which there are but 900,000 stand-ins.
"""

from __future__ import annotations

import hmac
import re
import zlib
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from urllib.parse import quote, unquote

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
