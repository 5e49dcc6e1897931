"""Checks of what a paginator sends and reads, by the names of the parameters and fields."""

from dazz_assets.field_paths import split_path
from dazz_assets.http import Offset
from dazz_assets.http.paging.pagination import OURS
from dazz_assets.http.paging.paging_names import means_page_before, means_page_number, normalize
from dazz_assets.spec.specs import StreamSpec


def find_misnamed_param(stream: StreamSpec) -> str | None:
    """Why a paginator that counts records can't be right: it sends their number as that of a page."""
    paginator = stream.paginator
    if type(paginator) is not Offset:  # A subclass may count in another way.
        return None
    name = split_path(paginator.param)[-1]
    if not means_page_number(normalize(name)):
        return None
    return (
        f"`paginator` is an Offset, which counts records, but {name!r} is by its name the number of a page, so pages "
        f'would be left out; use PageNumber("{name}"), or a subclass of Offset if it does count records'
    )


def find_misread_more(stream: StreamSpec) -> str | None:
    """Why a paginator's `more` can't be right: the field says where a page lies, and not whether another follows."""
    more = getattr(stream.paginator, "more", None) if isinstance(stream.paginator, OURS) else None
    names = [normalize(name) for name in split_path(more or "")]
    if not names or any("next" in name for name in names):
        return None
    ends = (names[-1], "".join(names[-2:]))
    kind = (
        "the number of the page"
        if any(means_page_number(name) for name in ends)
        else "something about the pages before it"
        if any(means_page_before(name) for name in ends)
        else None
    )
    return kind and (
        f"`paginator` takes {more!r} for the sign that there is more, but it is by its name {kind}, so the list would "
        "end too early; name a flag, a total or a number of pages, or remove `more`"
    )
