"""Finds cursors that are read, or asked for, in another way than the vendor means them."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from dazz_assets.extract.batch import RowBatch
from dazz_assets.field_paths import join_path
from dazz_assets.names import list_names
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import is_day_number, parse_timestamp

_OFFSET = re.compile(r"\d{2}:\d{2}.*([+-]\d{2}:?\d{2})")
_NONE = re.compile(r"[+-]00:?00")
_NAMES_UTC = re.compile(r"(Z|UTC|GMT|[+-]00:?00)$")
# Some numbers look like days; so many different ones don't.
_ENOUGH_DAYS = 10
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# 1990, in microseconds: times before that are of no record that an API says has changed.
_FIRST_TIME = 631_152_000_000_000
_MOST_NAMED = 3
_DEEPEST = 3


class CursorSigns:
    """Looks at the cursors of a sync for days without signs, times in a zone that bounds don't name, and numbers that
    are no times."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        cursor = stream.cursor
        self._may_be_days = cursor is not None and cursor.format is None
        self._days: set[str] = set()
        self._offset = ""
        form = "" if cursor is None else cursor.strftime_format or ""
        names_zone = "%z" in form or "%Z" in form or _NAMES_UTC.search(form) is not None
        is_zoned = cursor is None or cursor.zone is not None or names_zone or "%H" not in form
        self._may_lack_zone = stream.takes_since and not is_zoned
        self._may_be_numbers = cursor is not None
        self._number = ""
        self._times: list[str] = []
        self.are_open = self._may_be_days or self._may_lack_zone or self._may_be_numbers
        """Whether there is anything left to find out."""

    def add(self, rows: RowBatch) -> None:
        """Add the rows of a page."""
        cursors = [cursor for cursor in rows.cursors if cursor is not None]
        if not cursors:
            return
        if self._may_be_days:
            self._may_be_days = all(map(is_day_number, cursors))
            self._days |= set(cursors[:_ENOUGH_DAYS])
        if self._may_be_numbers:
            self._look_for_times(rows, cursors)
        if self._may_lack_zone and not self._offset:
            found = next(filter(None, map(_OFFSET.search, cursors)), None)
            self._offset = "" if found is None else found[1]
            self._may_lack_zone = found is not None and not _NONE.fullmatch(self._offset)
        lacks_zone = self._may_lack_zone and not self._offset
        self.are_open = self._may_be_days or self._may_be_numbers or lacks_zone

    def _look_for_times(self, rows: RowBatch, cursors: Sequence[str]) -> None:
        self._may_be_numbers = (rows.extent is None or rows.extent[1] < _FIRST_TIME) and all(
            map(_NUMBER.fullmatch, cursors)
        )
        if not self._may_be_numbers or self._number:
            return
        self._number = next((number for number in cursors if float(number)), "")
        self._times = [path for path in _find_times(rows, self._stream) if path != _cursor_field(self._stream)]

    @property
    def are_no_times(self) -> bool:
        """Whether the cursors are numbers, but none of a time."""
        return self._may_be_numbers and bool(self._number)

    def describe(self) -> Iterator[str]:
        """Say what looks wrong, and which setting settles it."""
        cursor, name = self._stream.cursor, self._stream.stream.__name__
        if cursor is None:
            return
        if self._may_be_days and len(self._days) >= _ENOUGH_DAYS:
            numbers = '; if they are numbers, set format="epoch"' if self._stream.takes_since else ""
            yield (
                f"the cursors at `{cursor.field}` look like days ({min(self._days)}), but were read as seconds since "
                f'1970. Set format="%Y%m%d" in the Cursor of {name}, then sync once with `--refetch`{numbers}'
            )
        elif self.are_no_times:
            named = f" ({list_names(self._times)})" if self._times else ""
            yield (
                f"the cursors at `{cursor.field}` are numbers such as {self._number}, which as times lie before 1990: "
                "a cursor is a time, a date or an epoch number, and none that counts, as an id does. Name a field that "
                f"is a time{named} in the Cursor of {name}, or leave it out, and each sync fetches all records"
            )
        if self._may_lack_zone and self._offset:
            yield (
                f"the cursors at `{cursor.field}` are times of the zone {self._offset}, and bounds are sent in UTC "
                f"without saying so ({cursor.format}): if the vendor reads them in a zone of its own, the newest "
                f'records come late or never. Name it in the Cursor of {name}, as in zone="{{config.zone}}"; if it is '
                'UTC, set zone="UTC"'
            )


def _cursor_field(stream: StreamSpec) -> str:
    return "" if stream.cursor is None else stream.cursor.field


def _find_times(rows: RowBatch, stream: StreamSpec) -> list[str]:
    """The paths of some fields of the first record that are times, but for those that are never shown."""
    try:
        record = SensitiveFields(stream.sensitive).prune(json.loads(rows.records(1)[0]))
    except (ValueError, RecursionError):
        return []
    return list(islice(_list_times(record, ()), _MOST_NAMED))


def _list_times(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for name, member in value.items():
            yield from _list_times(member, (*path, name))
    elif isinstance(value, str) and not _NUMBER.fullmatch(value) and parse_timestamp(value) is not None:
        yield join_path(path)
