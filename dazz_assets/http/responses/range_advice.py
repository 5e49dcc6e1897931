"""What to set where a vendor refuses a list because a bound of its range is missing, as the vendor's words show."""

from __future__ import annotations

import re

_LOWER = r"from|since|start|begin|after|min|gte?|lower"
_UPPER = r"until|till|to|end|before|max|lte?|upper"
_PAIR = rf"\b(?:\w+[_. -]?)?(?:{_LOWER})\w*\W{{0,3}}(?:\s*(?:and|or|&|,|/|\+)\s*)\W{{0,3}}(?:\w+[_. -]?)?(?:{_UPPER})"
_BOUND = r"\b(?:until|end|before|to)(?:[_ -]?(?:date|time|datetime|at|ts|timestamp))?\b['\"`]?"
_RANGE = r"\b(?:date|time|datetime|both|upper)[_ -]?(?:range|period|interval|window|span|bounds?|dates|times)"
_REQUIRED = (
    r"required|mandatory|missing|must (?:be|have|contain|include|specify|provide|not be (?:empty|blank|null))|"
    r"needed|needs|(?:please )?(?:specify|provide|supply)|cannot be (?:empty|blank|null)"
)
_ASKED_FOR = re.compile(
    rf"(?:{_PAIR}|{_RANGE}).{{0,60}}\b(?:{_REQUIRED})|\b(?:{_REQUIRED})\b.{{0,60}}(?:{_PAIR}|{_RANGE})|"
    rf"{_BOUND}[^.;]{{0,20}}\b(?:required|mandatory|missing)\b|\bmissing[^.;]{{0,30}}{_BOUND}",
    re.IGNORECASE,
)
_ADVICE = (
    "If it needs both bounds of a range, name both in the stream's Cursor, `since=` and `until=`, with `both=True`; if "
    "a range may only be so long, set `step=` instead, such as `step=timedelta(days=31)`."
)


def advise_on_range(status: int, problem: str) -> str:
    """What to set if a refusal says that a bound or range is required, else empty."""
    return _ADVICE if status in (400, 422) and _ASKED_FOR.search(problem) else ""
