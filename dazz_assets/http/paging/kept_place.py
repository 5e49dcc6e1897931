"""Where a later walk of a feed goes on, and whether it leads to anything new (conformance 49, 121)."""

from __future__ import annotations

from collections.abc import Collection

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import FetchError
from dazz_assets.http.page import Page, sent_values
from dazz_assets.http.paging.next_page_hints import PageField, find_fields
from dazz_assets.http.paging.pagination import (
    CursorToken,
    LinkHeader,
    NextLink,
    Paginator,
    is_polled,
    keeps_place,
    resume_path,
)
from dazz_assets.http.paging.paging_names import is_blank, means_later
from dazz_assets.http.responses.response_rules import ResponseRules


def follow_place(paginator: Paginator | None, position: str | None) -> KeptPlace | None:
    """Follow the pages of a walk, which began at this position, if a later walk goes on where it ends."""
    if not isinstance(paginator, LinkHeader | NextLink | CursorToken) or not keeps_place(paginator):
        return None
    return KeptPlace(paginator, position)


class KeptPlace:
    """Follows the pages of a walk. position: where a later walk goes on; at first, where this one began."""

    def __init__(self, paginator: LinkHeader | NextLink | CursorToken, position: str | None) -> None:
        self._paginator = paginator
        self._is_found = False
        self.position = position

    def add(self, page: Page, rules: ResponseRules, *, is_last: bool) -> str | None:
        """Add the next page; a warning if the last one is the walk's, and none of them says where to go on.

        Raises FetchError if the next walk would only come back to the last page, which names another place.
        """
        found = self._paginator.position(page)
        self.position = found or self.position
        self._is_found |= found is not None
        if not is_last or found is not None or page.accepted_failure is not None:
            return None
        if is_polled(self._paginator):
            self._check_way_on(page, rules)
            return None
        return None if self._is_found else self._describe_lack(page, rules)

    def _check_way_on(self, page: Page, rules: ResponseRules) -> None:
        place = _find_later_place(page, rules.records, rules.data_fields)
        if place is None or isinstance(self._paginator, LinkHeader):
            return
        raise page.make_error(
            FetchError,
            f"the last page has no way on but `{place.place}`, which {type(self._paginator).__name__} does not read, "
            "so the next sync would come back to this page, and miss all that changes meanwhile.",
            f"{self._advise(place)} If it is data, set data_fields = ({_quote(place.path[0])},).",
        )

    def _advise(self, place: PageField) -> str:
        if isinstance(self._paginator, CursorToken):
            return (
                f"Set resume={_quote(place.place)} on the paginator, and resume_param to the parameter that takes it, "
                f"if that is not {self._paginator.param!r}."
            )
        if "/" in str(place.value):
            return f"Set resume={_quote(place.place)} on the paginator."
        return "Leave out `resume`: each sync then sends the bounds of its Cursor, or lists everything."

    def _describe_lack(self, page: Page, rules: ResponseRules) -> str:
        place = _find_later_place(page, rules.records, rules.data_fields)
        hint = f"; did you mean resume={_quote(place.place)}?" if place is not None else "."
        return (
            f"no page has anything at `{resume_path(self._paginator)}`, with which the next sync shall begin "
            f"(`resume`), so it begins where this one did. Correct the paginator's `resume`{hint}"
        )


def _find_later_place(page: Page, records: str, ignored: Collection[str]) -> PageField | None:
    """The field of a page with a link or token for what changes later, that its request did not send."""
    sent = sent_values(page.request)
    for field in find_fields(page.document.members(), (), split_path(records), ignored, is_about_paging=True):
        is_value = isinstance(field.value, str | int) and not is_blank(str(field.value))
        if is_value and means_later(field.name) and str(field.value) not in sent:
            return field
    return None


def _quote(text: str) -> str:
    """A text as it is written in code."""
    return '"' + text.replace("\\", "\\\\") + '"'
