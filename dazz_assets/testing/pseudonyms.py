"""What stands in recordings for secrets and for what says who a person is: the same for the same value and key.

Each is made so that nobody takes it for a real value, and none is made of another one: `person-1f2e3d4c`,
`person-1f2e3d4c@example.com`, `https://example.com/person-1f2e3d4c`, nine digits of which three are a check, and
`redacted-github-token-1f2e3d4c`.
"""

from __future__ import annotations

import hmac
import re
import zlib
from hashlib import sha256
from urllib.parse import quote, unquote

PERSON = r"(?:https://example\.com/|https%3[Aa]%2[Ff]%2[Ff]example\.com%2[Ff])?person-[0-9a-f]{8}(?:(?:@|%(?:25)*40)example\.com)?"
"""A pattern of the pseudonyms of texts, percent-encoded ones included."""

_EMAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_PERSON = re.compile(PERSON)
_DIGITS = re.compile(r"-?[0-9]+")


class Pseudonyms:
    """Stand-ins made with one key, and what each of them stands for.

    >>> Pseudonyms(b"key").person("jane@corp.com")
    'person-4fe70559@example.com'
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._stand_ins: dict[str, str] = {}
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
            return self._kept(value, f"person-{self._hex(value.lower())}@example.com")
        if _URL.fullmatch(value):
            return self._kept(value, f"https://example.com/person-{self._hex(value)}")
        return self._kept(value, f"person-{self._hex(value)}")

    def number(self, value: str) -> str:
        """The pseudonym of a number: nine digits, the last three a check by which a pseudonym is known."""
        if _is_ours(value):
            return value
        digits = str(100_000 + int(self._hex(value), 16) % 900_000)
        return self._kept(value, digits + _check(digits))

    def secret(self, kind: str, value: str, written: str = "") -> str:
        """The placeholder of a secret that no config names. `written`: how it stands in a URL, if it is from one."""
        stand_in = self._stand_ins.get(value) or self._kept(value, f"redacted-{kind}-{self._hex(value)}")
        if written:
            self._written.setdefault(stand_in, written)
        return stand_in

    def keep(self, value: str, stand_in: str) -> None:
        """Remember a stand-in that was made elsewhere."""
        self._kept(value, stand_in)

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

    def _kept(self, value: str, stand_in: str) -> str:
        self._originals.setdefault(stand_in, value)
        return self._stand_ins.setdefault(value, stand_in)

    def _hex(self, value: str) -> str:
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:8]


def _is_ours(number: str) -> bool:
    return len(number) == 9 and number.isdecimal() and number[0] != "0" and number[6:] == _check(number[:6])


def _check(digits: str) -> str:
    return f"{zlib.crc32(digits.encode()) % 1000:03}"
