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


def check_stream_names(integration: type[Integration[Any]], specs: Iterable[StreamSpec]) -> None:
    """Check that the streams' names are valid, and no two the same."""
    classes: dict[str, str] = {}
    for spec in specs:
        class_name = spec.stream.__name__
        check_name(f"{integration.__name__}: {class_name}: the name", spec.name, "set `name`")
        if other := classes.get(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: {other} and {class_name} are both named {spec.name!r}; set `name` of one of "
                "them"
            )
        classes[spec.name] = class_name


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


def order_by_parent(integration: type[Integration[Any]], specs: Mapping[str, StreamSpec]) -> dict[str, StreamSpec]:
    """The streams, each after its parent. Raises DefinitionError if parents form a loop."""
    ordered: dict[str, StreamSpec] = {}

    def add(spec: StreamSpec, children: tuple[str, ...]) -> None:
        if spec.name in children:
            loop = " -> ".join([*children[children.index(spec.name) :], spec.name])
            raise DefinitionError(f"{integration.__name__}: the parents of its streams form a loop: {loop}")
        if spec.parent and spec.parent not in ordered:
            add(specs[spec.parent], (*children, spec.name))
        ordered.setdefault(spec.name, spec)

    for spec in specs.values():
        add(spec, ())
    return ordered
