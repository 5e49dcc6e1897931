"""A filter by creation leaves out changes of older records, so it is refused under a cursor of changes."""

from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import Cursor
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import load_error, with_stream

SINCE = "{cursor.since}"


def tickets(cursor: Cursor, **settings: Any) -> Any:
    return with_stream(primary_key="id", cursor=cursor, **settings)


@pytest.mark.parametrize(
    ("field", "named", "settings"),
    [
        ("updated_at", "created_after", {"params": {"created_after": SINCE}}),
        ("attributes.lastModified", "createdSince", {"params": {"createdSince": SINCE}}),
        ("dateChanged", "created", {"params": {"created": f">={SINCE}"}}),
        ("modified", "created_at:>", {"params": {"query": f"type:ticket created_at:>{SINCE}"}}),
        ("updated_on", "creationTime gt", {"params": {"$filter": f"state ne 'x' and creationTime gt {SINCE}"}}),
        ("updateTime", "created_at", {"method": "POST", "body": {"filter": {"created_at": {"$gte": SINCE}}}}),
        (
            "lastmodifieddate",
            "createdate",
            {
                "method": "POST",
                "body": {"filters": [{"propertyName": "createdate", "operator": "GTE", "value": SINCE}]},
            },
        ),
        ("updated_at", "/tickets/created", {"path": f"/tickets/created/{SINCE}"}),
    ],
)
def test_changes_are_not_asked_for_by_creation(field: str, named: str, settings: dict[str, Any]) -> None:
    error = load_error(lambda: tickets(Cursor(field), **settings))
    assert f"its cursor, '{field}', grows when a record changes, but '" in error
    assert named in error
    assert "changes of older records would never come" in error


def test_nor_in_the_short_form() -> None:
    error = load_error(lambda: tickets(Cursor("updated_at", since="created_after")))
    assert "'created_after' asks for what was created since then" in error
    body = {"filter": {"state": "open"}}
    error = load_error(lambda: tickets(Cursor("updated_at", since="filter.created.gte"), method="POST", body=body))
    assert "'created' asks for what was created since then" in error


@pytest.mark.parametrize(
    ("cursor", "settings"),
    [
        (Cursor("updated_at", since="updated_after"), {}),
        (Cursor("created_at", since="created_after"), {}),
        (Cursor("updated_at", since="since"), {"params": {"sort": "created_at"}}),
        (Cursor("updated_at", until="created_before"), {}),
        (Cursor("updated_at", since="created_or_updated_after"), {}),
        (Cursor("exchangeDate", since="created_after"), {}),
        (Cursor("changes.created_at", since="created_after"), {}),
        (Cursor("updated_at", since="created_after", reread=timedelta(days=1)), {}),
        (Cursor("updated_at", since="created_after", nulls="seen_at"), {}),
        (Cursor("updated_at"), {"params": {"q": f"created >= {SINCE} or updated >= {SINCE}"}}),
        (Cursor("updated_at"), {"params": {"jql": f"updated >= '{SINCE}' order by created"}}),
        (Cursor("updated_at"), {"params": {"filter": f"type eq 'create_job' and seen ge {SINCE}"}}),
        (
            Cursor("updated_at"),
            {"method": "POST", "body": {"by": {"field": "updated_at", "kind": "created_range", "value": SINCE}}},
        ),
    ],
)
def test_what_brings_changes_loads(cursor: Cursor, settings: dict[str, Any]) -> None:
    [stream] = read_integration(tickets(cursor, **settings)).streams.values()
    assert stream.cursor is not None
    assert stream.cursor.field == cursor.field
