"""Pages of a stream, read into columns as a sync does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from dazz_assets import ConnectionConfig, Cursor, Integration, Stream
from dazz_assets.extract.batch import RowBatch, RowReader
from dazz_assets.http import Page, Request
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.spec.read import read_integration
from dazz_assets.windows import Windows

FETCHED_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Change(BaseModel):
    id: str


class ChangesStream(Stream[Change]):
    path = "/changes"
    primary_key = ("id", "at.part")
    cursor = Cursor("at.time")


class PlainChangesStream(Stream[Change]):
    path = "/plain"
    primary_key = "id"
    cursor = Cursor("at.time", nulls="made")


class ColumnsIntegration(Integration[ConnectionConfig]):
    base_url = "https://api.columns.test"
    streams = (ChangesStream, PlainChangesStream)


SPEC = read_integration(ColumnsIntegration)


def walk_page(texts: Sequence[bytes], number: int = 3, records: str = "") -> WalkedPage:
    """A page that lists these records, at a path. The later it comes, the later it was fetched."""
    body = b"[" + b" , ".join(texts) + b"]"
    if records:
        body = b'{"total": 7, "%s": %s, "next": null}' % (records.encode(), body)
    request = Request(f"https://api.columns.test/changes?page={number}")
    fetched_at = FETCHED_AT + timedelta(days=number - 3)
    page = Page(status=200, body=body, url=request.url, fetched_at=fetched_at, request=request, list_path=records)
    return WalkedPage(page, number, page.listed(ResponseRules(records=records)).records, "the end")


def read_page(
    texts: Sequence[bytes],
    stream: str = "changes",
    parent: str | None = None,
    kind: Literal["day", "week", "month"] = "week",
) -> RowBatch:
    """The rows of a page that lists these records."""
    return RowReader(SPEC.streams[stream], Windows(kind)).read_rows([walk_page(texts)], parent, {})
