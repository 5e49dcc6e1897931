"""What a new integration should be: as its author says, and as a page shows where nothing is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dazz_assets.assistant.generate.personal_fields import personal_fields
from dazz_assets.assistant.infer import (
    Paging,
    decode_json,
    find_cursor_fields,
    find_key_fields,
    find_paging,
    find_record_paths,
    read_shape,
)
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import texts_at
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.stream import Scalar
from dazz_assets.http import (
    ApiKey,
    Basic,
    BearerToken,
    CursorToken,
    LinkHeader,
    NextLink,
    Offset,
    Page,
    PageNumber,
    Paginator,
    RecordsPathError,
    find_next_page_hint,
)
from dazz_assets.http.auth import auth_config_fields
from dazz_assets.http.json_slices import split_path
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.names import suggest
from dazz_assets.spec.literals import write_call
from dazz_assets.spec.timestamps import parse_timestamp

SECRETS = ("token", "password")
LONGEST_NAME = 30
"""Of an integration and of a stream: together they name a table, whose name has at most 63 letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPlan:
    """An integration with one stream.

    name: of the integration; prefix: of its classes' names. shape: of the stream's records.
    personal: paths of fields that say who a person is. is_ours: whether it is written beside the framework, where its
    imports are first-party.
    """

    name: str
    prefix: str
    base_url: str
    auth: BearerToken | ApiKey | Basic | None
    path: str
    stream: str
    records: str
    primary_key: tuple[str, ...]
    cursor: Cursor | None
    paginator: Paginator | None
    shape: ValueShape
    params: Mapping[str, Scalar] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    is_ours: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """The fields of the connection's config."""
        return config_fields(self.path, self.params, self.auth)


def config_fields(
    path: str, params: Mapping[str, Scalar], auth: BearerToken | ApiKey | Basic | None
) -> tuple[str, ...]:
    """The fields of a connection's config: those that the request names, then those of the auth."""
    of_request = [name for kind, name in find_placeholders([path, params]) if kind == "config"]
    return tuple(dict.fromkeys([*of_request, *auth_config_fields(auth)]))


_MILLISECONDS = 10**11


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the author says. None: the page decides.

    records: path of the list, empty where the page is the list. cursor: path of the field, empty for none.
    since: the parameter that asks for changes.
    """

    name: str
    prefix: str
    base_url: str
    auth: BearerToken | ApiKey | Basic | None
    path: str
    stream: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    records: str | None = None
    primary_key: tuple[str, ...] | None = None
    cursor: str | None = None
    since: str | None = None
    paginator: Paginator | Literal["inferred"] | None = "inferred"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The plan, the records that it was made from, and sentences about what the page left open."""

    plan: IntegrationPlan
    records: Sequence[Any]
    doubts: tuple[str, ...]


class NoProposalError(Exception):
    """The page and what the author says don't make an integration.

    setting: what the author has to say, or to say otherwise; None where only another page helps.
    """

    def __init__(self, setting: Literal["records", "key", "cursor", "paginator"] | None, message: str) -> None:
        super().__init__(message)
        self.setting = setting


def propose(wanted: Wanted, page: Page, *, is_ours: bool = False) -> Proposal:
    """The plan of an integration over this page. Raises NoProposalError."""
    path = _records_path(wanted, page)
    records = _records(page, path)
    key = _key(wanted, records)
    paging = _paging(wanted, page)
    cursor = _cursor(wanted, records)
    shape = read_shape(records)
    plan = IntegrationPlan(
        name=wanted.name,
        prefix=wanted.prefix,
        base_url=wanted.base_url,
        auth=wanted.auth,
        path=wanted.path,
        params={**wanted.params, **(paging.params if paging else {})},
        stream=wanted.stream,
        records=path,
        primary_key=key,
        cursor=cursor,
        paginator=paging.paginator if paging else None,
        shape=shape,
        personal=personal_fields(shape),
        is_ours=is_ours,
    )
    return Proposal(plan, records, tuple(_doubts(plan, page, records)))


def _records_path(wanted: Wanted, page: Page) -> str:
    if wanted.records is not None:
        return wanted.records
    found = find_record_paths(decode_json(page.body or b"null"))
    if not found:
        raise NoProposalError("records", f"no list is in the page, so it has no records: {_shape(page)}")
    return found[0].path


def _records(page: Page, path: str) -> list[Any]:
    where = f"at `{path}`" if path else "in the page"
    try:
        records = [decode_json(bytes(raw)) for raw in page.records(path)]
    except RecordsPathError as error:
        raise NoProposalError("records", error.problem.rstrip(".")) from None
    if not records:
        raise NoProposalError(
            None, f"no record is {where}, so there are no fields to make models from: take a page that has records"
        )
    if not all(isinstance(record, dict) and record for record in records):
        raise NoProposalError("records", f"what is {where} are not all objects with fields, as records have to be")
    return records


def _shape(page: Page) -> str:
    names = page.document.names()
    return f"it is an object with the keys {', '.join(names[:12])}" if names else "it is a single value"


