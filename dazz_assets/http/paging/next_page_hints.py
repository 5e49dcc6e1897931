"""Finds signs in a page that another one follows, so that no page is taken for the last one that is not."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from msgspec import Raw

from dazz_assets.field_paths import join_path, split_path
from dazz_assets.http.json.json_slices import NoListError, object_members_at, read_integer, read_value
from dazz_assets.http.page import Page, sent_pairs
from dazz_assets.http.paging.next_links import find_header_link, find_next_link, says_nothing_follows
from dazz_assets.http.paging.paging_names import (
    is_blank,
    means_capped,
    means_done,
    means_last,
    means_left,
    means_more,
    means_page_count,
    means_total,
    names_total,
    normalize,
    read_flag,
    read_number,
)
from dazz_assets.http.paging.trailers import find_trailer

# Names as `normalize` writes them. What is named so says where the next page is, wherever it stands.
_NEXT_LINK = re.compile(r"next(page|records|results|set)?(link|url|uri|href|path)|odatanextlink")
_NEXT_TOKEN = re.compile(
    r"next(page|forward|batch|start|stream|scroll|pagination|shard)?"
    r"(token|cursor|cursormark|marker|key|offset|position|iterator|skip|after|(max|min|since|start)id)"
    r"(id|str|string|value)?"
)
# These do so at the top, beside the list, and in an object about paging.
_LINKS = frozenset({"next", "nextpage", "nextresults"})
_TOKENS = frozenset(
    {
        "after",
        "bookmark",
        "continuation",
        "continuationtoken",
        "continue",
        "cursor",
        "endcursor",
        "lastevaluatedkey",
        "marker",
        "nextbatch",
        "nextstart",
        "pagetoken",
        "paginationtoken",
        "resumetoken",
        "resumptiontoken",
        "scrollid",
        "skiptoken",
    }
)
# Of these, the place of the page itself, where another field leads on.
_OWN_PLACES = frozenset({"cursor", "marker", "offset", "pagetoken"})
# Objects and lists that are sent back as they are.
_WHOLE_TOKENS = frozenset({"afterkey", "continue", "lastevaluatedkey", "searchafter"})
# Fields of an object about the next page, and of one about a token.
_PLACES = frozenset({"after", "cursor", "offset", "page", "pagetoken", "skip", "start", "startingafter", "token"})
# The places of a page's first and last record.
_FIRST_EDGES = frozenset({"before", "beforecursor", "startcursor"})
_LAST_EDGES = frozenset({"after", "aftercursor", "endcursor"})
# Objects whose fields are about pages. A field elsewhere below the top is about something else.
_ABOUT_PAGING = re.compile(
    r".*(page|pages|paging|pagination|paginator|pager|cursors?|meta|metadata|links?|info|continuation|navigation)|next.*"
)
_PAGE_SIZES = frozenset({"currentpage", "currentpagenumber", "currentpagesize", "pagesize", "perpage", "pagenumber"})
_HEADER_TOTAL = re.compile(r"x?(wp|pagination)?total(count|items|records|results)?")
_HEADER_PAGE_COUNT = re.compile(r"x?(wp|pagination)?(totalpages|pagecount)|xpages")
# A flag that the last record of a page has for the list.
_MORE_IN_RECORD = re.compile(r"[_@$](has_?)?more(_?\w+)?", re.I)
_CONTENT_RANGE = re.compile(r"(?:\w+ )?\d+-\d+/(\d+)")
_LONG = 6  # A text of this length is no word that a request and a page share by chance.
_HEADER_TOKEN = re.compile(
    r"continuation.?token|(^|-)continuation(-|$)|next.?(page)?.?(token|cursor)|(^|-)(after.?)?cursor$|(^|-)next-(page|range)$",
    re.I,
)
_HEADER_LINK = re.compile(r"next-?(page-?)?(link|url|uri)$|^x-next$|pagination-next$", re.I)
# Where the trailer of a page is.
_TRAILER = "-1"
_MAX_DEPTH = 4
_LONGEST_LINK_LIST = 20_000
_COUNTING = "PageNumber(...) or Offset(...)"
_OWN = "one of your own that sends it back"


@dataclass(frozen=True, slots=True)
class NextPageHint:
    """A sign that another page follows.

    sign: what was found, for messages: "`links.next`". setting: what would read it. is_certain: whether the page says
    outright that there is more (a link, a flag); a token or a total may mean something else. is_doubtful: whether it
    often does: a number of records or pages, a `done`, a 206. counts: what it is the number of, if by its name that of
    the whole list. field: the top-level field or the header that has it.
    is_edge: whether it is the place of the page's last record, given beside that of its first, as some APIs do on every
    page (`{"before": ..., "after": ...}`).
    """

    sign: str
    setting: str
    is_certain: bool = False
    is_doubtful: bool = False
    field: str = ""
    is_edge: bool = False
    counts: Literal["records", "pages"] | None = None


@dataclass(frozen=True, slots=True)
class PageField:
    """A field of a page. value: a list only where it may be one of links, or a token.

    is_about_paging: whether it stands where a page speaks of itself, so that a mere `next` counts.
    """

    path: tuple[str, ...]
    value: Any
    is_about_paging: bool

    @property
    def name(self) -> str:
        return normalize(self.path[-1])

    @property
    def top(self) -> str:
        """The top-level field that it is in, of the page or of its trailer."""
        return self.path[1] if self.path[0] == _TRAILER else self.path[0]

    @property
    def place(self) -> str:
        return join_path(self.path)

    def hint(self, setting: str, *, at: str = "", is_certain: bool = False, is_doubtful: bool = False) -> NextPageHint:
        sign = f"`{at or self.place}`" + (f" of {self.value}" if is_doubtful and read_number(self.value) else "")
        return NextPageHint(sign, setting, is_certain=is_certain, is_doubtful=is_doubtful, field=self.top)


def find_next_page_hint(
    page: Page,
    *,
    records: str = "",
    read: Collection[str | None] = (),
    ignored: Collection[str] = (),
    own_places: bool = False,
    pages_read: int = 1,
    received: int | None = None,
) -> NextPageHint | None:
    """The surest sign in a page that another one follows, or None.

    records: where the list is. read: the paths that the paginator has read. ignored: top-level fields and headers that
    are data. own_places: whether a mere `cursor` is where the page itself lies. pages_read: up to this page. received:
    the number of records so far; None if totals don't count as a sign.
    A flag that says that nothing follows outweighs tokens and totals.
    """
    if page.accepted_failure is not None:
        return None
    ignored_headers = {name.lower() for name in ignored}
    link = find_header_link(page) if "link" not in ignored_headers else None
    if link is not None and not says_nothing_follows(link):
        return NextPageHint("the Link header with rel=next", "LinkHeader()", is_certain=True, field="Link")
    sent = list(sent_pairs(page.request))
    fields = list(_fields_of(page, records, ignored))
    edges = {field.path[:-1] for field in fields if field.name in _FIRST_EDGES}
    hints = [
        replace(hint, is_edge=field.path[:-1] in edges and field.name in _LAST_EDGES)
        for field in fields
        if (hint := _read_field(field, pages_read, received)) is not None
        and hint.sign.strip("`") not in read
        and not (own_places and field.name in _OWN_PLACES and not hint.is_certain)
        and not _is_echo(field, sent)
    ]
    hints += [hint for hint in _header_hints(page, pages_read, received) if hint.field.lower() not in ignored_headers]
    hints += _last_record_hints(page, records, ignored)
    certain = next((hint for hint in hints if hint.is_certain), None)
    if certain is not None or any(says_more(field) is False for field in fields):
        return certain
    hints += _start_at_hints(page)
    return min(hints, key=lambda hint: (hint.is_doubtful, hint.counts is None), default=None)


def says_end(page: Page, received: int, *, records: str = "", ignored: Collection[str] = (), pages: int = 1) -> bool:
    """Whether a page says that no other follows: by a flag, a place for a link or a token that is empty, or a total.

    received: how many records came up to it. ignored: top-level fields and headers that are data. pages: up to it.
    """
    fields = _fields_of(page, records, ignored, with_nulls=True)
    headers = [pair for pair in page.headers.items() if pair[0].lower() not in {name.lower() for name in ignored}]
    in_headers = any(_marks_end_in_header(header, value, received, pages) for header, value in headers)
    return in_headers or any(_marks_end(field, received, pages) for field in fields)


def _marks_end_in_header(header: str, value: str, received: int, pages: int) -> bool:
    name = normalize(header)
    if name == "xnextpage":
        return is_blank(value)
    return read_header_total(header, value) == received or (
        _HEADER_PAGE_COUNT.fullmatch(name) is not None and read_number(value) == pages
    )


def _marks_end(field: PageField, received: int, pages: int) -> bool:
    name, value = field.name, field.value
    if value is None or (isinstance(value, str) and is_blank(value)):
        is_link = _NEXT_LINK.fullmatch(name) is not None or (field.is_about_paging and name in _LINKS)
        return is_link or _is_token_name(field)
    if says_more(field) is False or not field.is_about_paging:
        return says_more(field) is False
    if isinstance(value, Mapping):
        raw = value.get("value")
        return name == "total" and raw is not None and read_number(_read_value("value", raw)) == received
    number = read_number(value)
    is_whole = means_total(name) and names_total(name) and number == received
    ends = (means_page_count(name) and number == pages) or (means_left(name) and number == 0)
    return is_whole or ends or (means_done(name) and value is True)


def find_end_flag(page: Page, *, records: str = "") -> str | None:
    """The path of a flag that says that no page follows, or None."""
    fields = _fields_of(page, records)
    return next((field.place for field in fields if says_more(field) is False), None)


def find_more_flag(page: Page, *, records: str = "") -> str | None:
    """The path of a flag that says that another page follows, or None."""
    fields = _fields_of(page, records)
    return next((field.place for field in fields if says_more(field)), None)


def find_scalar_paths(page: Page, *, records: str = "") -> list[str]:
    """The paths of a page's texts, numbers and truth values outside of its records."""
    fields = _fields_of(page, records)
    return [field.place for field in fields if not isinstance(field.value, dict | list)]


