"""What an error advises: the sentence that settles it comes first, and sentences end with one full stop."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from dazz_assets import Budget, CursorToken, Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from dazz_assets.http.client import Client
from dazz_assets.http.page import Request
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.http.telemetry import ClientEvent
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Clock, Reply, Vendor

GRANT = "Grant the permission that this stream needs to the connection's credentials, at the vendor."
QUERY = "Correct the stream's `query`: it asks for what the vendor's schema does not have there."


def told(connect: Connect, api: Vendor, reply: Reply, **settings: Any) -> str:
    api.handler = lambda _: reply
    stream = declare("ItemsStream", ItemsStream, **{"permissions": ("items:read",), **settings})
    with pytest.raises(SyncError) as failed:
        connect(declare("ItemsIntegration", CommonIntegration, streams=(stream,))).sync(stream)
    return str(failed.value)


def error(message: str, code: str = "") -> dict[str, Any]:
    return {"errors": [{"message": message, **({"extensions": {"code": code}} if code else {})}], "data": None}


@pytest.mark.parametrize(
    "body",
    [
        error("User unauthorized to perform action", "UserUnauthorizedException"),
        error("no", "FORBIDDEN"),
        {"error": {"status": 403, "message": "no"}},
    ],
)
def test_a_refusal_in_a_200_first_asks_for_the_permission(body: Any, connect: Connect, api: Vendor) -> None:
    text = told(connect, api, Reply(200, body))
    assert GRANT in text
    assert text.index(GRANT) < text.index("is data, set data_fields")
    assert "The stream needs `items:read`." in text


def test_a_401_in_a_200_asks_for_other_credentials(connect: Connect, api: Vendor) -> None:
    text = told(connect, api, Reply(200, {"error": {"status": 401, "message": "no"}}))
    assert "Check the connection's credentials: they may be wrong" in text
    assert GRANT not in text


def test_another_error_in_a_200_asks_for_no_permission(connect: Connect, api: Vendor) -> None:
    assert GRANT not in told(connect, api, Reply(200, error("it broke")))


@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize(
    "body",
    [
        error('Cannot query field "titel" on type "Item".', "undefinedField"),
        error("Field 'titel' doesn't exist on type 'Item'", "undefinedField"),
        error('Unknown argument "frist" on field "Query.items". Did you mean "first"?'),
        error("bad", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_query_that_does_not_fit_the_schema_is_pointed_to(
    status: int, body: Any, connect: Connect, api: Vendor
) -> None:
    text = told(connect, api, Reply(status, body))
    assert QUERY in text
    assert "data_fields" not in text


@pytest.mark.parametrize("status", [200, 206, 400, 403, 500])
@pytest.mark.parametrize("end", [".", "!", ""])
def test_a_vendors_sentence_has_one_full_stop(status: int, end: str, connect: Connect, api: Vendor) -> None:
    text = told(connect, api, Reply(status, {"error": {"message": f"It does not work{end}"}}))
    assert f"It does not work{end or '.'} " in f"{text} "
    assert ".." not in text
    assert "!." not in text


@pytest.mark.parametrize(("left", "told"), [(10, "10 is left, and a request takes 30"), (60, "is left, and a request")])
def test_a_wait_for_a_budget_names_what_is_left(left: int, told: str, api: Vendor) -> None:
    api.handler = lambda _: Reply(body={"data": [], "left": left, "used": 30, "reset": 60})
    clock, events = Clock(), list[ClientEvent]()
    client = Client(api.url, clock=clock, sleep=clock.sleep, on_event=events.append)
    rules = ResponseRules(records="data", budget=Budget("left", reset="reset", cost="used"))
    with closing(client):
        for _ in range(3):
            client.send(Request(f"{api.url}/items"), rules)
    waits = [event.text for event in events if event.kind == "waiting"]
    assert waits
    assert all(text.startswith("the vendor's budget: ") and told in text for text in waits)


@pytest.mark.parametrize(
    "paginator",
    [PageNumber(), Offset(), CursorToken("token", param="after"), CursorToken("token", param="a.b")],
    ids=str,
)
@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"method": "POST", "body": {"q": "select"}}, "It was sent in the body, as the stream has one: if the vendor"),
        (
            {"method": "POST", "body": {"q": "select"}, "params": {"page": 1, "offset": 0, "after": [], "a.b": []}},
            "It was sent in the query, as `params` name it: if the vendor",
        ),
        ({"method": "POST"}, "It was sent in the query, as the stream has no `body`: if the vendor reads it in the"),
        ({}, None),
    ],
)
def test_a_loop_says_where_the_parameter_was_sent_if_it_may_belong_elsewhere(
    connect: Connect, api: Vendor, paginator: Paginator, settings: dict[str, Any], place: str | None
) -> None:
    page = Reply(body={"data": [{"id": 1}, {"id": 2}], "token": "b"})
    text = told(connect, api, page, paginator=paginator, records="data", **settings)
    assert "the vendor may ignore its parameter" in text
    assert (place is None and "It was sent in" not in text) or (place is not None and place in text)
