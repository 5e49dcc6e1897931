"""The class that an author writes for each kind of record that an API lists."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic

from pydantic import BaseModel
from typing_extensions import TypeVar

from dazz_assets.declare.cursor import Cursor
from dazz_assets.http import Accept, Paginator

Model = TypeVar("Model", bound=BaseModel, covariant=True, default=BaseModel)

Scalar = str | int | float | bool


class Stream(Generic[Model]):
    """One kind of record that an API lists: subclass it, and say where the records are. It is never instantiated.

    ```python
    class IssuesStream(Stream[Issue]):
        parent = OrgsStream
        path = "/orgs/{parent.id}/issues"
        primary_key = "id"
        cursor = Cursor("attributes.updated_at", since="updated_after")
    ```

    The type in brackets is a pydantic model of what parsers need from a record; raw records are stored whole, whatever
    it declares. A stream that no parser reads needs no model, `class OrgsStream(Stream)`, and can still be a parent.

    Only `path` is required. `path`, `params`, `headers` and `body` are templates, at any depth: `{config.x}` is a field
    of the connection's config, `{parent.a.b}` a field of the parent's record, `{cursor.since}` and `{cursor.until}` the
    bounds of the range to fetch.

    name: of the stream, in assets and tables. By default the class name without `Stream`, in snake case.
    path: what follows the base URL. Each placeholder is percent-encoded as one segment.
    params, headers: of the request; merged with the integration's, and the stream's win.
    method: of the request. By default `"GET"`.
    body: of the request, sent as JSON.
    records: path of the list of records in a page, for example `"data.items"`. By default the page is the list.
    primary_key: path of a record's key, or a tuple of paths, for example `("repository.id", "number")`.
    cursor: makes the stream incremental: each sync asks for what has changed. Without one, each sync fetches
        everything.
    paginator: how to find the next page, for example `NextLink("links.next")`. None for an API that has one page.
    parent: another stream; this one is fetched once for each of its stored records.
    accept: failures that are fine, by status. `{404: "skip"}` reads that response as no records; any failure may be
        skipped except 401, 407 and those that are retried. `{200: "keep"}` keeps the data of a response that also
        reports errors, with a warning.
    max_invalid: the share of invalid records, from 0 to 1, above which parsing fails. By default 0.1.
    personal: path or tuple of paths of fields that say who a person is; recordings hold pseudonyms in their place.
        E-mail addresses and avatars are found without it.

    Constants of your own have names in capitals, or that begin with `_`, or are declared as `ClassVar`; any other
    attribute is refused, as it may be a misspelt setting.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    params: ClassVar[Mapping[str, Scalar]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    method: ClassVar[str]
    body: ClassVar[Mapping[str, Any] | None] = None
    records: ClassVar[str]
    primary_key: ClassVar[str | tuple[str, ...] | None]
    cursor: ClassVar[Cursor | None] = None
    paginator: ClassVar[Paginator | None]
    parent: "ClassVar[type[Stream[Any]] | None]" = None
    accept: ClassVar[Accept]
    max_invalid: ClassVar[float]
    personal: ClassVar[str | tuple[str, ...]]
