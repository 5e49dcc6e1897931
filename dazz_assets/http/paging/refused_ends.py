"""Which setting takes the refusal of a page behind the last one for the end of a list, and nothing else for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Codes that say no more than a status does.
_GENERAL = re.compile(
    r"\w*(not.?found|bad.?request|invalid.?(arguments?|requests?|params?|parameters?|input)|validation(.?(error|failed))?"
    r"|client.?error|unprocessable.?\w*|request.?error)",
    re.I,
)
# Words of a message without what changes from page to page.
_WORDS = re.compile(r"[^\W\d_]+(?:[ ,'-]+[^\W\d_]+)*\.?")
_SHORTEST, _LONGEST = 8, 60


def advise_end(status: int | None, problem: str, codes: Sequence[str]) -> str:
    """What to set if a list ends where a page was refused: the status beside the vendor's code or words, as an outage
    or a wrong path is answered with the same status. problem: masked, with what the vendor says at its end.
    """
    key = str(status)
    if (text := _find_text(problem, codes)) is not None:
        key = f'({status}, "{text}")'
    return f' If the list ends there, set accept = {{{key}: "end"}}.'


def _find_text(problem: str, codes: Sequence[str]) -> str | None:
    """What tells this refusal from others of its status: a code, or the longest part of a sentence without numbers."""
    code = next((code for code in codes if not _GENERAL.fullmatch(code)), None)
    if code is not None:
        return code
    said = problem.partition(" The vendor says: ")[2]
    parts = [part.group().removesuffix(".")[: _LONGEST + 1] for part in _WORDS.finditer(said)]
    whole = [part if len(part) <= _LONGEST else part.rpartition(" ")[0] for part in parts]
    longest = max(whole, key=len, default="")
    return longest if len(longest) >= _SHORTEST and not _GENERAL.fullmatch(longest) else None
