"""Checks of names, and of the references between classes: each leads to something, and none is ambiguous."""

from collections.abc import Iterable, Mapping
from typing import Any

from dazz_assets.declare.integration import Integration, integration_name
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.names import NAME_PATTERN
from dazz_assets.spec.specs import StreamSpec


def check_name(subject: str, name: str, fix: str) -> None:
    """Check that a name can be part of the lake's paths. `subject` says what has it."""
    if not NAME_PATTERN.fullmatch(name):
        raise DefinitionError(
            f"{subject} {name!r} must be lower-case letters, digits and _, begin with a letter and have at most 63 "
            f"characters; {fix}"
        )


def check_references(integration: type[Integration[Any]]) -> None:
    """Check that `check` and all parents are among the integration's streams, and check the integration's name."""
    where = integration.__name__
    parents = ((f"{stream.__name__}.parent", stream.parent) for stream in integration.streams)
    for setting, stream_class in (("check", integration.check), *parents):
        if stream_class is not None and stream_class not in integration.streams:
            raise DefinitionError(
                f"{where}: `{setting}` is {stream_class.__name__}, which is not among `streams`; add it there"
            )
    check_name(f"{where}: the name", integration_name(integration), "set `name`")


def check_stream_names(integration: type[Integration[Any]], streams: Iterable[StreamSpec]) -> None:
    """Check that the streams' names are valid, and no two the same."""
    classes: dict[str, str] = {}
    for stream in streams:
        class_name = stream.stream.__name__
        check_name(f"{integration.__name__}: {class_name}: the name", stream.name, "set `name`")
        if other := classes.get(stream.name):
            raise DefinitionError(
                f"{integration.__name__}: {other} and {class_name} are both named {stream.name!r}; set `name` of one "
                "of them"
            )
        classes[stream.name] = class_name


def check_tables(where: str, models: Iterable[type[DomainObject]]) -> None:
    """Check that each domain model has a table of its own, with a valid name."""
    models_by_table: dict[str, str] = {}
    for model in models:
        table = model.table_name()
        check_name(f"{where} returns {model.__name__}, whose table", table, "set `table`")
        if table == "quarantine":
            raise DefinitionError(
                f"{where} returns {model.__name__}, but the table `quarantine` holds invalid records; set `table`"
            )
        if other := models_by_table.get(table):
            raise DefinitionError(
                f"{where} returns {other} and {model.__name__}, which both have the table {table!r}; set `table` of "
                "one of them"
            )
        models_by_table[table] = model.__name__


def order_by_parent(integration: type[Integration[Any]], streams: Mapping[str, StreamSpec]) -> dict[str, StreamSpec]:
    """The streams, each after its parent. Raises DefinitionError if parents form a loop."""
    ordered: dict[str, StreamSpec] = {}

    def add(stream: StreamSpec, children: tuple[str, ...]) -> None:
        if stream.name in children:
            loop = " -> ".join([*children[children.index(stream.name) :], stream.name])
            raise DefinitionError(f"{integration.__name__}: the parents of its streams form a loop: {loop}")
        if stream.parent and stream.parent not in ordered:
            add(streams[stream.parent], (*children, stream.name))
        ordered.setdefault(stream.name, stream)

    for stream in streams.values():
        add(stream, ())
    return ordered
