"""A parser that can't be called, or whose inputs or results are unknown, fails when definitions load."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import DefinitionError, FullRefresh, Incremental, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import (
    Make,
    Object,
    OtherStream,
    Thing,
    ThingsStream,
    integration,
    load_error,
    valid_parser,
    with_parser,
)

Things = FullRefresh[ThingsStream]


def no_annotation(self: Any, things) -> Iterator[Object]:  # type: ignore[no-untyped-def]
    yield from ()


def a_list(self: Any, things: list[Thing]) -> Iterator[Object]:
    yield from ()


def no_stream(self: Any, things: FullRefresh) -> Iterator[Object]:  # type: ignore[type-arg]
    yield from ()


def the_model(self: Any, things: FullRefresh[Thing]) -> Iterator[Object]:  # type: ignore[type-var]
    yield from ()


def a_type(self: Any, things: Incremental[int]) -> Iterator[Object]:  # type: ignore[type-var]
    yield from ()


def undeclared(self: Any, other: FullRefresh[OtherStream]) -> Iterator[Object]:
    yield from ()


def no_cursor(self: Any, things: Incremental[ThingsStream]) -> Iterator[Object]:
    yield from ()


class BareStream(Stream):
    path = "/bare"
    primary_key = "id"


class AnyStream(Stream[Any]):
    path = "/any"


def no_model(self: Any, things: Things, bare: FullRefresh[BareStream]) -> Iterator[Object]:
    yield from ()


def any_model(self: Any, anything: FullRefresh[AnyStream]) -> Iterator[Object]:
    yield from ()


def misspelt(self: Any, things: "FullRefresh[ThingStream]") -> Iterator[Object]:  # type: ignore[name-defined]  # noqa: F821
    yield from ()


def imported_for_type_checking(self: Any, things: Things) -> "Iterator[Quux]":  # type: ignore[name-defined]  # noqa: F821
    yield from ()


def unreadable(self: Any, things: "FullRefresh[ThingsStream") -> Iterator[Object]:  # type: ignore[valid-type]  # noqa: F722
    yield from ()


def no_input(self: Any) -> Iterator[Object]:
    yield from ()


def no_self(things: Things) -> Iterator[Object]:
    yield from ()


def no_parameter() -> Iterator[Object]:
    yield from ()


def stars(self: Any, *things: Things) -> Iterator[Object]:
    yield from ()


def two_stars(self: Any, **things: Things) -> Iterator[Object]:
    yield from ()


def a_default(self: Any, things: Things = FullRefresh(())) -> Iterator[Object]:  # noqa: B008
    yield from ()


def by_position(self: Any, things: Things, /) -> Iterator[Object]:
    yield from ()


def no_return(self: Any, things: Things):  # type: ignore[no-untyped-def]
    yield from ()


def returns_none(self: Any, things: Things) -> None:
    pass


def returns_one(self: Any, things: Things) -> Object:
    return Object(id="1", title="x")


def returns_anything(self: Any, things: Things) -> Iterator[Any]:
    yield from ()


def returns_records(self: Any, things: Things) -> Iterator[Thing]:
    yield from ()


def returns_the_base(self: Any, things: Things) -> Iterator[DomainObject]:
    yield from ()


def returns_optional(self: Any, things: Things) -> Iterator[Object | None]:
    yield from ()


def unmarked(self: Any, things: Things) -> Iterator[Object]:
    yield from ()


def returns_an_async_iterator(self: Any, things: Things) -> AsyncIterator[Object]:
    raise NotImplementedError


async def is_async(self: Any, things: Things) -> Iterator[Object]:
    return iter(())


class WithOurColumn(DomainObject):
    connection: str


def our_column(self: Any, things: Things) -> Iterator[WithOurColumn]:
    yield from ()


class Anything(DomainObject):
    about: object


def any_object(self: Any, things: Things) -> Iterator[Anything]:
    yield from ()


class Spectrum(DomainObject):
    waves: list[complex]


def a_type_no_table_can_store(self: Any, things: Things) -> Iterator[Spectrum]:
    yield from ()


class Node(BaseModel):
    below: "list[Node]"


class Tree(DomainObject):
    root: Node


def a_tree(self: Any, things: Things) -> Iterator[Tree]:
    yield from ()


class Numbered(DomainObject):
    id: int  # type: ignore[assignment]


def a_number_as_id(self: Any, things: Things) -> Iterator[Numbered]:
    yield from ()


class Spaced(DomainObject):
    table = "My Objects"


def a_bad_table(self: Any, things: Things) -> Iterator[Spaced]:
    yield from ()


class Titled(DomainObject):
    table = "objects"
    title: str


def one_table_for_two(self: Any, things: Things) -> Iterator[Object | Titled]:
    yield from ()


untyped_parser: Any = parser
untyped_property: Any = property


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *(
            (
                lambda function=function: with_parser(function),
                (
                    f"{field}, which a table can't store; use str, bool, int, float, Decimal, datetime, date, a list "
                    "of one of these, or another model"
                ),
            )
            for function, field in (
                (any_object, "Anything.about is object"),
                (a_type_no_table_can_store, "Spectrum.waves is complex"),
                (a_tree, "Node.below is Node"),
            )
        ),
        (
            lambda: with_parser(no_annotation),
            (
                "BadIntegration.bad: the parameter 'things' has no annotation; annotate it as `things: "
                "FullRefresh[S]` or `things: Incremental[S]`, where S is one of the streams"
            ),
        ),
        (
            lambda: with_parser(a_list),
            (
                "BadIntegration.bad: the parameter 'things' has the annotation "
                "list[Thing]; annotate it as `things: FullRefresh[ThingsStream]` or `things: "
                "Incremental[ThingsStream]`"
            ),
        ),
        (
            lambda: with_parser(no_stream),
            (
                "BadIntegration.bad: the parameter 'things' has the annotation FullRefresh; annotate it as "
                "`things: FullRefresh[S]` or `things: Incremental[S]`, where S is one of the streams"
            ),
        ),
        (
            lambda: with_parser(the_model),
            (
                "BadIntegration.bad: the parameter 'things' reads Thing, which is not a Stream class; name the stream: "
                "`FullRefresh[ThingsStream]`"
            ),
        ),
        (
            lambda: with_parser(a_type),
            (
                "BadIntegration.bad: the parameter 'things' reads int, which is not a Stream class; name one of "
                "`streams`"
            ),
        ),
        (
            lambda: with_parser(undeclared),
            ("BadIntegration.bad: the parameter 'other' reads OtherStream, which is not among `streams`; add it there"),
        ),
        (
            lambda: integration(streams=(ThingsStream, BareStream), bad=parser(no_model)),
            (
                "BadIntegration.bad: the parameter 'bare' reads BareStream, which has no model; declare it as "
                "`class BareStream(Stream[YourModel])`, where YourModel is a pydantic model of its records"
            ),
        ),
        (
            lambda: integration(streams=(AnyStream,), bad=parser(any_model)),
            (
                "BadIntegration.bad: the parameter 'anything' reads AnyStream, which has no model; declare it as "
                "`class AnyStream(Stream[YourModel])`, where YourModel is a pydantic model of its records"
            ),
        ),
        (
            lambda: with_parser(no_cursor),
            (
                "BadIntegration.bad: the parameter 'things' is Incremental[ThingsStream], but ThingsStream "
                "has no cursor; use FullRefresh[ThingsStream], or give the stream a cursor"
            ),
        ),
        (
            lambda: with_parser(misspelt),
            (
                "BadIntegration.bad: an annotation names 'ThingStream', which can't be found when definitions load; "
                "import it outside `if TYPE_CHECKING`, or did you mean 'ThingsStream'?"
            ),
        ),
        (
            lambda: with_parser(imported_for_type_checking),
            (
                "BadIntegration.bad: an annotation names 'Quux', which can't be found when definitions load; import it "
                "outside `if TYPE_CHECKING`"
            ),
        ),
        (
            lambda: with_parser(unreadable),
            (
                "BadIntegration.bad: its annotations can't be read (Forward reference must be an expression "
                "-- got 'FullRefresh[ThingsStream'); correct them"
            ),
        ),
        (
            lambda: with_parser(no_input),
            "BadIntegration.bad has no input; give it one, for example `issues: Incremental[IssuesStream]`",
        ),
        (
            lambda: with_parser(no_self),
            "BadIntegration.bad has no `self`; a parser is a method; put `self` before its inputs",
        ),
        (
            lambda: with_parser(no_parameter),
            "BadIntegration.bad has no `self`; a parser is a method; put `self` before its inputs",
        ),
        (
            lambda: with_parser(stars),
            "BadIntegration.bad takes *things; name each input, for example `issues: Incremental[IssuesStream]`",
        ),
        (
            lambda: with_parser(two_stars),
            ("BadIntegration.bad takes **things; name each input, for example `issues: Incremental[IssuesStream]`"),
        ),
        (
            lambda: with_parser(a_default),
            (
                "BadIntegration.bad: the parameter 'things' has a default, but inputs are always given; remove the "
                "default"
            ),
        ),
        (
            lambda: with_parser(by_position),
            (
                "BadIntegration.bad: the parameter 'things' is positional-only, but inputs are passed by name; remove "
                "the `/`"
            ),
        ),
        (
            lambda: with_parser(no_return),
            (
                "BadIntegration.bad has no return annotation; annotate it with one domain model or a union of them, "
                "for example `-> Iterator[Finding]`"
            ),
        ),
        (
            lambda: with_parser(returns_none),
            (
                "BadIntegration.bad returns None; annotate it with one domain model or a union of them, for example "
                "`-> Iterator[Finding]`"
            ),
        ),
        (
            lambda: with_parser(returns_one),
            (
                "BadIntegration.bad returns Object; annotate it with one domain model or a union of them, for example "
                "`-> Iterator[Finding]`"
            ),
        ),
        (
            lambda: with_parser(returns_anything),
            "BadIntegration.bad returns Any, which is not a domain model; make it a DomainObject",
        ),
        (
            lambda: with_parser(returns_records),
            "BadIntegration.bad returns Thing, which is not a domain model; make it a DomainObject",
        ),
        (
            lambda: with_parser(returns_the_base),
            ("BadIntegration.bad returns DomainObject, the base of all domain models; name the models that it yields"),
        ),
        (
            lambda: with_parser(returns_optional),
            "BadIntegration.bad may yield None; remove None from the return annotation, and yield only objects",
        ),
        (
            lambda: with_parser(returns_an_async_iterator),
            (
                "BadIntegration.bad returns AsyncIterator[Object]; annotate it "
                "with one domain model or a union of them, for example `-> Iterator[Finding]`"
            ),
        ),
        (
            lambda: with_parser(is_async),
            "BadIntegration.bad is async; a parser is a plain method that is given its records; remove `async`",
        ),
        (
            lambda: with_parser(our_column),
            (
                "BadIntegration.bad returns WithOurColumn, whose field 'connection' has the name of a column that "
                "every table has; rename the field"
            ),
        ),
        (
            lambda: with_parser(a_number_as_id),
            (
                "BadIntegration.bad returns Numbered, whose id is int; leave it a str, made with `self.object_id(...)` "
                "from the vendor's id"
            ),
        ),
        (
            lambda: with_parser(a_bad_table),
            (
                "BadIntegration.bad returns Spaced, whose table 'My Objects' must be lower-case letters, digits and _, "
                "begin with a letter and have at most 63 characters; set `table`"
            ),
        ),
        (
            lambda: with_parser(one_table_for_two),
            (
                "BadIntegration.bad returns Object and Titled, which both have the table 'objects'; set "
                "`table` of one of them"
            ),
        ),
        (
            lambda: integration(bad=staticmethod(parser(no_self))),
            ("BadIntegration.bad is a staticmethod; a parser is a plain method with `self`; remove `@staticmethod`"),
        ),
        (
            lambda: integration(bad=classmethod(parser(valid_parser))),
            "BadIntegration.bad is a classmethod; a parser is a plain method with `self`; remove `@classmethod`",
        ),
        (
            lambda: integration(bad=untyped_parser(untyped_property(valid_parser))),
            "BadIntegration.bad is a property; a parser is a plain method with `self`; remove `@property`",
        ),
        (
            lambda: integration(bad=untyped_property(parser(valid_parser))),
            "BadIntegration.bad is a property; a parser is a plain method with `self`; remove `@property`",
        ),
        (
            lambda: integration(Things=parser(valid_parser)),
            (
                "BadIntegration.Things: the parser's name 'Things' must be lower-case letters, digits and _, begin "
                "with a letter and have at most 63 characters; rename the method"
            ),
        ),
        (
            lambda: integration(check=parser(valid_parser)),
            (
                "BadIntegration.check is a parser, but every integration has an attribute of that name; rename the "
                "method"
            ),
        ),
        (
            lambda: integration(connection=parser(valid_parser)),
            (
                "BadIntegration.connection is a parser, but every integration has an attribute of that name; rename "
                "the method"
            ),
        ),
        (
            lambda: integration(bad=unmarked),
            (
                "BadIntegration.bad takes the records of a stream but is not a parser; mark it with `@parser`, or "
                "begin its name with _ if it helps one"
            ),
        ),
    ],
)
def test_the_message_names_the_place_the_problem_and_the_fix(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_a_version_must_be_a_string() -> None:
    with pytest.raises(DefinitionError) as caught:
        untyped_parser(version=2)
    assert str(caught.value) == '@parser(version=2): give the version as a string: `version="2"`'


def test_a_version_must_be_given_by_name() -> None:
    with pytest.raises(DefinitionError) as caught:
        untyped_parser("2")
    assert str(caught.value) == "@parser('2'): give the version by name: `@parser(version=\"2\")`"


def test_the_decorator_works_with_empty_parentheses() -> None:
    assert read_integration(integration(bad=parser()(valid_parser))).parsers["bad"].version == "1"  # type: ignore[call-overload]


def test_a_method_with_a_leading_underscore_may_take_an_input() -> None:
    assert not read_integration(integration(_names=unmarked)).parsers
