"""What the walk of a list tells the pass that stores it: pages, the end, and that what came is void."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.http import FetchError
from dazz_assets.http.page import WalkedPage


@dataclass(slots=True)
class ListPages:
    """Pages that follow one another in a list were read: a single one, if several sources were asked for together.

    list_number: counts the lists read of its sources. first_open: the first of those that may still turn out void:
    the current one, or of several sources the first of theirs. received: records of the pages.
    rows: of each source those to be stored, unless they are already. Of several sources, pages after the first one have
    only those with records.
    sources: all of the list. is_numbered: its pages are requested by numbers of pages or records. bounds: of the list.
    ends_at: the end that was sent for it, in microseconds; None if none was.
    """

    list_number: int
    first_open: int
    steps: Sequence[WalkedPage]
    received: int
    rows: Sequence[tuple[Source, RowBatch]]
    sources: Sequence[Source]
    is_numbered: bool
    bounds: Bounds
    ends_at: int | None


@dataclass(slots=True)
class ListEnd:
    """The list of some sources, which were asked for together, was walked to its end, or the walk failed with an error.

    reason: why the last page was the last. position: where the next walk goes on, for a paginator that keeps its place.
    shifted: records moved to other pages during each read, so some may be missing.
    total: the vendor's total, if the list was read in a single walk. agrees_with_total: see `ListProgress`.
    is_unsorted: whether a whole list was in another order than the declared one, newest first; None if not known.
    doubt: why the list may not be complete, with the setting that settles it.
    doubts: the keys of warnings that say the same, which may turn out to be needless until the pass ends.
    unusable: why no request can be made for a parent (its record lacks a field that the path needs).
    strays: how many records lay far outside the range that was asked for.
    nulls: how many nulls the list had in place of records.
    has_no_list: the stream skips what was answered, which is that there is no such list.
    """

    sources: Sequence[Source]
    reason: str = ""
    error: FetchError | None = None
    shifted: bool = False
    total: int | None = None
    agrees_with_total: bool = False
    position: str | None = None
    unusable: str | None = None
    doubt: str | None = None
    strays: int = 0
    nulls: int = 0
    has_no_list: bool = False
    is_unsorted: bool | None = None
    doubts: AbstractSet[str] = frozenset()


@dataclass(slots=True)
class ListRestart:
    """Lists of the sources are void, and what they had is listed again: the current one if records moved to other pages
    or it was cut short, and all of a request for several sources that is split.

    first_list: the number of the first one that is void; all after it are too.
    """

    sources: Sequence[Source]
    first_list: int


WalkEvent = ListPages | ListRestart | ListEnd
