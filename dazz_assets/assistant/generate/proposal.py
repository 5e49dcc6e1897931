"""Plans a new integration from its author's choices, and from a page where the author leaves a choice open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dazz_assets.assistant.generate.personal_fields import personal_fields
from dazz_assets.assistant.generate.python_names import singular
from dazz_assets.assistant.infer import (
    CursorField,
    Paging,
    decode_json,
    find_cursor_fields,
    find_key_fields,
    find_paging,
    find_record_paths,
    read_shape,
)
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import read_texts
from dazz_assets.assistant.infer.paging_style import find_more_flag
from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.stream import Scalar
from dazz_assets.field_paths import split_path
from dazz_assets.http.auth.auth import ApiKey, Basic, BearerToken, auth_config_fields
from dazz_assets.http.errors import RecordsPathError
from dazz_assets.http.page import Page
from dazz_assets.http.paging.next_page_hints import find_next_page_hint
from dazz_assets.http.paging.pagination import CursorToken, LinkHeader, NextLink, Offset, PageNumber, Paginator
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.names import suggest
from dazz_assets.privacy.secret_names import is_credential_name
from dazz_assets.spec.literals import write_call, write_literal
from dazz_assets.spec.timestamps import parse_timestamp

AUTH_SECRETS = ("token", "password")
"""The fields of the config that hold the auth's secret."""
LONGEST_NAME = 30
"""Maximum length of the name of an integration, and of a stream: together they name a table (at most 63 letters)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationBasics:
    """What an author always says of a new integration. name: its name. prefix: of its class names."""

    name: str
    prefix: str
    base_url: str
    auth: BearerToken | ApiKey | Basic | None
    path: str
    stream: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> tuple[str, ...]:
        """The fields of the connection's config."""
        return config_fields(self.auth, self.path, self.params, self.headers)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The fields of the config that are secrets: those of the auth, and by their name or that of their header."""
        in_headers = {
            name
            for header, text in self.headers.items()
            for _, name in find_placeholders(text)
            if is_credential_name(header)
        }
        return tuple(name for name in self.settings if name in in_headers or is_secret_setting(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPlan(IntegrationBasics):
    """An integration with one stream.

    shape: of the stream's records. cursor_note: a sentence on what the cursor misses, or why there is none.
    personal: paths of fields that say who a person is. is_first_party: whether the code is written in the framework's
    own repository, where imports of the framework are first-party.
    """

    records: str
    primary_key: tuple[str, ...]
    cursor: Cursor | None
    paginator: Paginator | None
    shape: ValueShape
    cursor_note: str = ""
    personal: tuple[str, ...] = ()
    is_first_party: bool = False


def is_secret_setting(name: str) -> bool:
    """Whether a field of the config is a secret by its name."""
    return name in AUTH_SECRETS or is_credential_name(name)


def config_fields(auth: BearerToken | ApiKey | Basic | None, *templates: object) -> tuple[str, ...]:
    """The fields of a connection's config: those in the request's templates, then those of the auth."""
    request_fields = [name for kind, name in find_placeholders(templates) if kind == "config"]
    return tuple(dict.fromkeys([*request_fields, *auth_config_fields(auth)]))


_MIN_MILLISECONDS = 10**11


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorChoices(IntegrationBasics):
    """What the author has chosen; None leaves a choice to the page.

    records: path of the list, empty if the page is the list. cursor: path of the field, empty for none.
    since: the parameter that requests changes since a time.
    """

    records: str | None = None
    primary_key: tuple[str, ...] | None = None
    cursor: str | None = None
    since: str | None = None
    paginator: Paginator | Literal["inferred"] | None = "inferred"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The plan, the records that it is based on, and a sentence about each question that the page left open."""

    plan: IntegrationPlan
    records: Sequence[Any]
    open_questions: tuple[str, ...]


class NoProposalError(Exception):
    """No integration can be planned from this page and these choices.

    setting: the choice that the author has to make or change; None if only another page helps.
    paginator: one that may fit, if that is the choice.
    """

    def __init__(
        self,
        setting: Literal["records", "key", "cursor", "paginator"] | None,
        message: str,
        *,
        paginator: Paginator | None = None,
    ) -> None:
        super().__init__(message)
        self.setting = setting
        self.paginator = paginator


