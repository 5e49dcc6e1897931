"""What to fetch: one kind of entity that an API lists."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal

from pydantic import BaseModel
from typing_extensions import TypeVar

from dazz_assets.declare.cursor import Cursor
from dazz_assets.http import Paginator

Model = TypeVar("Model", bound=BaseModel, covariant=True, default=BaseModel)

Scalar = str | int | float | bool
Accept = Mapping[int, Literal["skip", "keep"]]


class Stream(Generic[Model]):
    """Declare one by subclassing: `class ProjectsStream(Stream[Project])`. It is never instantiated.

    Model is a pydantic model of what parsers need from a record; raw records are stored whole, whatever it says.
    A stream that no parser reads needs none, `class ProjectsStream(Stream)`: it can be a parent all the same.
    `params` and `headers` are merged with the integration's; any other setting given here replaces the integration's.

    name: of the stream; by default the class name without `Stream`, in snake case.
    path: after the base URL, as `"/orgs/{parent.id}/issues"`; what stands in braces is percent-encoded as one segment.
    params, headers, body: of the request. Path, params, headers and body are templates, at any depth: `{config.x}` is
        a field of the config, `{parent.a.b}` one of the parent's record, `{cursor.since}` and `{cursor.until}` are the
        bounds of what is asked for.
    method: `"GET"` by default.
    records: path of the list of records in a page; empty where the page is the list.
    primary_key: path of a record's key, or a tuple of paths.
    cursor: makes the stream incremental; without one each sync fetches all of it, a snapshot.
    parent: the stream whose stored records this one is fetched for, one by one.
    accept: by status: `{404: "skip"}` takes that answer as "no records", of any failure but 401, 407 and those that are
        asked for again; `{200: "keep"}` keeps the data of a page that also has errors, with a warning.
    max_invalid: share of invalid records above which a parse fails; of streams that a parser reads.
    personal: paths of a record's fields that say who a person is, or a tuple of them; recordings hold pseudonyms in
        their place. E-mail addresses and avatars are found without.
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
