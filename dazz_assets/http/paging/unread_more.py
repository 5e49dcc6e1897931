"""Tells of a paginator's `more` that no page has: a path that is misspelt would let a list go on, or end it early."""

from __future__ import annotations

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import FetchError
from dazz_assets.http.page import Page
from dazz_assets.http.paging.next_page_hints import find_scalar_paths
from dazz_assets.http.paging.pagination import OURS, Paginator
from dazz_assets.http.paging.paging_names import means_done, means_last, normalize
from dazz_assets.names import closest_name

_ENOUGH_PAGES = 20


class UnreadMore:
    """Whether any page of a walk had something at the path that its paginator calls `more`."""

    def __init__(self, paginator: Paginator | None) -> None:
        self._name = type(paginator).__name__
        self._path: str | None = getattr(paginator, "more", None) if isinstance(paginator, OURS) else None

    def check(self, page: Page, number: int, records: str, *, is_last: bool) -> str | None:
        """Look at a page; a warning if it shows that no page has the path. number: counts from 1.

        records: where the records are in the page. is_last: whether the walk ends with it.

        Raises FetchError if the page has a field whose path differs in case or punctuation alone.
        """
        if self._path is None or page.accepted_failure is not None:
            return None
        if page.has(self._path):
            self._path = None
            return None
        path, fields = self._path, find_scalar_paths(page, records=records)
        problem = f"has anything at `{path}`, which {self._name} takes for the sign that there is more"
        if (same := next((field for field in fields if _is_same(path, field)), None)) is not None:
            raise page.make_error(
                FetchError,
                f"no page {problem}, but `{same}` is there.",
                advice=f'Correct the paginator: more="{same}".',
            )
        # A flag for the end may be left out of all other pages.
        if not (number > 1 if is_last else number == _ENOUGH_PAGES and not _marks_end(path)):
            return None
        self._path = None
        close = closest_name(path, fields)
        hint = f'; did you mean more="{close}"?' if close else ", or leave it out"
        return f"no page so far {problem}. Correct the paginator's `more`{hint}"


def _marks_end(path: str) -> bool:
    name = normalize(split_path(path)[-1])
    return means_last(name) or means_done(name)


def _is_same(path: str, field: str) -> bool:
    """Whether two paths differ in case and punctuation alone."""
    return [normalize(name) for name in split_path(path)] == [normalize(name) for name in split_path(field)]
