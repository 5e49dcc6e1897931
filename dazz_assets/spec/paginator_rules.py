"""Checks of what a paginator sends and reads, by the names of the parameters and fields."""

from dazz_assets.field_paths import split_path
from dazz_assets.http import CursorToken, Offset, PageNumber
from dazz_assets.http.paging.pagination import OURS
from dazz_assets.http.paging.paging_names import means_page_before, means_page_number, means_record_number, normalize
from dazz_assets.http.request_values import goes_in_query
from dazz_assets.spec.specs import StreamSpec


def find_misnamed_param(stream: StreamSpec) -> str | None:
    """Why a counting paginator can't be right: it sends the number of records as that of a page, or the reverse."""
    paginator = stream.paginator
    if type(paginator) is not Offset and type(paginator) is not PageNumber:  # A subclass may count in another way.
        return None
    name = split_path(paginator.param)[-1]
    if type(paginator) is Offset and means_page_number(normalize(name)):
        return (
            f"`paginator` is an Offset, which counts records, but {name!r} is by its name the number of a page, so "
            f'pages would be left out; use PageNumber("{name}"), or a subclass of Offset if it does count records'
        )
    if type(paginator) is PageNumber and means_record_number(normalize(name.rpartition("[")[2])):  # `page[offset]`
        return (
            f"`paginator` is a PageNumber, which counts pages, but {name!r} is by its name the number of records "
            f'before, so records would be left out; use Offset("{name}"), or a subclass of PageNumber if it does count '
            "pages"
        )
    return None


def find_doubled_param(stream: StreamSpec) -> str | None:
    """Why it is not known where a paginator's parameter goes: both the stream's params and its body name it."""
    paginator = stream.paginator
    if not isinstance(paginator, CursorToken | Offset | PageNumber) or paginator.param not in stream.stream.params:
        return None
    if goes_in_query(paginator.param, stream.params, stream.body):
        return None
    return (
        f"`params` and `body` both name {paginator.param!r}, which the paginator sends in one of them; leave it where "
        "the vendor reads it, and remove it from the other"
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
