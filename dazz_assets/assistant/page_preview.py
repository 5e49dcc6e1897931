"""One page of a stream, looked at: what it holds, and how what the stream declares fits it. Nothing is stored."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from msgspec import Raw
from pydantic import BaseModel, ValidationError

from dazz_assets.assistant.connection_check import ask_for_parents, fetch_first_records
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
from dazz_assets.assistant.infer.coverage import unmatched_personal_paths
from dazz_assets.assistant.infer.cursor_fields import direction_of
from dazz_assets.assistant.infer.paging_style import missing_path, read_the_same
from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.stream_requests import first_request, sent_bounds
from dazz_assets.http import Client, FetchError, Last, Page, Paginator, RecordsPathError, Request, find_next_page_hint
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.summary import describe_setting
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.transform.quarantine import invalid_reason

_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as it is shown: without credentials, any other secret masked. body: its JSON, where it has one."""

    method: str
    url: str
    body: str | None


@dataclass(frozen=True, slots=True)
class KeySeen:
    """The declared key in the page: how many records have none, and how many have one that came before."""

    declared: tuple[str, ...]
    missing: int
    repeated: int
    candidates: tuple[KeyFields, ...]


@dataclass(frozen=True, slots=True)
class CursorSeen:
    """The declared cursor in the page: how many records have none, and how many one of which no order can be made.

    example: one of the latter. direction: how the page is ordered by it. declared_order: how the stream says it is.
    """

    declared: str | None
    declared_order: str | None
    missing: int
    unordered: int
    example: str | None
    direction: str | None
    candidates: tuple[CursorField, ...]


@dataclass(frozen=True, slots=True)
class PagingSeen:
    """The declared paginator, what the page shows, and what follows.

    warning: where the two don't fit. next: the request for the next page; last: why there is none; one of the two,
    or none of them where the paginator can't take this page.
    """

    declared: str | None
    detected: tuple[Paging, ...]
    warning: str | None
    next: ShownRequest | None
    last: str | None


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """How many records the model accepts, why it refuses others (with how many it does), and what it reads."""

    name: str
    accepted: int
    refused: tuple[tuple[str, int], ...]
    reading: ModelCoverage


@dataclass(frozen=True, slots=True)
class PersonalSeen:
    """The declared personal fields.

    stream: the name of the stream's class. unmatched: those at which no record can have anything, each with a
    suggestion, which may be empty.
    """

    stream: str
    declared: tuple[str, ...]
    unmatched: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """One page of a stream.

    parent: the fields of the parent that it was asked for. records: as they were sent; where `records` of the stream
    leads to no list there are none, `problem` says why, and `fields` are those of the page.
    lists: what may be the records in the page, the likeliest first. model: None where the stream has none.
    """

    connection: str
    stream: str
    parent: Mapping[str, str]
    asked: ShownRequest
    status: int
    size: int
    path: str
    records: tuple[Raw, ...]
    lists: tuple[RecordsPath, ...]
    problem: str | None
    fields: tuple[RecordField, ...]
    model: ModelSeen | None
    key: KeySeen
    cursor: CursorSeen
    personal: PersonalSeen
    paging: PagingSeen
    warnings: tuple[str, ...]


def preview(session: Session, stream: StreamSpec) -> Preview:
    """Fetch and look at the first page that a first sync of a stream would ask for.

    Of a sub-stream for the first parent that has records, else for the first that may be read.
    Raises FetchError, SyncError for a request that can't be made or where there is no parent, BadConnection.
    """
    client = session.client(stream.name)
    with closing(client):
        parent, page = _page(session, client, stream)
        return _looked_at(session, client, stream, parent, page)


def _page(session: Session, client: Client, stream: StreamSpec) -> tuple[Mapping[str, str], Page]:
    if stream.parent is None:
        return _ask(session, client, stream, {})
    reached, parents = fetch_first_records(session, client, session.spec.streams[stream.parent])
    if not parents:
        raise SyncError(
            f"{session.name}, stream {stream.name}: the first page of {reached.name} has no records, so there is no "
            "parent to ask for"
        )
    answers = ask_for_parents(stream, parents, lambda fields: _ask(session, client, stream, fields))
    first = next(answers)
    return next((answer for answer in chain([first], answers) if _shows_something(answer[1], stream)), first)


def _ask(
    session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str]
) -> tuple[Mapping[str, str], Page]:
    bounds = sent_bounds(session, stream, Bounds(since=session.start, exact=True))
    request = first_request(session, stream, parent, bounds)
    if stream.paginator is not None:
        request = stream.paginator.first(request)
    return parent, client.send(request, stream.accept)


def _shows_something(page: Page, stream: StreamSpec) -> bool:
    try:
        return bool(page.records(stream.records))
    except RecordsPathError:
        return True


