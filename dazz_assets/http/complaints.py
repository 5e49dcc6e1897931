"""What a vendor says in the body of a failure, in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 500
_READ_BYTES = 1_000_000
_TEXT_KEYS = ("detail", "title", "message", "error_message", "error_description", "reason", "msg")
_LISTS = ("errors", "errorMessages", "error")
_RATE_LIMIT = re.compile(r"rate.?limit|too many requests|throttl|abuse detection|complexity.?(budget|exception)", re.I)


def vendor_text(body: bytes) -> str:
    """The messages of a body in JSON joined by "; ", or the start of any other body; at most `LONGEST` characters.

    Not masked: what an API echoes may hold the secret.
    """
    try:
        value = json.loads(body) if len(body) <= _READ_BYTES else None
    except (ValueError, RecursionError):
        value = None
    texts = list(dict.fromkeys(text for text in _messages(value) if text))
    if texts and isinstance(value, dict) and isinstance(value.get("documentation_url"), str):
        texts.append(value["documentation_url"])
    return shortened("; ".join(texts)) if texts else start_of(body)


def start_of(body: bytes) -> str:
    """The beginning of a body that is not understood, on one line."""
    return shortened(" ".join(body[: 4 * LONGEST].decode(errors="replace").split()), 200)


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, cut off where it is longer."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def reported_errors(errors: list[Any]) -> str:
    """The messages of the `errors` of a success."""
    return vendor_text(json.dumps({"errors": errors}).encode())


def speaks_of_rate_limit(text: str | bytes) -> bool:
    """Whether a vendor's text gives a rate limit as the reason."""
    return _RATE_LIMIT.search(text if isinstance(text, str) else text[:20_000].decode(errors="replace")) is not None


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value[:10]:
            yield from _messages(item)
    elif isinstance(value, dict):
        for key in _TEXT_KEYS:
            if isinstance(value.get(key), str):
                yield value[key].strip()
        for key in _LISTS:
            yield from _messages(value.get(key))
