"""Checks that a list begins with the first page of its walk and ends with the last one."""

from __future__ import annotations

from collections.abc import Mapping

from dazz_assets.counts import format_count
from dazz_assets.field_paths import join_path, split_path
from dazz_assets.http.client import Client
from dazz_assets.http.errors import FetchError, MissingPaginatorError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.counted_unit import check_numbers
from dazz_assets.http.paging.list_doubts import ListDoubts
from dazz_assets.http.paging.list_edges import describe_fullness, find_page_count, find_previous_page, may_be_full
from dazz_assets.http.paging.more import (
    Last,
    counts_records,
    find_end,
    read_total,
    says_more_by_flag,
    tells_of_more,
)
from dazz_assets.http.paging.next_page_hints import NextPageHint, find_more_flag, find_next_page_hint, says_end
from dazz_assets.http.paging.pagination import (
    OURS,
    CursorToken,
    GraphQLCursor,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
    is_polled,
    path_read_by,
    resume_path,
)
from dazz_assets.http.paging.paging_names import normalize, read_flag
from dazz_assets.http.request_values import read_count
from dazz_assets.http.responses.response_rules import ResponseRules

_FULL_PAGE = "full page"
# Where a connection of GraphQL has its list.
_IN_CONNECTION = frozenset({"edges", "items", "nodes"})


