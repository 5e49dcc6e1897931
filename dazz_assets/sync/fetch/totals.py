"""What a vendor says of how many records there are."""

from dazz_assets.http import Page

# Members by which APIs name the number of records of a list; beside it, or in its `meta`.
_NAMES = (
    "total",
    "total_count",
    "totalCount",
    "meta.total",
    "meta.total_count",
    "meta.count.total",
    "pagination.total",
)


def total_of(page: Page) -> int | None:
    """The total that a page names, or None. It counts what the request asked for, filters included."""
    for name in _NAMES:
        value = page.value(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
