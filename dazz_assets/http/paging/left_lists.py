"""Finds lists beside the one that `records` names by a number: `results.0.rows` reads the first of several results."""

from __future__ import annotations

from msgspec import Raw

from dazz_assets.field_paths import join_path, split_path
from dazz_assets.http.json.json_slices import NoListError, descend
from dazz_assets.http.page import Page
from dazz_assets.http.responses.response_rules import ResponseRules


def describe_left_lists(page: Page, rules: ResponseRules) -> str | None:
    """Say how many lists like that of the records a page has, which are not read; None if it has no other."""
    path = split_path(rules.records)
    for place, name in enumerate(path):
        number = join_path(path[: place + 1])
        if not name.removeprefix("-").isdecimal() or number in rules.data_fields:
            continue
        try:
            items = page.document.records(join_path(path[:place]))
        except NoListError:
            continue  # An object may have numbers for names.
        below, opening = path[place + 1 :], b"[" if rules.shape == "list" else b"{"
        left = sum(_begins(item, below, opening) for item in items)
        left -= _begins(page.document.find(number), below, opening)
        if left > 0:
            above = f"`{join_path(path[:place])}`" if place else "the page"
            return (
                f"`records` names item {name} of the list that {above} is, so {left} more like it are not read. If "
                "they are records too, yield them from code: `pages` on the stream; if they are not wanted, set "
                f'data_fields = ("{number}",).'
            )
    return None


def _begins(item: Raw | None, path: tuple[str, ...], opening: bytes) -> bool:
    """Whether the value below an item begins so, and has anything in it."""
    found = descend(item, path) if item is not None and path else item
    text = b"" if found is None else bytes(found).strip()
    return text.startswith(opening) and text[1:-1].strip() != b""