def propose(choices: AuthorChoices, page: Page, *, is_first_party: bool = False) -> Proposal:
    """Plan an integration over this page. Raises NoProposalError."""
    path = _choose_records_path(choices, page)
    records = _read_records(page, path)
    key = _choose_key(choices, records)
    paging = _choose_paging(choices, page)
    cursors = find_cursor_fields(records, singular(choices.stream))
    cursor = _choose_cursor(choices, records, cursors)
    shape = read_shape(records)
    plan = IntegrationPlan(
        name=choices.name,
        prefix=choices.prefix,
        base_url=choices.base_url,
        auth=choices.auth,
        path=choices.path,
        params={**_drop_counted(choices.params, paging), **(paging.params if paging else {})},
        headers=choices.headers,
        stream=choices.stream,
        records=path,
        primary_key=key,
        cursor=cursor,
        paginator=paging.paginator if paging else None,
        shape=shape,
        cursor_note=_describe_cursor(choices, cursor, cursors),
        personal=personal_fields(records, singular(choices.stream)),
        is_first_party=is_first_party,
    )
    return Proposal(plan, records, tuple(_list_open_questions(plan, page, records)))


def _drop_counted(params: Mapping[str, Scalar], paging: Paging | None) -> Mapping[str, Scalar]:
    """The parameters without the one that the paginator counts, unless it has to begin at page 0."""
    paginator = paging.paginator if paging else None
    if not isinstance(paginator, PageNumber | Offset):
        return params
    begins_at_zero = isinstance(paginator, PageNumber) and params.get(paginator.param) == 0
    return {name: value for name, value in params.items() if name != paginator.param or begins_at_zero}


def _choose_records_path(choices: AuthorChoices, page: Page) -> str:
    if choices.records is not None:
        return choices.records
    found = find_record_paths(decode_json(page.body or b"null"))
    if not found:
        raise NoProposalError("records", f"the page has no list, so it has no records: {_describe_document(page)}")
    return found[0].path


def _read_records(page: Page, path: str) -> list[Any]:
    where = f"`{path}`" if path else "the page"
    try:
        records = [decode_json(bytes(raw)) for raw in page.records(path)]
    except RecordsPathError as error:
        raise NoProposalError("records", error.problem.rstrip(".")) from None
    if not records:
        raise NoProposalError(
            None, f"{where} has no records, so there are no fields to make models from: use a page with records"
        )
    if not all(isinstance(record, dict) and record for record in records):
        raise NoProposalError("records", f"{where} has items that are not objects with fields, as records must be")
    return records


def _describe_document(page: Page) -> str:
    names = page.document.names()
    return f"it is an object with the keys {', '.join(names[:12])}" if names else "it is a single value"


def _choose_key(choices: AuthorChoices, records: Sequence[Any]) -> tuple[str, ...]:
    candidates = find_key_fields(records)
    named = ", ".join(",".join(item.paths) for item in candidates) or "none"
    if choices.primary_key is None:
        if candidates and candidates[0].is_likely:
            return candidates[0].paths
        raise NoProposalError("key", f"no field has the name of an identifier (unique in this page: {named})")
    unique = f"; unique in this page: {named}"
    columns = [read_texts(records, split_path(path)) for path in choices.primary_key]
    for path, texts in zip(choices.primary_key, columns, strict=True):
        if missing := texts.count(None):
            raise NoProposalError("key", f"`{path}` has no value in {missing} of {len(records)} records{unique}")
    rows = list(zip(*columns, strict=True))
    if len(set(rows)) < len(rows):
        repeated = next(row for row in rows if rows.count(row) > 1)
        shown = ", ".join(str(text)[:60] for text in repeated)
        raise NoProposalError("key", f"{','.join(choices.primary_key)} is {shown} in more than one record{unique}")
    return choices.primary_key


def _choose_cursor(choices: AuthorChoices, records: Sequence[Any], candidates: Sequence[CursorField]) -> Cursor | None:
    """Choose what changes with a record. A time of creation is never proposed: a cursor on it misses later changes."""
    created = next((item.path for item in candidates if item.is_always and item.says == "created"), None)
    if choices.cursor is None:
        likely = [item for item in candidates if item.says in ("changed", "seen") and (item.is_always or created)]
        chosen = likely[0].path if likely else None
    else:
        chosen = choices.cursor or None
    if chosen is None:
        if choices.since is not None:
            named = suggest("", [item.path for item in candidates])
            raise NoProposalError("cursor", f"`since` needs a cursor, and no field says when a record changed{named}")
        return None
    texts = [text for text in read_texts(records, split_path(chosen)) if text is not None]
    if not texts or any(parse_timestamp(text) is None for text in texts):
        found = f"holds {texts[0][:60]!r}, which is not a time" if texts else "is in no record"
        named = suggest(chosen, [item.path for item in candidates])
        raise NoProposalError("cursor", f"`{chosen}` {found}{named}")
    return Cursor(
        chosen,
        since=choices.since,
        format=_bound_format(texts[0]) if choices.since else None,
        nulls=created if len(texts) < len(records) else None,
    )


