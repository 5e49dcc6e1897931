"""Numbers that a vendor gives for a list and that can't be right end none, and are told (conformance 84 to 86)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import Offset, PageNumber, Paginator
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

TOTAL, SIZE = 35, 10
ALL = list(range(1, TOTAL + 1))


class CountersIntegration(CommonIntegration):
    records = "rows"
    streams = (ItemsStream,)


def counted(beside: Callable[[int, list[Any]], dict[str, Any]], first_page: int = 1) -> Any:
    """An API with 35 records in pages of ten, by offset or by number, with something beside them."""

    def answer(request: ReceivedRequest) -> Reply:
        page = param(request, "page")
        start = (int(page) - first_page) * SIZE if page else int(param(request, "offset", "0"))
        rows = items(*ALL)[max(0, start) : max(0, start + SIZE)]
        return Reply(body={"rows": rows, **beside(start, rows)})

    return answer


@pytest.fixture
def sync(connect: Connect, api: Vendor) -> Callable[..., tuple[Connected, list[str]]]:
    def run(answer: Any, paginator: Paginator) -> tuple[Connected, list[str]]:
        api.handler = answer
        acme = connect(declare("CountersIntegration", CountersIntegration, paginator=paginator))
        return acme, acme.sync(ItemsStream).warnings

    return run


@pytest.mark.parametrize(
    "value", [None, "", "unknown", "35+", "~30", "1.035", -1, 0, 5, True, {"value": 35, "relation": "gte"}], ids=str
)
@pytest.mark.parametrize("name", ["total", "totalCount", "numFound"])
def test_84_a_total_that_is_none_or_less_than_came_ends_no_list(sync: Any, name: str, value: Any) -> None:
    acme, _ = sync(counted(lambda start, rows: {name: value}), Offset(more=name))
    assert acme.ids(ItemsStream) == ALL


@pytest.mark.parametrize("value", [None, "", "4+", 0, -1, 2])
@pytest.mark.parametrize("name", ["total_pages", "pageCount"])
def test_84_so_does_a_number_of_pages(sync: Any, name: str, value: Any) -> None:
    told = {0: 4, SIZE: 4}
    acme, _ = sync(counted(lambda start, rows: {name: told.get(start, value)}), PageNumber(more=name))
    assert acme.ids(ItemsStream) == ALL


@pytest.mark.parametrize("value", [None, 0, -1])
def test_84_nor_does_it_where_pages_are_counted(sync: Any, value: Any) -> None:
    acme, _ = sync(counted(lambda start, rows: {"total": value}), PageNumber(more="total"))
    assert acme.ids(ItemsStream) == ALL


def test_84_a_total_on_the_first_page_alone_is_enough(sync: Any) -> None:
    acme, warnings = sync(counted(lambda start, rows: {"total": 0 if start else TOTAL}), Offset())
    assert (acme.ids(ItemsStream), warnings) == (ALL, [])


def test_84_a_list_counted_from_1_ends_with_its_total(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        start = int(param(request, "offset")) - 1
        return Reply(body={"rows": items(*ALL)[start : start + SIZE], "totalResults": TOTAL})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"offset": 1}, paginator=Offset(more="totalResults"))
    acme = connect(declare("CountersIntegration", CountersIntegration, streams=(stream,)))
    acme.sync(stream)
    assert (acme.ids(stream), len(api.requests)) == (ALL, 4)


@pytest.mark.parametrize("paginator", [Offset(), PageNumber()])
@pytest.mark.parametrize("name", ["total", "totalElements"])
def test_85_several_records_that_go_away_meanwhile_cost_no_other(sync: Any, paginator: Any, name: str) -> None:
    rows, requests = items(*ALL), []

    def answer(request: ReceivedRequest) -> Reply:
        requests.append(request)
        if 1 < len(requests) <= 4:
            rows.pop(0)
        page = param(request, "page")
        start = (int(page) - 1) * SIZE if page else int(param(request, "offset"))
        return Reply(body={"rows": rows[start : start + SIZE], name: len(rows)})

    acme, warnings = sync(answer, paginator)
    assert (acme.ids(ItemsStream), warnings) == (ALL[3:], [])


def test_85_records_that_go_away_all_the_time_are_told(sync: Any) -> None:
    rows = items(*range(300))

    def answer(request: ReceivedRequest) -> Reply:
        rows.pop(0)
        start = int(param(request, "offset"))
        return Reply(body={"rows": rows[start : start + 40], "total": len(rows)})

    _, (warning,) = sync(answer, Offset())
    assert "the vendor's total fell from " in warning
    assert "If the total is right, name its path in `total` on ItemsStream" in warning


def test_85_a_total_of_what_is_left_is_read_as_that(sync: Any, api: Vendor) -> None:
    acme, warnings = sync(counted(lambda start, rows: {"total": TOTAL - start}), Offset())
    assert (acme.ids(ItemsStream), warnings, len(api.requests)) == (ALL, [], 5)


def test_85_and_where_it_ends_the_list_too_early_that_is_told(sync: Any) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        start = int(param(request, "offset"))
        return Reply(body={"rows": items(*range(70))[start : start + SIZE], "total": 70 - start})

    acme, (warning,) = sync(answer, Offset(more="total"))
    assert len(acme.ids(ItemsStream)) == 40
    assert "the vendor gives a total of 70, but the list ended after 40 records" in warning


@pytest.mark.parametrize(
    ("beside", "sign"),
    [
        (lambda start, rows: {"offset": start}, "`offset` in the first page says that there is one before it"),
        (lambda start, rows: {"meta": {"from": start + 1, "to": start + 10}}, "`meta.from` in the first page"),
        (lambda start, rows: {"totalPages": 4}, "`totalPages` says that there are 4 pages"),
        (lambda start, rows: {"page": {"number": start // 10, "totalPages": "4"}}, "says that there are 4 pages"),
        (lambda start, rows: {"totalElements": TOTAL}, "the vendor gives a total of 35"),
        (lambda start, rows: {"page": {"total_items": TOTAL}}, "the vendor gives a total of 35"),
        (lambda start, rows: {"rows_of": 1, "paging": {"total": {"value": TOTAL}}}, "the vendor gives a total of 35"),
    ],
)
@pytest.mark.parametrize("size", [{}, {"size_param": "limit", "size": SIZE}])
def test_86_counting_from_1_where_the_first_page_is_0_is_told(sync: Any, beside: Any, sign: str, size: Any) -> None:
    acme, warnings = sync(counted(beside, first_page=0), PageNumber(**size))
    assert acme.ids(ItemsStream) == ALL[SIZE:]
    assert any(sign in warning for warning in warnings)


def test_86_so_is_a_total_in_a_header(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        return Reply(body=items(*ALL)[int(param(request, "page")) * SIZE :][:SIZE], headers={"X-Total-Count": "35"})

    api.handler = answer
    acme = connect(declare("CountersIntegration", CountersIntegration, paginator=PageNumber(), records=""))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "records are missing (header X-Total-Count): check the page size on ItemsStream" in warning


@pytest.mark.parametrize("more", [None, "total_pages"])
def test_86_an_empty_page_amid_a_list_with_a_number_of_pages_is_told(sync: Any, more: str | None) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        page = int(param(request, "page"))
        return Reply(body={"rows": [] if page == 2 else items(page), "total_pages": 4})

    _, warnings = sync(answer, PageNumber(more=more))
    (warning,) = warnings
    assert "page 2 is empty and ended the list after 1 record, but `total_pages` says that there are 4" in warning


@pytest.mark.parametrize(
    "beside",
    [
        lambda start, rows: {"offset": start, "total": TOTAL, "totalPages": 4},
        lambda start, rows: {"meta": {"from": start + 1, "to": start + len(rows), "last_page": 4, "total": TOTAL}},
        lambda start, rows: {"page": start // SIZE + 1, "pages": 4, "count": len(rows)},
        lambda start, rows: {"start": 1_767_225_600, "from": "2026-01-01", "totalPages": 4},
    ],
)
@pytest.mark.parametrize("paginator", [PageNumber(), Offset()])
def test_86_a_whole_list_is_no_cause_for_a_warning(sync: Any, beside: Any, paginator: Any) -> None:
    acme, warnings = sync(counted(beside), paginator)
    assert (acme.ids(ItemsStream), warnings) == (ALL, [])


@pytest.mark.parametrize("more", [None, "page.totalPages", "page.totalElements"])
@pytest.mark.parametrize("total", [TOTAL, 30, 1])
def test_86_nor_is_one_whose_first_page_is_0_and_is_declared_so(
    connect: Connect, api: Vendor, more: str | None, total: int
) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        rows = items(*ALL[:total])[number * SIZE :][:SIZE]
        counted = {"number": number, "totalPages": -(-total // SIZE), "totalElements": total}
        return Reply(body={"rows": rows, "page": counted})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"page": 0}, paginator=PageNumber(more=more))
    acme = connect(declare("CountersIntegration", CountersIntegration, streams=(stream,)))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == ALL[:total]


@pytest.mark.parametrize("empty", [1, 2])
def test_86_an_empty_page_amid_a_list_that_is_counted_from_0_is_told(connect: Connect, api: Vendor, empty: int) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        return Reply(body={"rows": [] if number == empty else items(number), "total_pages": 3})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"page": 0}, paginator=PageNumber())
    (warning,) = connect(declare("CountersIntegration", CountersIntegration, streams=(stream,))).sync(stream).warnings
    assert f"page {empty} is empty and ended the list" in warning
    assert "counts pages from 0" not in warning


@pytest.mark.parametrize("name", ["number", "cur", "from_start"])
def test_86_a_sign_of_more_that_ends_a_list_below_its_number_of_pages_is_told(sync: Any, name: str) -> None:
    acme, warnings = sync(counted(lambda start, rows: {name: start // SIZE, "page_count": 4}), PageNumber(more=name))
    (warning,) = warnings
    assert f"page 1 ended the list by `{name}` after 10 records, but `page_count` says that there are 4" in warning
    assert "Correct the paginator's `more`, or leave it out. If it counts something else, set data_fields" in warning
    assert acme.ids(ItemsStream) == ALL[:SIZE]


@pytest.mark.parametrize(
    ("name", "value"), [("has_more", False), ("isLast", True), ("done", True), ("remaining", 0), ("again", "")]
)
def test_86_a_flag_of_a_usual_name_and_the_last_page_are_believed(sync: Any, name: str, value: Any) -> None:
    pages = 1 if name == "again" else 4
    _, warnings = sync(counted(lambda start, rows: {name: value, "page_count": pages}), PageNumber(more=name))
    assert warnings == []
