"""Reads the GraphQL queries of streams, and checks them: their syntax, their variables, and what they ask for.

`graphql-core` parses them. It is imported where a stream has a query, as the import takes a tenth of a second.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.field_paths import ANY_MEMBER, split_path
from dazz_assets.http import CursorToken, GraphQLCursor, Offset, PageNumber, Paginator
from dazz_assets.http.placeholders import PLACEHOLDER
from dazz_assets.names import closest_name, list_names
from dazz_assets.spec.checked_queries import check_once
from dazz_assets.spec.specs import StreamSpec

if TYPE_CHECKING:
    from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode

_FILE = re.compile(r"[^\s{}]+\.(graphql|gql)")
_VARIABLE = re.compile(r"\$(\w+)")
VARIABLES = "variables."
"""Begins the path of a variable in the body of a query."""


def read_query(where: str, setting: str, class_: type, text: str) -> str:
    """The text of a query, which may be the name of a file beside the class that names it. Raises DefinitionError.

    setting: what names the query, of the class or one of its bases.
    """
    if "{" in text:
        return text
    if not _FILE.fullmatch(text):
        raise DefinitionError(
            f"{where}: `{setting}` is {text!r}, which is neither a query nor the name of a file; write the query, or "
            f'the name of a file beside the integration: `{setting} = "items.graphql"`'
        )
    holder = next(base for base in class_.__mro__ if setting in vars(base))
    try:
        return (Path(inspect.getfile(holder)).parent / text).read_text(encoding="utf-8")
    except (OSError, TypeError, UnicodeDecodeError) as error:
        reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "is not there"
        raise DefinitionError(
            f"{where}: `{setting}` names the file {text!r}, which {reason}; it is looked for beside the file that has "
            f"{holder.__name__}"
        ) from None


def read_paginator(where: str, stream: type[Stream[Any]], integration: type[Integration[Any]]) -> Paginator | None:
    """A stream's paginator. That of a query sends variables, and its `next_query` is read."""
    class_ = stream if hasattr(stream, "paginator") else integration
    paginator: Paginator | None = getattr(class_, "paginator", None)
    if stream.query is None:
        return paginator
    if isinstance(paginator, GraphQLCursor) and paginator.next_query is not None:
        return replace(paginator, next_query=read_query(where, "paginator", class_, paginator.next_query))
    if type(paginator) is CursorToken:
        return replace(paginator, param=_as_variable(paginator.param))
    if type(paginator) is PageNumber or type(paginator) is Offset:
        size_param = None if paginator.size_param is None else _as_variable(paginator.size_param)
        return replace(paginator, param=_as_variable(paginator.param), size_param=size_param)
    return paginator


def _as_variable(param: str) -> str:
    return VARIABLES + param.removeprefix(VARIABLES)


def check_query(where: str, stream: StreamSpec) -> None:
    """Check the query of a stream, and that of its further pages. Raises DefinitionError."""
    _check_settings(where, stream.stream)
    body = stream.body
    if stream.stream.query is None or body is None:
        return
    paths = (stream.records, stream.record, stream.shape, stream.key_paths, stream.cursor, stream.budget)
    key = (body, stream.paginator, *paths, stream.parent_key, list(_private_paths(stream)))
    check_once(key, lambda: _check_queries(where, stream, body))


def _check_queries(where: str, stream: StreamSpec, body: Mapping[str, Any]) -> None:
    variables, paginator = body["variables"], stream.paginator
    query = _Query(where, "query", body["query"], is_listed=stream.shape == "list")
    query.check_variables(variables, _find_sent(stream), is_whole=True)
    query.check_required(variables, stream, later=_find_cursor(stream))
    query.check_paths(_paths(stream))
    query.check_used()
    if isinstance(paginator, GraphQLCursor) and paginator.next_query is not None:
        for found in PLACEHOLDER.finditer(paginator.next_query):
            raise DefinitionError(f"{where}: `next_query` uses {found[0]}, but it is sent as it is; use a variable")
        following = _Query(where, "next_query", paginator.next_query)
        following.check_variables(variables, {"paginator": paginator.variable}, is_whole=False)
        following.check_required({**variables, paginator.variable: ""}, stream)
        following.check_paths(_next_paths(stream, paginator))
        following.check_used()


def _check_settings(where: str, stream: type[Stream[Any]]) -> None:
    if stream.query is None:
        if stream.variables:
            raise DefinitionError(f"{where}: `variables` does nothing without a `query`; set one, or remove it")
        return
    if stream.body is not None:
        raise DefinitionError(f"{where} has both `query` and `body`; a query has a body of its own: remove `body`")
    if getattr(stream, "method", "POST").upper() != "POST":
        raise DefinitionError(f"{where}: `method` does nothing: a query is sent with POST; remove it")