def _describe_cursor(choices: AuthorChoices, cursor: Cursor | None, candidates: Sequence[CursorField]) -> str:
    """A sentence on what the cursor misses, or on the one that is not proposed; empty if there is nothing to say."""
    wanted = [item for item in candidates if item.path == cursor.field] if cursor else candidates
    says = wanted[0].says if wanted else "other"
    if says not in ("seen", "created") or choices.cursor == "":
        return ""
    path = write_literal(wanted[0].path)[1:-1]
    if cursor is None:
        return (
            f"No cursor: `{path}` stays as it is when a record changes. Where records never change, as in a log of "
            f"events, it can be one: `Cursor({write_literal(wanted[0].path)})`."
        )
    if says == "created":
        return f"`{path}` stays as it is when a record changes, so later changes are missed."
    return f"`{path}` says when a record was last seen: a change without that, such as of its status, is missed."


def _bound_format(text: str) -> str | None:
    """The format that sends bounds like this value of the cursor; None for RFC 3339."""
    if not text.replace(".", "", 1).isdecimal():
        return None
    return "epoch" if float(text) < _MIN_MILLISECONDS else "epoch_ms"


def _choose_paging(choices: AuthorChoices, page: Page) -> Paging | None:
    """Choose a paginator. Raises NoProposalError if there is none but the page has a next one: a sync would fail."""
    found = find_paging(page)
    if choices.paginator == "inferred" and found:
        return found[0]
    if choices.paginator == "inferred" or choices.paginator is None:
        if hint := find_next_page_hint(page):
            example = found[0].paginator if found else PageNumber() if find_more_flag(page) else None
            raise NoProposalError(
                "paginator",
                f"{hint.sign} says that there are more pages, so the stream needs a paginator",
                paginator=example,
            )
        return None
    return _complete_paginator(choices.paginator, found, page)


def _complete_paginator(given: Paginator, found: Sequence[Paging], page: Page) -> Paging:
    """The author's paginator; if it counts, fill in `more` (the sign of another page) from the page."""
    for item in found:
        if isinstance(given, Offset | PageNumber) and isinstance(item.paginator, type(given)):
            paginator = replace(given, more=item.paginator.more)
            return replace(item, paginator=paginator, params={paginator.param: 0} if item.params else {})
    if isinstance(given, Offset | PageNumber) and (flag := find_more_flag(page)):
        return Paging(replace(given, more=flag[0]), f"`{flag[0]}` is there", has_more=flag[1])
    live = [item for item in found if item.has_more]
    reads_the_page = isinstance(given, LinkHeader | NextLink | CursorToken)
    if (
        reads_the_page
        and live
        and not any(_reading_location(given) == _reading_location(item.paginator) for item in live)
    ):
        raise NoProposalError(
            "paginator", f"{write_call(given)} finds nothing in the page; use {write_call(live[0].paginator)}"
        )
    return Paging(given, "as given", has_more=False)


def _reading_location(paginator: Paginator) -> tuple[bool, object]:
    """Where a paginator reads: whether from the header, and at which path of the body."""
    return isinstance(paginator, LinkHeader), getattr(paginator, "path", None)


def _list_open_questions(plan: IntegrationPlan, page: Page, records: Sequence[Any]) -> list[str]:
    open_questions = []
    if plan.paginator is None:
        open_questions.append("the page shows no way to the next page; without a paginator, only one page is fetched")
    elif not any(item.has_more for item in find_paging(page)) and find_next_page_hint(page) is None:
        open_questions.append(f"{write_call(plan.paginator)} is unconfirmed: this page shows no next page")
    if plan.cursor_note:
        open_questions.append(plan.cursor_note.rstrip("."))
    if plan.cursor is None:
        open_questions.append("no cursor: each sync fetches the whole list")
    elif plan.cursor.since is None:
        open_questions.append(
            f"no parameter for changes since a time is known: each sync reads all of {plan.stream}"
            f"{_suggest_order(plan.cursor.field, records)}"
        )
    if len(records) == 1:
        open_questions.append("one record shows neither what types a field may have, nor that the key is unique")
    return open_questions


def _suggest_order(field: str, records: Sequence[Any]) -> str:
    directions = [item.direction for item in find_cursor_fields(records) if item.path == field]
    if directions != ["desc"]:
        return ""
    return '; if the API always lists new records first, as here, set `order="desc"` on the cursor to stop early'
