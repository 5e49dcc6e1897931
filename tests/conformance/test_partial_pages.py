"""A page that says that it is not whole, a vendor's warning, and lists cut short inside of records (77, 78)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, PageNumber
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CANARY, CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class TreesIntegration(CommonIntegration):
    records = "trees"
    streams = (ItemsStream,)


def trees(*records: dict[str, Any], **beside: Any) -> Reply:
    return Reply(body={"trees": list(records), **beside})


NOT_WHOLE: list[tuple[dict[str, Any], str]] = [
    ({"partial": True}, "partial"),
    ({"meta": {"isPartial": "true"}}, "meta.isPartial"),
    ({"unreachable": ["regions/north"]}, "unreachable"),
    ({"UnprocessedKeys": {"trees": ["k1"]}}, "UnprocessedKeys"),
    ({"_shards": {"total": 5, "successful": 4, "failed": 1}}, "_shards.failed"),
    ({"StatusCode": "PartialData"}, "StatusCode"),
    ({"meta": {"status": "timeout"}}, "meta.status"),
    ({"incompleteSearch": True}, "incompleteSearch"),
    ({"meta": {"resultsIncomplete": True}}, "meta.resultsIncomplete"),
    ({"_clusters": {"total": 2, "successful": 1, "skipped": 1, "failed": 0}}, "_clusters.skipped"),
    ({"regions": {"total": 3, "successful": 2, "unavailable": 1}}, "regions.unavailable"),
    ({"terminated_early": True}, "terminated_early"),
    ({"query": {"id": 1}, "searchTimedOut": "true"}, "searchTimedOut"),
    ({"timeoutHits": True}, "timeoutHits"),
    ({"executionErrors": [{"code": 14, "message": "the north is not there"}]}, "executionErrors"),
    ({"meta": {"shardFailures": [{"shard": 3}]}}, "meta.shardFailures"),
    ({"coverage": {"coverage": 80, "full": False}}, "coverage.full"),
    ({"coverage": {"full": True, "degraded": {"match-phase": False, "timeout": True}}}, "coverage.degraded"),
    ({"UnprocessedAccounts": ["north"]}, "UnprocessedAccounts"),
    ({"failed_regions": {"north": "timeout"}}, "failed_regions"),
    ({"inaccessibleProjects": ["north"]}, "inaccessibleProjects"),
    ({"queryStatus": "TIMED_OUT"}, "queryStatus"),
    ({"response_status": "partial_success"}, "response_status"),
]


@pytest.mark.parametrize(("beside", "field"), NOT_WHOLE, ids=[field for _, field in NOT_WHOLE])
def test_77_a_page_that_says_that_it_is_not_whole_fails_unless_its_records_are_kept(
    connect: Connect, api: Vendor, beside: dict[str, Any], field: str
) -> None:
    api.script(trees(*items(1, 2), **beside))
    with pytest.raises(SyncError, match=rf"200 with an error in the body \(`{field}`\)") as caught:
        connect(TreesIntegration).sync(ItemsStream)
    name = field.partition(".")[0]
    assert f'set data_fields = ("{name}",)' in str(caught.value)
    assert 'set accept = {200: "keep"}' in str(caught.value)

    kept = connect(declare("KeptIntegration", TreesIntegration, accept={200: "keep"}))
    assert kept.sync(ItemsStream).warnings
    assert kept.ids(ItemsStream) == [1, 2]
    assert connect(declare("DataIntegration", TreesIntegration, data_fields=(name,))).sync(ItemsStream).warnings == []


def test_77_a_flag_about_the_list_counts_in_the_object_around_the_list_too(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"found": {"trees": items(1), "partial": True, "incompleteResults": True}}))
    around = declare("FoundIntegration", TreesIntegration, records="found.trees")
    with pytest.raises(SyncError, match=r"error in the body \(`found.incompleteResults`\)"):
        connect(around).sync(ItemsStream)
    api.script(Reply(body={"found": {"trees": items(1), "partial": True, "timedOut": True, "executionErrors": ["x"]}}))
    assert connect(around).sync(ItemsStream).warnings == []


def test_77_what_a_search_covered_counts_in_the_object_around_the_list_too(connect: Connect, api: Vendor) -> None:
    around = connect(declare("FoundIntegration", TreesIntegration, records="root.children"))
    api.script(Reply(body={"root": {"coverage": {"documents": 9, "full": False}, "children": items(1)}}))
    with pytest.raises(SyncError, match=r"error in the body \(`root.coverage.full`\)"):
        around.sync(ItemsStream)
    api.script(Reply(body={"root": {"coverage": {"documents": 9, "full": True}, "children": items(1)}}))
    assert around.sync(ItemsStream).warnings == []


def test_77_the_errors_of_a_reading_are_quoted_in_the_vendors_words(connect: Connect, api: Vendor) -> None:
    api.script(trees(*items(1), queryErrors=[{"code": 14, "message": "the north is not there"}]))
    with pytest.raises(SyncError, match="The vendor says: the north is not there\\."):
        connect(TreesIntegration).sync(ItemsStream)


def test_77_the_mark_of_an_incremental_stream_stays_before_a_page_that_is_not_whole(
    connect: Connect, api: Vendor
) -> None:
    stream = declare("ItemsStream", ItemsStream, cursor=Cursor("at", since="since"))
    acme = connect(declare("TreesIntegration", TreesIntegration, streams=(stream,)))
    late, early = ({"id": number, "at": f"2026-02-0{number}T00:00:00Z"} for number in (7, 3))
    api.script(trees(late, partial=True), trees(early, late))
    with pytest.raises(SyncError):
        acme.sync(stream)
    acme.sync(stream)
    assert acme.ids(stream) == [3, 7]


WHOLE: list[dict[str, Any]] = [
    {"complete": 9, "incomplete": 1},
    {"timed_out": 1},
    {"request_errors": {"count": 3}},
    {"partial": False, "unreachable": [], "UnprocessedKeys": {}, "StatusCode": "Complete"},
    {"_shards": {"total": 5, "successful": 5, "skipped": 0, "failed": 0}},
    {"failed": 3, "status": "done", "result": "partial", "meta": {"failed": 2}},
    {"_clusters": {"total": 2, "successful": 2, "skipped": 0}, "_shards": {"successful": 5, "skipped": 3}},
    {"nodes": {"total": 9, "failed": 1, "error": "x"}, "sources": {"failed": 2}, "status": {"skipped": 3}},
    {"incompleteSearch": False, "terminated_early": False, "timeout": 1, "timed_out": "false", "queryTimeout": 30},
    {"executionErrors": [], "lintErrors": ["x"], "queryErrors": 0, "partial_errors": {}},
    {"skip": 100, "skipped": 0, "omitted_count": 0, "dropped": [], "omitted": False},
    {"passed": 8, "failed": 1, "skipped": 2},
    {"id": "run-1", "skipped": 2, "status": "partial"},
    {"messages": [{"type": "INFO", "text": "done"}, {"id": 1, "type": "warning"}], "meta": {"messages": ["OK"]}},
    {"alerts": [{"severity": "critical", "text": "a tree fell"}], "messages": ["a tree fell"]},
    {"warning": "", "warnings": [], "meta": {"warnings": None}},
    {"limited": False, "limit_reached": "false"},
    {"status": {"failed": 3, "successful": 7, "total": 10}},
    {"coverage": {"coverage": 100, "full": True, "degraded": {"timeout": False}}, "meta": {"full": False}},
    {"unprocessed": [], "failedRegions": [], "failed_accounts": 0, "missing_items": None},
    {"created": 2, "failedItems": [{"id": 9}]},
    {"id": "import-1", "failedRecords": [{"row": 9}], "state": "timed_out"},
    {"failedTests": ["a"], "missingLeaves": ["b"], "preview": "oaks", "sampled": 12, "sampling": True},
    {"preview": False, "metadata": {"dataLossFromOtherRow": False, "samplingMetadatas": []}},
    {"jobStatus": "DONE", "resultStatus": "complete", "queryState": "SUCCEEDED"},
    {"is_limited": False, "has_more": False, "reached_time_limit": False},
]


@pytest.mark.parametrize("beside", WHOLE, ids=str)
def test_77_what_says_that_all_is_there_or_speaks_of_something_else_is_nothing(
    connect: Connect, api: Vendor, beside: dict[str, Any]
) -> None:
    api.script(trees(*items(1, 2), **beside))
    acme = connect(TreesIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    "flag", ["exceededTransferLimit", "maxRowsReached", "resultsLimited", "recordLimitExceeded", "reached_time_limit"]
)
def test_77_a_flag_that_a_limit_was_reached_says_that_there_is_more(connect: Connect, api: Vendor, flag: str) -> None:
    api.script(trees(*items(1), **{flag: True}))
    with pytest.raises(SyncError, match=f"`{flag}` in the page says that there is more, but no paginator is set"):
        connect(TreesIntegration).sync(ItemsStream)


@pytest.mark.parametrize("flag", ["limited", "limitReached", "capped"])
def test_77_a_flag_that_may_be_about_another_limit_is_told(connect: Connect, api: Vendor, flag: str) -> None:
    api.script(trees(*items(1), **{flag: True}))
    (warning,) = connect(TreesIntegration).sync(ItemsStream).warnings
    assert f"`{flag}` in the page may say that there is more" in warning


def test_77_a_limit_that_cut_the_list_off_is_told_where_the_page_says_that_nothing_follows(
    connect: Connect, api: Vendor
) -> None:
    api.script(trees(*items(1), is_limited=True, has_more=False))
    (warning,) = connect(TreesIntegration).sync(ItemsStream).warnings
    assert "`is_limited`" in warning
    assert "though `has_more` says that nothing follows" in warning


WARNINGS: list[tuple[Reply, str, str]] = [
    (trees(*items(1), warning="only oaks are shown"), "warning", "only oaks are shown."),
    (trees(*items(1), warnings=["only oaks", "no elms"]), "warnings", "only oaks; no elms."),
    (trees(*items(1), meta={"warnings": [{"code": 7, "message": "only oaks"}]}), "meta.warnings", "only oaks."),
    (
        trees(*items(1), preview=False, messages=[{"type": "INFO", "text": "begun"}, {"type": "WARN", "text": "cut"}]),
        "messages",
        '[{"type": "WARN", "text": "cut"}].',
    ),
    (trees(*items(1), notices=[{"severity": "error", "message": "no elms"}]), "notices", "no elms."),
    (trees(*items(1), metadata={"messages": ["limit reached"]}), "metadata.messages", "limit reached."),
    (trees(*items(1), omitted_count=12), "omitted_count", "it is 12, so the list may not be whole."),
    (trees(*items(1), skipped=3), "skipped", "it is 3, so the list may not be whole."),
    (trees(*items(1), droppedRows="4"), "droppedRows", 'it is "4", so'),
    (trees(*items(1), omittedResults=True), "omittedResults", "it is true, so"),
    (trees(*items(1), skippedResources=["elm-7"]), "skippedResources", 'it is ["elm-7"], so'),
    (trees(*items(1), status="Partial"), "status", "it is 'Partial', so the list may not be whole yet."),
    (trees(*items(1), state="INCOMPLETE"), "state", "it is 'INCOMPLETE', so"),
    (trees(*items(1), resultStatus="PARTIAL"), "resultStatus", "it is 'PARTIAL', so"),
    (trees(*items(1), status="Cancelled"), "status", "it is 'Cancelled', so"),
    (trees(*items(1), preview=True), "preview", "it is true, so records may be left out, estimated or not final."),
    (trees(*items(1), containsSampledData=True), "containsSampledData", "it is true, so"),
    (trees(*items(1), samplesReadCounts=["9"]), "samplesReadCounts", 'it is ["9"], so'),
    (trees(*items(1), metadata={"dataLossFromOtherRow": True}), "metadata.dataLossFromOtherRow", "it is true, so"),
    (Reply(body={"trees": items(1)}, headers={"Warning": '199 api "only \\"oaks\\""'}), "Warning", 'only \\"oaks\\".'),
]


@pytest.mark.parametrize(("reply", "place", "said"), WARNINGS, ids=[said for _, _, said in WARNINGS])
def test_77_what_a_vendor_warns_of_is_passed_on(
    connect: Connect, api: Vendor, reply: Reply, place: str, said: str
) -> None:
    api.script(reply)
    acme = connect(TreesIntegration)
    (warning,) = acme.sync(ItemsStream).warnings
    assert f"the vendor warns (`{place}`): {said}" in warning
    assert acme.ids(ItemsStream) == [1]
    told = declare("ToldIntegration", TreesIntegration, data_fields=(place,))
    assert connect(told).sync(ItemsStream).warnings == []


def test_77_a_flag_that_repeats_what_was_asked_for_is_no_warning(connect: Connect, api: Vendor) -> None:
    api.script(trees(*items(1), preview=True))
    asked = declare("AskedIntegration", TreesIntegration, params={"preview": "true"})
    assert connect(asked).sync(ItemsStream).warnings == []


def test_77_a_number_that_says_where_a_page_begins_leaves_nothing_out(connect: Connect, api: Vendor) -> None:
    api.script(trees(*items(1, 2), skipped=0), trees(*items(3, 4), skipped=2), trees(skipped=4))
    paged = declare("PagedIntegration", TreesIntegration, paginator=PageNumber())
    assert connect(paged).sync(ItemsStream).warnings == []
    api.script(trees(*items(1), skipped=10))
    sent = declare("SentIntegration", TreesIntegration, params={"from": 10})
    assert connect(sent).sync(ItemsStream).warnings == []


@pytest.mark.parametrize("said", ["Your plan does not include this list", "Unauthorized", "this contract has ended"])
@pytest.mark.parametrize("name", ["message", "detail", "reason"])
def test_77_a_message_beside_an_empty_list_is_passed_on(connect: Connect, api: Vendor, said: str, name: str) -> None:
    api.script(trees(**{name: said}))
    (warning,) = connect(TreesIntegration).sync(ItemsStream).warnings
    assert f"the vendor warns (`{name}`, beside no records): {said}." in warning


def test_77_a_message_beside_an_empty_list_that_names_a_rate_limit_is_a_limit(connect: Connect, api: Vendor) -> None:
    api.script(trees(message="Too many requests, slow down"), trees(*items(1)))
    acme = connect(TreesIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1]


@pytest.mark.parametrize(
    "said",
    [
        "ok",
        "Success",
        "",
        "No trees found",
        "0 trees were returned",
        "Nothing to list",
        "no matching records",
        "No rate limits found",
        "None",
    ],
)
def test_77_a_message_that_only_says_that_there_is_nothing_is_believed(
    connect: Connect, api: Vendor, said: str
) -> None:
    api.script(trees(message=said), trees(*items(1), message="1 tree"))
    acme = connect(TreesIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.sync(ItemsStream).warnings == []


def test_77_it_is_passed_on_once_without_secrets(connect: Connect, api: Vendor) -> None:
    pages = [trees(*items(number), warning=f"{CANARY} is about to expire") for number in (1, 2)]
    api.script(*pages, trees())
    (warning,) = (
        connect(declare("PagedIntegration", TreesIntegration, paginator=PageNumber())).sync(ItemsStream).warnings
    )
    assert "is about to expire" in warning
    assert CANARY not in warning


def test_77_of_a_stream_with_sensitive_fields_it_is_not_quoted(connect: Connect, api: Vendor) -> None:
    api.script(trees({"id": 1, "ring": "gold"}, warning="the ring is gold"))
    (warning,) = connect(declare("KeptIntegration", TreesIntegration, sensitive="ring")).sync(ItemsStream).warnings
    assert "the vendor warns (`warning`)" in warning
    assert "gold" not in warning


@pytest.mark.parametrize("shape", ["object", "list"])
def test_77_warnings_that_are_records_are_data(connect: Connect, api: Vendor, shape: str) -> None:
    is_object = shape == "object"
    api.script(Reply(body={"id": 1, "warnings": ["ice"]} if is_object else {"warnings": items(1)}))
    acme = connect(declare("IceIntegration", TreesIntegration, records="" if is_object else "warnings", shape=shape))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1]


@pytest.mark.parametrize(
    ("shape", "page"),
    [
        ("object", {"id": 1, "status": "timeout", "partial": True, "unreachable": ["a"]}),
        ("by_id", {"unreachable": {"id": 1}, "up": {"id": 2}}),
    ],
)
def test_77_the_fields_of_a_page_that_is_a_record_or_holds_records_by_id_are_data(
    connect: Connect, api: Vendor, shape: str, page: dict[str, Any]
) -> None:
    api.script(Reply(body=page))
    acme = connect(declare("IceIntegration", TreesIntegration, records="", shape=shape))
    assert acme.sync(ItemsStream).warnings == []


@pytest.mark.parametrize("kind", ["field", "header"])
@pytest.mark.parametrize("before", range(280, 300, 3))
def test_77_no_part_of_a_secret_is_left_where_a_warning_is_cut(
    connect: Connect, api: Vendor, before: int, kind: str
) -> None:
    text = "x" * before + CANARY + " and more than is shown of any warning"
    headers = {"Warning": f'199 api "{text}"'} if kind == "header" else {}
    beside = {} if kind == "header" else {"warning": text}
    api.script(Reply(body={"trees": items(1), **beside}, headers=headers))
    (warning,) = connect(TreesIntegration).sync(ItemsStream).warnings
    assert CANARY[:6] not in warning


def test_77_an_error_of_a_page_that_is_not_whole_quotes_no_record(connect: Connect, api: Vendor) -> None:
    api.script(trees({"id": 1, "owner": "ann@example.com"}, partial=True))
    with pytest.raises(SyncError) as caught:
        connect(TreesIntegration).sync(ItemsStream)
    assert "partial is true" in str(caught.value)
    assert "ann@example.com" not in str(caught.value)


CUT: list[tuple[dict[str, Any], str, str]] = [
    ({"leaves": {"data": [1, 2], "has_more": True}}, "leaves", "`leaves.has_more` is true"),
    (
        {"leaves": {"nodes": [1], "pageInfo": {"hasNextPage": True}}},
        "leaves",
        "`leaves.pageInfo.hasNextPage` is true",
    ),
    ({"leaves": {"nodes": [1], "totalCount": 9}}, "leaves", "`leaves.totalCount` is more than its list has"),
    (
        {"fields": {"leaf": {"total": 9, "maxResults": 2, "leaves": [1, 2]}}},
        "fields.leaf",
        "`fields.leaf.total` is more than its list has",
    ),
    ({"leaves": {"items": [1], "next": "/leaves?page=2"}}, "leaves", "`leaves.next` leads to more"),
    (
        {"leaves": [1], "leaves@odata.nextLink": "https://api.example.com/leaves"},
        "leaves@odata.nextLink",
        "`leaves@odata.nextLink` leads to more",
    ),
    ({"boughs": [{"leaves": {"data": [1], "more": True}}]}, "boughs.leaves", "`boughs.leaves.more` is true"),
]


@pytest.mark.parametrize(("cut", "place", "sign"), CUT, ids=[sign for _, _, sign in CUT])
def test_78_a_list_inside_of_a_record_that_goes_on_is_told_even_of_one_record(
    connect: Connect, api: Vendor, cut: dict[str, Any], place: str, sign: str
) -> None:
    whole = _make_whole(cut)
    api.script(trees(*({"id": number, **(cut if number == 33 else whole)} for number in range(45))))
    acme = connect(TreesIntegration)
    (warning,) = acme.sync(ItemsStream).warnings
    assert f"lists inside of records are cut short: {sign}" in warning
    assert f'set data_fields = ("{place}",) on ItemsStream' in warning
    assert len(acme.ids(ItemsStream)) == 45
    known = declare("KnownIntegration", TreesIntegration, data_fields=(place,))
    assert connect(known).sync(ItemsStream).warnings == []


def _make_whole(value: Any) -> Any:
    """A record of the same structure, of which every list is whole."""
    if isinstance(value, dict):
        return {name: _make_whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_make_whole(item) for item in value]
    return False if value is True else "" if isinstance(value, str) else 1


NOT_CUT: list[dict[str, Any]] = [
    {"total_size": 1_048_576, "files": ["a"]},
    {"suite": {"total_count": 120, "failed_tests": ["a"]}},
    {"text": "abc", "truncated": True, "hashtags": ["a"]},
    {"links": {"prev": "/trees/0", "next": "/trees/2"}, "tags": ["x"]},
    {"meta": {"total_count": 9}, "tags": ["x"]},
    {"invoice": {"total": 120, "lines": [1]}},
    {"next": "/trees/2", "leaves": [1]},
    {"leaves": {"data": [1, 2], "has_more": False, "next": None, "totalCount": 2}},
    {"felled": {"more": True}},
    {"leaves": {"total_weight": 90, "items": [1]}},
]


@pytest.mark.parametrize("record", NOT_CUT, ids=str)
def test_78_what_only_resembles_such_a_list_is_nothing(connect: Connect, api: Vendor, record: dict[str, Any]) -> None:
    api.script(trees({"id": 1, **record}))
    assert connect(TreesIntegration).sync(ItemsStream).warnings == []
