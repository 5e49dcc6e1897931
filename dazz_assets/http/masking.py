"""Secrets taken out of texts before anyone sees them."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus
from weakref import WeakSet

HIDDEN = "***"
SHORTEST = 3
"""Texts shorter than this are no secrets, and masking them would leave no message readable."""


class Mask:
    """Replaces secrets in any text by `***`: as they are, percent-encoded, escaped as in JSON, and in base64.

    >>> Mask(["s3cret/"])("GET /x?key=s3cret%2F")
    'GET /x?key=***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(longest_first)) if forms else None

    def __call__(self, text: str) -> str:
        """The text with each secret replaced."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def __repr__(self) -> str:
        return "Mask()"


def _forms(secret: str) -> Iterator[str]:
    """Patterns of the ways in which a secret is written."""
    for text in {secret, secret.strip(), json.dumps(secret)[1:-1], secret.replace("/", "\\/"), repr(secret)[1:-1]}:
        yield re.escape(text)
    for encoded in {quote(secret, safe=""), quote(secret), quote_plus(secret)}:
        # Servers write the hex digits of an escape in either case.
        yield re.sub(r"%[0-9A-F]{2}", lambda match: f"(?i:{match[0]})", re.escape(encoded))
    for encode in (b64encode, urlsafe_b64encode):
        yield from _inside_base64(secret.encode("utf-8", "surrogateescape"), encode)


def _inside_base64(secret: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """A secret within something longer in base64 (`user:secret`): one text for each place in a group of three bytes."""
    for before in range(3):
        text = encode(b"\0" * before + secret).decode().rstrip("=")
        # The characters at both ends also hold bits of the neighbours.
        first, last = (0, 2, 3)[before], len(text) - (1 if (before + len(secret)) % 3 else 0)
        if last - first >= SHORTEST:
            yield rf"[A-Za-z0-9+/_-]*{re.escape(text[first:last])}[A-Za-z0-9+/_-]*=*"


class _MaskedLogs(logging.Filter):
    """Masks what urllib3 logs at debug level: the path with its query, where a key may be."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: WeakSet[Mask] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for mask in list(self.masks):
            text = mask(text)
        record.msg, record.args = text, ()
        return True


_masked_logs = _MaskedLogs()


def mask_transport_logs(mask: Mask) -> None:
    """Masks these secrets in the log of urllib3 for as long as `mask` lives."""
    _masked_logs.masks.add(mask)
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.response"):
        logging.getLogger(name).addFilter(_masked_logs)
