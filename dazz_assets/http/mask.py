"""Masks secrets in texts and logs."""

from __future__ import annotations

import json
import logging
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus
from weakref import WeakSet

from dazz_assets.http.quotes import CUT_OFF

HIDDEN = "***"
_HTML_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
MIN_SECRET_LENGTH = 3
"""Shorter texts are not masked: they are not secrets, and messages would become unreadable."""
# As much of a secret in front of the end of a quote is taken for its beginning.
_LEAST_BEGINNING = 4
MAX_LEARNED = 32
"""More tokens than a connection's threads use at a time. The limit keeps signatures that differ in each request from
filling the memory."""


class Mask:
    """Replaces secrets in any text: plain, percent-encoded, escaped for JSON or HTML, in hexadecimal and in base64.

    Of a secret in which a quote was cut off, the beginning is replaced, in the usual form of each of these.

    hidden: the replacement.

    >>> Mask(["s3cret/"])("GET /x?key=s3cret%2F")
    'GET /x?key=***'
    """

    def __init__(self, secrets: Iterable[str], hidden: str = HIDDEN) -> None:
        self._known = known = [secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH]
        patterns = {pattern for secret in known for pattern in _secret_patterns(secret)}
        longest_first = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None
        self._forms = {form for secret in known for form in _plain_forms(secret) if len(form) >= _LEAST_BEGINNING}
        self._fragments = {fragment for secret in known for fragment in _plain_fragments(secret)}
        self._hidden = hidden
        self._learned: tuple[Mask, ...] = ()
        self._lock = threading.Lock()

    def learn(self, secret: str) -> None:
        """Also masks this secret from now on. Keeps the last `MAX_LEARNED` secrets that were learned."""
        learned = Mask([secret], self._hidden)
        with self._lock:
            self._learned = (*self._learned, learned)[-MAX_LEARNED:]

    def __call__(self, text: str) -> str:
        """The text with each secret replaced, and as escapes what has no form in UTF-8, so that it can be shown."""
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode()
        return self.replace(text)

    def replace(self, text: str) -> str:
        """The text with each secret replaced, and nothing else changed."""
        for learned in self._learned:
            text = learned.replace(text)
        # Most texts hold no secret, and searching for a fragment is a hundred times as fast as the pattern.
        if self._pattern is not None and any(fragment in text for fragment in self._fragments):
            text = self._pattern.sub(lambda _: self._hidden, text)
        if not self._known or CUT_OFF not in text:
            return text
        *quotes, rest = text.split(CUT_OFF)
        return CUT_OFF.join([*map(self._replace_beginning, quotes), rest])

    def _replace_beginning(self, quote: str) -> str:
        """A text that was cut off, without the beginning of a secret at its end."""
        for form in self._forms:
            place = quote.find(form[:_LEAST_BEGINNING], max(0, len(quote) - len(form)))
            while 0 <= place <= len(quote) - _LEAST_BEGINNING:
                if form.startswith(quote[place:]):
                    return quote[:place] + self._hidden
                place = quote.find(form[:_LEAST_BEGINNING], place + 1)
        return quote

    def __repr__(self) -> str:
        return "Mask()"


def _secret_patterns(secret: str) -> Iterator[str]:
    """Patterns for the ways in which a secret may be written."""
    for text in {secret, secret.strip(), repr(secret)[1:-1]}:
        yield re.escape(text)
        yield _json_pattern(text)
        yield "".join(map(_html_character_pattern, text))
    for text in {secret, secret.strip()}:
        for encoded in {quote(text, safe=""), quote(text), quote_plus(text)}:
            # Servers write the hex digits of an escape in either case, and escape a link within a link twice.
            yield re.sub(r"%([0-9A-F]{2})", r"%(?:25)*(?i:\1)", re.escape(encoded))
    yield f"(?i:{_to_bytes(secret).hex()})"
    for part in _base64_fragments(secret):
        written = re.escape(part).replace(r"\+", r"(?:\+|%2[Bb])").replace("/", r"(?:\\?/|%2[Ff])")
        # Matches the whole base64 text, and only from its start, so that a long text is scanned once.
        yield rf"(?:(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]*)?{written}[A-Za-z0-9+/_-]*=*"


def _plain_forms(secret: str) -> Iterator[str]:
    """The texts as which a secret is mostly written."""
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], _to_bytes(secret).hex())
    yield from _base64_fragments(secret)


def _json_pattern(text: str) -> str:
    """A pattern for a text that JSON has escaped one to four times, as in JSON within JSON."""
    return "".join(map(_json_character_pattern, text))


def _json_character_pattern(character: str) -> str:
    if character == "\\":
        return r"\\{1,16}"
    if character in "\"'/":
        return r"\\{0,15}" + character
    written = json.dumps(character)[1:-1]
    if written == character:
        return re.escape(character)
    # A character outside the Basic Multilingual Plane takes two escapes.
    escapes = "".join(rf"\\{{1,16}}(?i:{part})" for part in written.split("\\")[1:])
    return f"(?:{re.escape(character)}|{escapes})"


def _html_character_pattern(character: str) -> str:
    """A pattern for a character in HTML and XML: plain, by name, or by number."""
    if character not in _HTML_ENTITIES:
        return re.escape(character)
    number = ord(character)
    return f"(?:{re.escape(character)}|&(?i:{_HTML_ENTITIES[character]}|#0*{number}|#x0*{number:x});)"


def _plain_fragments(secret: str) -> Iterator[str]:
    """Letters and digits that nothing escapes. Any text that holds the secret in some form holds one of them."""
    digits = _to_bytes(secret).hex()
    for part in (secret, digits, digits.upper(), *_base64_fragments(secret)):
        yield max(re.findall("[A-Za-z0-9]+", part), key=len, default="")


def _base64_fragments(secret: str) -> Iterator[str]:
    """The secret inside a longer text in base64 (`user:secret`): one for each offset in a group of three bytes."""
    data = _to_bytes(secret)
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            text = encode(b"\0" * before + data).decode().rstrip("=")
            # The characters at both ends also hold bits of the neighbouring bytes.
            first, last = (0, 2, 3)[before], len(text) - (1 if (before + len(data)) % 3 else 0)
            if last - first >= MIN_SECRET_LENGTH:
                yield text[first:last]


def _to_bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")


class _MaskingFilter(logging.Filter):
    """Masks the paths and queries, which may hold a key, that urllib3 logs at debug level.

    Other code in the process may use urllib3 too: records that hold no secret pass unchanged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.masks: WeakSet[Mask] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        masks = list(self.masks)
        if not masks:
            return True
        message = masked = record.getMessage()
        for mask in masks:
            masked = mask(masked)
        if masked != message:
            record.msg, record.args = masked, ()
        return True


_masking_filter = _MaskingFilter()


def mask_transport_logs(mask: Mask) -> None:
    """Mask these secrets in urllib3's logs for as long as `mask` is referenced."""
    _masking_filter.masks.add(mask)
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.response"):
        logging.getLogger(name).addFilter(_masking_filter)