def _fields_of(
    page: Page, records: str, ignored: Collection[str] = (), *, with_nulls: bool = False
) -> Iterator[PageField]:
    """The fields of a page outside of its records, and those of its trailer, if it has one."""
    yield from find_fields(
        page.document.members(), (), split_path(records), ignored, is_about_paging=True, with_nulls=with_nulls
    )
    trailer = find_trailer(page.document.records(""), ()) if page.is_of_lines else None
    if trailer is not None:
        kept = {name: raw for name, raw in trailer.items() if name not in ignored}
        yield from find_fields(kept, (_TRAILER,), (), (), is_about_paging=True, with_nulls=with_nulls)


def find_fields(
    members: Mapping[str, Raw],
    above: tuple[str, ...],
    data: Sequence[str],
    ignored: Collection[str],
    *,
    is_about_paging: bool,
    with_nulls: bool = False,
) -> Iterator[PageField]:
    """The fields of an object and of those below it, but for the list at `data` and for other lists' objects.

    with_nulls: also those that are null.
    """
    for name, raw in members.items():
        if (not above and name in ignored) or tuple(data) == (name,):
            continue
        path, below = (*above, name), object_members_at(raw)
        if below is None:
            value = _read_value(name, raw)
            if value is not None or (with_nulls and bytes(raw).strip() == b"null"):
                yield PageField(path, value, is_about_paging)
            continue
        is_way = data[:1] == (name,)
        if not is_way and below:
            yield PageField(path, dict(below), is_about_paging)
        if len(path) == _MAX_DEPTH:
            continue
        is_about = is_way or _is_about_paging(name, below)
        if is_about or not any(_is_list(value) for value in below.values()):
            data_below = data[1:] if is_way else ()
            yield from find_fields(below, path, data_below, ignored, is_about_paging=is_about, with_nulls=with_nulls)


