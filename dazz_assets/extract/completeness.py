"""What shows whether a list is whole: totals, results held back, records that changed places or have no key."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.dedupe import SeenHashes
from dazz_assets.extract.drift import RecordShape
from dazz_assets.http import FetchError, Offset, Page, PageNumber, WalkedPage
from dazz_assets.names import closest_name, list_names
from dazz_assets.spec.specs import StreamSpec

# Members by which APIs name the number of records of a list; beside it, or in its `meta`.
_NAMES = (
    "total",
    "total_count",
    "totalCount",
    "meta.total",
    "meta.total_count",
    "meta.count.total",
    "pagination.total",
)


def vendor_total(page: Page) -> int | None:
    """The total that a page names, or None. It counts what the request asked for, filters included."""
    for name in _NAMES:
        value = page.value(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


# With these an API answers a page beyond the number of results that it lists.
_BEYOND = frozenset({400, 404, 416, 422})
# Parameters of links by which APIs count pages or records: what changes shifts the places behind it.
_COUNTS = frozenset({"page", "offset", "skip", "start", "startat", "start_at", "page_number", "pagenumber"})


class CutShortError(FetchError):
    """The vendor lists less than there is, and there is no smaller range to ask for."""

    advice = (
        "Give the stream's Cursor both `since` and `until`, so that its range can be split; or narrow its `params`."
    )


class ListProgress:
    """Follows the pages of one walk."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._keys, self._contents = SeenHashes(), SeenHashes()
        self._received = self._inside = 0
        self._sizes: list[int] = []
        self._total: int | None = None
        self._stopped = False
        self._refused: FetchError | None = None
        self.last = ""
        self.newest: int | None = None
        self.is_ascending = True
        self.moved = False

    def add(self, step: WalkedPage, rows: Sequence[RawRow], inside: int) -> None:
        """Take a page with its rows, of which so many lie inside the walk's bounds."""
        self.last = step.end_reason or ""
        self._received += len(rows)
        self._inside += inside
        if rows:
            self._sizes.append(len(rows))
        for at in (row.cursor_at for row in rows if row.cursor_at is not None):
            self.is_ascending = self.is_ascending and (self.newest is None or at >= self.newest)
            self.newest = at if self.newest is None else max(self.newest, at)
        total = vendor_total(step.page)
        if is_paged_by_number(self._stream, step.page):
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

    def _met_again(self, rows: Sequence[RawRow]) -> bool:
        """Whether a record came before with another content: it left its place, and those behind it moved up."""
        known = self._keys.add_new([hash(row.key) for row in rows])
        new = self._contents.add_new([row.content_hash for row in rows])
        return any(content and not key for key, content in zip(known, new, strict=True))


def is_paged_by_number(stream: StreamSpec, page: Page) -> bool:
    """Whether pages are asked for by number, in which case a record that goes away makes another one slip by."""
    if isinstance(stream.paginator, Offset | PageNumber):
        return True
    query = parse_qsl(urlsplit(page.request.url).query)
    return any(name.lower() in _COUNTS and value.isdecimal() for name, value in query)


class RecordsInUse:
    """Counts the records of a sync that have what they need."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._is_any = False
        self._unusable = 0
        self._example = ""

    def see(self, rows: Sequence[RawRow]) -> None:
        """Take the rows of a page."""
        problems = [row.problem for row in rows if row.problem is not None]
        self._is_any = self._is_any or len(problems) < len(rows)
        self._unusable += len(problems)
        self._example = self._example or next(iter(problems), "")

    def fault(self, shape: RecordShape) -> str | None:
        """Why none of the records is of use: a mistake of the stream's author. None where one is, or none came."""
        if self._is_any or not self._unusable:
            return None
        stream, name = self._stream, self._stream.stream.__name__
        none_has = f"none of the records that came ({self._unusable}) has"
        settings = [("key", "primary_key", path) for path in stream.primary_key]
        if stream.cursor is not None:
            settings.append(("cursor", "cursor", stream.cursor.field))
        for noun, setting, path in settings:
            if (found := _fault_at(path, shape)) is not None:
                return f"{none_has} a {noun} at `{path}`: {found} Correct `{setting}` of {name}"
        return (
            f"{none_has} a cursor that gives it a place in an order: {self._example}. Cursors are RFC 3339 times, "
            f"dates or epoch numbers; correct `cursor` of {name}, or leave it out: then each sync fetches all records"
        )


def _fault_at(path: str, shape: RecordShape) -> str | None:
    """What is there in the place of a text or number, where that is so in every record."""
    types = shape.types()
    kinds = types.get(path)
    if kinds is None:
        fields = [name for name, found in types.items() if "[]" not in name and not found & {"object", "list"}]
        close = closest_name(path, fields)
        return f"they have {list_names(fields)}" + (f"; did you mean {close!r}?" if close else ".")
    if not kinds:
        return "it is null in each of them."
    if kinds <= {"object", "list"}:
        below = [name for name in types if name.startswith(f"{path}.")]
        return f"it is {' or '.join(sorted(kinds))} there" + (f"; they have {list_names(below)}." if below else ".")
    return None
