"""Values that were found to be secret or personal, looked for where nothing else gives them away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_PIECE = re.compile(r"%[0-9A-Fa-f]{2}|\w+")
_INSIDE_WORD = re.compile(r"(?<=\w)\w")


class KnownValues:
    """Texts with what stands for each; they are found as whole words, as they are and percent-encoded.

    They are kept by their first word, so that a text is read once, however many there are.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._forms: dict[str, list[tuple[str, int, str]]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: str, stand_in: str) -> None:
        """Know one more."""
        if value in self._values:
            return
        self._values.add(value)
        encoded = {quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")}
        lower = {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in encoded}
        for form in {value, json.dumps(value)[1:-1], *encoded, *lower}:
            if first := _PIECE.search(form):
                forms = self._forms.setdefault(first[0], [])
                forms.append((form, first.start(), stand_in))
                forms.sort(key=lambda known: -len(known[0]))

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
        for match in _PIECE.finditer(text) if self._forms else ():
            for form, offset, stand_in in self._forms.get(match[0], ()):
                start, end = match.start() - offset, match.start() - offset + len(form)
                if start >= done and text.startswith(form, start) and not _goes_on(text, end):
                    yield start, end, stand_in
                    done = end
                    break


def _goes_on(text: str, end: int) -> bool:
    """Whether a word that ends here is only the beginning of a longer one."""
    return _INSIDE_WORD.match(text, end) is not None
