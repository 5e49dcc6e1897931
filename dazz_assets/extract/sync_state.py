"""What the passes of one sync share, and how they commit."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from dazz_assets.errors import SyncError
from dazz_assets.extract.dedupe import BoundaryTracker, NewRowFilter
from dazz_assets.extract.drift import RecordShape
from dazz_assets.extract.marks import IDENTITY, row_identity
from dazz_assets.extract.nested_lists import NestedLists
from dazz_assets.extract.ranges import START, SyncPlan
from dazz_assets.extract.usable_records import UsableRecordCheck
from dazz_assets.http import FetchError
from dazz_assets.lake import Commit, DataFile, TableVersion, count_keys
from dazz_assets.lake.commit import PASSES
from dazz_assets.lake.outranked_keys import OutrankedKeys, find_outranked
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

# The application transaction that says that the vendor's total agreed with a list.
_TOTAL = "total"
EXAMINED = "examined"
"""The application transaction of a raw table that names the mark at which nothing turned out to be left out."""


class SyncState:
    """What the passes of one sync share.

    replaces_all: what is fetched replaces everything stored, in one commit, once all of it has arrived.
    identity_changed: the stored rows were made with another key or cursor, so none of them is kept.
    stored: the table's newest version.
    accepts_shrink: whether a complete list may lose any share of its records. trusts_total: see `ListProgress`.
    parents: the parents of all sources. unchanged: those that are not listed, for they have not changed since.
    alike: parents that no request can be made for, and why (see `find_alike`).
    failed, passed_over: sources, by parent, whose walk failed, and those the vendor refused to list.
    shifted: sources whose records moved to other pages at each attempt to list them.
    lacking: sources whose lists may lack records for another reason, though the sync goes on.
    uncertain: those, and sources of whose list the vendor refused a part that the stream can do without.
    without_list: sources of which the vendor says that they have no list, where only changed parents are listed.
    strays: how many records lay far outside the range that was asked for.
    examined: the mark at which this sync asked whether the API leaves out records, as `EXAMINED` has it.
    set_back: records that came with an earlier cursor than what was stored of them before this sync.
    nulls: how many nulls came in place of records, where several parents were asked for together. with_nulls: those.
    """

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        plan: SyncPlan,
        *,
        replaces_all: bool,
        identity_changed: bool,
        accepts_shrink: bool = False,
    ) -> None:
        self.accepts_shrink = accepts_shrink
        self.session = session
        self.stream = stream
        self.plan = plan
        self.replaces_all = replaces_all
        self.identity_changed = identity_changed
        self.table = session.raw(stream)
        self.stored: TableVersion | None = self.table.open()
        self.client = session.client(stream.name)
        self.row_filter = NewRowFilter(None, None)
        self.boundaries: dict[str | None, BoundaryTracker] = {}
        self.parents: Sequence[str | None] = ()
        self.unchanged: frozenset[str | None] = frozenset()
        self.alike: dict[str | None, str] = {}
        self.failed: dict[str | None, FetchError] = {}
        self.passed_over: dict[str | None, str] = {}
        self.has_unusable_parents = False
        self.shifted: set[str | None] = set()
        self.lacking: set[str | None] = set()
        self.uncertain: set[str | None] = set()
        self.without_list: set[str | None] = set()
        self.with_nulls: set[str | None] = set()
        self.strays = self.nulls = 0
        self.examined: int | None = None
        self.set_back: OutrankedKeys | None = None
        self._stored_before = self.stored
        self.totals: list[int | None] = []
        self.shape = RecordShape(stream.sensitive)
        self.nested_lists = NestedLists(stream.rules.data_fields)
        self.usable_check = UsableRecordCheck(stream)
        self.report = StreamReport(session.connection.id, stream.name)
        self.trusts_total = self.stored is not None and self.stored.transaction(_TOTAL) == 1

    @property
    def is_first(self) -> bool:
        """Whether rows are added to a table that had none, which is when a key is seen to be no key."""
        return (self._stored_before is None or not self._stored_before.rows) and not self.replaces_all

    def begin_again(self) -> None:
        """Forget what a listing found, before all of it is listed again."""
        self.row_filter.close()
        self.row_filter = NewRowFilter(None, None)
        for found in (self.boundaries, self.failed, self.passed_over, self.totals):
            found.clear()
        for parents in (self.shifted, self.lacking, self.uncertain, self.without_list, self.with_nulls):
            parents.clear()
        self.nulls = 0
        self.report.repeated = self.report.problems = 0

    def stored_keys(self, *, without: AbstractSet[str]) -> int:
        """Return how many records are stored, each key once, apart from those of some parents."""
        return 0 if self.stored is None else count_keys(self.stored, without_parents=without)

    def commit(self, commit: Commit) -> None:
        """Commit to the table. Raises SyncError if someone else committed a pass meanwhile (the lock was bypassed)."""
        before, stored = self._count_passes(self.stored), self.stored
        # Always set: a stream without records counts as synced too.
        trust = {_TOTAL: 1} if self.trusts_total else {}
        examined = {} if self.examined is None else {EXAMINED: self.examined}
        always = {IDENTITY: row_identity(self.stream), **trust, **examined}
        transactions = {PASSES: before, **commit.transactions, **always}
        changes = {name: value for name, value in transactions.items() if not has_transaction(stored, name, value)}
        if stored is not None and not changes and not commit.add and commit.replace == "nothing":
            return

        def check_and_commit(current: TableVersion | None) -> Commit:
            if self._count_passes(current) != before:
                raise SyncError(
                    f"{self.session.name}, stream {self.stream.name}: another sync of this connection committed "
                    "a pass meanwhile, so this pass is discarded; sync again"
                )
            return replace(commit, transactions=changes)

        self.table.commit(check_and_commit)
        self.stored = self.table.open()

    def note_set_back(self, added: Sequence[DataFile]) -> None:
        """Note records of new files whose cursor is earlier than what was stored of them before this sync.

        Where the start was moved back, older versions are what is asked for.
        """
        if self._stored_before is None or self.plan.marks_from is not None:
            return
        if (found := find_outranked(self.table, added, self._stored_before)) is not None:
            known = self.set_back
            # A key may come in several commits.
            self.set_back = found if known is None else replace(known, keys=max(known.keys, found.keys))

    @property
    def known_start(self) -> int | None:
        """The start that the stored marks were made with, in microseconds."""
        return None if self.stored is None else self.stored.transaction(START)

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
            raise SyncError(f"{self.session.name}, stream {self.stream.name}: {fault}")

    def next_pass_number(self) -> int:
        """The number of the next pass that changes data."""
        return self._count_passes(self.stored) + 1

    @staticmethod
    def _count_passes(version: TableVersion | None) -> int:
        return 0 if version is None else version.transaction(PASSES) or 0


def has_transaction(version: TableVersion | None, name: str, value: int) -> bool:
    """Whether a version of a table has an application transaction with this value."""
    return version is not None and version.transaction(name) == value
