"""Fetches one page of a stream and compares it with the stream's declarations. Stores nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain

from msgspec import Raw

from dazz_assets.assistant.first_records import build_first_request, fetch_for_parents, fetch_parents
from dazz_assets.assistant.generate import write_call
from dazz_assets.assistant.infer import (
    CursorField,
    KeyFields,
    ModelCoverage,
    Paging,
    RecordField,
    RecordsPath,
    decode_json,
    find_cursor_fields,
    find_key_fields,
    find_paging,
    find_record_paths,
    list_fields,
    model_coverage,
    read_shape,
)
from dazz_assets.assistant.infer.coverage import absent_paths
from dazz_assets.assistant.infer.cursor_fields import sort_direction
from dazz_assets.assistant.infer.paging_style import missing_path, paginators_match
from dazz_assets.assistant.misspelt_fields import PrivateSetting, find_misspelt
from dazz_assets.assistant.sync_faults import count_refused, describe_strangers
from dazz_assets.assistant.trial_ranges import trial_ranges
from dazz_assets.declare.stream import RecordModel
from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.facts import fetch_facts
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.field_paths import escape_name
from dazz_assets.http import FetchError, Last, Page, Paginator, RecordsPathError, Request, find_next_page_hint
from dazz_assets.http.client import Client
from dazz_assets.http.json.json_fields import FieldReader
from dazz_assets.http.paging.author_code import first_request, next_request
from dazz_assets.http.paging.next_page_hints import NextPageHint
from dazz_assets.http.paging.pagination import OURS
from dazz_assets.http.paging.unread_more import UnreadMore
from dazz_assets.http.responses.concealed import record_path
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.summary import describe_setting
from dazz_assets.spec.timestamps import parse_timestamp

_MAX_REASONS = 5


@dataclass(frozen=True, slots=True)
class MaskedRequest:
    """A request without credentials and with other secrets masked. body: as JSON, None without a body."""

    method: str
    url: str
    body: str | None


@dataclass(frozen=True, slots=True)
class KeyReport:
    """The declared key in the page. missing: records without it. repeated: records with the key of an earlier one.

    of_one_parent: the key does not name the parent, and records of one parent alone were seen.
    """

    declared: tuple[str, ...]
    missing: int
    repeated: int
    candidates: tuple[KeyFields, ...]
    of_one_parent: bool


@dataclass(frozen=True, slots=True)
class CursorReport:
    """The declared cursor in the page.

    missing: records without a cursor value. unordered: records whose value can't be read as a time; example: one such
    value. direction: the order of the page by the cursor. declared_order: the order that the stream declares.
    """

    declared: str | None
    declared_order: str | None
    missing: int
    unordered: int
    example: str | None
    direction: str | None
    candidates: tuple[CursorField, ...]


@dataclass(frozen=True, slots=True)
class PagingReport:
    """The declared paginator, the paginators that fit the page, and what follows the page.

    warning: how the declaration and the page disagree. next: the request for the next page. last: why this page is the
    last. At most one of the two is set; neither if the paginator can't handle the page.
    """

    declared: str | None
    detected: tuple[Paging, ...]
    warning: str | None
    next: MaskedRequest | None
    last: str | None


@dataclass(frozen=True, slots=True)
class ModelReport:
    """How the model fits the page. refused: each reason for a refusal, with its number of records."""

    name: str
    accepted: int
    refused: tuple[tuple[str, int], ...]
    reading: ModelCoverage


@dataclass(frozen=True, slots=True)
class DeclaredFields:
    """The fields that a stream declares personal, or sensitive.

    stream: the name of the stream's class. absent: the paths that lead to nothing in any record of the page.
    misspelt: those of them to which a field that is there is similar, each with it.
    """

    stream: str
    declared: tuple[str, ...]
    absent: tuple[str, ...]
    misspelt: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """One page of a stream.

    parent: the fields of the parent whose page this is. request: as it was sent, masked. records: as received. If the
    stream's `records` path leads to no list, there are none, `problem` says why, and `fields` describes the page
    itself. lists: candidates for the records in the page, the likeliest first. model: None if the stream has no model.
    Sensitive fields are hidden. If one of them is likely misspelt, all values are; and all of a page
    is in which the records can't be found.
    """

    connection: str
    stream: str
    parent: Mapping[str, str]
    request: MaskedRequest
    status: int
    size: int
    path: str
    records: tuple[Raw, ...]
    lists: tuple[RecordsPath, ...]
    problem: str | None
    fields: tuple[RecordField, ...]
    model: ModelReport | None
    key: KeyReport
    cursor: CursorReport
    personal: DeclaredFields
    sensitive: DeclaredFields
    paging: PagingReport
    warnings: tuple[str, ...]


def preview(session: Session, stream: StreamSpec) -> Preview:
    """Fetch and examine the first page that a first sync of a stream would request.

    Of a sync in parts or steps, take the last with records of the two latest.
    For a sub-stream, take the first parent with records, else the first that the token may read.
    Raises FetchError, SyncError for a request that can't be made or if there is no parent, BadConnection.
    """
    client = session.client(stream.name)
    with closing(client):
        fetch_facts(session, client)
        parent, page = _fetch_page(session, client, stream)
        return _examine(session, client, stream, parent, page)


def _fetch_page(session: Session, client: Client, stream: StreamSpec) -> tuple[Mapping[str, str], Page]:
    if stream.parent is None:
        return _fetch_page_of_parent(session, client, stream, {})
    parents = fetch_parents(session, client, stream)
    if not parents.records:
        raise SyncError(
            f"{session.place(stream)}: the first page of {parents.stream.name} has no records, so there "
            f"is no parent to fetch {stream.name} for"
        )
    pages = fetch_for_parents(stream, parents, lambda fields: _fetch_page_of_parent(session, client, stream, fields))
    first = next(pages)
    return next((item for item in chain([first], pages) if _is_worth_showing(item[1], stream)), first)


def _fetch_page_of_parent(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]
) -> tuple[Mapping[str, str], Page]:
    """The first page of a range that has something to show, else of the first range."""
    pages = (_fetch_page_of_range(session, client, stream, parent, bounds) for bounds in trial_ranges(session, stream))
    first = next(pages)
    return parent, next((page for page in chain([first], pages) if _is_worth_showing(page, stream)), first)


def _fetch_page_of_range(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str], bounds: Bounds
) -> Page:
    request = build_first_request(session, stream, parent, bounds)
    if stream.pages is not None:
        with closing(walk_stream(session, stream, client, request, should_stop=lambda _: "one is enough")) as pages:
            (step,) = next(pages)
            return step.page
    try:
        request = first_request(stream.paginator, request)
    except FetchError as error:
        failed = error
    else:
        return client.send(request, stream.rules)
    # Raised out here, so that the error has no context that could hold a secret.
    raise failed.add_context(client.where, "", client.mask)


def _is_worth_showing(page: Page, stream: StreamSpec) -> bool:
    """Whether a page has records, or lacks the list that should hold them."""
    try:
        return bool(page.listed(stream.rules).records)
    except RecordsPathError:
        return True


def _examine(session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str], page: Page) -> Preview:
    problem = None
    records: Sequence[Raw] = ()
    try:
        records = page.listed(stream.rules).records
    except RecordsPathError as error:
        problem = str(error)
    sensitive = _check_declared(stream, "sensitive", records)
    hidden = _hidden_fields(stream, sensitive, records)
    shown = _hide_sensitive(page, stream, hidden)
    document = decode_json(shown.body) if shown.body.strip() and page.accepted_failure is None else None
    hide = SensitiveFields(hidden).hide_bytes
    values = [decode_json(hide(bytes(record))) for record in records]
    fields = tuple(list_fields(read_shape([document] if problem is not None else values)))
    return Preview(
        connection=session.connection.id,
        stream=stream.name,
        parent=parent,
        request=_mask_request(client, page.request),
        status=page.status,
        size=len(page.body),
        path=stream.records,
        records=tuple(Raw(hide(bytes(record))) for record in records),
        lists=tuple(find_record_paths(document)),
        problem=problem,
        fields=fields,
        model=None if stream.model is None else _check_model(stream, stream.model, records, fields),
        key=_check_key(stream, records, values),
        cursor=_check_cursor(stream, records, values),
        personal=_check_declared(stream, "personal", records),
        sensitive=sensitive,
        paging=_check_paging(client, stream, page, shown, len(records)),
        warnings=(*client.warnings, *_warn_of_strangers(stream, parent, records)),
    )


def _hidden_fields(stream: StreamSpec, sensitive: DeclaredFields, records: Sequence[Raw]) -> tuple[str, ...]:
    """The fields whose values are not shown: all of them, if one that should be hidden is not where it is declared."""
    if not sensitive.misspelt:
        return stream.sensitive
    values = [decode_json(bytes(record)) for record in records]
    names = {name for value in values if isinstance(value, dict) for name in value}
    return (*stream.sensitive, *map(escape_name, names))


def _hide_sensitive(page: Page, stream: StreamSpec, hidden: Sequence[str]) -> Page:
    """The page as it may be shown: what is sensitive in it, wherever the records may be, is hidden."""
    if not hidden or page.accepted_failure is not None or not page.body.strip():
        return page
    fields = SensitiveFields(hidden, above=record_path(stream.rules))
    try:
        page.listed(stream.rules)
    except RecordsPathError:
        fields = SensitiveFields(hidden, anywhere=True)
    return replace(page, body=fields.hide_bytes(page.body))


def _check_declared(stream: StreamSpec, setting: PrivateSetting, records: Sequence[Raw]) -> DeclaredFields:
    declared: tuple[str, ...] = getattr(stream, setting)
    absent = absent_paths(declared, [decode_json(bytes(record)) for record in records])
    return DeclaredFields(stream.stream.__name__, declared, absent, find_misspelt(stream, setting, records))


def _mask_request(client: Client, request: Request) -> MaskedRequest:
    if isinstance(request.body, bytes):
        body = request.body.decode("utf-8", "replace")
    else:
        body = json.dumps(request.body, ensure_ascii=False, default=str)
    return MaskedRequest(
        request.method, client.mask(request.address()), None if request.body is None else client.mask(body)
    )


def _check_model(
    stream: StreamSpec, model: type[RecordModel], records: Sequence[Raw], fields: Sequence[RecordField]
) -> ModelReport:
    refused = count_refused(stream, model, records)
    return ModelReport(
        model.__name__,
        len(records) - refused.total(),
        tuple(refused.most_common(_MAX_REASONS)),
        model_coverage(model, fields),
    )


def _check_key(stream: StreamSpec, records: Sequence[Raw], values: Sequence[object]) -> KeyReport:
    keys = FieldReader(stream.key_paths).read(records) if stream.key_paths else []
    complete = [key for key in keys if None not in key]
    return KeyReport(
        stream.primary_key,
        len(keys) - len(complete),
        len(complete) - len(set(complete)),
        tuple(find_key_fields(values)),
        of_one_parent=stream.parent is not None and not stream.key_parent_fields,
    )


def _warn_of_strangers(stream: StreamSpec, parent: Mapping[str, str], records: Sequence[Raw]) -> Iterator[str]:
    asked = parent.get(stream.asked_parent_field) if stream.parent_key is not None else None
    if (strangers := describe_strangers(stream, asked, records)) is not None:
        yield strangers


def _check_cursor(stream: StreamSpec, records: Sequence[Raw], values: Sequence[object]) -> CursorReport:
    cursor, candidates = stream.cursor, tuple(find_cursor_fields(values))
    if cursor is None:
        return CursorReport(None, None, 0, 0, None, None, candidates)
    texts = [text for (text,) in FieldReader([cursor.field]).read(records)]
    moments = [None if text is None else parse_timestamp(text, cursor.strftime_format) for text in texts]
    unreadable = [text for text, at in zip(texts, moments, strict=True) if text is not None and at is None]
    return CursorReport(
        declared=cursor.field,
        declared_order=cursor.order,
        missing=texts.count(None),
        unordered=len(unreadable),
        example=unreadable[0][:60] if unreadable else None,
        direction=sort_direction([at for at in moments if at is not None]),
        candidates=candidates,
    )


def _check_paging(client: Client, stream: StreamSpec, page: Page, shown: Page, received: int) -> PagingReport:
    """How the paginator fits the page. shown: the page without its sensitive values, which signs may quote."""
    if stream.pages is not None:
        return PagingReport(stream.code_name, (), None, None, None)
    paginator = stream.paginator
    detected = tuple(find_paging(shown)) if page.accepted_failure is None else ()
    declared = describe_setting(paginator) or None
    if page.accepted_failure is not None:
        return PagingReport(declared, detected, None, None, f"accepted as empty: {page.accepted_failure}")
    if paginator is None:
        rules = stream.rules
        hint = find_next_page_hint(shown, records=rules.records, ignored=rules.data_fields, received=received)
        last = None if hint else "no paginator is set, and the page shows no sign of another page"
        return PagingReport(None, detected, _describe_missing_paginator(hint, detected), None, last)
    try:
        UnreadMore(paginator).check(page, 1, stream.rules.records, is_last=False)
        following = next_request(paginator, page.request, page, received)
    except FetchError as error:
        return PagingReport(declared, detected, client.mask(str(error)), None, None)
    if isinstance(following, Last):
        mismatch = _describe_mismatch(paginator, page, detected)
        return PagingReport(declared, detected, mismatch, None, client.mask(following.reason))
    # An author's own paginator that goes on may well read the page in another way than those of the library.
    mismatch = _describe_mismatch(paginator, page, detected) if type(paginator) in OURS else None
    return PagingReport(declared, detected, mismatch, _mask_request(client, following), None)


def _describe_missing_paginator(hint: NextPageHint | None, detected: Sequence[Paging]) -> str | None:
    """A sentence on what in the page a paginator could follow, if anything."""
    live = [item for item in detected if item.has_more]
    if live:
        return f"no paginator is set, but {live[0].sign}: set `paginator = {write_call(live[0].paginator)}`"
    if hint is None:
        return None
    says = "may say" if hint.is_doubtful else "says"
    return f"no paginator is set, but {hint.sign} {says} that there are more pages: set {hint.setting}"


def _describe_mismatch(paginator: Paginator, page: Page, detected: Sequence[Paging]) -> str | None:
    """A sentence on how the declared paginator and the page disagree, if they do."""
    live = [item for item in detected if item.has_more]
    if any(paginators_match(paginator, item.paginator) for item in detected):
        return None
    declared, missing = describe_setting(paginator), missing_path(paginator, page)
    if live:
        return f"{declared} is set, but {live[0].sign}: you may need {write_call(live[0].paginator)}"
    if missing is not None:
        return f"{declared} is set, but this page has nothing at `{missing}`: correct only if it is the last page"
    return None
