"""Checks whether a walk listed everything, and whether a sync got records that have a key and a cursor."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.dedupe import SeenHashes
from dazz_assets.extract.drift import RecordShape
from dazz_assets.http import FetchError, Offset, Page, PageNumber, WalkedPage
from dazz_assets.names import closest_name, list_names
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

    def accept_refusal(self, error: FetchError) -> bool:
        """Whether a failed page marks the vendor's result limit; if so, the list counts as cut short."""
        if not self._page_sizes or error.status not in _PAST_LIMIT_STATUSES:
            return False
        self._refused = error
        return True

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
        """Return the error to raise for a list that was cut short and can't be split."""
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
    """Return the total that a page gives, or None. Many APIs count without the request's filters."""
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


class UsableRecordCheck:
    """Checks that at least one record of a sync has its key and cursor."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._has_usable = False
        self._unusable = 0
        self._example = ""

    def add(self, rows: Sequence[RawRow]) -> None:
        """Add the rows of a page."""
        problems = [row.problem for row in rows if row.problem is not None]
        self._has_usable = self._has_usable or len(problems) < len(rows)
        self._unusable += len(problems)
        self._example = self._example or next(iter(problems), "")

    def find_fault(self, shape: RecordShape) -> str | None:
        """Explain why no record is usable, and what to correct; None if one is, or if there are no records."""
        if self._has_usable or not self._unusable:
            return None
        stream, name = self._stream, self._stream.stream.__name__
        none_has = f"none of the {self._unusable} records received has"
        settings = [("key", "primary_key", path) for path in stream.key_paths]
        if stream.cursor is not None:
            settings.append(("cursor", "cursor", stream.cursor.field))
        for noun, setting, path in settings:
            if (found := _describe_wrong_path(path, shape)) is not None:
                return f"{none_has} a {noun} at `{path}`: {found} Correct `{setting}` of {name}"
        if self._example.startswith("no key") and stream.key_parent_fields:
            fields = list_names([f"{{parent.{field}}}" for field in stream.key_parent_fields])
            return f"{none_has} a key: {fields} has no value in the parent's record. Correct `primary_key` of {name}"
        return (
            f"{none_has} a usable cursor: {self._example}. Cursors are RFC 3339 times, dates or epoch numbers; "
            f"correct `cursor` of {name}, or leave it out, and each sync fetches all records"
        )


def _describe_wrong_path(path: str, shape: RecordShape) -> str | None:
    """Say what a path holds instead of a text or number; None if some record has a text or number there."""
    types = shape.types()
    kinds = types.get(path)
    if kinds is None:
        fields = [name for name, found in types.items() if "[]" not in name and not found & {"object", "list"}]
        close = closest_name(path, fields)
        return f"they have {list_names(fields)}" + (f"; did you mean {close!r}?" if close else ".")
    if not kinds:
        return "it is null in all of them."
    if kinds <= {"object", "list"}:
        below = [name for name in types if name.startswith(f"{path}.")]
        found = " or ".join("an object" if kind == "object" else "a list" for kind in sorted(kinds, reverse=True))
        return f"it is {found} there" + (f"; they have {list_names(below)}." if below else ".")
    return None
