"""The class that an author writes for each kind of record that an API lists."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Generic, Literal

from msgspec import Struct
from pydantic import BaseModel
from typing_extensions import TypeVar

from dazz_assets.declare.cursor import Cursor
from dazz_assets.http import Absence, Accept, Budget, Format, Paginator, Rates, Shape

# What records can be read as.
RecordModel = BaseModel | Struct

Model = TypeVar("Model", bound=RecordModel, covariant=True, default=BaseModel)

Scalar = str | int | float | bool
Parents = Literal["all", "changed"]


class Stream(Generic[Model]):
    """One kind of record that an API lists: subclass it, and say where the records are. It is never instantiated.

    ```python
    class IssuesStream(Stream[Issue]):
        parent = OrgsStream
        path = "/orgs/{parent.id}/issues"
        primary_key = "id"
        cursor = Cursor("attributes.updated_at", since="updated_after")
    ```

    The type in brackets is a pydantic model, or a `msgspec.Struct`, of what parsers need from a record; raw records are
    stored whole, whatever it declares. A stream that no parser reads needs no model, `class OrgsStream(Stream)`, and
    can still be a parent.

    Only `path` is required, or a `query`, or the method `pages` in its place, where an SDK sends the requests. `path`,
    `params`, `headers`, `body`, `query` and `variables` are templates, at any depth: `{config.x}` is a field of the
    connection's config, `{facts.a.b}` a value of the integration's facts, `{parent.a.b}` a field of the parent's
    record, `{parents.a.b}` that field of several parents, `{cursor.since}` and `{cursor.until}` the bounds of the range
    to fetch.

    name: of the stream, in assets and tables. By default the class name without `Stream`, in snake case.
    path: what follows the base URL. Each placeholder is percent-encoded as one segment.
    base_url: where its requests go, if elsewhere than the integration's: a field of the config whose default is the
        address, `"{config.files_url}"`. A connection replaces it there, as it replaces the integration's by its
        `base_url`. Its host is a declared one.
    params, headers: of the request; merged with the integration's, and the stream's win.
    method: of the request. By default `"GET"`.
    body: of the request, sent as JSON. What a paginator or a cursor sends goes into it, even if it is `{}`; of a stream
        without one, into the query.
    query: of a GraphQL API, sent with POST: its text, or the name of a file beside the integration, `"items.graphql"`.
        `path` may be left out where the base URL is the endpoint. What a cursor or a paginator names as a parameter is
        a variable of the query. Its syntax is checked at load, and that it asks for what other settings read.
    variables: of the query.
    records: path of the list of records in a page, for example `"data.items"`. By default the page is the list.
    record: path of the record inside each item of the list, for example `"node"` for `{"node": {...}}`.
    shape: what is at `records`: `"list"`, `"object"` (one record, or a list of several) or `"by_id"` (an object whose
        values are the records, by their id, which is also their key if there is no `primary_key`).
    empty: what else than an empty list, null and a 204 means that there are no records: `"body"` (an empty body),
        `"object"` (`{}`), `"text"` (`""`), `"missing"` (nothing is at `records`).
    data_fields: top-level fields of a page that are data although they look like a report of an error (`error`,
        `status`) or like a sign of another page (`next`, `cursor`, `total`), or a warning; and paths of lists inside of
        records that the vendor may cut short.
    format: `"json"`, `"ndjson"` (a JSON value a line) or `"csv"`. By default as the response says.
    total: path of the vendor's total of the list. None: there is none that can be trusted. By default a total in one of
        the usual places counts once it has agreed with a list.
    primary_key: path of a record's key, or a tuple of paths, for example `("repository.id", "number")`. A field of the
        parent's record may be part of it, `("{parent.id}", "number")`, where ids are unique within a parent only.
        None, of a stream without a cursor: its records have only their content to tell them apart, and of those that
        are equal each is stored.
    cursor: makes the stream incremental: each sync asks for what has changed. Without one, each sync fetches
        everything.
    paginator: how to find the next page, for example `NextLink("links.next")`. None for an API that has one page.
    parent: another stream; this one is fetched once for each of its stored records.
    parents: for which of them: `"all"` (the default), or `"changed"`, for those whose record has changed since this
        stream was last fetched for them. That is right where a change of a child shows in its parent, as a comment's
        does in the time of the issue's last change. What is stored of the others stays. One whose list was refused,
        skipped or not whole is asked for again by each sync. But one with a 404 or 410 that `accept` skips has no list:
        it counts as listed until its record changes, and what is stored of it stays. Where the parent's cursor is a
        minute or a day, those that changed in one that is not over are asked for again until it is.
    parents_per_request: how many parents a request asks for at most, where the API takes a list of them. The request
        names them with `{parents.id}`: a list in a body, joined with commas in a path, a parameter or a longer text.
    parent_key: path in the record of the value that says to which of them it belongs: what `{parents.id}` sent.
        Parents that share it are passed over, since their records may belong to any of them. A null in place of a
        record belongs to none: a warning tells how many came.
    accept: what responses mean, by status, or by status and a text in the body: `{404: "skip", (403, "disabled"):
        "skip"}`. `"skip"`: no records. `"keep"`: the data of a success that reports errors, with a warning.
        `"retry"`: it may pass, so the request is sent again. `"limit"`: a rate limit, waited for by all requests of the
        connection. `"end"`: the list ends here. `"split"`: the range is too large and is split. A 401 or 407 alone,
        which may be a wrong token, can't be skipped.
    rate: the limit of this endpoint, `Rate(10, per=1)`, or several; it holds besides the integration's. What the
        responses then say of limits, and the waits that they ask for, hold for this stream alone, as does its `pause`.
    budget: where a page tells what remains of a budget: `Budget("data.complexity.after", reset="...", cost="...")`.
    max_shrink: the share of its records that a snapshot may lose from one sync to the next; a larger loss must be
        confirmed by a second listing. By default 0.5; 1 accepts any.
    max_pages, max_time: the most pages, and the longest time (a timedelta), that a list may take. `max_pages = 1` says
        that it has one page, however many records that has.
    max_idle_pages: how many pages in a row may bring nothing new. By default 20.
    max_invalid: the share of invalid records, from 0 to 1, above which parsing fails. By default 0.1.
    personal: path or tuple of paths of fields that say who a person is; recordings hold pseudonyms in their place.
        `"votes.*"` are the names of the members of an object, `"votes.*.by"` a field below each. E-mail addresses and
        avatars are found without it.
    sensitive: path or tuple of paths of fields that are never shown: a secret that was found, a private note. They are
        hidden in previews, queries' samples, messages, logs and recordings; parsers get the values, and raw Parquet
        files hold the record as the API sent it. What lies below such a field is hidden with it; `"tokens.*"` are the
        members of an object, names included, `"tokens.*.value"` a field below each. No field of a key or a cursor.
    permissions: what the credentials need for this stream, in the vendor's own words: `("Dependabot alerts: read",)`.
        `dazz check` and the error of a refused request name it.

    Constants of your own have names in capitals, or that begin with `_`, or are declared as `ClassVar`; any other
    attribute is refused, as it may be a misspelt setting.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    base_url: ClassVar[str]
    params: ClassVar[Mapping[str, Scalar | Sequence[Scalar]]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    method: ClassVar[str]
    body: ClassVar[Mapping[str, Any] | None] = None
    query: ClassVar[str | None] = None
    variables: ClassVar[Mapping[str, Any]] = {}
    records: ClassVar[str]
    record: ClassVar[str]
    shape: ClassVar[Shape]
    empty: ClassVar[tuple[Absence, ...]]
    data_fields: ClassVar[tuple[str, ...]]
    format: ClassVar[Format | None]
    total: ClassVar[str | None]
    primary_key: ClassVar[str | tuple[str, ...] | None]
    cursor: ClassVar[Cursor | None] = None
    paginator: ClassVar[Paginator | None]
    parent: "ClassVar[type[Stream[Any]] | None]" = None
    parents: ClassVar[Parents] = "all"
    parents_per_request: ClassVar[int | None] = None
    parent_key: ClassVar[str | None] = None
    accept: ClassVar[Accept]
    rate: ClassVar[Rates] = None
    budget: ClassVar[Budget | None]
    max_invalid: ClassVar[float]
    max_shrink: ClassVar[float]
    max_pages: ClassVar[int]
    max_time: ClassVar[timedelta]
    max_idle_pages: ClassVar[int]
    personal: ClassVar[str | tuple[str, ...]]
    sensitive: ClassVar[str | tuple[str, ...]]
    permissions: ClassVar[tuple[str, ...]]

    @classmethod
    def pages(cls, client: Any, params: Mapping[str, Any]) -> Iterable[Any]:
        """The stream's pages, or its records one by one, from code instead of from `path`. Most often a generator.

        ```python
        class EventsStream(Stream[Event]):
            params = {"Topic": "{parent.name}"}
            records = "Events"
            cursor = Cursor("Time", since="StartTime")

            @classmethod
            def pages(cls, client: EventsClient, params: Mapping[str, Any]) -> Iterator[Any]:
                yield from client.list_events(**params)
        ```

        client: what the integration's `connect` returned; threads share it if `concurrency` is above 1.
        params: the setting `params` of integration and stream with its placeholders filled; a bound that there is none
            of is left out.

        A page is a list of records, or another iterable; or, if `records` says where in it they are, what the SDK
        answered. A record is a mapping; times, Decimals and bytes in it are written as JSON. A page or a record may
        also be its JSON text. If a request fails in a way that may pass, `pages` is called again, from the start.
        """
        raise NotImplementedError
