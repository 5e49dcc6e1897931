"""How a stream asks for what is new."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Cursor:
    """A field that grows as records change, and how the API is asked for changes since a value.

    field: path of the field in a record, as `"attributes.updated_at"`. Its values are RFC 3339 times, dates or
        epoch numbers (seconds, milliseconds or microseconds); which of these is read from the values.
    since, until: names of the request's parameters for the bounds, or of the body's fields (a dotted path) where the
        stream has a body. `since="updated_after"` is short for `params = {"updated_after": "{cursor.since}"}`: write
        that out where a bound stands inside an expression, a header or a path.
    lookback: how far before the mark each sync begins again, for records that become visible late.
    order: `"asc"` or `"desc"` where the API sorts by the field. Ascending passes are stored as they go; descending
        ones stop at the mark.
    format: how bounds are sent: strftime, `"epoch"` (seconds) or `"epoch_ms"`; RFC 3339 in UTC with `Z` by default.
    """

    field: str
    since: str | None = None
    until: str | None = None
    lookback: timedelta = timedelta()
    order: Literal["asc", "desc"] | None = None
    format: str | None = None
