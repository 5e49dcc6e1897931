"""Finds the last line of JSON a line that is no record: it says whether more lines follow, and where."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Raw

from dazz_assets.http.json.json_slices import object_members_at
from dazz_assets.http.paging.paging_names import (
    means_capped,
    means_last,
    means_more,
    means_page_count,
    means_page_size,
    means_place,
    means_total,
    normalize,
)

# What holds nothing but signs of further pages, and a token or a link itself.
_ABOUT_PAGING = re.compile(r"(response|result|search)?(meta|metadata|paging|pagination|pageinfo|pagecontext)")
_WAY_ON = re.compile(r"next\w*(token|cursor|link|url|uri|marker|offset|key|id)|next|cursor|links?")
# A trailer may say that it is one.
_KINDS = frozenset({"kind", "object", "type"})


def find_trailer(items: Sequence[Raw], key_fields: Collection[str]) -> Mapping[str, Raw] | None:
    """The fields of the last item, if it is only about paging; None if it may be a record.

    key_fields: the fields that the key of a record is made of.
    """
    last = _read_trailer(items[-1], key_fields) if items else None
    if last is None:
        return None
    is_sure = any(_is_sure(name, raw) for name, raw in last.items())
    others_are_records = len(items) > 1 and _read_trailer(items[0], key_fields) is None
    return last if others_are_records or (is_sure and len(items) == 1) else None


def _read_trailer(item: Raw, key_fields: Collection[str]) -> Mapping[str, Raw] | None:
    members = object_members_at(item)
    if not members or any(name in members for name in key_fields):
        return None
    names = [name for name in members if normalize(name) not in _KINDS]
    return members if names and all(_is_about_paging(name, members[name]) for name in names) else None


def _is_sure(name: str, raw: Raw) -> bool:
    return means_more(normalize(name)) or _is_object_about_paging(name, raw)


def _is_about_paging(name: str, raw: Raw) -> bool:
    plain = normalize(name)
    means = (means_capped, means_last, means_more, means_page_count, means_page_size, means_place, means_total)
    is_sign = _WAY_ON.fullmatch(plain) is not None or any(meaning(plain) for meaning in means)
    return is_sign or _is_object_about_paging(name, raw)


def _is_object_about_paging(name: str, raw: Raw) -> bool:
    return _ABOUT_PAGING.fullmatch(normalize(name)) is not None and object_members_at(raw) is not None