def _key(wanted: Wanted, records: Sequence[Any]) -> tuple[str, ...]:
    candidates = find_key_fields(records)
    named = ", ".join(",".join(item.paths) for item in candidates) or "none was found"
    if wanted.primary_key is None:
        if candidates and candidates[0].is_likely:
            return candidates[0].paths
        raise NoProposalError("key", f"no field says by its name that it tells records apart (unique here: {named})")
    columns = [texts_at(records, split_path(path)) for path in wanted.primary_key]
    for path, texts in zip(wanted.primary_key, columns, strict=True):
        if missing := texts.count(None):
            raise NoProposalError("key", f"`{path}` has no value in {missing} of {len(records)} records{_or(named)}")
    rows = list(zip(*columns, strict=True))
    if len(set(rows)) < len(rows):
        twice = next(row for row in rows if rows.count(row) > 1)
        shown = ", ".join(str(text)[:60] for text in twice)
        raise NoProposalError("key", f"{','.join(wanted.primary_key)} is {shown} in more than one record{_or(named)}")
    return wanted.primary_key


def _or(named: str) -> str:
    return f"; unique in each are: {named}"


def _cursor(wanted: Wanted, records: Sequence[Any]) -> Cursor | None:
    candidates = find_cursor_fields(records)
    if wanted.cursor is None:
        likely = [item for item in candidates if item.is_always and item.says != "other"]
        chosen = likely[0].path if likely else None
    else:
        chosen = wanted.cursor or None
    if chosen is None:
        if wanted.since is not None:
            raise NoProposalError("cursor", "a parameter for changes needs a cursor, and no field says when it changed")
        return None
    texts = [text for text in texts_at(records, split_path(chosen)) if text is not None]
    if not texts or any(parse_timestamp(text) is None for text in texts):
        found = f"holds {texts[0][:60]!r}, of which no order in time can be made" if texts else "is in no record"
        named = suggest(chosen, [item.path for item in candidates])
        raise NoProposalError("cursor", f"`{chosen}` {found}{named}")
    return Cursor(chosen, since=wanted.since, format=_format(texts[0]) if wanted.since else None)


def _format(text: str) -> str | None:
    """How a bound is sent, if as the field's values are: None for RFC 3339."""
    if not text.replace(".", "", 1).isdecimal():
        return None
    return "epoch" if float(text) < _MILLISECONDS else "epoch_ms"


def _paging(wanted: Wanted, page: Page) -> Paging | None:
    """How the next page is asked for. Raises NoProposalError where a sync would fail, as the page has a next one."""
    found = find_paging(page)
    if wanted.paginator == "inferred" and found:
        return found[0]
    if wanted.paginator == "inferred" or wanted.paginator is None:
        if sign := find_next_page_hint(page):
            shown = f"; it may be {write_call(found[0].paginator)}" if found else ""
            raise NoProposalError("paginator", f"the page says by {sign} that there is more, so it needs one{shown}")
        return None
    return _given(wanted.paginator, found)


def _given(given: Paginator, found: Sequence[Paging]) -> Paging:
    """A paginator as its author names it; what says that there is more is seen in the page, whoever names the rest."""
    for item in found:
        if isinstance(given, Offset | PageNumber) and isinstance(item.paginator, type(given)):
            paginator = replace(given, more=item.paginator.more)
            return replace(item, paginator=paginator, params={paginator.param: 0} if item.params else {})
    live = [item for item in found if item.has_more]
    reads_the_page = isinstance(given, LinkHeader | NextLink | CursorToken)
    if reads_the_page and live and not any(_looks_at(given) == _looks_at(item.paginator) for item in live):
        raise NoProposalError(
            "paginator", f"{write_call(given)} finds nothing in the page; {write_call(live[0].paginator)} would"
        )
    return Paging(given, "as given", has_more=False)


def _looks_at(paginator: Paginator) -> tuple[bool, object]:
    """Where a paginator looks: whether in the header, and at which path."""
    return isinstance(paginator, LinkHeader), getattr(paginator, "path", None)


def _doubts(plan: IntegrationPlan, page: Page, records: Sequence[Any]) -> list[str]:
    doubts = []
    if plan.paginator is None:
        doubts.append("nothing in the page says how the next one is asked for; without a paginator there is one page")
    elif not any(item.has_more for item in find_paging(page)):
        doubts.append(f"{write_call(plan.paginator)} is not proven: the page does not say that another one follows it")
    if plan.cursor is None:
        doubts.append("no cursor: each sync fetches the whole list")
    elif plan.cursor.since is None:
        doubts.append(
            f"how the API is asked for changes since a time is not known: each sync reads all of {plan.stream}"
            f"{_of_order(plan.cursor.field, records)}"
        )
    if len(records) == 1:
        doubts.append("one record shows little of which fields are optional: look over models.py")
    return doubts


def _of_order(field: str, records: Sequence[Any]) -> str:
    directions = [item.direction for item in find_cursor_fields(records) if item.path == field]
    if directions != ["desc"]:
        return ""
    return '; if it always lists them from new to old, as here, `order="desc"` of the cursor stops at what is known'