def _read_value(name: str, raw: Raw) -> Any:
    """A scalar, or a list that may be one of links or a token; else None."""
    if not _is_list(raw):
        return read_value(raw)
    may_matter = "link" in normalize(name) or normalize(name) in _WHOLE_TOKENS | _LINKS
    return read_value(raw) if may_matter and len(bytes(raw)) < _LONGEST_LINK_LIST else None


def _is_list(raw: Raw) -> bool:
    return bytes(memoryview(raw)[:64]).lstrip().startswith(b"[")


def _is_about_paging(name: str, members: Mapping[str, Raw]) -> bool:
    """Whether an object is about pages: by its name, or because it gives the size or number of the page."""
    plain = {normalize(member) for member in members}
    is_view = normalize(name) == "view" and not _LINKS.isdisjoint(plain)  # As Hydra has it.
    return is_view or _ABOUT_PAGING.fullmatch(normalize(name)) is not None or not _PAGE_SIZES.isdisjoint(plain)


def _is_echo(field: PageField, sent: Sequence[tuple[str, str]]) -> bool:
    """Whether a page only repeats what its request sent: under the same name, or a long text under any name."""
    if isinstance(field.value, bool | dict | list) or means_more(field.name) or means_last(field.name):
        return False
    text = str(field.value)
    return any(
        text == value_sent and (normalize(name_sent.rpartition(".")[2]) == field.name or len(text) >= _LONG)
        for name_sent, value_sent in sent
    )


