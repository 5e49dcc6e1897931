"""Writes what an author's code yields as pages of JSON: records of an SDK, whole answers of one, or their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from dazz_assets.http.json.json_slices import find_problem
from dazz_assets.http.responses.response_rules import ResponseRules

RECORDS_PER_PAGE = 500
"""Records that are yielded one by one become pages of this many."""


class NoPageError(ValueError):
    """What was yielded has no form in JSON. The text goes on after "yielded"."""


def write_pages(yielded: Iterable[object], rules: ResponseRules) -> Iterator[bytes]:
    """The pages of what was yielded, each as JSON. Raises NoPageError, and what the iterable raises.

    An iterable is a page of records; text and bytes are the JSON of one. Anything else, such as a mapping, is a page if
    the stream says where in it the records are, else a record.
    """
    holds_records = bool(rules.records) or rules.shape != "list"
    loose: list[bytes] = []
    for item in yielded:
        if holds_records or isinstance(item, str | bytes) or _is_list(item):
            if loose:
                yield _join(loose)
                loose = []
            yield _write_page(item)
            continue
        loose.append(_write(item))
        if len(loose) == RECORDS_PER_PAGE:
            yield _join(loose)
            loose = []
    if loose:
        yield _join(loose)


def _write_page(item: object) -> bytes:
    return _join(map(_write, item)) if _is_list(item) else _write(item)  # type: ignore[call-overload]


def _join(records: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(records) + b"]"


def _is_list(item: object) -> bool:
    return isinstance(item, Iterable) and not isinstance(item, Mapping | str | bytes)


def _write(item: object) -> bytes:
    """A page or a record as JSON; text and bytes are that already. The same value gives the same bytes."""
    if isinstance(item, str | bytes):
        text = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
        if (problem := find_problem(text)) is not None:
            raise NoPageError(f"a text that is not JSON: {problem}")
        return text
    try:
        return _ENCODER.encode(item)
    except NoPageError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise NoPageError(f"a {type(item).__name__} that has no form in JSON: {error}") from None


def _convert(value: Any) -> Any:
    """A value of a type that msgspec does not write, as one that it does."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise NoPageError(
        f"a {type(value).__name__}, which has no form in JSON; make it a dict, a list, a text, a number or a time"
    )


# Sorted, as the order of a set differs between processes, and a record's content is compared byte by byte.
_ENCODER = msgspec.json.Encoder(enc_hook=_convert, decimal_format="number", order="deterministic")
