"""JSON texts are indented, trimmed and rewritten; every token that was not changed stays as it was sent."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.privacy.json_tokens import compact_json, extend_list, indent_json, rewrite_json, trim_list

ODD = (
    r'{"id": 1.0, "big": 1e400, "long": 123456789012345678901234567890, "id": -0.0E+5,'
    r' "half": "\ud800", "path": "a\/b\u00e9", "": [ ], "o": { } }'
)

SPACE = st.text(" \t\r\n", max_size=3)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A JSON text as a vendor may write it: any white space, with or without escapes."""
    separators = (draw(SPACE) + "," + draw(SPACE), draw(SPACE) + ":" + draw(SPACE))
    text = json.dumps(draw(VALUE), ensure_ascii=draw(st.booleans()), separators=separators)
    return draw(SPACE) + text + draw(SPACE)


def tokens(text: str) -> list[str]:
    return re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"\[\]{}:,]+|[\[\]{}:,]', text)


@given(texts())
def test_indenting_changes_only_white_space(text: str) -> None:
    for rewritten in (
        indent_json(text),
        compact_json(text),
        indent_json(compact_json(text)),
        compact_json(indent_json(text)),
    ):
        assert tokens(rewritten) == tokens(text)
        assert json.loads(rewritten) == json.loads(text)


@given(VALUE)
def test_a_text_is_indented_as_python_does_it(value: Any) -> None:
    text = json.dumps(value)
    assert indent_json(text) == json.dumps(value, indent=2)
    assert compact_json(text) == json.dumps(value, separators=(",", ":"))


@given(texts())
def test_indenting_twice_is_indenting_once(text: str) -> None:
    assert indent_json(indent_json(text)) == indent_json(text)
    assert compact_json(compact_json(text)) == compact_json(text)


def test_digits_duplicate_keys_and_escapes_stay_as_they_were_sent() -> None:
    assert compact_json(ODD) == re.sub(r"\s", "", ODD)
    assert re.sub(r"\s", "", indent_json(ODD)) == re.sub(r"\s", "", ODD)


@given(texts())
def test_a_text_without_changes_stays_the_same_to_the_byte(text: str) -> None:
    assert rewrite_json(text, lambda kind, path, value: value) == text


def test_every_key_string_and_number_is_passed_to_the_rewriter_with_its_path() -> None:
    calls: list[tuple[str, tuple[str, ...], str]] = []

    def record_call(kind: str, path: tuple[str, ...], value: str) -> str:
        calls.append((kind, path, value))
        return value

    rewrite_json(
        r'{"data": [{"id": 1.0, "tags": ["\u00e9", true]}, {"id": 2}], "next": "x", "none": null}', record_call
    )
    assert calls == [
        ("key", ("data",), "data"),
        ("key", ("data", "id"), "id"),
        ("number", ("data", "id"), "1.0"),
        ("key", ("data", "tags"), "tags"),
        ("string", ("data", "tags"), "é"),
        ("key", ("data", "id"), "id"),
        ("number", ("data", "id"), "2"),
        ("key", ("next",), "next"),
        ("string", ("next",), "x"),
        ("key", ("none",), "none"),
    ]


def test_only_changed_tokens_are_rewritten() -> None:
    text = r'{ "a\/b" : "c\/d", "e" : 1.0 , "jane" : "\u00e9" , "f": 7}'
    rewritten = rewrite_json(text, lambda kind, path, value: {"jane": 'x"y', "7": "0", "é": "ö"}.get(value, value))
    assert rewritten == r'{ "a\/b" : "c\/d", "e" : 1.0 , "x\"y" : "ö" , "f": 0}'


def test_a_changed_text_with_a_lone_surrogate_can_be_written_to_a_file() -> None:
    assert (
        rewrite_json(r'["\ud800 jane"]', lambda kind, path, value: value.replace("jane", "é")) == r'["\ud800 \u00e9"]'
    )


