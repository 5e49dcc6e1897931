"""What a vendor announces in headers: an API that is deprecated, or that ends (RFC 9745, RFC 8594)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime


def notice(headers: Mapping[str, str]) -> str | None:
    """The announcement in words, or None. `headers` ignore case."""
    deprecation, sunset = headers.get("deprecation"), headers.get("sunset")
    if not sunset and (not deprecation or deprecation.strip().lower() in ("false", "?0")):
        return None
    said = []
    if deprecation and deprecation.strip().lower() not in ("false", "?0"):
        said.append(f"is deprecated{_since(deprecation)}")
    if sunset:
        said.append(f"ends on {sunset}")
    documented = re.search(r'<([^>]*)>\s*;[^,]*rel="?(?:deprecation|sunset|successor-version)', headers.get("link", ""))
    return f"the vendor says that this API {' and '.join(said)}" + (f" ({documented[1]})" if documented else "")


def _since(value: str) -> str:
    """RFC 9745 gives `@` and an epoch; earlier drafts a date, or `true`."""
    text = value.strip()
    if re.fullmatch(r"@\d{1,11}", text):
        return f" since {datetime.fromtimestamp(int(text[1:]), UTC):%Y-%m-%d}"
    return "" if text.lower() in ("true", "?1") else f" since {text}"
