"""Our queries and their variables are valid by Monday's own schema, and what the sandbox says of types is the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    is_specified_scalar_type,
    parse,
    print_ast,
    validate,
)
from graphql.execution.values import get_variable_values

from dazz_assets import GraphQLCursor
from dazz_assets.spec.read import read_integration
from integrations.monday.integration import MondayIntegration
from integrations.monday.sandbox_complexity import count_points
from integrations.monday.sandbox_queries import SCHEMA
from tests.integrations.vendor_data import load_text, needs_vendor_data

STREAMS = read_integration(MondayIntegration).streams
QUERIES = {name: stream.body["query"] for name, stream in STREAMS.items() if stream.body}
NEXT_QUERIES = {
    f"next_{name}": stream.paginator.next_query
    for name, stream in STREAMS.items()
    if isinstance(stream.paginator, GraphQLCursor) and stream.paginator.next_query
}
ALL = QUERIES | NEXT_QUERIES
# What templates and paginators put in the place of variables.
FILLED = {"page": 1, "limit": 50, "board": "7100000001", "boards": ["7100000001"], "cursor": "abc"}
FILLED |= dict.fromkeys(("since", "until"), "2026-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def vendors() -> GraphQLSchema:
    return build_schema(load_text("monday/schema.graphql"))


def fragment(query: str) -> str:
    return next(print_ast(item) for item in parse(query).definitions if isinstance(item, FragmentDefinitionNode))


@pytest.mark.parametrize("name", ALL)
def test_a_query_is_valid_for_the_sandbox(name: str) -> None:
    assert validate(SCHEMA, parse(ALL[name])) == []


@needs_vendor_data
@pytest.mark.parametrize("name", ALL)
def test_a_query_is_valid_for_the_vendor(name: str, vendors: GraphQLSchema) -> None:
    assert validate(vendors, parse(ALL[name])) == []


@needs_vendor_data
@pytest.mark.parametrize("name", QUERIES)
def test_the_variables_that_are_sent_are_valid_for_the_vendor(name: str, vendors: GraphQLSchema) -> None:
    document = parse(QUERIES[name])
    operation = next(item for item in document.definitions if isinstance(item, OperationDefinitionNode))
    declared = {item.variable.name.value for item in operation.variable_definitions}
    body: Any = STREAMS[name].body
    given = {key: value for key, value in FILLED.items() if key in declared} | body["variables"]
    assert declared == given.keys()
    assert not isinstance(get_variable_values(vendors, list(operation.variable_definitions), given), list)


@pytest.mark.parametrize("name", ALL)
def test_no_query_costs_more_points_than_one_may(name: str) -> None:
    """A fifth of the vendor's bound, and no more than a trial account has in a minute."""
    assert count_points(parse(ALL[name]), FILLED) < 1_000_000


def test_the_limit_of_boards_is_that_of_a_group_of_parents() -> None:
    assert f"limit: {STREAMS['newest_items'].parents_per_request}" in QUERIES["newest_items"]


@pytest.mark.parametrize("name", ["items", "listed_items"])
def test_further_pages_ask_for_the_same_as_the_first(name: str) -> None:
    first, following = ALL[name], ALL[f"next_{name}"]
    if name == "items":
        assert fragment(first) == fragment(following)
    else:
        assert "items { id }" in first
        assert "items { id }" in following


def names_in(document: DocumentNode) -> set[str]:
    return set(re.findall(r"\w+", print_ast(document)))


def test_nothing_is_asked_for_that_nobody_needs_and_that_tells_of_people() -> None:
    """What a vendor can be told not to send is not asked for."""
    asked = set().union(*(names_in(parse(query)) for query in ALL.values()))
    assert asked.isdisjoint({"phone", "mobile_phone", "birthday", "location", "photo_url", "last_activity", "viewers"})


@pytest.mark.parametrize("name", ALL)
def test_each_query_asks_for_what_is_left_of_the_budget(name: str) -> None:
    operation = next(item for item in parse(ALL[name]).definitions if isinstance(item, OperationDefinitionNode))
    first = operation.selection_set.selections[0]
    assert isinstance(first, FieldNode)
    assert print_ast(first).split() == ["complexity", "{", "before", "after", "query", "reset_in_x_seconds", "}"]


OURS = [
    type_
    for name, type_ in SCHEMA.type_map.items()
    if not name.startswith("__") and not is_specified_scalar_type(type_)
]


def describe_field(field: GraphQLField) -> dict[str, str]:
    """A field's type, and those of its arguments with their defaults."""
    arguments = {name: f"{argument.type} = {argument.default_value}" for name, argument in field.args.items()}
    return {"": str(field.type), **arguments}


@needs_vendor_data
@pytest.mark.parametrize("ours", OURS, ids=[type_.name for type_ in OURS])
def test_a_type_of_the_sandbox_is_a_part_of_the_vendors(ours: GraphQLNamedType, vendors: GraphQLSchema) -> None:
    theirs = vendors.type_map[ours.name]
    assert type(theirs) is type(ours)
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        assert ours.values.keys() <= theirs.values.keys()
    elif isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        assert {name: str(field.type) for name, field in ours.fields.items()}.items() <= {
            name: str(field.type) for name, field in theirs.fields.items()
        }.items()
    elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in ours.fields.items():
            assert describe_field(field).items() <= describe_field(theirs.fields[name]).items(), name
        assert {face.name for face in ours.interfaces} <= {face.name for face in theirs.interfaces}
