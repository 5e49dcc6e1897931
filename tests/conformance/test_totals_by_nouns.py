"""Totals that are named after what they count: `issueCount`, `nbHits` (conformance 58)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import GraphQLCursor, PageNumber
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor

QUERY = "query($cursor: String) { search(after: $cursor) { nodes { id } pageInfo { hasNextPage endCursor } } }"


class SearchStream(ItemsStream):
    query = QUERY


class SearchIntegration(CommonIntegration):
    records = "data.search.nodes"
    paginator = GraphQLCursor("data.search.pageInfo.endCursor")
    streams = (SearchStream,)


def connection(number: int, *, last: bool, **counts: Any) -> Reply:
    page_info = {"hasNextPage": not last, "endCursor": str(number)}
    nodes = items(2 * number, 2 * number + 1)
    return Reply(body={"data": {"search": {**counts, "nodes": nodes, "pageInfo": page_info}}})


def warnings_of(connect: Connect, api: Vendor, **counts: Any) -> list[str]:
    """What a sync of two pages of two records says."""
    api.script(connection(0, last=False, **counts), connection(1, last=True, **counts))
    acme = connect(SearchIntegration)
    warnings: list[str] = list(acme.sync(SearchStream).warnings)
    assert acme.ids(SearchStream) == [0, 1, 2, 3]
    return warnings


@pytest.mark.parametrize("name", ["issueCount", "repositoryCount", "userCount", "filteredOrdersCount"])
def test_58_the_only_count_beside_the_places_of_a_connection_is_its_total(
    connect: Connect, api: Vendor, name: str
) -> None:
    (warning,) = warnings_of(connect, api, **{name: 5230})
    assert "the vendor gives a total of 5,230, but the list ended after 4 records" in warning


@pytest.mark.parametrize(
    "counts",
    [
        {"issueCount": 4},
        {"openCount": 1},
        {"pageCount": 5230},
        {"issueCount": 5230, "userCount": 77},
        {"issueCount": None},
        {"count": {"issues": 5230}},
    ],
    ids=str,
)
def test_58_a_total_that_agrees_and_what_is_none_is_no_cause_for_a_word(
    connect: Connect, api: Vendor, counts: dict[str, Any]
) -> None:
    assert warnings_of(connect, api, **counts) == []


def test_58_the_number_of_hits_is_a_total(connect: Connect, api: Vendor) -> None:
    paged = declare(
        "HitsIntegration", CommonIntegration, records="hits", paginator=PageNumber(), streams=(ItemsStream,)
    )
    api.script(*(Reply(body={"hits": items(*ids), "nbHits": 5000}) for ids in ((1, 2), (3, 4), ())))
    (warning,) = connect(paged).sync(ItemsStream).warnings
    assert "the vendor gives a total of 5,000, but the list ended after 4 records" in warning
