"""Replace values already seen to be secret or personal where nothing else identifies them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_WORD_OR_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|\w+")
_INSIDE_WORD = re.compile(r"(?<=\w)\w")


class SeenValues:
    """Values with their stand-ins, found in texts as whole words: plain, escaped as in JSON, or percent-encoded.

    At each word of a text, only the values that contain it as their first word are looked up, by their lengths. So a
    text is read once, however many values there are.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._stand_ins: dict[str, str] = {}
        self._spans: dict[str, list[tuple[int, int]]] = {}
        """By first word: start and end offsets of values relative to that word, longest first."""

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: str, stand_in: str) -> None:
        """Add a value with its stand-in. A value that was added before keeps its first stand-in."""
        if value in self._values:
            return
        self._values.add(value)
        forms = dict.fromkeys((value, json.dumps(value)[1:-1]), stand_in)
        for form in (quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")):
            lower = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form)
            forms |= {encoded: quote(stand_in, safe="") for encoded in (form, lower) if encoded != value}
        for form, replacement in forms.items():
            if first := _WORD_OR_ESCAPE.search(form):
                self._stand_ins.setdefault(form, replacement)
                spans = self._spans.setdefault(first[0], [])
                span = (-first.start(), len(form) - first.start())
                if span not in spans:
                    spans.append(span)
                    spans.sort(key=lambda span: span[0] - span[1])

    def stand_in(self, text: str) -> str | None:
        """The stand-in of a text that is a value as a whole, or None."""
        return self._stand_ins.get(text) if text in self._values else None

    def replace_in(self, text: str) -> str:
        """The text with each value replaced with its stand-in."""
        parts: list[str] = []
        copied = 0
        for start, end, stand_in in self._find_matches(text):
            parts += (text[copied:start], stand_in)
            copied = end
        return "".join((*parts, text[copied:]))

    def find_stand_ins(self, text: str) -> set[str]:
        """The stand-ins of the values that a text holds."""
        return {stand_in for _, _, stand_in in self._find_matches(text)}

    def _find_matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """The start, end and stand-in of each value in a text."""
        done = 0
        for match in _WORD_OR_ESCAPE.finditer(text) if self._spans else ():
            for before, after in self._spans.get(match[0], ()):
                start, end = match.start() + before, match.start() + after
                stand_in = self._stand_ins.get(text[start:end]) if start >= done else None
                if stand_in is not None and not _is_inside_word(text, end):
                    yield start, end, stand_in
                    done = end
                    break


def _is_inside_word(text: str, end: int) -> bool:
    """Whether the word that ends here goes on after it."""
    return _INSIDE_WORD.match(text, end) is not None
