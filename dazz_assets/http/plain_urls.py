"""URLs that are written the one usual way, so that no library writes them in another."""

import re
from urllib.parse import urljoin

_SEGMENT = r"[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*"
# The host in lower case, no `.` at the start of a segment, no `;` in the path, and nothing escaped that need not be.
_PLAIN = re.compile(
    r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::(?:[1-9]\d{0,3}|[1-5]\d{4}))?"
    rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?"
    r"(?:\?(?:[\w~!$&'()*+,;=:@/.-]|%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF]))+)?",
    re.ASCII,
)


def is_plain(url: str) -> bool:
    """Whether `requests` sends an absolute URL just as it is, and `urljoin` returns it unchanged."""
    return _PLAIN.fullmatch(url) is not None


def join_url(base: str, link: str) -> str:
    """The URL that a link in a page leads to, as `urljoin` has it. base: the page's URL. Raises ValueError."""
    link = link.strip()
    if is_plain(link):
        return link
    if link.startswith("/") and is_plain(base):
        joined = "/".join(base.split("/", 3)[:3]) + link
        if is_plain(joined):
            return joined
    return urljoin(base, link)
