"""What the refusal of a later page means: the end of its list, or records that are not known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dazz_assets.http.errors import RefusedError
from dazz_assets.http.page import Page, Request

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


def refuse_later(skipped: Page, number: int) -> None:
    """Raises RefusedError for a later page that the stream skips: it says nothing of the pages behind it."""
    if number > 1:
        raise RefusedError(
            f"page {number} of the list was refused ({skipped.accepted_failure}), and those behind it are not known.",
            status=skipped.status,
            advice=f'"skip" means a list without records; if the list ends there, set accept = {{{skipped.status}: '
            '"end"}.',
        )


def end_with(before: Page, request: Request, error: RefusedError, said: str) -> Page:
    """The end of a list whose next page was refused, as a page. before: the last one that came. said: masked."""
    url = error.url.partition(" ")[2]
    ended = replace(before, request=request, url=url, final_url=url, status=error.status or before.status, body=b"")
    return replace(ended, accepted_failure=said, accepted_end=said)