def _find_cursor(stream: StreamSpec) -> str | None:
    """The variable that the first page is asked for without: the cursor or token of the page before."""
    paginator = stream.paginator
    if isinstance(paginator, GraphQLCursor):
        return paginator.variable
    return _find_sent(stream).get("paginator") if isinstance(paginator, CursorToken) else None


def _find_sent(stream: StreamSpec) -> dict[str, str]:
    """The variables that the paginator sets, each by the setting that names it."""
    paginator = stream.paginator
    if isinstance(paginator, GraphQLCursor):
        return {} if paginator.next_query is not None else {"paginator": paginator.variable}
    if isinstance(paginator, CursorToken | PageNumber | Offset):
        size = getattr(paginator, "size_param", None)
        named = {"paginator": paginator.param, **({"paginator's size_param": size} if size else {})}
        return {setting: split_path(name)[1] for setting, name in named.items() if name.startswith(VARIABLES)}
    return {}


def _paths(stream: StreamSpec) -> Iterator[tuple[str, str]]:
    """The paths of a first page that must be in the query, each with the setting that names it."""
    paginator = stream.paginator
    yield "records", stream.records
    yield from _paths_of_record(stream, stream.records)
    if isinstance(paginator, GraphQLCursor | CursorToken) and paginator.path is not None:
        yield "paginator", paginator.path
    yield from _budget_paths(stream)


def _next_paths(stream: StreamSpec, paginator: GraphQLCursor) -> Iterator[tuple[str, str]]:
    records = stream.records if paginator.next_records is None else paginator.next_records
    yield "next_records" if paginator.next_records is not None else "records", records
    yield from _paths_of_record(stream, records)
    yield "next_path", paginator.path if paginator.next_path is None else paginator.next_path
    yield from _budget_paths(stream)


def _budget_paths(stream: StreamSpec) -> Iterator[tuple[str, str]]:
    budget = stream.budget
    if budget is not None:
        yield from (("budget", path) for path in (budget.remaining, budget.reset, budget.cost) if path is not None)


def _paths_of_record(stream: StreamSpec, records: str) -> Iterator[tuple[str, str]]:
    if stream.shape == "by_id":
        return
    to_record = [records, *([stream.record] if stream.record else [])]
    for path in stream.key_paths:
        yield "primary_key", ".".join([*to_record, path])
    if stream.cursor is not None:
        yield "cursor", ".".join([*to_record, stream.cursor.field])
    if stream.parent_key is not None:
        yield "parent_key", ".".join([*to_record, stream.parent_key])
    for setting, path in _private_paths(stream):
        yield setting, ".".join([*to_record, path])


def _private_paths(stream: StreamSpec) -> Iterator[tuple[str, str]]:
    """The personal and sensitive paths of the stream's own, each up to a `*`: those of its integration may be meant for
    other streams."""
    for setting, paths in (("personal", stream.personal), ("sensitive", stream.sensitive)):
        for path in paths if hasattr(stream.stream, setting) else ():
            named = takewhile(lambda name: name != ANY_MEMBER, path.split("."))
            if asked_for := ".".join(named):
                yield setting, asked_for


