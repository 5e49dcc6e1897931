"""What the name of a field says about paging, whoever reads it: a paginator, or the search for unread signs."""

from __future__ import annotations

import re
from functools import lru_cache

THINGS = (
    "(page|data|item|record|result|row|entry|entrie|entitie|element|event|object|match|matche|batch|batche|chunk|set)"
)
"""What lists are of, in the pattern of a name."""
_MORE = re.compile(
    rf"(has|is|are|there)?(a|the)?(more|next|additional|further){THINGS}?s?(available|exists?|remaining|in(collection|page|list))?"
    rf"|({THINGS}s?(is|are|was|were)?|is|was)?truncated({THINGS}s?)?"
    rf"|(is|has|was)?(exceed(s|ed)?|reached)(the)?(transfer|time|max(imum)?)?{THINGS}?s?(limit|max(imum)?)|timelimit(is|was)?(exceeded|reached|hit)"
    rf"|(transfer|max(imum)?)?{THINGS}s?(limit|max(imum)?)?(is|was)?(exceed(s|ed)?|reached|hit)"
    rf"|{THINGS}s?exceed(s|ed)?(the)?(limit|max(imum)?)|{THINGS}s?(are|is|were|was)?(limited|capped)"
)
_LAST = re.compile(
    rf"(is|at|on|has|reached)?(the)?(last|final){THINGS}?"
    rf"|(is|at|has)?(reached)?(the)?end(of(the)?({THINGS}s?|stream|list|listing|feed|file|collection))?(reached)?"
    rf"|no(more|next){THINGS}?s?|eof"
)
_CAPPED = re.compile(r"(is|was|has)?(limited|capped|limit(reached|exceeded|hit)|(reached|hit|exceeds|exceeded)limit)")
_DONE = re.compile(r"(is|all|job|query|search|results?)?(done|completed?|finished|exhausted|ready)")
_LEFT = re.compile(rf"(num(ber)?(of)?)?(remaining{THINGS}?s?|{THINGS}?s?(remaining|left))(count)?")
_TOTAL_THINGS = (
    "(count|elements?|items?|records?|results?|entries|hits?|rows?|objects?|matches|(set)?size|number|found|available"
    "|matching|doc(ument)?s?|resources?)"
)
_TOTAL = re.compile(
    rf"(grand|overall)?total{_TOTAL_THINGS}?(count)?|{_TOTAL_THINGS}total|total{_TOTAL_THINGS}filtered"
    r"|(records|rows)filtered|numfound|nbhits|(odata)?count|(record|row|result|hit)s?count"
    rf"|(num(ber)?(of)?)?({THINGS}?s?(found|matched|available)|(item|record|result|row|element|entrie|object|hit)s)|resultsize"
)
_WITH_COMMAS = re.compile(r"\d{1,3}(,\d{3}){1,6}")
_MOST_DIGITS = 20
_PAGE_SIZE = re.compile(
    rf"(sysparm|page|max|default|{THINGS}s?)?limit|top|take|(max|default)?(page|batch|chunk)size|max(page|{THINGS}s|results?|keys|count)"
    rf"|({THINGS}s?)?perpage|maxpagesize|page(limit|len(gth)?)"
)
_PAGE_COUNT = re.compile(r"(total|num|nb|number(of)?|max)?pages?(count|total)?s?|totalnumberofpages|lastpage(number)?")

_PAGE_NUMBER = re.compile(r"(current|start)?page(number|num|no|nr|index)?")
_PLACE = re.compile(
    rf"{_PAGE_NUMBER.pattern}|(page|sysparm|{THINGS}s?)?offset|(sysparm)?(first|start)(row|record|{THINGS})"
    r"|skip(count)?|start(at|from|index)?|(page|row|record|item)index"
)
# Places that may be those of pages.
_OF_PARTS = re.compile(r"page|batch|chunk|(?<!off)set")
_BEFORE = re.compile(r"(is)?(the)?first(page)?|(has(a)?)?prev(ious)?(page|records|results)?s?(link|url|uri|href)?")

