"""Secrets taken out of texts before anyone sees them."""

from __future__ import annotations

import json
import logging
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus
from weakref import WeakSet

HIDDEN = "***"
_IN_HTML = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
SHORTEST = 3
"""Texts shorter than this are no secrets, and masking them would leave no message readable."""
MOST_LEARNED = 32
"""More tokens than the threads of a connection use at a time; a signature that is another one in each request must not
fill the memory."""


class Mask:
    """Replaces secrets in any text: as they are, percent-encoded, escaped as in JSON, in hexadecimal and in base64.

    hidden: what stands in their place.

    >>> Mask(["s3cret/"])("GET /x?key=s3cret%2F")
    'GET /x?key=***'
    """

    def __init__(self, secrets: Iterable[str], hidden: str = HIDDEN) -> None:
        known = [secret for secret in secrets if len(secret) >= SHORTEST]
        longest_first = sorted(
            {form for secret in known for form in _forms(secret)}, key=lambda form: (-len(form), form)
        )
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None
        self._traces = {trace for secret in known for trace in _traces(secret)}
        self._hidden = hidden
        self._learned: tuple[Mask, ...] = ()
        self._learning = threading.Lock()

    def learn(self, secret: str) -> None:
        """Replaces one more secret from now on, of those learned in this way the last `MOST_LEARNED`."""
        learned = Mask([secret], self._hidden)
        with self._learning:
            self._learned = (*self._learned, learned)[-MOST_LEARNED:]

    def __call__(self, text: str) -> str:
        """The text with each secret replaced."""
        for learned in self._learned:
            text = learned(text)
        # Most texts hold none, and looking for a part of one is a hundred times as fast as the pattern.
        if self._pattern is None or not any(trace in text for trace in self._traces):
            return text
        return self._pattern.sub(lambda _: self._hidden, text)

    def __repr__(self) -> str:
        return "Mask()"


def _forms(secret: str) -> Iterator[str]:
    """Patterns of the ways in which a secret is written."""
    for text in {secret, secret.strip(), repr(secret)[1:-1]}:
        yield re.escape(text)
        yield _escaped(text)
        yield "".join(map(_in_html, text))
    for text in {secret, secret.strip()}:
        for encoded in {quote(text, safe=""), quote(text), quote_plus(text)}:
            # Servers write the hex digits of an escape in either case, and a link within a link is escaped twice.
            yield re.sub(r"%([0-9A-F]{2})", r"%(?:25)*(?i:\1)", re.escape(encoded))
    yield f"(?i:{_bytes(secret).hex()})"
    for part in _inside_base64(secret):
        written = re.escape(part).replace(r"\+", r"(?:\+|%2[Bb])").replace("/", r"(?:\\?/|%2[Ff])")
        # All that is encoded, from its start, and only tried there: so a long text is read once.
        yield rf"(?:(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]*)?{written}[A-Za-z0-9+/_-]*=*"


def _escaped(text: str) -> str:
    """A pattern of a text as JSON escapes it, once or up to four times: a text within a text."""
    return "".join(map(_escaped_character, text))


def _escaped_character(character: str) -> str:
    if character == "\\":
        return r"\\{1,16}"
    if character in "\"'/":
        return r"\\{0,15}" + character
    written = json.dumps(character)[1:-1]
    if written == character:
        return re.escape(character)
    # A character beyond the first plane is two escapes.
    escapes = "".join(rf"\\{{1,16}}(?i:{part})" for part in written.split("\\")[1:])
    return f"(?:{re.escape(character)}|{escapes})"


def _in_html(character: str) -> str:
    """A pattern of a character as HTML and XML write it: as it is, by its name, or by its number."""
    if character not in _IN_HTML:
        return re.escape(character)
    number = ord(character)
    return f"(?:{re.escape(character)}|&(?i:{_IN_HTML[character]}|#0*{number}|#x0*{number:x});)"


def _traces(secret: str) -> Iterator[str]:
    """Texts of which one is in any text that holds a form of the secret: letters and digits that nothing escapes."""
    digits = _bytes(secret).hex()
    for part in (secret, digits, digits.upper(), *_inside_base64(secret)):
        yield max(re.findall("[A-Za-z0-9]+", part), key=len, default="")


def _inside_base64(secret: str) -> Iterator[str]:
    """A secret within something longer in base64 (`user:secret`): one text for each place in a group of three bytes."""
    written = _bytes(secret)
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            text = encode(b"\0" * before + written).decode().rstrip("=")
            # The characters at both ends also hold bits of the neighbours.
            first, last = (0, 2, 3)[before], len(text) - (1 if (before + len(written)) % 3 else 0)
            if last - first >= SHORTEST:
                yield text[first:last]


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")


class _MaskedLogs(logging.Filter):
    """Masks what urllib3 logs at debug level: the path with its query, where a key may be.

    urllib3 may serve others in the process: what holds none of the secrets is passed on untouched.
    """

    def __init__(self) -> None:
        super().__init__()
        self.masks: WeakSet[Mask] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        masks = list(self.masks)
        if not masks:
            return True
        said = shown = record.getMessage()
        for mask in masks:
            shown = mask(shown)
        if shown != said:
            record.msg, record.args = shown, ()
        return True


_masked_logs = _MaskedLogs()


def mask_transport_logs(mask: Mask) -> None:
    """Masks these secrets in the log of urllib3 for as long as `mask` lives."""
    _masked_logs.masks.add(mask)
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.response"):
        logging.getLogger(name).addFilter(_masked_logs)