def says_more(field: PageField) -> bool | None:
    """Whether a flag says that there is more, also one that is a text or 0 or 1; None for anything else."""
    name, value = field.name, field.value
    flag = None if isinstance(value, dict | list) else read_flag(value)
    if name in ("more", "last", "end") and not field.is_about_paging:
        return None
    if name in _LINKS and not isinstance(value, bool):
        return None  # `next: 1` is a number.
    if means_more(name):
        return flag
    # `last_page: 1` is a number of pages.
    is_number = read_number(value) is not None
    return not flag if means_last(name) and flag is not None and not is_number else None


def _read_field(field: PageField, pages_read: int, received: int | None) -> NextPageHint | None:
    name, value = field.name, field.value
    if says_more(field):
        return field.hint(f'one that finds the next page, with more="{field.place}"', is_certain=True)
    if isinstance(value, list):
        return _read_list(field)
    if isinstance(value, Mapping):
        return _read_object(field, received)
    if isinstance(value, str) and not is_blank(value) and read_number(value) is None:
        return _read_text(field)
    number = read_number(value)
    if number is None:
        is_undone = (means_done(name) and value is False) or (means_capped(name) and value is True)
        is_sign = is_undone and field.is_about_paging
        return field.hint(f'one with more="{field.place}"', is_doubtful=True) if is_sign else None
    if (_is_token_name(field) or (field.is_about_paging and name in _LINKS)) and number > 0:
        return field.hint(f'CursorToken("{field.place}", param=...)')
    if not field.is_about_paging:
        return None
    if means_page_count(name) and number > pages_read:
        return replace(field.hint(f'PageNumber(more="{field.place}")', is_doubtful=True), counts="pages")
    if means_left(name) and number > 0:
        return field.hint(_COUNTING, is_doubtful=normalize(name) in ("remaining", "left"))
    if means_total(name) and received is not None and number > received:
        hint = field.hint(_COUNTING, is_doubtful=True)
        return replace(hint, counts="records") if names_total(name) else hint
    return None


def _is_token_name(field: PageField) -> bool:
    return _NEXT_TOKEN.fullmatch(field.name) is not None or (field.is_about_paging and field.name in _TOKENS)


def _read_text(field: PageField) -> NextPageHint | None:
    name, value = field.name, field.value
    if name in ("href", "url", "link", "uri") and len(field.path) > 1:
        name = normalize(field.path[-2])
    is_link = _NEXT_LINK.fullmatch(name) is not None or (field.is_about_paging and name in _LINKS)
    # An offset that is no number is a token.
    is_token = _is_token_name(field) or (field.is_about_paging and name == "offset")
    if not is_link and not is_token:
        return None
    if is_link and ("/" in value or "?" in value):
        return field.hint(f'NextLink("{field.place}")', is_certain=True)
    if is_token and value.startswith(("http://", "https://", "/", "?")):
        return field.hint(f'NextLink("{field.place}")')
    return field.hint(f'CursorToken("{field.place}", param=...)')


def _read_list(field: PageField) -> NextPageHint | None:
    """A list of links with their relations, one of next links as HAL allows it, or a token that is a list."""
    if field.name in _WHOLE_TOKENS:
        return field.hint(_OWN) if field.value and field.is_about_paging else None
    if field.name in _LINKS:
        first = field.value[0] if field.value else None
        place = f"{field.place}.0.href"
        is_link = field.is_about_paging and isinstance(first, Mapping) and "/" in str(first.get("href"))
        return field.hint(f'NextLink("{place}")', at=place, is_certain=True) if is_link else None
    link = find_next_link([item for item in field.value if isinstance(item, Mapping)])
    if link is None or not field.is_about_paging:
        return None
    setting = f'NextLink("{field.place}")'
    return replace(field.hint(setting, is_certain=True), sign=f"the link with the relation `next` in `{field.place}`")


