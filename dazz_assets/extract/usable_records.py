"""Checks whether a sync got records that have a key and a cursor, and explains which setting is wrong otherwise."""

from itertools import compress

from dazz_assets.counts import format_count
from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.drift import RecordShape
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.names import closest_name, list_names
from dazz_assets.spec.specs import StreamSpec

_NO_CURSOR = "no cursor at "
_NO_TIME = "the cursor at "
_ARE_TIMES = (
    "Cursors are RFC 3339 or RFC 5322 times, dates or epoch numbers, and times in the form that `format` names, in "
    'which bounds are then sent (`format="%m/%d/%Y %I:%M %p"`)'
)


class UsableRecordCheck:
    """Checks that at least one record of a sync has its key and cursor."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._has_usable = False
        self._seen = SeenHashes()
        self._unusable = self._cursorless = self._timeless = 0
        self._first_timeless = ""
        self._example = ""

    def add(self, rows: RowBatch) -> None:
        """Add the rows of a page."""
        problems = rows.problem_count
        self._has_usable = self._has_usable or problems < len(rows)
        self._unusable += problems
        if rows.problems is None:
            return
        is_new = self._seen.add_new(rows.content_hashes).tolist()  # A list may be read again.
        for problem in filter(None, compress(rows.problems, is_new)):
            self._example = self._example or problem
            self._cursorless += problem.startswith(_NO_CURSOR)
            if problem.startswith(_NO_TIME):
                self._timeless += 1
                self._first_timeless = self._first_timeless or problem

    def describe_cursorless(self) -> str | None:
        """Say how many records have no cursor, and which setting reads them; None if there are none."""
        cursor, name = self._stream.cursor, self._stream.stream.__name__
        if not self._cursorless or cursor is None or cursor.nulls is not None:
            return None
        records, them = format_count(self._cursorless, "record"), "it" if self._cursorless == 1 else "them"
        return (
            f"{records} had no cursor at `{cursor.field}`, and no parser reads {them}. Say in the Cursor of {name} "
            'what counts then: `nulls="<another field>"` or `nulls="fetched"`'
        )

    def describe_timeless(self) -> str | None:
        """Say how many records have a cursor that is no time, so that nobody takes them for read; None if none has."""
        if not self._timeless:
            return None
        return (
            f"no parser reads {format_count(self._timeless, 'record')}: {self._first_timeless}. "
            f"{_ARE_TIMES}; name another field in the Cursor of "
            f"{self._stream.stream.__name__}, or leave it out, and each sync fetches all records"
        )

    def find_fault(self, shape: RecordShape) -> str | None:
        """Explain why no record is usable, and what to correct; None if one is, or if there are no records."""
        if self._has_usable or not self._unusable:
            return None
        stream, name = self._stream, self._stream.stream.__name__
        count = "" if self._unusable == 1 else f"{self._unusable:,} "
        none_has = f"none of the {count}records received has"
        settings = [("key", "primary_key", path) for path in stream.key_paths]
        if stream.cursor is not None:
            settings.append(("cursor", "cursor", stream.cursor.field))
        for noun, setting, path in settings:
            if (found := _describe_wrong_path(path, shape)) is not None:
                return f"{none_has} a {noun} at `{path}`: {found} Correct `{setting}` of {name}"
        if self._example.startswith("it can't be read"):
            return f"none of the {count}records received can be used: {self._example}"
        if self._example.startswith("no key") and stream.key_parent_fields:
            fields = list_names([f"{{parent.{field}}}" for field in stream.key_parent_fields])
            return f"{none_has} a key: {fields} has no value in the parent's record. Correct `primary_key` of {name}"
        if self._example.startswith("no key"):
            return f"{none_has} a key at {list_names(stream.key_paths)}: it is empty. Correct `primary_key` of {name}"
        return (
            f"{none_has} a usable cursor: {self._example}. {_ARE_TIMES}; correct `cursor` of {name}, or leave it out, "
            "and each sync fetches all records"
        )


def _describe_wrong_path(path: str, shape: RecordShape) -> str | None:
    """Say what a path holds instead of a text or number; None if some record has a text or number there."""
    types = shape.types()
    kinds = types.get(path)
    if kinds is None:
        fields = [name for name, found in types.items() if "[]" not in name and not found & {"object", "list"}]
        close = closest_name(path, fields)
        if not fields:
            return "they have no fields."
        return f"they have {list_names(fields)}" + (f"; did you mean {close!r}?" if close else ".")
    if not kinds:
        return "it is null in all of them."
    if kinds <= {"object", "list"}:
        below = [name for name in types if name.startswith(f"{path}.")]
        found = " or ".join("an object" if kind == "object" else "a list" for kind in sorted(kinds, reverse=True))
        return f"it is {found} there" + (f"; they have {list_names(below)}." if below else ".")
    return None
