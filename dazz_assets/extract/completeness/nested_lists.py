"""Watches records for lists of their own that the vendor cut short: what such a list lacks is fetched by nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from dazz_assets.extract.batch import RowBatch
from dazz_assets.http.paging.paging_names import (
    is_blank,
    means_more,
    means_page_size,
    means_total,
    names_total,
    normalize,
    read_number,
)

# Objects about the pages of the list beside them, as in GraphQL.
_ABOUT_PAGES = frozenset({"links", "meta", "pageinfo", "paging", "pagination"})
_LINKS = frozenset({"next", "nextlink", "nextpage", "nexturl", "nextcursor", "nextpagetoken", "nexttoken"})
_OF_MEMBER = "@odata.nextLink"  # `members@odata.nextLink`, beside `members`
_ITEMS = frozenset({"data", "edges", "entries", "items", "nodes", "records", "results", "values"})
_STARTS = frozenset({"offset", "skip", "start", "startat"})


@dataclass(frozen=True, slots=True)
class CutList:
    """A list in a record that goes on. place: as in `data_fields`. sign: what says so: "`lines.more` is true"."""

    place: str
    sign: str


class NestedLists:
    """Looks for a list in a record that says that it goes on: by a flag, a link, a token, or a total beyond its items.

    Records are opened only if their shape has a list with such a sign, and until the first one that goes on.

    known: the places of those that may be cut short. found: the first one that is.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._paths: set[tuple[str, ...]] = set()
        self._types_seen = 0
        self.found: CutList | None = None

    def add(self, rows: RowBatch, types: Mapping[str, Collection[str]]) -> None:
        """Look at the records of a page. types: the paths of the stream's records so far, with their JSON types."""
        if self.found is not None:
            return
        if len(types) != self._types_seen:
            self._types_seen = len(types)
            self._paths = _find_holders(types)
        if not self._paths:
            return
        for record in rows.records():
            with suppress(ValueError, RecursionError):  # It is in quarantine, or nested beyond what anyone reads.
                self.found = self._look_into(msgspec.json.decode(record))
            if self.found is not None:
                return

    def _look_into(self, record: Any) -> CutList | None:
        for path in self._paths:
            holder = ".".join(part for part in path if part != "[]")
            for found in _find_objects(record, path):
                for sign, says in _read_signs(found, is_record=not path):
                    place = holder or sign
                    if place not in self._known:
                        return CutList(place, f"`{f'{holder}.' if holder else ''}{sign}` {says}")
        return None


def _find_holders(types: Mapping[str, Collection[str]]) -> set[tuple[str, ...]]:
    """The paths of objects that have a list, and beside it what may say that the list goes on."""
    with_lists = {_split(path)[:-1] for path, kinds in types.items() if "list" in kinds}
    return {holder for path in types if _may_be_sign(path) and (holder := _holder_of(path)) in with_lists}


def _may_be_sign(path: str) -> bool:
    name = normalize(path.rpartition(".")[2])
    return means_more(name) or name in _LINKS or (means_total(name) and names_total(name))


def _holder_of(path: str) -> tuple[str, ...]:
    """The path of the object that has the list which a sign is about."""
    above = _split(path.removesuffix(_OF_MEMBER))[:-1]
    return above[:-1] if above and normalize(above[-1]) in _ABOUT_PAGES else above


def _split(path: str) -> tuple[str, ...]:
    """The parts of a path; the items of a list, `[]`, are parts of their own."""
    return tuple(part for name in path.split(".") for part in name.replace("[]", ".[]").split("."))


def _find_objects(value: Any, path: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The objects at a path, where `[]` stands for each item of a list."""
    if not path:
        if isinstance(value, dict):
            yield value
    elif path[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _find_objects(item, path[1:])
    elif isinstance(value, dict):
        yield from _find_objects(value.get(path[0]), path[1:])


def _read_signs(holder: Mapping[str, Any], *, is_record: bool) -> Iterator[tuple[str, str]]:
    """The signs in an object that its list goes on, each with what it says. The fields of a record itself are data."""
    lists = {name: value for name, value in holder.items() if isinstance(value, list)}
    if not lists:
        return
    if is_record:
        yield from ((name, "leads to more") for name in holder if name.endswith(_OF_MEMBER) and holder[name])
        return
    members = [(name, name, value) for name, value in holder.items()]
    for above, value in holder.items():
        if isinstance(value, dict) and normalize(above) in _ABOUT_PAGES:
            members += [(f"{above}.{name}", name, item) for name, item in value.items()]
    for place, raw_name, value in members:
        name = normalize(raw_name)
        if means_more(name) and value is True:
            yield place, "is true"
        if (name in _LINKS or raw_name.endswith(_OF_MEMBER)) and isinstance(value, str) and not is_blank(value):
            yield place, "leads to more"
        total = read_number(value)
        if total is not None and _is_total(name, holder, lists) and total > len(next(iter(lists.values()))):
            yield place, "is more than its list has"


def _is_total(name: str, holder: Mapping[str, Any], lists: Collection[str]) -> bool:
    """Whether a name is that of a number of items, by its list or a page size beside it: many a total is a sum."""
    if len(lists) != 1 or not (means_total(name) and names_total(name)):
        return False
    others = {normalize(other) for other in holder}
    is_page = any(means_page_size(other) or other in _STARTS for other in others)
    return is_page or (name not in ("total", "grandtotal") and not _ITEMS.isdisjoint(map(normalize, lists)))
