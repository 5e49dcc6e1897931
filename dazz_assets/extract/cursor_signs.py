"""Finds cursors that are read, or asked for, in another way than the vendor means them."""

import re
from collections.abc import Iterator

from dazz_assets.extract.batch import RowBatch
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import is_day_number

_OFFSET = re.compile(r"\d{2}:\d{2}.*([+-]\d{2}:?\d{2})")
_NONE = re.compile(r"[+-]00:?00")
_NAMES_UTC = re.compile(r"(Z|UTC|GMT|[+-]00:?00)$")
# Some numbers look like days; so many different ones don't.
_ENOUGH_DAYS = 10


class CursorSigns:
    """Looks at the cursors of a sync for days without signs, and for times in a zone that bounds don't name."""

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
        self.are_open = self._may_be_days or self._may_lack_zone
        """Whether there is anything left to find out."""

    def add(self, rows: RowBatch) -> None:
        """Add the rows of a page."""
        cursors = [cursor for cursor in rows.cursors if cursor is not None]
        if not cursors:
            return
        if self._may_be_days:
            self._may_be_days = all(map(is_day_number, cursors))
            self._days |= set(cursors[:_ENOUGH_DAYS])
        if self._may_lack_zone and not self._offset:
            found = next(filter(None, map(_OFFSET.search, cursors)), None)
            self._offset = "" if found is None else found[1]
            self._may_lack_zone = found is not None and not _NONE.fullmatch(self._offset)
        self.are_open = self._may_be_days or (self._may_lack_zone and not self._offset)

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
        if self._may_lack_zone and self._offset:
            yield (
                f"the cursors at `{cursor.field}` are times of the zone {self._offset}, and bounds are sent in UTC "
                f"without saying so ({cursor.format}): if the vendor reads them in a zone of its own, the newest "
                f'records come late or never. Name it in the Cursor of {name}, as in zone="{{config.zone}}"; if it is '
                'UTC, set zone="UTC"'
            )