def _looked_at(session: Session, client: Client, stream: StreamSpec, parent: Mapping[str, str], page: Page) -> Preview:
    problem = None
    records: Sequence[Raw] = ()
    try:
        records = page.records(stream.records)
    except RecordsPathError as error:
        problem = str(error)
    document = decode_json(page.body) if page.body.strip() and page.accepted_failure is None else None
    values = [decode_json(bytes(record)) for record in records]
    fields = tuple(list_fields(read_shape([document] if problem is not None else values)))
    return Preview(
        connection=session.connection.id,
        stream=stream.name,
        parent=parent,
        asked=_shown(client, page.request),
        status=page.status,
        size=len(page.body),
        path=stream.records,
        records=tuple(records),
        lists=tuple(find_record_paths(document)),
        problem=problem,
        fields=fields,
        model=None if stream.model is None else _model(stream.model, records, fields),
        key=_key(stream, records, values),
        cursor=_cursor(stream, records, values),
        personal=PersonalSeen(
            stream.stream.__name__, stream.personal, unmatched_personal_paths(stream.personal, values)
        ),
        paging=_paging(client, stream.paginator, page, len(records)),
        warnings=tuple(client.warnings),
    )


def _shown(client: Client, request: Request) -> ShownRequest:
    body = None if request.body is None else client.mask(json.dumps(request.body, ensure_ascii=False))
    return ShownRequest(request.method, client.mask(request.address()), body)


def _model(model: type[BaseModel], records: Sequence[Raw], fields: Sequence[RecordField]) -> ModelSeen:
    refused: Counter[str] = Counter()
    for record in records:
        try:
            model.model_validate_json(bytes(record))
        except ValidationError as error:
            refused[invalid_reason(error)] += 1
    return ModelSeen(
        model.__name__,
        len(records) - refused.total(),
        tuple(refused.most_common(_MOST_REASONS)),
        model_coverage(model, fields),
    )


def _key(stream: StreamSpec, records: Sequence[Raw], values: Sequence[object]) -> KeySeen:
    keys = FieldReader(stream.primary_key).read(records) if stream.primary_key else []
    whole = [key for key in keys if None not in key]
    return KeySeen(
        stream.primary_key, len(keys) - len(whole), len(whole) - len(set(whole)), tuple(find_key_fields(values))
    )


def _cursor(stream: StreamSpec, records: Sequence[Raw], values: Sequence[object]) -> CursorSeen:
    cursor, candidates = stream.cursor, tuple(find_cursor_fields(values))
    if cursor is None:
        return CursorSeen(None, None, 0, 0, None, None, candidates)
    texts = [text for (text,) in FieldReader([cursor.field]).read(records)]
    moments = [None if text is None else parse_timestamp(text) for text in texts]
    strange = [text for text, at in zip(texts, moments, strict=True) if text is not None and at is None]
    return CursorSeen(
        declared=cursor.field,
        declared_order=cursor.order,
        missing=texts.count(None),
        unordered=len(strange),
        example=strange[0][:60] if strange else None,
        direction=direction_of([at for at in moments if at is not None]),
        candidates=candidates,
    )


def _paging(client: Client, paginator: Paginator | None, page: Page, received: int) -> PagingSeen:
    detected = tuple(find_paging(page)) if page.accepted_failure is None else ()
    declared = describe_setting(paginator) or None
    warning = _mismatch(paginator, page, detected)
    if page.accepted_failure is not None:
        return PagingSeen(declared, detected, None, None, f"accepted as empty: {page.accepted_failure}")
    if paginator is None:
        last = None if find_next_page_hint(page) else "there is no paginator, and the page names no further one"
        return PagingSeen(None, detected, warning, None, last)
    try:
        following = paginator.next(page.request, page, received)
    except FetchError as error:
        return PagingSeen(declared, detected, client.mask(str(error)), None, None)
    if isinstance(following, Last):
        return PagingSeen(declared, detected, warning, None, following.reason)
    return PagingSeen(declared, detected, warning, _shown(client, following), None)


def _mismatch(paginator: Paginator | None, page: Page, detected: Sequence[Paging]) -> str | None:
    """Where the declared paginator and the page don't fit, in a sentence."""
    live = [item for item in detected if item.has_more]
    if paginator is None:
        if live:
            return f"no paginator is set, and {live[0].sign}: set `paginator = {write_call(live[0].paginator)}`"
        sign = find_next_page_hint(page)
        return f"no paginator is set, and the page says by {sign} that there is more: set one" if sign else None
    if any(read_the_same(paginator, item.paginator) for item in detected):
        return None
    declared, missing = describe_setting(paginator), missing_path(paginator, page)
    if live:
        return f"{declared} is set, and {live[0].sign}: it may have to be {write_call(live[0].paginator)}"
    if missing is not None:
        return f"{declared} is set, and nothing is at `{missing}` in this page: right only if it is the last one"
    return None
