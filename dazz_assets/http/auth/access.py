"""Refusals for want of a permission: how to tell them, and what to say of the permission that is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dazz_assets.http.errors import UNAUTHORIZED, FetchError
from dazz_assets.http.quotes import shorten

_LONGEST_HEADER = 200
# What vendors say of a refusal in other answers: `FORBIDDEN`, `UserUnauthorizedException`, `missing_scope`.
_REFUSAL = re.compile(
    r"forbidden|un-?authori[sz]ed|not[\s_-]?(?:been[\s_-]?)?(?:authori[sz]ed|allowed|accessible)|permission|"
    r"access[\s_.-]?(?:is[\s_-]?)?denied|insufficient[\s_-]?(?:scope|privilege|right|access|authentication)|"
    r"(?:missing|required|lacks?)[\s_-]?(?:the[\s_-]?)?(?:\w+[\s_-])?scope",
    re.I,
)


def says_refusal(text: str) -> bool:
    """Whether a vendor's text, or the code that it gives, says that the credentials may not read this."""
    return _REFUSAL.search(text) is not None


@dataclass(frozen=True, slots=True)
class Permissions:
    """Where an integration's vendor tells of permissions.

    url: the page on which they are explained or given. header: that of a refusal, which names the one that is missing.
    """

    url: str | None = None
    header: str | None = None

    def explain(
        self, error: FetchError, needed: Sequence[str], headers: Mapping[str, str], mask: Callable[[str], str]
    ) -> None:
        """Say in a refusal what the stream needs, and what the vendor's header names.

        needed: the permissions that the stream declares. headers: of the response; their names may be in any case.
        """
        named = next((value for name, value in headers.items() if name.lower() == (self.header or "").lower()), "")
        named = shorten(mask(named.strip()), _LONGEST_HEADER)
        if error.status == UNAUTHORIZED and not named:
            return  # The credentials themselves are refused.
        error.needs = (named,) if named else tuple(needed)
        if needed:
            error.advice += f" The stream needs {' and '.join(f'`{item}`' for item in needed)}."
        if named:
            error.advice += f" The header {self.header} names `{named}`."
        if self.url is not None:
            error.advice += f" See {self.url}."
