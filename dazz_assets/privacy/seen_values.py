"""Values that were found to be secret or personal, looked for where nothing else gives them away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_PIECE = re.compile(r"%[0-9A-Fa-f]{2}|\w+")
_INSIDE_WORD = re.compile(r"(?<=\w)\w")


class SeenValues:
    """Texts with what stands for each; they are found as whole words, as they are and percent-encoded.

    At each word of a text only those are looked up that begin with it, by the lengths that they have: so a text is read
    once, however many there are.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._stand_ins: dict[str, str] = {}
        self._spans: dict[str, list[tuple[int, int]]] = {}
        """By the first word: from where to where around its start, the longest first."""

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: str, stand_in: str) -> None:
        """Know one more."""
        if value in self._values:
            return
        self._values.add(value)
        forms = dict.fromkeys((value, json.dumps(value)[1:-1]), stand_in)
        for form in (quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")):
            lower = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form)
            forms |= {written: quote(stand_in, safe="") for written in (form, lower) if written != value}
        for form, written in forms.items():
            if first := _PIECE.search(form):
                self._stand_ins.setdefault(form, written)
                spans = self._spans.setdefault(first[0], [])
                span = (-first.start(), len(form) - first.start())
                if span not in spans:
                    spans.append(span)
                    spans.sort(key=lambda span: span[0] - span[1])

    def replaced(self, text: str) -> str:
        """The text with each known value replaced."""
        parts: list[str] = []
        kept = 0
        for start, end, stand_in in self._matches(text):
            parts += (text[kept:start], stand_in)
            kept = end
        return "".join((*parts, text[kept:]))

    def found_in(self, text: str) -> set[str]:
        """The stand-ins of the known values that a text holds."""
        return {stand_in for _, _, stand_in in self._matches(text)}

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where a known value starts and ends, and what stands for it."""
        done = 0
        for match in _PIECE.finditer(text) if self._spans else ():
            for before, after in self._spans.get(match[0], ()):
                start, end = match.start() + before, match.start() + after
                stand_in = self._stand_ins.get(text[start:end]) if start >= done else None
                if stand_in is not None and not _goes_on(text, end):
                    yield start, end, stand_in
                    done = end
                    break


def _goes_on(text: str, end: int) -> bool:
    """Whether a word that ends here is only the beginning of a longer one."""
    return _INSIDE_WORD.match(text, end) is not None
