"""Finds that a vendor lists a shorter range than was asked for: its answer names the bounds that it took instead."""

from __future__ import annotations

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.stream_requests import SentBounds
from dazz_assets.field_paths import escape_name
from dazz_assets.http import Page
from dazz_assets.http.page import sent_pairs
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import to_microseconds

# A vendor may round bounds to days, in a zone of its own.
_DAY = 86_400_000_000
# What is listed up to now may lack what is not counted yet.
_DELAY = 7 * _DAY


def describe_other_range(
    session: Session, stream: StreamSpec, page: Page, bounds: Bounds, sent: SentBounds, rows: RowBatch
) -> str | None:
    """Say which bound of a list's first page is another one than was sent, and what settles it; None if none is.

    It stands at the top, under the name of the bound's own parameter. rows: of the page.
    """
    if stream.cursor is None or not stream.records or page.accepted_failure is not None:  # Else the page is a record.
        return None
    form, moments = session.fill_cursor(stream.cursor).format, rows.moments
    since, until = (parse_timestamp(str(value), form) for value in (sent.since, sent.until))
    if since is None or until is None:
        return None
    until = min(until, to_microseconds(session.now()))
    for name, value in sent_pairs(page.request):
        is_since, is_until = value == str(sent.since) and sent.has_since, value == str(sent.until) and sent.has_until
        told = page.value(escape_name(name)) if (is_since or is_until) and name not in stream.data_fields else None
        at = parse_timestamp(str(told), form) if isinstance(told, str | int) else None
        if at is None or not since <= at <= until or (at % _DAY and (moments == at).any()):  # It tells of its records.
            continue
        # For the next request, feeds name the latest of what they list, or the present.
        if is_since and at - since > _DAY and (at <= moments.min() if len(moments) else until - at > _DAY):
            return _describe(name, value, told, "before")
        slack = _DAY if bounds.until is not None else _DELAY
        if is_until and until - at > slack and (not len(moments) or at >= moments.max()):
            return _describe(name, value, told, "after")
    return None


def _describe(name: str, sent: str, told: object, side: str) -> str:
    return (
        f"{name}={sent} was sent, and the vendor answers with `{name}` of {told}, so what lies {side} that may be "
        "missing. If it takes only a shorter range of time, set `step` on the stream's Cursor, such as "
        f'step=timedelta(days=30); if that is something else, set data_fields = ("{name}",)'
    )
