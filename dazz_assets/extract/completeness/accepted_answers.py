"""What a vendor says in place of records, or beside them, and the stream can do without."""

from dazz_assets.counts import format_count
from dazz_assets.errors import SyncError
from dazz_assets.extract.parent_groups import name_some
from dazz_assets.http.errors import NOT_MODIFIED
from dazz_assets.spec.specs import StreamSpec

# Quote at most this many different texts of a vendor's.
_MOST_QUOTED = 20
# Name at most so many parents of each.
_MOST_NAMED = 20


class AcceptedAnswers:
    """The vendor's texts, each with the parents that it was about."""

    def __init__(self) -> None:
        # In order, without doubles.
        self._parents: dict[str, dict[str | None, None]] = {}

    def add(self, parent: str | None, said: str, status: int) -> None:
        """Add a text. What is said again of the same parent counts as one, and that nothing is new is not worth one."""
        if status != NOT_MODIFIED:
            self._parents.setdefault(said, {})[parent] = None

    def describe(self, stream: StreamSpec) -> list[str]:
        """Warnings that quote each text once."""
        warnings = []
        for said, parents in list(self._parents.items())[:_MOST_QUOTED]:
            named = [parent for parent in parents if parent is not None]
            where = f"{stream.parent} {name_some(named, _MOST_NAMED)}: " if named else ""
            warnings.append(f"{where}{said}")
        if (left := len(self._parents) - _MOST_QUOTED) > 0:
            answers = format_count(left, "more answer")
            warnings.append(f"{answers} of the vendor's, in place of records or beside them, not quoted here")
        return warnings


def check_unmodified(place: str, *, replaces_all: bool) -> None:
    """Raises SyncError if a 304 stands for a list that was to replace what is stored."""
    if replaces_all:
        raise SyncError(
            f"{place}: the vendor says that nothing was modified (304), and this sync needs the whole list; the stored "
            "records were not replaced. Send `If-None-Match` or `If-Modified-Since` only with {cursor.since}"
        )