@pytest.mark.parametrize(
    ("text", "path", "limit", "expected"),
    [
        ("[1, 2, 3]", "", 2, "[1, 2]"),
        ("[1, 2]", "", 2, "[1, 2]"),
        ("[ 1.0 , [2, 2] , {} ]", "", 2, "[ 1.0 , [2, 2] ]"),
        ('[{"a": 1}, {"b": 2}]', "", 1, '[{"a": 1}]'),
        ("[1, 2]", "", 0, "[]"),
        ('{"a": {"b": [1, 2]}, "b": [3, 4]}', "a.b", 1, '{"a": {"b": [1]}, "b": [3, 4]}'),
        ('{"a.b": [1, 2]}', "a\\.b", 1, '{"a.b": [1]}'),
        ('{"boards": [{"items": [1, 2]}, {"items": [3, 4]}]}', "boards.0.items", 1, None),
        ('{"a": [1], "a": [1.0, 2, 3]}', "a", 2, '{"a": [1], "a": [1.0, 2]}'),
        ('{"a": {"0": 1, "1": 2}, "b": "x"}', "a", 1, '{"a": {"0": 1, "1": 2}, "b": "x"}'),
        ('{"b": null}', "a", 1, '{"b": null}'),
        ('"x"', "", 1, '"x"'),
    ],
)
def test_a_list_is_cut_to_its_first_items(text: str, path: str, limit: int, expected: str | None) -> None:
    assert trim_list(text, path, limit) == (expected or '{"boards": [{"items": [1]}, {"items": [3, 4]}]}')


@given(st.lists(VALUE, max_size=6), st.integers(0, 7))
def test_the_first_items_stay_as_they_were_sent(items: list[Any], limit: int) -> None:
    text = json.dumps({"before": [1, 2], "data": items, "after": [3]})
    assert trim_list(text, "data", limit) == json.dumps({"before": [1, 2], "data": items[:limit], "after": [3]})


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("[1.0 ]", "", "[1.0, 7, {}]"),
        ("[ ]", "", "[7, {}]"),
        ('{"a": {"b": [[1], [2]]}, "b": [3]}', "a.b", '{"a": {"b": [[1], [2], 7, {}]}, "b": [3]}'),
        ('{"boards": [{"items": [1]}, {"items": [3]}]}', "boards.1.items", None),
        ('{"a": {"0": 1}}', "a", '{"a": {"0": 1}}'),
        ('{"b": null}', "a", '{"b": null}'),
    ],
)
def test_items_are_added_to_the_end_of_a_list(text: str, path: str, expected: str | None) -> None:
    outcome = expected or '{"boards": [{"items": [1]}, {"items": [3, 7, {}]}]}'
    assert extend_list(text, path, ["7", "{}"]) == outcome
    assert extend_list(text, path, []) == text


@given(st.lists(VALUE, max_size=4), st.lists(VALUE, min_size=1, max_size=4))
def test_what_is_in_a_list_stays_in_front_of_what_is_added(items: list[Any], more: list[Any]) -> None:
    text = json.dumps({"before": [1, 2], "data": items, "after": [3]})
    extended = extend_list(text, "data", map(json.dumps, more))
    assert extended == json.dumps({"before": [1, 2], "data": [*items, *more], "after": [3]})


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "NaN", "[Infinity]", "[1,]", "{,}", '{"a"}', '{"a" 1}', "{1: 2}", "[1 2]", "1 2", "01", "1.", "tru"),
        *("]", "[}", "[1", '"a', '"a\nb"', r'"\x"', "\ufeff[]", "\u00a01", "<html>"),
        *("[" * 100_000, "[" * 600 + "]" * 600),
    ],
)
def test_text_that_is_not_json_is_refused(text: str) -> None:
    for read in (
        indent_json,
        compact_json,
        lambda text: rewrite_json(text, lambda *_: ""),
        lambda text: trim_list(text, "", 1),
    ):
        with pytest.raises(ValueError, match="JSON"):
            read(text)


@given(st.text('[]{}:,"\\ 01-.eEtrufalsn', max_size=12))
def test_a_text_is_json_if_python_accepts_it(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match="JSON"):
            compact_json(text)
    else:
        assert json.loads(compact_json(text)) == json.loads(text)


def test_a_string_of_a_million_escapes_is_read_in_linear_time() -> None:
    start = time.perf_counter()
    compact_json('"' + '\\"' * 1_000_000 + '"')
    with pytest.raises(ValueError, match="JSON"):
        compact_json('"' + '\\"' * 1_000_000)
    assert time.perf_counter() - start < 2