def _read_object(field: PageField, received: int | None) -> NextPageHint | None:
    """A token that is an object, the parameters of the next page, or a total with its unit beside it."""
    if not field.is_about_paging:
        return None
    members: Mapping[str, Raw] = field.value
    if field.name in _WHOLE_TOKENS:
        return field.hint(_OWN)
    values = {normalize(name): (name, raw) for name, raw in members.items()}
    if field.name == "total" and "value" in values and received is not None:
        name, raw = values["value"]
        total = read_number(_read_value(name, raw))
        if total is not None and total > received:
            sign = f"`{field.place}.{name}` of {total}"
            return NextPageHint(sign, _COUNTING, is_doubtful=True, field=field.path[0], counts="records")
        return None
    if not (field.name.startswith("next") or field.name == "continuation"):
        return None
    for plain in sorted(_PLACES & values.keys(), key=lambda plain: plain in ("page", "offset", "skip", "start")):
        name, raw = values[plain]
        value = _read_value(name, raw)
        if isinstance(value, str | int) and not isinstance(value, bool) and not is_blank(str(value)):
            place = f"{field.place}.{name}"
            return field.hint(f'CursorToken("{place}", param=...)', at=place)
    return None


def _header_hints(page: Page, pages_read: int, received: int | None) -> Iterator[NextPageHint]:
    for header, value in page.headers.items():
        if is_blank(value):
            continue
        if value.lstrip().startswith("{"):
            yield from _read_json_header(header, value, pages_read, received)
        elif (hint := _read_header(header, value, pages_read)) is not None:
            yield hint
        total = read_header_total(header, value)
        if total is not None and received is not None and total > received:
            sign = f"the header {header}: {value}"
            yield NextPageHint(sign, _COUNTING, is_doubtful=True, field=header, counts="records")
    if page.status == 206 and received is not None:
        # Vendors send it for every page, or for all but the last.
        yield NextPageHint("the status 206 (Partial Content)", _COUNTING, is_doubtful=True, field="206")


def _read_header(header: str, value: str, pages_read: int) -> NextPageHint | None:
    """The hint of a header with a link, a token, a flag or a number of pages."""
    name, sign = normalize(header), f"the header {header}"
    if name == "xnextpage":
        return NextPageHint(sign, "PageNumber() or LinkHeader()", field=header)
    if means_more(name.removeprefix("x")) and read_flag(value):
        return NextPageHint(sign, _COUNTING, field=header)
    if _HEADER_PAGE_COUNT.fullmatch(name) and (read_number(value) or 0) > pages_read:
        return NextPageHint(f"{sign}: {value}", "PageNumber()", field=header)
    if _HEADER_LINK.search(header):
        is_link = "/" in value or "?" in value
        return NextPageHint(sign, "one of your own that follows it", is_certain=is_link, field=header)
    if _HEADER_TOKEN.search(header):
        setting = _OWN if name.endswith("range") else f'CursorToken(header="{header}", param=...)'
        return NextPageHint(sign, setting, field=header)
    return None


def read_header_total(header: str, value: str) -> int | float | None:
    """The number of records of all pages that a header gives, or None."""
    name = normalize(header)
    if name == "contentrange":
        ranged = _CONTENT_RANGE.fullmatch(value.strip())
        return None if ranged is None else read_number(ranged[1])
    return read_number(value) if _HEADER_TOTAL.fullmatch(name) else None


def _read_json_header(header: str, value: str, pages_read: int, received: int | None) -> Iterator[NextPageHint]:
    """Signs in a header that holds an object, such as `X-Pagination: {"TotalPages": 4}`."""
    try:
        members = json.loads(value, parse_int=read_integer)
    except (ValueError, RecursionError):
        return
    for name, member in members.items():
        field = PageField((name,), member, is_about_paging=True)
        if not isinstance(member, dict | list) and (hint := _read_field(field, pages_read, received)) is not None:
            sign = f"{hint.sign} in the header {header}"
            yield replace(hint, sign=sign, setting=_COUNTING, is_certain=False, field=header)


def _last_record_hints(page: Page, records: str, ignored: Collection[str]) -> Iterator[NextPageHint]:
    """A flag in the last record that more records follow, as Gerrit has it: `"_more_changes": true`."""
    try:
        found = page.document.records(records)
    except NoListError:
        return
    members = object_members_at(found[-1]) if found and b"more" in bytes(found[-1]).lower() else None
    for name, raw in (members or {}).items():
        if _MORE_IN_RECORD.fullmatch(name) and name not in ignored and bytes(raw).strip() == b"true":
            path = join_path((*split_path(records), "-1", name))
            setting = f'one that finds the next page, with more="{path}"'
            yield NextPageHint(f"`{path}`", setting, is_certain=True, field=name)


def _start_at_hints(page: Page) -> Iterator[NextPageHint]:
    """A `total` beyond `startAt` plus `maxResults`."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        yield NextPageHint("`total`", 'Offset("startAt", more="total")', field="total")
