"""What one walk over pages shows of its own completeness: results held back, and records that changed places."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import FetchError, Offset, Page, PageNumber, Walked
from dazz_assets.sync.fetch.rows import Row
from dazz_assets.sync.fetch.seen import Seen
from dazz_assets.sync.fetch.totals import total_of

# With these an API answers a page beyond the number of results that it lists.
_BEYOND = frozenset({400, 404, 416, 422})
# Parameters of links by which APIs count pages or records: what changes shifts the places behind it.
_COUNTS = frozenset({"page", "offset", "skip", "start", "startat", "start_at", "page_number", "pagenumber"})


class CutShortError(FetchError):
    """The vendor lists less than there is, and there is no smaller range to ask for."""

    advice = (
        "Give the stream's Cursor both `since` and `until`, so that its range can be split; or narrow its `params`."
    )


class Listing:
    """Follows the pages of one walk."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._keys, self._contents = Seen(), Seen()
        self._received = self._inside = 0
        self._sizes: list[int] = []
        self._total: int | None = None
        self._stopped = False
        self._refused: FetchError | None = None
        self.last = ""
        self.newest: int | None = None
        self.is_ascending = True
        self.moved = False

    def add(self, step: Walked, rows: Sequence[Row], inside: int) -> None:
        """Take a page with its rows, of which so many lie inside the walk's bounds."""
        self.last = step.last or ""
        self._received += len(rows)
        self._inside += inside
        if rows:
            self._sizes.append(len(rows))
        for at in (row.cursor_at for row in rows if row.cursor_at is not None):
            self.is_ascending = self.is_ascending and (self.newest is None or at >= self.newest)
            self.newest = at if self.newest is None else max(self.newest, at)
        total = total_of(step.page)
        if is_counted(self._stream, step.page):
            shrank = total is not None and self._total is not None and total < self._total
            # A key that comes twice in a snapshot may be no key; in an incremental list the record moved.
            met_again = self._stream.cursor is not None and self._met_again(rows)
            self.moved = self.moved or met_again or shrank
        self._total = total if total is not None else self._total

    @property
    def total(self) -> int | None:
        """How many records the vendor says that there are; None where it says nothing, or not all were asked for."""
        return None if self._stopped else self._total

    def stop(self) -> None:
        """The walk has all that it was after, and leaves the rest."""
        self._stopped = True

    def refuse(self, error: FetchError) -> bool:
        """Whether the refusal of a page may mean that the vendor lists no further."""
        if not self._sizes or error.status not in _BEYOND:
            return False
        self._refused = error
        return True

    @property
    def is_cut(self) -> bool:
        """Whether the vendor holds records back: it refuses a further page, or ends with a full page before its total.

        The total of an API that counts without the filter is larger as well, but there a full last page is chance.
        """
        if self._refused is not None:
            return True
        if self._stopped or self._total is None or len(self._sizes) < 2:
            return False
        return self._received < self._total and self._sizes[-1] == max(self._sizes)

    @property
    def keeps_to_bounds(self) -> bool:
        """Whether what came lies mostly in the range that was asked for, so that a smaller one would bring less."""
        return 2 * self._inside >= self._received

    def error(self) -> FetchError:
        """What to raise where it is cut, and nothing can be done about it."""
        return self._refused or CutShortError(
            f"the vendor says that there are {self._total} records, and sent {self._received} of them "
            f"(the last page was the last because of {self.last})."
        )

    def _met_again(self, rows: Sequence[Row]) -> bool:
        """Whether a record came before with another content: it left its place, and those behind it moved up."""
        known = self._keys.add_new([hash(row.key) for row in rows])
        new = self._contents.add_new([row.content_hash for row in rows])
        return any(content and not key for key, content in zip(known, new, strict=True))


def is_counted(stream: StreamSpec, page: Page) -> bool:
    """Whether pages are asked for by number, in which case a record that goes away makes another one slip by."""
    if isinstance(stream.paginator, Offset | PageNumber):
        return True
    query = parse_qsl(urlsplit(page.request.url).query)
    return any(name.lower() in _COUNTS and value.isdecimal() for name, value in query)
