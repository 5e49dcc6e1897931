"""What the passes of one sync share, and how they commit."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain

from dazz_assets.errors import SyncError
from dazz_assets.extract.completeness.accepted_answers import AcceptedAnswers
from dazz_assets.extract.completeness.nested_lists import NestedLists
from dazz_assets.extract.completeness.range_exits import RangeExits
from dazz_assets.extract.cursor_signs import CursorSigns
from dazz_assets.extract.dedupe import BoundaryTracker, NewRowFilter
from dazz_assets.extract.drift import RecordShape
from dazz_assets.extract.list_events import ListEnd
from dazz_assets.extract.marks import IDENTITY, NOT_SET, Source, has_other_identity, row_identity
from dazz_assets.extract.parent_groups import name_sources
from dazz_assets.extract.ranges import START, SyncPlan, SyncRange
from dazz_assets.extract.request_change import REQUEST, hash_request
from dazz_assets.extract.usable_records import UsableRecordCheck
from dazz_assets.http import FetchError
from dazz_assets.lake import Commit, DataFile, LakeError, Table, TableVersion, count_keys
from dazz_assets.lake.commit import PASSES
from dazz_assets.lake.versions.outranked_keys import OutrankedKeys, find_outranked
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.tables import create_tables

# The application transaction that says that the vendor's total agreed with a list.
_TOTAL = "total"
# The one that says whether the last list that was read whole was in another order than newest first, as declared.
_UNSORTED = "unsorted"
EXAMINED = "examined"
"""The application transaction of a raw table that names the mark at which nothing turned out to be left out."""


class SyncState:
    """What the passes of one sync share. Raises SyncError for a stream that can't be stored in its table.

    place: names the connection and the stream in messages.
    plan: where the walks of the range begin and end, or of everything if the stream's key or cursor changed.
    replaces_all: what is fetched replaces everything stored, in one commit, once all of it has arrived.
    identity_changed: the stored rows were made with another key or cursor, so none of them is kept.
    stored: the table's newest version.
    accepts_shrink: whether a complete list may lose any share of its records. trusts_total: see `ListProgress`.
    is_unsorted: whether lists that shall be newest first are not, so that each is read to its end.
    parents: the parents of all sources. unchanged: those that are not listed, for they have not changed since.
    alike: parents that no request can be made for, and why (see `find_alike`).
    failed, passed_over: sources, by parent, whose walk failed, and those the vendor refused to list.
    uncertain: sources whose lists may lack records, though the sync goes on.
    mark_stays: those of them whose marks stay, so that a later sync lists the same again.
    without_list: sources of which the vendor says that they have no list, where only changed parents are listed.
    accepted: what the vendor says in place of records, or beside them. shared_keys: at a first sync, how many records
    have the key of another one in the same page.
    strays: how many records lay far outside the range that was asked for.
    examined: the mark at which this sync asked whether the API leaves out records, as `EXAMINED` has it.
    set_back: records that came with an earlier cursor than what was stored of them before this sync.
    nulls: how many nulls came in place of records, where several parents were asked for together. with_nulls:
    the parents that they may belong to.
    """

    def __init__(self, session: Session, stream: StreamSpec, range_: SyncRange) -> None:
        self.session = session
        self.stream = stream
        self.place = session.place(stream)
        self.table = session.raw(stream)
        self.stored = _open_or_create(session, self.table)
        _require_same_layout(session, stream, self.stored)
        self.identity_changed = has_other_identity(self.stored, stream)
        if self.identity_changed:
            range_ = SyncRange(refetch=True, accept_shrink=range_.accept_shrink)
        self.plan = SyncPlan(session, stream, range_, self.stored, may_reread=True)
        self.replaces_all = range_.refetch or not stream.cursor
        self.accepts_shrink = range_.accept_shrink
        self.client = session.client(stream.name)
        self.row_filter = NewRowFilter(None, None)
        self.boundaries: dict[str | None, BoundaryTracker] = {}
        self.parents: Sequence[str | None] = ()
        self.unchanged: frozenset[str | None] = frozenset()
        self.alike: dict[str | None, str] = {}
        self.failed: dict[str | None, FetchError] = {}
        self.passed_over: dict[str | None, str] = {}
        self.has_unusable_parents = False
        self.mark_stays: set[str | None] = set()
        self.uncertain: set[str | None] = set()
        self.without_list: set[str | None] = set()
        self.with_nulls: set[str | None] = set()
        self._doubted: list[tuple[Sequence[Source], AbstractSet[str]]] = []
        self.strays = self.nulls = 0
        self.examined: int | None = None
        self.set_back: OutrankedKeys | None = None
        self._stored_before = self.stored
        self.totals: list[int | None] = []
        self.exits = RangeExits()
        self.accepted = AcceptedAnswers()
        self.shared_keys = 0
        self.shape = RecordShape(stream.sensitive)
        self.nested_lists = NestedLists(stream.rules.data_fields)
        self.usable_check = UsableRecordCheck(stream)
        self.cursor_signs = CursorSigns(stream)
        self.report = StreamReport(session.connection.id, stream.name)
        self.trusts_total = self.stored.transaction(_TOTAL) == 1
        is_newest_first = stream.cursor is not None and stream.cursor.order == "desc"
        self.is_unsorted = is_newest_first and self.stored.transaction(_UNSORTED) == 1
        self._sorted: set[str | None] = set()
        self._request = hash_request(session, stream)

    @property
    def has_other_request(self) -> bool:
        """Whether records are asked for from the mark on, by another request than in the last sync."""
        cursor = self.stream.cursor
        lists_all = cursor is None or not (self.stream.takes_since or cursor.order == "desc")
        known = None if lists_all or self.replaces_all else self.stored.transaction(REQUEST)
        return known is not None and known != self._request

    @property
    def is_first(self) -> bool:
        """Whether rows are added to a table that had none, which is when a key is seen to be no key."""
        return not self._stored_before.rows and not self.replaces_all

    def begin_again(self) -> None:
        """Forget what a listing found, before all of it is listed again."""
        self.row_filter.close()
        self.row_filter = NewRowFilter(None, None)
        for found in (self.boundaries, self.failed, self.passed_over, self.totals, self._sorted):
            found.clear()
        self._doubted.clear()
        for parents in (self.mark_stays, self.uncertain, self.without_list, self.with_nulls):
            parents.clear()
        self.exits, self.accepted = RangeExits(), AcceptedAnswers()
        self.nulls = self.strays = 0
        self.usable_check = UsableRecordCheck(self.stream)
        self.report.repeated = self.report.problems = 0

    def note_whole_list(self, event: ListEnd) -> None:
        """Note how a list ended that was walked whole, in which order it came, and whether its total can be trusted."""
        self.report.end_reason = event.reason
        self.totals.append(event.total)
        self.trusts_total = self.trusts_total or (event.agrees_with_total and self._proves_total(event))
        parents = {source.parent for source in event.sources}
        if event.is_unsorted:
            self.is_unsorted = True
        if event.is_unsorted is not None:
            self._sorted = self._sorted - parents if event.is_unsorted else self._sorted | parents

    def note_doubts(self, event: ListEnd) -> None:
        """Note what a walk warned of: that records of its list may be missing."""
        if event.doubts:
            self._doubted.append((event.sources, event.doubts))

    def keep_doubted_marks(self) -> None:
        """Keep the marks of the lists of which a warning still says that records may be missing."""
        open_doubts = [sources for sources, keys in self._doubted if not all(map(self.client.is_settled, keys))]
        self._doubted.clear()
        if not (sources := list(chain.from_iterable(open_doubts))):
            return
        parents = {source.parent for source in sources}
        self.uncertain |= parents
        if not self.replaces_all:
            self.mark_stays |= parents
            where = "" if self.stream.parent is None else f"{name_sources(self.stream, sources)}: "
            self.report.add_gap(f"{where}records may be missing, as a warning says; {self.describe_retry(sources)}")

    def describe_retry(self, sources: Sequence[Source]) -> str:
        """Say when the lists of some sources are read again whose marks stay."""
        which = "a later" if self.plan.rereads(sources[0]) else "the next"
        return f"the mark stays, and {which} sync lists them again"

    def _proves_total(self, event: ListEnd) -> bool:
        """Whether a total that agrees with a list counts what the request asks for.

        One that counts all records, whatever the filter, agrees with a list from the very start, and with one of
        changes if all records have changed. Those that are stored may be gone at the vendor, but hardly half of them.
        """
        if self.stream.cursor is None:
            return True
        has_mark = any(source.mark is not None for source in event.sources)
        parents = [source.parent for source in event.sources if source.parent is not None]
        most = 2 * (event.total or 0)
        if not has_mark or most >= self.stored.rows:  # No file has to be opened: there are no more keys than rows.
            return False
        return most < count_keys(self.stored, of_parents=parents)

    def stored_keys(self, *, without: AbstractSet[str]) -> int:
        """Return how many records are stored, each key once, apart from those of some parents."""
        return count_keys(self.stored, without_parents=without)

    def commit(self, commit: Commit) -> None:
        """Commit to the table. Raises SyncError if someone else committed a pass meanwhile (the lock was bypassed)."""
        before, stored = _count_passes(self.stored), self.stored
        # Always set: a stream without records counts as synced too.
        trust = {_TOTAL: 1} if self.trusts_total else {}
        examined = {} if self.examined is None else {EXAMINED: self.examined}
        order = {_UNSORTED: 1} if self.is_unsorted else {}
        if self._sorted.issuperset(self.parents) and self._sorted:
            order = {_UNSORTED: 0}
        always = {IDENTITY: row_identity(self.stream), REQUEST: self._request, **trust, **examined, **order}
        transactions = {PASSES: before, **commit.transactions, **always}
        changes = {name: value for name, value in transactions.items() if not has_transaction(stored, name, value)}
        if not changes and not commit.add and commit.replace == "nothing":
            return

        def check_and_commit(current: TableVersion | None) -> Commit:
            if _count_passes(current) != before:
                raise SyncError(
                    f"{self.place}: another sync of this connection committed "
                    "a pass meanwhile, so this pass is discarded; sync again"
                )
            return replace(commit, transactions=changes)

        self.table.commit(check_and_commit)
        self.stored = _open_or_create(self.session, self.table)

    def note_set_back(self, added: Sequence[DataFile]) -> None:
        """Note records of new files whose cursor is earlier than what was stored of them before this sync.

        Where the start was moved back, older versions are what is asked for.
        """
        if self.plan.marks_from is not None:
            return
        if (found := find_outranked(self.table, added, self._stored_before)) is not None:
            known = self.set_back
            # A key may come in several commits.
            self.set_back = found if known is None else replace(known, keys=max(known.keys, found.keys))

    @property
    def known_start(self) -> int | None:
        """The start that the stored marks were made with, in microseconds."""
        return self.stored.transaction(START)

    def start_of_first_marks(self, *, beside_others: bool) -> dict[str, int]:
        """The transaction that records the start with the first marks of some sources.

        beside_others: other sources keep marks that may have been made with a later start.
        """
        known = self.known_start
        start = self.session.start
        return {START: max(start, known) if beside_others and known is not None else start}

    def record_start(self, start: int) -> None:
        """Record that everything since a time is fetched, in microseconds; a later one changes nothing."""
        known = self.known_start
        if known is None or start < known:
            self.commit(Commit(transactions={START: start}))

    def require_usable(self) -> None:
        """Raise SyncError if none of the records received has its key and cursor: nothing could be parsed."""
        if (fault := self.usable_check.find_fault(self.shape)) is not None:
            raise SyncError(f"{self.place}: {fault}")

    def next_pass_number(self) -> int:
        """The number of the next pass that changes data.

        A table that was removed and fetched again is another one for what was made from it, so it does not count from 1
        again: what its first passes stored would be taken for known.
        """
        return (_count_passes(self.stored) or self.stored.created_at) + 1


def _open_or_create(session: Session, table: Table) -> TableVersion:
    """The newest version of a stream's table. If there is none, those of the whole connection are created."""
    stored = table.open()
    if stored is None:
        create_tables(session)
        stored = table.open()
    if stored is None:
        raise LakeError(f"{table.path.folder}: somebody removed this table while it was synced. Sync again.")
    return stored


def _require_same_layout(session: Session, stream: StreamSpec, stored: TableVersion) -> None:
    """Raise SyncError if the stream gained or lost its cursor: a table is either stored by window or not."""
    windowed = stream.windowed
    if stored.windowed != windowed:
        raise SyncError(
            f"{session.place(stream)}: it has {'a' if windowed else 'no'} cursor now, and its stored "
            f"records were fetched {'without' if windowed else 'with'} one, so none can be added to them; give the "
            f"stream another `name`, or remove the folder {stored.path.folder} of the lake"
        )


def _count_passes(version: TableVersion | None) -> int:
    return 0 if version is None else version.transaction(PASSES) or 0


def has_transaction(version: TableVersion, name: str, value: int) -> bool:
    """Whether a version of a table has an application transaction with this value; `NOT_SET` stands for none."""
    found = version.transaction(name)
    return value == (NOT_SET if found is None else found)
