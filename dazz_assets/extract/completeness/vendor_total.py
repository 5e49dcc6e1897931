"""Finds and reads the number of all records that a page of a list gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from dazz_assets.field_paths import join_path, split_path
from dazz_assets.http import Page
from dazz_assets.http.json.json_slices import object_members_at
from dazz_assets.http.paging.next_page_hints import find_fields, read_header_total
from dazz_assets.http.paging.paging_names import (
    means_page_count,
    means_total,
    names_total,
    normalize,
    read_number,
)

# Where most APIs give it. Other places are found by their names.
_USUAL_PATHS = (
    "total",
    "total_count",
    "totalCount",
    "meta.total",
    "meta.total_count",
    "meta.count.total",
    "pagination.total",
)


@dataclass(frozen=True, slots=True)
class TotalPlace:
    """Where pages give the number of all records: at a path in the body, or in a header.

    known_by: what says that it is one: its name, or its place between links. Any other may as well mean the records
    of the page, so that it counts only once it has agreed with a list of several pages.
    """

    path: str = ""
    header: str = ""
    known_by: Literal["name", "place", "nothing"] = "name"

    def read(self, page: Page) -> int | None:
        """The number in a page, also if it is sent as a text; None if there is none."""
        if self.header:
            value = read_header_total(self.header, page.headers.get(self.header, ""))
        else:
            value = read_number(page.value(self.path))
        return value if isinstance(value, int) else None


def find_total(page: Page) -> TotalPlace | None:
    """Where the first page of a list gives the number of all records, or None.

    Many APIs count without the request's filters.
    """
    sure = next((place for place in _list_places(page) if place.read(page) is not None), None)
    return sure or max(_vague_places(page), key=lambda place: place.read(page) or 0, default=None)


def _list_places(page: Page) -> Iterator[TotalPlace]:
    members = page.document.members()
    yield from (TotalPlace(path) for path in _USUAL_PATHS if split_path(path)[0] in members)
    for field in find_fields(members, (), split_path(page.list_path), (), is_about_paging=True):
        if field.is_about_paging and means_total(field.name) and names_total(field.name):
            # `{"value": 70}`; with a relation, it may be a lower bound.
            is_exact = isinstance(field.value, Mapping) and "relation" not in field.value
            yield TotalPlace(f"{field.place}.value" if is_exact else field.place)
    yield from _count_beside_pages(page)
    yield from _count_between_links(page)
    yield from (TotalPlace(header=name) for name in page.headers)


def _count_beside_pages(page: Page) -> Iterator[TotalPlace]:
    """`issueCount` beside `pageInfo`: the only count in the object around a list, as connections of GraphQL have it."""
    around = split_path(page.list_path)[:-1]
    raw = page.document.find(join_path(around))
    names = {} if raw is None else object_members_at(raw) or {}
    counts = [name for name in names if (plain := normalize(name)).endswith("count") and not means_page_count(plain)]
    if "pageInfo" in names and len(counts) == 1:
        yield TotalPlace(join_path((*around, counts[0])))


def _count_between_links(page: Page) -> Iterator[TotalPlace]:
    """`count` beside places for a next and a previous page, as Django REST framework writes lists."""
    fields = find_fields(
        page.document.members(), (), split_path(page.list_path), (), is_about_paging=True, with_nulls=True
    )
    around: dict[tuple[str, ...], dict[str, str]] = {}
    for field in fields:
        if field.is_about_paging:
            around.setdefault(field.path[:-1], {})[field.name] = field.place
    for names in around.values():
        ways = {word for name in names for word in ("next", "prev") if name.startswith(word)}
        if "count" in names and len(ways) == 2:
            yield TotalPlace(names["count"], known_by="place")


def _vague_places(page: Page) -> Iterator[TotalPlace]:
    """Numbers that may count all records or those of the page: `count`, `found`."""
    for field in find_fields(page.document.members(), (), split_path(page.list_path), (), is_about_paging=True):
        if field.is_about_paging and means_total(field.name) and isinstance(read_number(field.value), int):
            yield TotalPlace(field.place, known_by="nothing")
