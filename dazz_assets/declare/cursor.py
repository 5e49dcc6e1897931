"""How a stream asks for what has changed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Cursor:
    """The field that grows as records change, and how to ask the API for records changed since a value.

    ```python
    cursor = Cursor("updated_at", since="updated_after", until="updated_before", order="asc")
    ```

    field: path of the field in a record, for example `"attributes.updated_at"`. Its values are RFC 3339 times,
        dates, times without signs (`20260131235959`), dates of messages (`Sat, 31 Jan 2026 20:36:28 +0000`), times of
        .NET (`/Date(1769891788000+0000)/`), epoch numbers (seconds, milliseconds or microseconds), or times in the
        `format` of the bounds; which of these is read from the values. Eight digits are seconds, unless bounds in a
        strftime format show that the API writes days.
    since, until: names of the request's parameters for the two bounds. Where the stream has a `body`, they are dotted
        paths of the body's fields instead. `since="updated_after"` is short for
        `params = {"updated_after": "{cursor.since}"}`: write that out where a bound belongs inside an expression, a
        header or a path.
    lookback: how far before the mark each sync begins again, to catch records that become visible late.
    order: `"asc"` or `"desc"` where the API sorts by the field. With `"asc"` a long sync is stored as it goes and
        resumes after a crash; with `"desc"` it stops at the mark.
    nulls: what counts where a record's cursor is null: the path of another field (`nulls="created_at"`), or
        `"fetched"`, the time of fetch. By default such a record is quarantined. Each sync then lists all records,
        since a filter by the cursor leaves out those that have none, and a sorted list has them anywhere.
    nulls_listed: records whose cursor is null are listed like the others, by what counts for them: the API's filter
        lists them too, so that syncs may send it, and a sorted list has them in the place of that value. That value
        moves the mark as well.
    step: the longest range that the API takes, for example `timedelta(days=31)`. Longer ranges are fetched in steps,
        and both bounds are always sent.
    both: both bounds are always sent; the upper one is now if a range has no end.
    format: how the bounds are written: `"epoch"` (seconds), `"epoch_ms"`, or a strftime format. By default RFC 3339 in
        UTC, such as `2026-01-31T00:00:00Z`. The field's values need not be in it; if nothing else
        reads them, it does: `"%d.%m.%Y"`.
    reread: how often a sync lists all records from the start again, at most, for example `timedelta(days=7)`: for APIs
        where a record may change without its cursor, as an alert's score does. Of what comes, only what is new or
        changed is stored. Of a sub-stream, each parent has its own re-read.
    zone: the time zone in which a strftime format writes them, by its IANA name, where the vendor reads them in a zone
        of its own: `"America/New_York"`, `"{config.zone}"`, `"{facts.me.timeZone}"`. By default UTC. The field's values
        are in it too, where they name no zone.
    """

    field: str
    since: str | None = None
    until: str | None = None
    lookback: timedelta = timedelta()
    order: Literal["asc", "desc"] | None = None
    format: str | None = None
    nulls: str | None = None
    step: timedelta | None = None
    both: bool = False
    nulls_listed: bool = False
    zone: str | None = None
    reread: timedelta | None = None

    @property
    def strftime_format(self) -> str | None:
        """The format, if it is one of strftime."""
        return self.format if self.format is not None and "%" in self.format else None
