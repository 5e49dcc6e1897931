"""Reads in responses that an API, or the version of it that is asked for, is deprecated or ends."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.page import Request, sent_params
from dazz_assets.http.quotes import shorten

_LONGEST_VALUE = 200
# An Internet date (RFC 9110, section 5.6.7), a date or time in ISO 8601, and an epoch (RFC 9745), within other text.
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2,8}, \d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d(?: GMT| UTC| [+-]\d{4})?|"
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
)
_ISO_TIME = re.compile(
    r"(?<![\dv])\d{4}-\d\d-\d\d"
    r"(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:[Zz]|UTC|GMT|[+-]\d\d:?\d\d))?)?(?![\d~])"
)
_EPOCH = re.compile(r"@?(\d{9,10})")
# What says that all is well.
_FINE = re.compile(
    r"|-|0|no|none|null|never|false|\?0|off|ok|ga|general(?:ly)?[ _-]?availab(?:le|ility)|stable|active|live|current|"
    r"latest|default|supported|released?|production|(?:public |private |open |closed )?(?:beta|preview|alpha)|"
    r"experimental|wip|v?\d+(?:\.\d+)*|v\d{4}-\d\d-\d\d|v?\d{4}-\d\d-\d\d~\w+",
    re.I,
)
_NAMES_VERSION = re.compile(r"version", re.I)


class VersionWatch:
    """Watches the headers in which a vendor tells that a version of its API ends; each is told once.

    headers: their names. Clients of one connection share it, so that one warning is enough for a sync.
    """

    def __init__(self, headers: Sequence[str] = ()) -> None:
        self._headers = tuple(headers)
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def new_notices(self, request: Request, headers: Mapping[str, str], now: float) -> Iterator[str]:
        """What the headers of a response announce that was not told yet, each as a sentence. now: epoch seconds.

        The names of headers may be in any case.
        """
        lower = {name.lower(): value for name, value in headers.items()} if self._headers else {}
        for name in self._headers:
            announced = _describe_end(lower.get(name.lower()), now)
            with self._lock:
                is_new = announced is not None and name not in self._told
                if is_new:
                    self._told.add(name)
            if is_new:
                yield f"the vendor says in the header {name} that this version of its API {announced}{_sent(request)}"


def _describe_end(value: str | None, now: float) -> str | None:
    """What a header says of the end of a version, to follow "this version"; None if it announces none."""
    text = (value or "").strip()
    if (at := _find_time(text)) is not None:
        return f"{'ended' if at.timestamp() <= now else 'ends'} on {at:%Y-%m-%d} (`{shorten(text, _LONGEST_VALUE)}`)"
    return None if _FINE.fullmatch(text) else f"is `{shorten(text, _LONGEST_VALUE)}`"


def _find_time(text: str) -> datetime | None:
    """The first time that a text names, in UTC."""
    if (epoch := _EPOCH.fullmatch(text)) is not None:
        return datetime.fromtimestamp(int(epoch[1]), UTC)
    try:
        if (written := _HTTP_DATE.search(text)) is not None:
            at = parsedate_to_datetime(written[0])
        elif (written := _ISO_TIME.search(text)) is not None:
            at = datetime.fromisoformat(re.sub(r"\s?(UTC|GMT)$", "+00:00", written[0].replace(",", ".")))
        else:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _sent(request: Request) -> str:
    """The version that a request asks for, if a header or a parameter names it."""
    in_url = dict(parse_qsl(urlsplit(request.url).query))
    for name, value in {**request.headers, **in_url, **sent_params(request.params)}.items():
        if _NAMES_VERSION.search(name):
            return f"; `{name}: {shorten(str(value), _LONGEST_VALUE)}` is sent"
    return ""


def deprecation_notice(headers: Mapping[str, str]) -> str | None:
    """The deprecation or end that a vendor announces in the headers, as a sentence, or None. `headers` ignore case."""
    deprecation, sunset = headers.get("deprecation"), headers.get("sunset")
    if not sunset and (not deprecation or deprecation.strip().lower() in ("false", "?0")):
        return None
    announced = []
    if deprecation and deprecation.strip().lower() not in ("false", "?0"):
        announced.append(f"is deprecated{_format_since(deprecation)}")
    if sunset:
        announced.append(f"ends on {sunset}")
    documented = re.search(r'<([^>]*)>\s*;[^,]*rel="?(?:deprecation|sunset|successor-version)', headers.get("link", ""))
    return f"the vendor says that this API {' and '.join(announced)}" + (f" ({documented[1]})" if documented else "")


def _format_since(value: str) -> str:
    """ " since ..." for a Deprecation header: `@` and an epoch in RFC 9745, a date or `true` in earlier drafts."""
    text = value.strip()
    if re.fullmatch(r"@\d{1,11}", text):
        return f" since {datetime.fromtimestamp(int(text[1:]), UTC):%Y-%m-%d}"
    return "" if text.lower() in ("true", "?1") else f" since {text}"