class _Query:
    """A query that was parsed. setting: what names it. is_listed: its records are in a list."""

    def __init__(self, where: str, setting: str, text: str, *, is_listed: bool = True) -> None:
        self._where, self._setting, self._is_listed = where, setting, is_listed
        document = self._parse(text)
        self._operation = self._find_operation(document)
        self._fragments = {item.name.value: item for item in _fragments(document)}
        self._declared = {
            item.variable.name.value: item.type.kind == "non_null_type" and item.default_value is None
            for item in self._operation.variable_definitions
        }

    def check_variables(self, given: Mapping[str, Any], sent: Mapping[str, str], *, is_whole: bool) -> None:
        """Check that the query declares the variables that it is sent. is_whole: all that are given are sent."""
        named = dict.fromkeys(given, "variables") if is_whole else {}
        for name, setting in {**named, **{name: setting for setting, name in sent.items()}}.items():
            if name not in self._declared:
                close = closest_name(name, self._declared)
                raise DefinitionError(
                    f"{self._where}: `{setting}` sends the variable ${name}, which `{self._setting}` does not declare"
                    + (f"; did you mean ${close}?" if close else f"; declare it: `query (${name}: ...)`")
                )

    def check_required(self, given: Mapping[str, Any], stream: StreamSpec, later: str | None = None) -> None:
        """Check that each request has the variables that the query requires. later: one that the first page lacks."""
        for name in (name for name, is_required in self._declared.items() if is_required):
            if name == later and name not in given:
                raise DefinitionError(
                    f"{self._where}: `{self._setting}` requires ${name}, but the first page is asked for without a "
                    f"cursor; declare it without `!`"
                )
            if name not in given and name not in _find_sent(stream).values():
                raise DefinitionError(
                    f"{self._where}: `{self._setting}` requires ${name}, which nothing gives; add it to `variables`"
                )
            if given.get(name) == "{cursor.until}" and stream.cursor and not (stream.cursor.both or stream.cursor.step):
                raise DefinitionError(
                    f"{self._where}: `{self._setting}` requires ${name}, but a sync up to the present has no end; set "
                    "`both=True` on the Cursor, or declare the variable without `!`"
                )

    def check_used(self) -> None:
        """Check that the query uses what it declares: else a bound would be sent and filter nothing."""
        from graphql import print_ast

        parts = (self._operation.selection_set, *self._operation.directives, *self._fragments.values())
        used = {name for part in parts for name in _VARIABLE.findall(print_ast(part))}
        for name in self._declared:
            if name not in used:
                raise DefinitionError(
                    f"{self._where}: `{self._setting}` declares ${name} and does not use it; use it in an argument, or "
                    "remove it"
                )

    def check_paths(self, paths: Iterable[tuple[str, str]]) -> None:
        """Check that the query asks for what lies at these paths, each of a setting."""
        for setting, path in paths:
            self._check_path(setting, path)

    def _check_path(self, setting: str, path: str) -> None:
        names = [name for name in split_path(path) if not name.removeprefix("-").isdecimal()]
        top = list(_select([self._operation.selection_set], self._fragments))
        if not names or (setting == "records" and names == ["data"] and self._is_listed):
            example = f'`{setting} = "data.{top[0]}"`' if top else f"`{setting}`"
            raise DefinitionError(
                f"{self._where} has a query and no path in `{setting}`; set it, for example {example}"
            )
        if names[0] in ("errors", "extensions"):
            return
        if names[0] != "data":
            raise DefinitionError(
                f'{self._where}: `{setting}` is {path!r}, but what a query asks for lies in "data": "data.{path}"'
            )
        level = [self._operation.selection_set]
        for name in names[1:]:
            fields = _select(level, self._fragments)
            if name not in fields:
                raise DefinitionError(
                    f"{self._where}: `{setting}` leads to {path!r}, but `{self._setting}` does not ask for `{name}` "
                    f"there; it asks for {list_names(list(fields))}"
                )
            level = fields[name]
            if not level:  # A value of the vendor's own form may hold anything.
                return

    def _parse(self, text: str) -> DocumentNode:
        from graphql import GraphQLSyntaxError, parse

        try:
            return parse(PLACEHOLDER.sub("0", text), no_location=True)
        except GraphQLSyntaxError as error:
            line = error.locations[0].line if error.locations else 1
            problem = error.message.removeprefix("Syntax Error: ").rstrip(".")
            raise DefinitionError(f"{self._where}: `{self._setting}` is no GraphQL (line {line}: {problem})") from None

    def _find_operation(self, document: DocumentNode) -> OperationDefinitionNode:
        from graphql import OperationDefinitionNode

        operations = [item for item in document.definitions if isinstance(item, OperationDefinitionNode)]
        if len(operations) != 1:
            raise DefinitionError(
                f"{self._where}: `{self._setting}` has {len(operations)} operations; leave one, besides fragments"
            )
        kind = operations[0].operation.value
        if kind != "query":
            raise DefinitionError(f"{self._where}: `{self._setting}` is a {kind}; a stream only reads: write a query")
        return operations[0]


def _fragments(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    from graphql import FragmentDefinitionNode

    return (item for item in document.definitions if isinstance(item, FragmentDefinitionNode))


def _select(
    level: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, list[SelectionSetNode]]:
    """The fields that are asked for, by their names in the answer, each with what is asked for below it."""
    from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode

    found: dict[str, list[SelectionSetNode]] = {}
    seen: set[str] = set()
    pending = list(level)
    while pending:
        for item in pending.pop(0).selections:
            if isinstance(item, FieldNode):
                name = item.alias.value if item.alias else item.name.value
                found.setdefault(name, []).extend([item.selection_set] if item.selection_set else [])
            elif isinstance(item, InlineFragmentNode):
                pending.append(item.selection_set)
            elif isinstance(item, FragmentSpreadNode) and item.name.value not in seen:
                seen.add(item.name.value)
                pending += [fragments[item.name.value].selection_set] if item.name.value in fragments else []
    return found
