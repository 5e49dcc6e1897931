"""Records are slices of the page, byte for byte (conformance 11, 33, 45)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dazz_assets.http import Page, RecordsPathError, Request
from dazz_assets.http.json.json_slices import Document


def page(body: bytes, status: int = 200) -> Page:
    request = Request("https://api.example.com/issues")
    return Page(
        status=status,
        body=body,
        url=request.url,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
        where="vendor/acme",
    )


def records(body: bytes, path: str) -> list[bytes]:
    return [bytes(record) for record in page(body).records(path)]


@pytest.mark.parametrize(
    "record",
    [
        b'{"n": 123456789012345678901234567890}',
        b'{"n": 1.0, "m": 1e400, "k": -0.0}',
        rb'{"s": "\ud800"}',
        rb'{"s": "\udc00\ud800 \ud83d\ude00"}',
        b'{"a": 1, "a": 2}',
        '{"s": "\u2028 ü 😀"}'.encode(),
        b'{ "spaced" :\t[ 1 ,2 ]\r\n}',
        b'"text"',
        b"[1, [2]]",
        b"{}",
        b"9" * 5000,
    ],
)
@pytest.mark.parametrize("path", ["", "data", "data.items", "data.0.items"])
def test_a_record_keeps_the_bytes_that_were_sent(record: bytes, path: str) -> None:
    items = b'[ {"id":1} ,' + record + b" ]"
    body = {
        "": items,
        "data": b'{"data":' + items + b"}",
        "data.items": b'{"data" : {"other": 1, "items": ' + items + b'}, "x": []}',
        "data.0.items": b'{"data": [{"items": ' + items + b"}]}",
    }[path]
    assert records(body, path) == [b'{"id":1}', record]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.booleans(), st.sampled_from([None, 1]))
@example([{"a": "\ud800"}], True, None)
def test_any_list_is_sliced_into_its_items(values: list[Any], ascii_only: bool, indent: Any) -> None:
    texts = [json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "ignore") for value in values]
    body = b'{"meta": {"\\ud800": 1}, "data": [' + b" ,\n".join(texts) + b"]}"
    assert records(body, "data") == texts
    assert records(body.replace(b"\\ud800", b"x"), "data") == [text.replace(b"\\ud800", b"x") for text in texts]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", ""),
        (b" \n", "data"),
        (b"null", ""),
        (b"null", "data"),
        (b'{"data": null}', "data"),
        (b'{"data": null}', "data.items"),
        (b'{"data": {"items": null}}', "data.items"),
        (b'{"data": {"items": [ ]}}', "data.items"),
        (b"[]", ""),
    ],
)
def test_an_empty_body_null_and_an_empty_list_hold_no_records(body: bytes, path: str) -> None:
    assert records(body, path) == []


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (
            b'{"items": [], "total": 3}',
            "data",
            "nothing is at `data`: the page is an object with the keys items, total",
        ),
        (b'{"data": {"rows": []}}', "data.items", "`data` is an object with the keys rows"),
        (b'{"data": {"rows": []}}', "", "the page is not a list but an object with the keys data"),
        (b'{"data": {"rows": []}}', "data", "the value at `data` is not a list but an object with the keys rows"),
        (b'{"data": "soon"}', "data", 'not a list but the value "soon"'),
        (b"[[1]]", "data", "the page is a list"),
        (b"{}", "data", "an object without keys"),
        (b'{"data": []}', "data.0", "`data` is a list"),
    ],
)
def test_a_path_that_does_not_lead_to_a_list_fails_and_says_what_is_there(body: bytes, path: str, message: str) -> None:
    with pytest.raises(RecordsPathError) as caught:
        records(body, path)
    assert message in str(caught.value)
    assert "vendor/acme: GET https://api.example.com/issues" in str(caught.value)
    assert "Set `records`" in str(caught.value)


def test_an_error_lists_only_the_first_keys_of_a_page() -> None:
    body = json.dumps({f"key{number}": 1 for number in range(50)}).encode()
    with pytest.raises(RecordsPathError, match=r"key11, \.\.\.") as caught:
        records(body, "data")
    assert "key12" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("links.next", "/x?y"),
        (r"@odata\.nextLink", "https://n"),
        (r"a\.b.c", 3),
        ("data.1.id", "two"),
        ("numbers.0", {"1": "as a key"}),
        ("numbers.0.1", "as a key"),
        ("total", 10**30),
        ("gone", None),
        ("links.gone.further", None),
        ("total.further", None),
        ("data.7.id", None),
        ("nothing", None),
        ("odd", "\ud800"),
        ('quo"ted.key', 1),
        ("flag", False),
    ],
)
def test_a_value_is_found_at_its_path(path: str, value: object) -> None:
    body = rb"""{"links": {"next": "/x?y"}, "@odata.nextLink": "https://n", "a.b": {"c": 3}, "odd": "\ud800",
        "data": [{"id": "one"}, {"id": "two"}], "numbers": [{"1": "as a key"}], "nothing": null, "flag": false,
        "quo\"ted": {"key": 1}, "total": 1000000000000000000000000000000}"""
    assert page(body).value(path) == value


def test_the_last_of_repeated_keys_counts() -> None:
    assert page(b'{"next": 1, "next": 2}').value("next") == 2
    assert records(rb'{"data": ["\ud800"], "data": [2]}', "data") == [b"2"]


texts = st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["data", "meta", "links", "ü"]) | texts, values, max_size=4),
    st.sampled_from(["data", "data.items", "meta.data"]),
    st.lists(values, max_size=4),
    st.sampled_from([None, 1, 3]),
)
def test_a_page_is_read_the_same_way_wherever_its_list_is_expected(
    members: dict[str, Any], path: str, items: list[Any], indent: int | None
) -> None:
    top, _, below = path.partition(".")
    page = {**members, top: {"before": 1, below: items, "after": [1]} if below else items}
    assert_read_the_same_way(json.dumps(page, indent=indent, ensure_ascii=False).encode(), path, [*page, "meta.x"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [1, 2], "data": [3]}',
        b'{"data": [3], "data": [1, 2], "next": "x"}',
        b'{"data": null, "data": [1], "data": {}}',
        b'{"data": [[[1]], [2]], "x": [[1]]}',
        b' {\n"x": [{"a": NaN}], "data" : [ {"a": NaN} , 2 ]\n} ',
        b'{"data": [1, NaN]}',
        b'{"data": ["\\ud800"], "x": 1}',
        b'{"\\u0064ata": [1], "x": {"data": [2]}}',
        b'{"data": []}',
        b"[[1], [2]]",
        b'"data"',
    ],
)
def test_an_unusual_page_is_read_the_same_way_wherever_its_list_is_expected(body: bytes) -> None:
    assert_read_the_same_way(body, "data", ["data", "x", "next", "0"])


def assert_read_the_same_way(body: bytes, list_path: str, names: list[str]) -> None:
    plain, quick = Document(body), Document(body, list_path)
    assert (quick.names(), quick.is_strict) == (plain.names(), plain.is_strict)
    for name in (*names, list_path, f"{list_path}.0", f"{list_path}.-1", "", "nothing"):
        assert find(quick, name) == find(plain, name)
        assert list_items(quick, name) == list_items(plain, name)


def find(document: Document, path: str) -> bytes | None:
    found = document.find(path)
    return None if found is None else bytes(found)


def list_items(document: Document, path: str) -> list[bytes] | str:
    try:
        return [bytes(item) for item in document.records(path)]
    except ValueError as error:
        return str(error)


def test_a_number_of_any_length_beside_the_list_is_read() -> None:
    document = Document(b'{"data": [1], "seed": ' + b"7" * 5_000 + b"}", "data")
    assert document.value("seed") == float("inf")