_LATER = re.compile(r"(odata)?(next|new|last)?(delta|sync|changes?|incremental|poll(ing)?)(link|url|uri|token|cursor)")


@lru_cache(maxsize=4096)
def normalize(name: str) -> str:
    """A name in lower case, without a namespace, and without anything but letters and digits.

    So `has_more` and `hasMore` are one, and so are `hydra:next` and `next`.
    """
    return re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())


@lru_cache(maxsize=4096)
def means_more(name: str) -> bool:
    """Whether a flag of this normalised name is true where there is more: `hasMore`, `nextPageAvailable`."""
    return _MORE.fullmatch(name) is not None


def means_last(name: str) -> bool:
    """Whether a flag of this normalised name is true on the last page: `isLast`, `endOfRecords`."""
    return _LAST.fullmatch(name) is not None


def means_done(name: str) -> bool:
    """Whether a flag of this normalised name may be true on the last page, or say something else: `done`."""
    return _DONE.fullmatch(name) is not None


def means_capped(name: str) -> bool:
    """Whether a flag of this normalised name may be true where a list was cut off, or say something else: `limited`."""
    return _CAPPED.fullmatch(name) is not None


def means_left(name: str) -> bool:
    """Whether a number of this normalised name may count what follows: `remaining`, `itemsLeft`."""
    return _LEFT.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def means_total(name: str) -> bool:
    """Whether a number of this normalised name may count the records of all pages."""
    return _TOTAL.fullmatch(name) is not None


def names_total(name: str) -> bool:
    """Whether a name that `means_total` says so outright: `totalCount`, and not `count`."""
    return "total" in name or name in ("numfound", "nbhits")


def means_page_count(name: str) -> bool:
    """Whether a number of this normalised name may count the pages."""
    return _PAGE_COUNT.fullmatch(name) is not None and name != "page"


def means_later(name: str) -> bool:
    """Whether a link or token of this normalised name is for what changes after the list: `deltaLink`, `syncToken`."""
    return _LATER.fullmatch(name) is not None


def means_page_size(name: str) -> bool:
    """Whether a number of this normalised name may be the most records that a page has: `perPage`, `limit`."""
    return _PAGE_SIZE.fullmatch(name) is not None


def means_page_number(name: str) -> bool:
    """Whether a number of this normalised name counts the pages before: `page`, `currentPage`."""
    return _PAGE_NUMBER.fullmatch(name) is not None


def means_record_number(name: str) -> bool:
    """Whether a number of this normalised name in a request counts the records before: `offset`, `startAt`."""
    return means_place(name) and _OF_PARTS.search(name) is None


def means_page_before(name: str) -> bool:
    """Whether a flag or link of this normalised name tells of the pages before: `isFirst`, `hasPrevious`, `prev`."""
    return _BEFORE.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def means_place(name: str) -> bool:
    """Whether a number of this normalised name in a request counts the pages or records before: `page`, `startAt`."""
    return _PLACE.fullmatch(name) is not None


def read_flag(value: object) -> bool | None:
    """A flag, also one that is sent as a text or a number; None for anything else."""
    word = str(value).strip().lower()
    if isinstance(value, bool) or word in ("true", "false", "yes", "no", "y", "n", "0", "1"):
        return word in ("true", "yes", "y", "1")
    return None


def read_number(value: object) -> int | float | None:
    """A number, also one that is sent as a text, `1,234` too; None for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    if isinstance(value, str) and len(text) <= _MOST_DIGITS and (text.isdecimal() or _WITH_COMMAS.fullmatch(text)):
        return int(value.replace(",", ""))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_blank(text: str) -> bool:
    """Whether a text stands for nothing where a link or a token is expected."""
    return text.strip().lower() in ("", "null", "none", "nil", "undefined", "false", "#")
