"""Checks whether a walk listed everything."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.content_hashes import SeenHashes
from dazz_assets.http import FetchError, Offset, Page, PageNumber, WalkedPage
from dazz_assets.spec.specs import StreamSpec

# Where APIs give the total number of records of a list.
_TOTAL_PATHS = (
    "total",
    "total_count",
    "totalCount",
    "meta.total",
    "meta.total_count",
    "meta.count.total",
    "pagination.total",
)
# Statuses with which APIs refuse pages beyond their result limit.
_PAST_LIMIT_STATUSES = frozenset({400, 404, 416, 422})
# Parameters of next links that count pages or records: a removed record shifts those behind it.
_NUMBER_PARAMETERS = frozenset({"page", "offset", "skip", "start", "startat", "start_at", "page_number", "pagenumber"})


class CutShortError(FetchError):
    """The vendor lists fewer records than it has, and the range can't be split further."""

    advice = (
        "Give the stream's Cursor both `since` and `until`, so that its range can be split; or narrow its `params`."
    )


class ListProgress:
    """Follows the pages of one walk to tell whether the list is complete.

    end_reason: why the last page was the last. newest: the greatest cursor seen, in microseconds.
    is_ascending: whether cursors came in ascending order.
    shifted: whether records moved to other pages during the walk.
    """

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._seen_keys, self._seen_contents = SeenHashes(), SeenHashes()
        self._received = self._inside = 0
        self._page_sizes: list[int] = []
        self._total: int | None = None
        self._stopped = False
        self._refused: FetchError | None = None
        self.end_reason = ""
        self.newest: int | None = None
        self.is_ascending = True
        self.shifted = False

    def add(self, step: WalkedPage, rows: Sequence[RawRow], inside: int) -> None:
        """Add a page with its rows; inside is how many of them lie inside the walk's bounds."""
        self.end_reason = step.end_reason or ""
        self._received += len(rows)
        self._inside += inside
        if rows:
            self._page_sizes.append(len(rows))
        for at in (row.cursor_at for row in rows if row.cursor_at is not None):
            self.is_ascending = self.is_ascending and (self.newest is None or at >= self.newest)
            self.newest = at if self.newest is None else max(self.newest, at)
        total = vendor_total(step.page)
        if is_paged_by_number(self._stream, step.page):
            shrank = total is not None and self._total is not None and total < self._total
            # A key that comes twice in a snapshot may just not be unique; in an incremental list, the record moved.
            changed = self._stream.cursor is not None and self._has_changed_record(rows)
            self.shifted = self.shifted or changed or shrank
        self._total = total if total is not None else self._total

    @property
    def total(self) -> int | None:
        """The vendor's total; None if it gives none or the walk was stopped early."""
        return None if self._stopped else self._total

    def stop(self) -> None:
        """Note that the walk ends early on purpose."""
        self._stopped = True

    def is_result_limit(self, error: FetchError) -> bool:
        """Whether the failure of the next page marks the vendor's result limit."""
        return bool(self._page_sizes) and error.status in _PAST_LIMIT_STATUSES

    def end_at_limit(self, error: FetchError) -> None:
        """Note that the walk ended at the vendor's result limit: the list then counts as cut short."""
        self._refused = error

    @property
    def is_cut_short(self) -> bool:
        """Whether the vendor withheld records: it refused a further page, or ended on a full page below its total.

        A total alone proves nothing: APIs that count without the filter always give a larger one.
        """
        if self._refused is not None:
            return True
        if self._stopped or self._total is None or len(self._page_sizes) < 2:
            return False
        return self._received < self._total and self._page_sizes[-1] == max(self._page_sizes)

    @property
    def respects_bounds(self) -> bool:
        """Whether most records lie in the requested range, so that a smaller range would return fewer."""
        return 2 * self._inside >= self._received

    def make_error(self) -> FetchError:
        """The error to raise for a list that was cut short and can't be split."""
        return self._refused or CutShortError(
            f"the vendor gives a total of {self._total} records, but sent only {self._received} "
            f"(the list ended: {self.end_reason})."
        )

    def _has_changed_record(self, rows: Sequence[RawRow]) -> bool:
        """Whether a key came again with other content: the record left its place, and those behind it moved up."""
        new_keys = self._seen_keys.add_new([hash(row.key) for row in rows])
        new_contents = self._seen_contents.add_new([row.content_hash for row in rows])
        return any(content and not key for key, content in zip(new_keys, new_contents, strict=True))


def vendor_total(page: Page) -> int | None:
    """The total that a page gives, or None. Many APIs count without the request's filters."""
    for path in _TOTAL_PATHS:
        value = page.value(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def is_paged_by_number(stream: StreamSpec, page: Page) -> bool:
    """Whether pages are requested by number, so that a removed record can make the walk miss another one."""
    if isinstance(stream.paginator, Offset | PageNumber):
        return True
    query = parse_qsl(urlsplit(page.request.url).query)
    return any(name.lower() in _NUMBER_PARAMETERS and value.isdecimal() for name, value in query)