class ListEnds:
    """Reads what the first and the last page of a walk say of pages before and behind them.

    may_have_one_page: the stream says that its list has one page.
    """

    def __init__(
        self, client: Client, paginator: Paginator | None, doubts: ListDoubts, *, may_have_one_page: bool
    ) -> None:
        self._client = client
        self._doubts = doubts
        self._paginator = paginator
        self._may_have_one_page = may_have_one_page
        self._first = 1
        self._says_end_in_vain = False

    def note_followed(self, first: Page, second: Page, rules: ResponseRules, received: int) -> None:
        """Take note that the paginator leads to a second page: then it also finds that there is none.

        received: the number of records of the first one. Raises PaginatorError if they are not counted as pages.
        """
        self._client.settle(_FULL_PAGE)
        check_numbers(self._paginator, first, second, rules)
        self._says_end_in_vain = self._says_end(first, rules, 1, received)

    def check_first(self, page: Page, rules: ResponseRules, received: int) -> None:
        """Warn if the page with which counting begins says that another one comes before it."""
        if not isinstance(self._paginator, PageNumber | Offset) or page.accepted_failure is not None:
            return
        first = self._first = read_count(page.request, self._paginator.param, 1)
        if first == 0:
            return
        counts_pages = isinstance(self._paginator, PageNumber) and first == 1
        sign = find_previous_page(
            page, (received, self._paginator.size or 0) if counts_pages else (), records=rules.records
        )
        if sign is None or sign.strip("`").partition(".")[0] in rules.data_fields:
            return
        name = self._paginator.param
        self._doubts.add(
            "previous page",
            f"{page.request.method} {page.url}: {sign} in the first page says that there is one before it, so counting "
            f'may have to begin at a lower number: for 0, set params = {{"{name}": 0}}.',
        )

    def find_end(self, page: Page, number: int, listed: int, received: int) -> Last | None:
        """The end of a list whose pages are counted, while what its paginator reads is the number of all records.

        number: of the page. listed: the number of its records. received: how many came in all, which no paginator
        knows. On a first page that may be full, the number may be the page's own, and one request more tells.
        """
        paginator = self._paginator
        if type(paginator) is not PageNumber or not counts_records(paginator.more):
            return None
        if number == 1 and may_be_full(page, listed):
            return None
        return find_end(page, listed, paginator.more, received)

    def may_be_refused(self, page: Page, rules: ResponseRules, number: int, received: int) -> bool:
        """Whether the page behind this one may be refused because there is none: this one says that it is the last.

        It does not count if the first page said so, and others followed, or if something in the page says that there is
        more: the API may hold it back. number, received: up to this page.
        """
        if self._says_end_in_vain or not self._says_end(page, rules, number, received):
            return False
        pages = self._count_pages(page, number)
        found = find_next_page_hint(
            page, records=rules.records, ignored=rules.data_fields, pages_read=pages, received=received
        )
        return found is None

    def _says_end(self, page: Page, rules: ResponseRules, number: int, received: int) -> bool:
        if not isinstance(self._paginator, PageNumber | Offset):
            return False
        pages = self._count_pages(page, number)
        return says_end(page, received, records=rules.records, ignored=rules.data_fields, pages=pages)

    def read_on(self, page: Page, listed: int, following: Request | Last) -> Request | Last:
        """What follows a page by its paginator, unless that ends a list one record too early.

        An `Offset` that begins at 1 has reached one more than came, so that at the number of all records one is left.
        """
        paginator = self._paginator
        is_counted_from_1 = type(paginator) is Offset and self._first == 1 and counts_records(paginator.more)
        if not is_counted_from_1 or not isinstance(paginator, Offset) or not listed or isinstance(following, Request):
            return following
        reached = read_count(page.request, paginator.param, 1) + listed
        return paginator.following(page.request, listed) if read_total(page, paginator.more) == reached else following

    def check_last(self, page: Page, before: Page | None, rules: ResponseRules, number: int, received: int) -> None:
        """Look at the page that ends a walk.

        before: the page before it. number: of the page, from 1. received: how many records came in all.

        Raises MissingPaginatorError if it says that there is more, and warns if it may say so. Raises FetchError if it
        has no body, or no record and no flag, although the page before says that there is more.
        """
        if before is not None:
            self._check_body(page, before, rules, number)
            self._check_flag(page, before, rules, number)
            self._check_null(page, rules)
        else:
            self._check_object(page, rules)
        if isinstance(self._paginator, PageNumber) and self._check_page_count(self._paginator, page, rules, received):
            return
        if self._paginator is None or not self._reads_end(page):
            self._check_hints(page, rules, number, received)

    def _check_body(self, page: Page, before: Page, rules: ResponseRules, number: int) -> None:
        """Raises FetchError for a page without a body, if the page before says that there is more."""
        if not page.document.is_empty or page.accepted_failure is not None or "body" in rules.empty:
            return
        if (sign := self._find_promise(before, rules, number - 1)) is not None:
            raise page.make_error(
                FetchError,
                f"{page.status} with an empty body as page {number}, but {sign} in the page before says that there is "
                "more, so records may be missing.",
                'Sync again; if the vendor ends its lists so, set empty = ("body",) on the stream.',
            )

    def _check_flag(self, page: Page, before: Page, rules: ResponseRules, number: int) -> None:
        """Raises FetchError for a page without records that lacks the flag by which the page before says that there is
        more: a page that the vendor made as it makes others would have said that there is none.
        """
        if page.accepted_failure is not None or page.accepted_end is not None or page.document.is_empty:
            return
        flag = self._find_flag(before, rules)
        if flag is None or page.has(flag) or page.has_records(rules, any_=True):
            return
        raise page.make_error(
            FetchError,
            f"page {number} has no records and no `{flag}`, but `{flag}` in the page before says that there is more, "
            "so records may be missing.",
            f'Sync again; if the vendor leaves it out at the end, set data_fields = ("{split_path(flag)[0]}",).',
        )

    def _find_flag(self, page: Page, rules: ResponseRules) -> str | None:
        """The flag that says that there is more, of a list that an empty page would end; None if nothing does."""
        paginator = self._paginator
        flag: str | None = None
        if isinstance(paginator, GraphQLCursor):
            path = paginator.flag_in(page.request)
            flag = path if read_flag(page.value(path)) else None
        elif isinstance(paginator, PageNumber | Offset):
            is_told = says_more_by_flag(page, paginator.more)
            flag = paginator.more if is_told else find_more_flag(page, records=rules.records)
        return None if flag is None or split_path(flag)[0] in rules.data_fields else flag

    def _find_promise(self, page: Page, rules: ResponseRules, number: int) -> str | None:
        """What in a page says that there is more, for messages; None if nothing does."""
        paginator = self._paginator
        if not isinstance(paginator, OURS) or is_polled(paginator):
            return None
        more = None if isinstance(paginator, GraphQLCursor) else paginator.more
        if says_more_by_flag(page, more):
            return f"`{more}`"
        if (way := _way_on(paginator, page)) is not None:
            return way
        hint = find_next_page_hint(page, records=rules.records, ignored=rules.data_fields)
        if hint is not None and hint.is_certain:
            return hint.sign
        count = self._find_page_count(page, rules)
        return None if count is None or self._count_pages(page, number) >= count[1] else f"`{count[0]}` of {count[1]}"

    def _find_page_count(self, page: Page, rules: ResponseRules) -> tuple[str, int] | None:
        """The number of pages that a page names, with where it stands, unless it is data."""
        named = find_page_count(page, records=rules.records)
        return None if named is None or split_path(named[0])[0] in rules.data_fields else named

    def _count_pages(self, page: Page, number: int) -> int:
        """How many pages the list has up to this one. number: how many the walk has."""
        if not isinstance(self._paginator, PageNumber):
            return number
        return read_count(page.request, self._paginator.param, 1) + (1 if self._first == 0 else 0)

    def _check_null(self, page: Page, rules: ResponseRules) -> None:
        """Warn if a later page has a null in place of what has its list and the way on: it may be an error untold."""
        way, read = split_path(rules.records), split_path(path_read_by(self._paginator, page.request) or "")
        shared = next((place for place in range(len(way)) if read[: place + 1] != way[: place + 1]), len(way))
        for length in range(1, min(shared, len(way) - 1) + 1):
            path = join_path(way[:length])
            if page.has(path) and page.value(path) is None:
                self._doubts.add(
                    "null page",
                    f"{page.request.method} {page.url}: `{path}` is null in a later page, so nothing says whether the "
                    "list ends there or records are missing.",
                )

    def _check_object(self, page: Page, rules: ResponseRules) -> None:
        """Warn if the object of a query, in which its list would be, is null: there is none, or it can't be seen."""
        way, body = split_path(rules.records), page.request.body
        if not isinstance(body, Mapping) or "query" not in body or way[:1] != ("data",) or "missing" in rules.empty:
            return
        # A list that is null is empty, and so is one of `nodes`, whose object is a part of the list.
        most = len(way) - (2 if way[-1] in _IN_CONNECTION else 1)
        for path in (join_path(way[:length]) for length in range(2, most + 1)):
            if page.has(path) and page.value(path) is None:
                self._doubts.add(
                    "null object",
                    f"{page.request.method} {page.url}: `{path}` is null and no error says why, so there may be no "
                    "such object, or the credentials may not see it. A snapshot counts what it had as gone. If the "
                    'list is empty then, set empty = ("missing",) on the stream.',
                )

    def _check_page_count(self, paginator: PageNumber, page: Page, rules: ResponseRules, received: int) -> bool:
        """Warn if the page that ended the list is empty, or ended it by a `more` of unknown meaning, although the list
        has more pages; whether it is so.
        """
        is_empty = not page.has_records(rules, any_=True)
        if (
            page.accepted_failure is not None
            or page.accepted_end is not None
            or not (is_empty or self._may_misread(page))
        ):
            return False
        named, count = self._find_page_count(page, rules), self._count_pages(page, 1)
        if named is None or not (1 < count <= named[1] if is_empty else count < named[1]):
            return False
        number = read_count(page.request, paginator.param, 1)
        ended = "is empty and ended the list" if is_empty else f"ended the list by `{paginator.more}`"
        advice = "" if is_empty else "Correct the paginator's `more`, or leave it out. "
        if is_empty and number == named[1] and self._first > 0:
            advice = (
                f'If the API counts pages from 0, the first one is missing: set params = {{"{paginator.param}": 0}}. '
            )
        self._doubts.add(
            "page count",
            f"{page.request.method} {page.url}: page {number} {ended} after {format_count(received, 'record')}, "
            f"but `{named[0]}` says that there are {named[1]} pages, so records may be missing. "
            f'{advice}If it counts something else, set data_fields = ("{split_path(named[0])[0]}",).',
        )
        return True

    def _may_misread(self, page: Page) -> bool:
        """Whether a page has something at `more` whose name does not say what it means."""
        more = self._paginator.more if isinstance(self._paginator, PageNumber) else None
        return more is not None and page.has(more) and not tells_of_more(more)

    def _reads_end(self, page: Page) -> bool:
        """Whether the paginator ended the list by what it was told to read: the author has decided what is right."""
        paginator = self._paginator
        if is_polled(paginator):
            return True
        more = getattr(paginator, "more", None) if isinstance(paginator, OURS) else None
        return more is not None and page.has(more)

    def _check_hints(self, page: Page, rules: ResponseRules, number: int, received: int) -> None:
        """Without a paginator, a token counts too: nothing else could fetch what it leads to. So does a number of all
        records or pages, unless it may count what the request's filter leaves out.
        """
        paginator = self._paginator
        looks_nowhere = number == 1 and self._lacks_path(page)
        may_be_cut = number == 1 and (paginator is None or looks_nowhere)
        # A total that the stream declares is compared with the whole list; one that it switched off is not looked at.
        counts_totals = rules.total == "" and (paginator is None or looks_nowhere)
        hint = find_next_page_hint(
            page,
            records=rules.records,
            read=(path_read_by(paginator, page.request) or getattr(paginator, "path", None), resume_path(paginator)),
            # LinkHeader has read its header: it leads nowhere.
            ignored=(*rules.data_fields, *(["Link"] if isinstance(paginator, LinkHeader) else [])),
            own_places=_reads_next(paginator, page),
            pages_read=number,
            received=received if counts_totals else None,
        )
        if hint is None or (paginator is not None and self._explains(paginator, hint, number)):
            if may_be_cut and rules.shape != "object" and page.accepted_failure is None:
                self._check_fullness(page, rules, received)
            return
        finds = "no paginator is set" if paginator is None else f"{type(paginator).__name__} does not read it"
        problem = f"{hint.sign} in the page says that there is more, but {finds}."
        is_data = f'if it is data, `data_fields = ("{hint.field}",)`'
        is_other = "if it counts something else, such as what your own filter leaves out, `total = None`"
        otherwise = is_other if hint.counts == "records" else is_data
        advice = f"Set `paginator` to {hint.setting}, or, {otherwise}."
        url = f"{page.request.method} {page.url}"
        is_own = paginator is not None and not isinstance(paginator, OURS)
        # A header that is left out on the only page is usual; a path in the body that leads to nothing may be wrong.
        is_misplaced = looks_nowhere and path_read_by(paginator, page.request) is not None
        is_sure = hint.is_certain or (is_misplaced and not hint.is_doubtful)
        if (is_sure and not is_own) or (paginator is None and _is_cut_short(hint, rules)):
            raise MissingPaginatorError(problem, url=url, advice=advice)
        self._doubts.add(f"unread {hint.field}", f"{url}: {problem.replace('says', 'may say')} {advice}")

    def _check_fullness(self, page: Page, rules: ResponseRules, received: int) -> None:
        """Warn of a list that ends with its first page, if that may have no more records than it has."""
        paginator = self._paginator
        why = describe_fullness(page, received, records=rules.records, guesses=paginator is None)
        if self._may_have_one_page or why is None:
            return
        advice = f"If there may be more, {'set' if paginator is None else 'correct'} `paginator`"
        finds = "no paginator is set" if paginator is None else f"{type(paginator).__name__} found no way on"
        self._doubts.add(
            _FULL_PAGE,
            f"{page.request.method} {page.url}: the list may be cut off: its only page has "
            f"{format_count(received, 'record')}, {why}, and {finds}. {advice}; if the "
            "list has one page only, set max_pages = 1.",
        )

    def _explains(self, paginator: Paginator, hint: NextPageHint, number: int) -> bool:
        """Whether the paginator may leave a token unread: it has found the way so far, or reads the field beside it."""
        if hint.is_certain or hint.is_doubtful or not isinstance(paginator, LinkHeader | NextLink | CursorToken):
            return False
        path = split_path(getattr(paginator, "path", None) or "")
        return number > 1 or (hint.is_edge and path[:1] == (hint.field,))

    def _lacks_path(self, page: Page) -> bool:
        """Whether the place where the paginator looks is missing. A null there is how vendors mark the last page."""
        paginator = self._paginator
        if isinstance(paginator, LinkHeader):
            return "link" not in page.headers
        if isinstance(paginator, CursorToken) and paginator.header is not None:
            return paginator.header not in page.headers
        path = path_read_by(paginator, page.request)
        return path is not None and not page.has(path)


def _way_on(paginator: Paginator, page: Page) -> str | None:
    """Where a page gives the link or token that leads on; None if it does so on its last page, too."""
    if isinstance(paginator, LinkHeader):
        return "the Link header"
    if isinstance(paginator, CursorToken):
        return None if paginator.repeats or not paginator.is_page_token else f"the token {paginator.place}"
    path = path_read_by(paginator, page.request)
    return None if path is None else f"`{path}`"


def _reads_next(paginator: Paginator | None, page: Page) -> bool:
    """Whether the paginator reads a token that is by its name that of the next page, and the page has a place for it.

    Beside a place for a link it may be another way on, which the page does have.
    """
    path = paginator.path if isinstance(paginator, CursorToken) else None
    return path is not None and page.has(path) and any("next" in normalize(name) for name in split_path(path))


def _is_cut_short(hint: NextPageHint, rules: ResponseRules) -> bool:
    """Whether a page that is not followed is only a part of its list by this sign."""
    is_list = rules.shape != "object" and not rules.is_filtered
    return not hint.is_doubtful or (is_list and hint.counts is not None)
