"""A parser that can't be called, or whose inputs or results can't be known, fails when definitions load."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dazz_assets import DefinitionError, FullRefresh, Incremental, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.spec.read import describe
from tests.spec.wrong import Make, Object, OtherStream, Thing, ThingsStream, integration, parsing, right, told

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


def for_types_alone(self: Any, things: Things) -> "Iterator[Quux]":  # type: ignore[name-defined]  # noqa: F821
    yield from ()


def unreadable(self: Any, things: "FullRefresh[ThingsStream") -> Iterator[Object]:  # type: ignore[valid-type]  # noqa: F722
    yield from ()


def no_input(self: Any) -> Iterator[Object]:
    yield from ()


def no_self(things: Things) -> Iterator[Object]:
    yield from ()


def nothing_at_all() -> Iterator[Object]:
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


def returns_some(self: Any, things: Things) -> Iterator[Object | None]:
    yield from ()


def unmarked(self: Any, things: Things) -> Iterator[Object]:
    yield from ()


def returns_later(self: Any, things: Things) -> AsyncIterator[Object]:
    raise NotImplementedError


async def is_async(self: Any, things: Things) -> Iterator[Object]:
    return iter(())


class Taken(DomainObject):
    connection: str


def our_column(self: Any, things: Things) -> Iterator[Taken]:
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


mark: Any = parser
as_property: Any = property


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: parsing(no_annotation),
            (
                "BadIntegration.bad: the parameter 'things' has no annotation; annotate it as `things: "
                "FullRefresh[S]` or `things: Incremental[S]`, where S is one of the streams"
            ),
        ),
        (
            lambda: parsing(a_list),
            (
                "BadIntegration.bad: the parameter 'things' has the annotation "
                "list[tests.spec.wrong.Thing]; annotate it as `things: FullRefresh[S]` or `things: "
                "Incremental[S]`, where S is one of the streams"
            ),
        ),
        (
            lambda: parsing(no_stream),
            (
                "BadIntegration.bad: the parameter 'things' has the annotation FullRefresh; annotate it as "
                "`things: FullRefresh[S]` or `things: Incremental[S]`, where S is one of the streams"
            ),
        ),
        (
            lambda: parsing(the_model),
            (
                "BadIntegration.bad: the parameter 'things' reads Thing, which is no Stream class; name the "
                "stream: `FullRefresh[ThingsStream]`"
            ),
        ),
        (
            lambda: parsing(a_type),
            ("BadIntegration.bad: the parameter 'things' reads int, which is no Stream class; name one of `streams`"),
        ),
        (
            lambda: parsing(undeclared),
            (
                "BadIntegration.bad: the parameter 'other' reads OtherStream, which is not among `streams`; "
                "add it there; did you mean 'ThingsStream'?"
            ),
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
            lambda: parsing(no_cursor),
            (
                "BadIntegration.bad: the parameter 'things' is Incremental[ThingsStream], but ThingsStream "
                "has no cursor; use FullRefresh[ThingsStream], or give the stream a cursor"
            ),
        ),
        (
            lambda: parsing(misspelt),
            (
                "BadIntegration.bad: the annotation names 'ThingStream', which can't be found when "
                "definitions load; import it outside `if TYPE_CHECKING`, or did you mean 'ThingsStream'?"
            ),
        ),
        (
            lambda: parsing(for_types_alone),
            (
                "BadIntegration.bad: the annotation names 'Quux', which can't be found when definitions "
                "load; import it outside `if TYPE_CHECKING`"
            ),
        ),
        (
            lambda: parsing(unreadable),
            (
                "BadIntegration.bad: its annotations can't be read (Forward reference must be an expression "
                "-- got 'FullRefresh[ThingsStream'); correct them"
            ),
        ),
        (
            lambda: parsing(no_input),
            "BadIntegration.bad has no input; give it one, as `issues: Incremental[IssuesStream]`",
        ),
        (
            lambda: parsing(no_self),
            "BadIntegration.bad has no `self`; a parser is a method: put `self` before its inputs",
        ),
        (
            lambda: parsing(nothing_at_all),
            "BadIntegration.bad has no `self`; a parser is a method: put `self` before its inputs",
        ),
        (
            lambda: parsing(stars),
            "BadIntegration.bad takes *things; name each input, as `issues: Incremental[IssuesStream]`",
        ),
        (
            lambda: parsing(two_stars),
            "BadIntegration.bad takes **things; name each input, as `issues: Incremental[IssuesStream]`",
        ),
        (
            lambda: parsing(a_default),
            ("BadIntegration.bad: the parameter 'things' has a default, and is always given; remove the default"),
        ),
        (
            lambda: parsing(by_position),
            ("BadIntegration.bad: the parameter 'things' can't be given by name, as inputs are; remove the `/`"),
        ),
        (
            lambda: parsing(no_return),
            (
                "BadIntegration.bad has no return annotation; annotate it as `-> Iterator[Finding]`, with "
                "one domain model or a union of them"
            ),
        ),
        (
            lambda: parsing(returns_none),
            (
                "BadIntegration.bad returns None; annotate it as `-> Iterator[Finding]`, with one domain "
                "model or a union of them"
            ),
        ),
        (
            lambda: parsing(returns_one),
            (
                "BadIntegration.bad returns Object; annotate it as `-> Iterator[Finding]`, with one domain "
                "model or a union of them"
            ),
        ),
        (
            lambda: parsing(returns_anything),
            "BadIntegration.bad returns Any, which is no domain model; make it a DomainObject",
        ),
        (
            lambda: parsing(returns_records),
            "BadIntegration.bad returns Thing, which is no domain model; make it a DomainObject",
        ),
        (
            lambda: parsing(returns_the_base),
            ("BadIntegration.bad returns DomainObject, the base of all domain models; name those that it yields"),
        ),
        (
            lambda: parsing(returns_some),
            (
                "BadIntegration.bad may yield None; leave None out of the return annotation, and yield "
                "nothing where there is nothing"
            ),
        ),
        (
            lambda: parsing(returns_later),
            (
                "BadIntegration.bad returns collections.abc.AsyncIterator[tests.spec.wrong.Object]; "
                "annotate it as `-> Iterator[Finding]`, with one domain model or a union of them"
            ),
        ),
        (
            lambda: parsing(is_async),
            "BadIntegration.bad is async; a parser is a plain method, given its records: remove `async`",
        ),
        (
            lambda: parsing(our_column),
            (
                "BadIntegration.bad returns Taken, whose field 'connection' has the name of a column that "
                "every table has; rename the field"
            ),
        ),
        (
            lambda: parsing(a_number_as_id),
            (
                "BadIntegration.bad returns Numbered, whose id is int; leave it a str, made by "
                "`self.object_id(...)` from the vendor's id"
            ),
        ),
        (
            lambda: parsing(a_bad_table),
            (
                "BadIntegration.bad returns Spaced, whose table 'My Objects' must be lower case letters, "
                "digits and _, and not `quarantine`; set `table`"
            ),
        ),
        (
            lambda: parsing(one_table_for_two),
            (
                "BadIntegration.bad returns Object and Titled, which both have the table 'objects'; set "
                "`table` of one of them"
            ),
        ),
        (
            lambda: integration(bad=staticmethod(parser(no_self))),
            ("BadIntegration.bad is a staticmethod; a parser is a plain method with `self`: remove `@staticmethod`"),
        ),
        (
            lambda: integration(bad=classmethod(parser(right))),
            ("BadIntegration.bad is a classmethod; a parser is a plain method with `self`: remove `@classmethod`"),
        ),
        (
            lambda: integration(bad=mark(as_property(right))),
            "BadIntegration.bad is a property; a parser is a plain method with `self`: remove `@property`",
        ),
        (
            lambda: integration(bad=as_property(parser(right))),
            "BadIntegration.bad is a property; a parser is a plain method with `self`: remove `@property`",
        ),
        (
            lambda: integration(Things=parser(right)),
            (
                "BadIntegration.Things: the parser's name 'Things' must be lower case letters, digits and _; "
                "rename the method"
            ),
        ),
        (
            lambda: integration(check=parser(right)),
            (
                "BadIntegration.check is a parser with the name of something that every integration has; "
                "rename the method"
            ),
        ),
        (
            lambda: integration(connection=parser(right)),
            (
                "BadIntegration.connection is a parser with the name of something that every integration "
                "has; rename the method"
            ),
        ),
        (
            lambda: integration(bad=unmarked),
            (
                "BadIntegration.bad takes records of a stream and is no parser; mark it with `@parser`, or "
                "begin its name with _ where it helps one"
            ),
        ),
    ],
)
def test_it_says_where_what_and_how_to_fix_it(make: Make, message: str) -> None:
    assert told(make) == message


def test_a_version_is_a_text() -> None:
    with pytest.raises(DefinitionError) as caught:
        mark(version=2)
    assert str(caught.value) == '@parser(version=2): give the version as a text, `version="2"`'


def test_a_version_is_given_by_name() -> None:
    with pytest.raises(DefinitionError) as caught:
        mark("2")
    assert str(caught.value) == "@parser('2'): give the version by name, `@parser(version=\"2\")`"


def test_a_mark_with_empty_parentheses_is_one() -> None:
    assert describe(integration(bad=parser()(right))).parsers["bad"].version == "1"  # type: ignore[call-overload]


def test_a_helper_that_takes_an_input_has_a_name_that_begins_with_an_underscore() -> None:
    assert not describe(integration(_names=unmarked)).parsers
