"""Finds what a vendor warns of in a page that succeeded: that it cut the list off, or why it is empty."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator

from dazz_assets.field_paths import escape_name, split_path
from dazz_assets.http.json.json_fields import storable_text
from dazz_assets.http.json.json_slices import Document
from dazz_assets.http.page import Page, sent_pairs, sent_values
from dazz_assets.http.paging.next_page_hints import find_end_flag
from dazz_assets.http.paging.paging_names import THINGS, means_capped, normalize, read_number
from dazz_assets.http.quotes import shorten
from dazz_assets.http.responses.concealed import NOT_QUOTED
from dazz_assets.http.responses.failures import has_messages, vendor_message
from dazz_assets.http.responses.report_words import (
    NOTICE_KINDS,
    NOTICES,
    OF_THINGS,
    means_message,
    says_all_is_well,
    says_succeeded,
    sounds_failed,
    sounds_wrong,
)
from dazz_assets.http.responses.response_rules import ResponseRules

_WARNS = re.compile(r"warn(ing)?s?(text|message|messages)?")
# What a page says to have left out: a number, a list or a flag.
_LEFT = rf"({THINGS}|document|file|resource)s?"
_LEFT_OUT = re.compile(
    rf"(num(ber)?(of)?|total)?(omitted|dropped|skipped|withheld|unreturned|notreturned)({_LEFT})?(count|total)?"
    rf"|{_LEFT}(omitted|dropped|skipped|withheld|notreturned)(count|total)?"
)
# Beside them, what was skipped is an outcome of something else, such as a run of tests.
_OUTCOMES = re.compile(
    r"(num(ber)?(of)?|total)?(created|failed|imported|passed|processed|succe\w*|updated)(count|total)?"
)
_NOTICES = NOTICES - {"alerts"}
_NOTICE_WARNS = re.compile(r"warn(ing)?s?|error|fatal|critical|severe", re.I)
_STATES = re.compile(
    r"(job|query|search|scan|export|report|execution|operation|re(q|quest|s|sp|sponse|sult|t|turn))?(status|state)"
)
# What may tell of a failure in a page without records, beside messages.
_MESSAGES = NOTICES | {"detail", "reason"}
# These may hold anything: they tell of a failure if they sound like one.
_REMARKS = frozenset({"description", "hint", "info", "information", "note", "text"})
_UNFINISHED = frozenset(
    {"accepted", "building", "calculating", "computing", "executing", "inprogress", "notready", "pending"}
    | {"incomplete", "partial", "partiallycomplete", "partiallycompleted"}
    | {"preparing", "processing", "queued", "running", "started", "waiting"}
    | {"aborted", "canceled", "cancelled", "interrupted", "killed", "stopped", "terminated"}
)
# What says that records are left out, summed up or estimated, or that others come in their place.
_NOT_EXACT = re.compile(
    r"(is|was|has|contains)?sampled(data)?|(has)?dataloss(from\w+)?|subjecttothresholding"
    r"|sampl(es|ing)(metadatas|readcounts|spacesizes)|(is)?(preview|preliminary|provisional)(data|results?)?"
)
_ENVELOPES = frozenset({"meta", "metadata", "responsemetadata"})
# `299 - "the text"`: RFC 7234, section 5.5, which RFC 9111 no longer has.
_HEADER_TEXT = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_LONGEST_QUOTE = 300


def find_vendor_warning(
    page: Page, rules: ResponseRules, number: int, received: int, mask: Callable[[str], str]
) -> tuple[str, str] | None:
    """Where a page has a warning, and the vendor's words; None if it has none.

    number: of the page. received: how many records it has. Of none, any message is a warning that does not just say so.
    mask: applied before a text is cut.

    Of a stream with sensitive fields it is not quoted. Records, and fields that the stream calls data, are not read.
    """
    found = _find_in_headers(page, rules, mask)
    if found is None and (rules.records or rules.shape == "list"):  # Else the page is a record.
        ignored = {*split_path(rules.records)[:1], *rules.data_fields}
        found = (
            _find_in_body(page.document, ignored, mask)
            or _find_left_out(page, ignored, number, mask)
            or _find_unfinished(page, ignored, received)
            or _find_not_exact(page, ignored, mask)
            or _find_capped(page, ignored)
        )
    if found is None and not received and rules.records:
        found = _find_message(page.document, rules, mask)
    return found if found is None or not rules.sensitive else (found[0], f"({NOT_QUOTED})")


def _find_in_headers(page: Page, rules: ResponseRules, mask: Callable[[str], str]) -> tuple[str, str] | None:
    text = page.headers.get("warning")
    if not text or "Warning" in rules.data_fields:
        return None
    quoted = _HEADER_TEXT.search(text)
    return "Warning", _quote(quoted[1] if quoted else text, mask)


def _find_in_body(
    level: Document, ignored: Collection[str], mask: Callable[[str], str], above: str = ""
) -> tuple[str, str] | None:
    for name in level.names():
        place, plain = above + name, normalize(name)
        if place in ignored:
            continue
        if _WARNS.fullmatch(plain) and (text := _describe(level.value(escape_name(name)), mask)):
            return place, text
        notices = level.value(escape_name(name)) if plain in _NOTICES else None
        if isinstance(notices, list) and (told := [item for item in notices if _warns(item, is_meta=bool(above))]):
            return place, _describe(told, mask)
        if not above and plain in _ENVELOPES and bytes(raw := level.members()[name]).lstrip().startswith(b"{"):
            below = _find_in_body(Document(bytes(raw)), ignored, mask, f"{name}.")
            if below is not None:
                return below
    return None


def _warns(notice: object, *, is_meta: bool) -> bool:
    """Whether a notice warns: by its kind, or as a sentence where the page speaks of itself. A thing is data."""
    if isinstance(notice, dict):
        kinds = [str(notice.get(name)).strip() for name in NOTICE_KINDS]
        return OF_THINGS.isdisjoint(notice) and any(map(_NOTICE_WARNS.fullmatch, kinds))
    return is_meta and isinstance(notice, str) and not says_all_is_well(notice)


def _find_left_out(
    page: Page, ignored: Collection[str], number: int, mask: Callable[[str], str]
) -> tuple[str, str] | None:
    """A count, a list or a flag at the top that records were left out, unless it says where the page begins."""
    plain = {name: normalize(name) for name in page.document.names()}
    if any(_OUTCOMES.fullmatch(other) or other in OF_THINGS for other in plain.values()):
        return None
    for name, words in plain.items():
        if name in ignored or not _LEFT_OUT.fullmatch(words) or (number > 1 and "skipped" in words):
            continue
        value = page.value(escape_name(name))
        is_some = value is True or (isinstance(value, list | dict) and value) or (read_number(value) or 0) > 0
        if is_some and str(value) not in sent_values(page.request):
            return name, f"it is {_quote(json.dumps(value), mask)}, so the list may not be whole"
    return None


def _find_unfinished(page: Page, ignored: Collection[str], received: int) -> tuple[str, str] | None:
    """A state at the top by which the list is still being made, unless it is one that the request asks for."""
    names = page.document.names()
    is_thing = received > 0 and not OF_THINGS.isdisjoint(map(normalize, names))
    for name in names:
        plain = normalize(name)
        if not _STATES.fullmatch(plain) or name in ignored or (is_thing and plain in ("status", "state")):
            continue
        value = page.value(escape_name(name))
        if isinstance(value, str) and normalize(value) in _UNFINISHED and value not in sent_values(page.request):
            return name, f"it is {value!r}, so the list may not be whole yet"
    return None


def _find_not_exact(page: Page, ignored: Collection[str], mask: Callable[[str], str]) -> tuple[str, str] | None:
    """A flag or a list, at the top or where the page speaks of itself, that records are not exact or not final."""
    for above, level in [("", page.document), *_envelopes(page.document, ignored)]:
        for name in level.names():
            if above + name in ignored or not _NOT_EXACT.fullmatch(normalize(name)):
                continue
            value = level.value(escape_name(name))
            is_told = value is True or (isinstance(value, list) and value)
            if is_told and name not in {sent for sent, _ in sent_pairs(page.request)}:
                told = _quote(json.dumps(value), mask)
                return above + name, f"it is {told}, so records may be left out, estimated or not final"
    return None


def _envelopes(document: Document, ignored: Collection[str]) -> Iterator[tuple[str, Document]]:
    for name, raw in document.members().items():
        if name not in ignored and normalize(name) in _ENVELOPES and bytes(raw).lstrip().startswith(b"{"):
            yield f"{name}.", Document(bytes(raw))


def _find_capped(page: Page, ignored: Collection[str]) -> tuple[str, str] | None:
    """A flag at the top that a limit cut the list off, beside one that no page follows: no paginator leads to more."""
    for name in page.document.names():
        is_capped = name not in ignored and means_capped(normalize(name)) and page.value(escape_name(name)) is True
        if is_capped and (end := find_end_flag(page, records=page.list_path)) is not None:
            return name, f"it is true, so the list may not be whole, though `{end}` says that nothing follows"
    return None


def _find_message(level: Document, rules: ResponseRules, mask: Callable[[str], str]) -> tuple[str, str] | None:
    """What a page without records says of itself: an error may be told by a sentence alone."""
    has_succeeded = says_succeeded(level)
    for name in level.names():
        plain = normalize(name)
        is_remark = plain in _REMARKS
        if name in rules.data_fields or not (is_remark or plain in _MESSAGES or means_message(plain)):
            continue
        value = level.value(escape_name(name))
        texts = value if isinstance(value, list) else [value]
        told = [text for text in texts if isinstance(text, str) and not says_all_is_well(text)]
        told = [text for text in told if not is_remark or sounds_failed(text)]
        told = [text for text in told if not has_succeeded or sounds_wrong(text)]
        if told:
            return name, _quote("; ".join(told), mask)
    return None


def _describe(value: object, mask: Callable[[str], str]) -> str:
    """The words of a warning; empty if there are none."""
    if isinstance(value, str):
        return _quote(value, mask)
    if not isinstance(value, dict | list) or not value:
        return ""
    body = mask(json.dumps({"errors" if isinstance(value, list) else "error": value})).encode()
    return vendor_message(body) if has_messages(body) else _quote(json.dumps(value), mask)


def _quote(text: str, mask: Callable[[str], str]) -> str:
    return storable_text(shorten(mask(text.strip()), _LONGEST_QUOTE))
