"""Whether what a sync brought is of use: records with a key to be told apart by, and a cursor to be ordered by."""

from collections.abc import Sequence

from dazz_assets.authoring.naming import close_to, listed
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.sync.fetch.rows import Row
from dazz_assets.sync.fetch.shape import Shape


class Usable:
    """Counts the records of a sync that have what they need."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._is_any = False
        self._unusable = 0
        self._example = ""

    def see(self, rows: Sequence[Row]) -> None:
        """Take the rows of a page."""
        problems = [row.problem for row in rows if row.problem is not None]
        self._is_any = self._is_any or len(problems) < len(rows)
        self._unusable += len(problems)
        self._example = self._example or next(iter(problems), "")

    def fault(self, shape: Shape) -> str | None:
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


def _fault_at(path: str, shape: Shape) -> str | None:
    """What is there in the place of a text or number, where that is so in every record."""
    types = shape.types()
    kinds = types.get(path)
    if kinds is None:
        fields = [name for name, found in types.items() if "[]" not in name and not found & {"object", "list"}]
        close = close_to(path, fields)
        return f"they have {listed(fields)}" + (f"; did you mean {close!r}?" if close else ".")
    if not kinds:
        return "it is null in each of them."
    if kinds <= {"object", "list"}:
        below = [name for name in types if name.startswith(f"{path}.")]
        return f"it is {' or '.join(sorted(kinds))} there" + (f"; they have {listed(below)}." if below else ".")
    return None
