"""The cursor values of many records as moments, and the windows of moments: computed on columns."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import FIRST_DAY, LAST_DAY, Windows

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for no moment, in arrays of microseconds since the epoch."""

_MOMENT = "datetime64[us]"
# The form in which most vendors send times. NumPy reads it as `parse_timestamp` does, but for the year 0.
_UTC_TIMES = re.compile(r"(?:(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\n)*", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1)
_MICROSECONDS_PER_DAY = 86_400_000_000
_EPOCH_WEEKDAY = _EPOCH_DAY.weekday()


def parse_cursors(texts: Sequence[str | None]) -> NDArray[np.int64]:
    """What `parse_timestamp` says of each text, in an array that may be written to; NO_TIME for none."""
    if None not in texts and _UTC_TIMES.fullmatch(joined := "\n".join(texts) + "\n"):  # type: ignore[arg-type]
        times = joined.split("Z\n")[:-1]
        if len(times) == len(texts):  # A text may hold several times, a line each.
            with suppress(ValueError):  # such as a 30th of February
                return np.array(times, _MOMENT).astype(np.int64)
    parsed = (None if text is None else parse_timestamp(text) for text in texts)
    return np.fromiter((NO_TIME if at is None else at for at in parsed), np.int64, len(texts))


def window_days(windows: Windows, moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first day of the window of each moment (microseconds since the epoch), as days since the epoch."""
    first, last = (FIRST_DAY - _EPOCH_DAY).days, (LAST_DAY - _EPOCH_DAY).days
    days = np.minimum(np.maximum(moments // _MICROSECONDS_PER_DAY, first), last)  # quicker than `clip`
    if windows.kind == "week":
        floored: NDArray[np.int64] = days - (days + _EPOCH_WEEKDAY) % 7
        return floored
    if windows.kind == "month":
        return days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def window_of_day(days: int) -> date:
    """The window that begins so many days after the epoch."""
    return date.fromordinal(_EPOCH_DAY.toordinal() + days)
