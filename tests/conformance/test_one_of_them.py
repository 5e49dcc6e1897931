"""Messages about one record speak of one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class ThingsStream(Stream[Item]):
    path = "/things"
    records = "data"


def warnings(connect: Connect, api: Vendor, records: Sequence[object], **settings: Any) -> list[str]:
    """What a sync of these records warns of."""
    api.handler = lambda request: Reply(body={"data": records})
    things = declare("ThingsStream", ThingsStream, **settings)
    return connect(declare("ThingsIntegration", CommonIntegration, streams=(things,))).sync(things).warnings


def thing(number: int, at: str | None) -> dict[str, object]:
    return {"id": number, "at": at}


NEW, OLD = "2026-02-01T00:00:00Z", "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("old", "told"),
    [([1], "1 record lies more than a day outside"), ([1, 2], "2 records lie more than a day outside")],
)
def test_records_outside_a_range(connect: Connect, api: Vendor, old: list[int], told: str) -> None:
    records = [thing(9, NEW), *(thing(number, OLD) for number in old)]
    (warning,) = warnings(connect, api, records, cursor=Cursor("at", since="since"))
    assert told in warning
    assert f"{'It is' if len(old) == 1 else 'They are'} stored. " in warning


@pytest.mark.parametrize(("without", "them"), [([1], "it"), ([1, 2], "them")])
def test_records_without_a_cursor(connect: Connect, api: Vendor, without: list[int], them: str) -> None:
    records = [thing(9, NEW), *(thing(number, None) for number in without)]
    (warning,) = warnings(connect, api, records, cursor=Cursor("at"))
    assert f"had no cursor at `at`, and no parser reads {them}. Say in" in warning


def test_one_record_that_cannot_be_used(connect: Connect, api: Vendor) -> None:
    with pytest.raises(SyncError, match="none of the records received has a usable cursor"):
        warnings(connect, api, [thing(1, "soon")], cursor=Cursor("at"))
