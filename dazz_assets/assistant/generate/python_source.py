"""Writes the source code of an integration for a developer to build on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from dazz_assets.assistant.generate.object_fields import HOLDERS, FieldPath, find_field_path, pick_object_fields
from dazz_assets.assistant.generate.proposal import IntegrationPlan
from dazz_assets.assistant.generate.python_names import make_class_name, make_field_name, singular, table_name
from dazz_assets.assistant.generate.record_models import make_models
from dazz_assets.field_paths import split_path
from dazz_assets.names import snake_case
from dazz_assets.spec.literals import (
    WIDTH,
    text_width,
    write_arguments,
    write_enclosed,
    write_import,
    write_items,
    write_literal,
)

_MAX_CLASS_WIDTH = 60
_MAX_PARAMETER_LENGTH = 24
_REQUIRED_FIELDS = (
    "Only what the parser can't do without is required: one page doesn't show which other",
    "fields a record may lack.",
)


def write_source(plan: IntegrationPlan) -> dict[str, str]:
    """The files of an integration's folder by name. Raises ValueError if a record lacks a part of the key."""
    source = _SourceWriter(plan)
    return {
        "__init__.py": f'"""{plan.prefix}: {plan.stream}."""\n',
        "models.py": "\n".join(source.models()) + "\n",
        "integration.py": "\n".join(source.integration()) + "\n",
    }


class _SourceWriter:
    """Writes the files of one integration, line by line."""

    def __init__(self, plan: IntegrationPlan) -> None:
        noun = singular(plan.stream)
        self._plan = plan
        self._config = f"{plan.prefix}Config"
        self._integration = f"{plan.prefix}Integration"
        self._stream = f"{make_class_name(plan.stream, max_width=_MAX_CLASS_WIDTH)}Stream"
        others = {self._config, self._integration, self._stream}
        doc = f"A record of the stream {plan.stream}."
        needed = [*plan.primary_key, *([plan.cursor.field] if plan.cursor else []), *HOLDERS]
        self._models = make_models(plan.shape, noun, doc, others, required={split_path(path) for path in needed})
        self._record = self._models[-1]
        named = others | {model.name for model in self._models}
        self._object = make_class_name(f"{plan.prefix} {noun}", taken=named, max_width=_MAX_CLASS_WIDTH)
        self._table = table_name(self._object)
        self._key = [self._find_key(path) for path in plan.primary_key]
        self._columns = pick_object_fields(self._record, self._key)

    def _find_key(self, path: str) -> FieldPath:
        found = find_field_path(self._record, split_path(path))
        if found is None or not found.is_required:
            raise ValueError(f"the key `{path}` is missing in some records, or is not a scalar")
        return found

    def models(self) -> Iterator[str]:
        """Write models.py: the models of records, and the domain object."""
        attributes = [attribute for model in self._models for attribute in model.attributes]
        annotations = [*(item.annotation for item in attributes), *(item.annotation for item in self._columns)]
        types = {word for text in annotations for word in re.findall(r"\w+", text)}
        needs_field = any(item.name != item.key for item in attributes)
        pydantic = [*sorted(types & {"AwareDatetime"}), "BaseModel", *(["Field"] if needs_field else [])]
        yield f'"""Models of {self._plan.prefix}\'s records and of the domain objects made from them.'
        yield from ("", *_REQUIRED_FIELDS, '"""')
        yield from self._imports(
            write_import("datetime", sorted(types & {"date", "datetime"})),
            write_import("pydantic", pydantic),
            write_import("dazz_assets.domain", ["DomainObject"]),
        )
        for model in self._models:
            yield from ("", "", *model.lines())
        yield from ("", "", *self._domain_object())

    def _domain_object(self) -> Iterator[str]:
        yield f"class {self._object}(DomainObject):"
        yield f'    """A record of {self._plan.stream} as a domain object."""'
        if self._table != f"{snake_case(self._object)}s":
            yield from ("", f"    table = {write_literal(self._table)}")
        yield from ("", *(column.declaration for column in self._columns))

    def integration(self) -> Iterator[str]:
        """Write integration.py: config, stream, integration and parser."""
        plan = self._plan
        used = [type(item).__name__ for item in (plan.auth, plan.cursor, plan.paginator) if item]
        framework = sorted(["ConnectionConfig", self._handle, "Integration", "Stream", *used])
        yield f'"""The integration of {plan.prefix}\'s HTTP API."""'
        yield from self._imports(
            [
                *write_import("collections.abc", ["Iterator"]),
                *write_import("typing", ["ClassVar"] if (plan.params or plan.headers) and self._class_variable else []),
            ],
            write_import("pydantic", ["SecretStr"] if plan.secrets else []),
            write_import("dazz_assets", [*framework, "parser"]),
        )
        yield from ("", *write_import(".models", sorted([self._object, self._record.name], key=str.lower)))
        yield from ("", "", *self._config_class())
        yield from ("", "", *self._stream_class())
        yield from ("", "", *self._integration_class())

    def _imports(self, standard: Sequence[str], pydantic: Sequence[str], framework: Sequence[str]) -> Iterator[str]:
        """Write the imports in isort's order: the framework is first-party in its own repository, else third-party."""
        blocks = [standard, pydantic, framework] if self._plan.is_first_party else [standard, [*framework, *pydantic]]
        yield from ("", "from __future__ import annotations")
        for block in filter(None, blocks):
            yield from ("", *block)

    @property
    def _handle(self) -> str:
        return "Incremental" if self._plan.cursor else "FullRefresh"

    @property
    def _class_variable(self) -> str:
        # Ruff's default rules require ClassVar for a mapping in a class body; this project's don't.
        return "" if self._plan.is_first_party else ": ClassVar"

    def _config_class(self) -> Iterator[str]:
        fields = [f"    {name}: {'SecretStr' if name in self._plan.secrets else 'str'}" for name in self._plan.settings]
        settings = "Settings of a connection" if fields else "No settings"
        yield f"class {self._config}(ConnectionConfig):"
        yield f'    """{settings}; the inherited `base_url` replaces the API\'s address."""'
        yield from ["", *fields] if fields else []

    def _stream_class(self) -> Iterator[str]:
        plan = self._plan
        key = [write_literal(path) for path in plan.primary_key]
        doc = f"The records of {plan.path}."
        yield from _write_class_head(self._stream, "Stream", self._record.name, doc, plan.stream)
        yield f"    path = {write_literal(plan.path)}"
        yield from self._mapping("params", plan.params)
        if plan.records:
            yield f"    records = {write_literal(plan.records)}"
        yield from [f"    primary_key = {key[0]}"] if len(key) == 1 else write_enclosed("    primary_key = (", key, ")")
        yield from (f"    # {line}" for line in wrap(plan.cursor_note, WIDTH - len("    # ")))
        if plan.cursor is not None:
            if plan.cursor.since is None:
                yield "    # Without `since=` (the parameter for changes), each sync reads the whole list."
            yield from _write_setting("cursor", plan.cursor)
        yield from _write_personal([write_literal(path) for path in plan.personal])

    def _integration_class(self) -> Iterator[str]:
        plan = self._plan
        doc = f"{plan.prefix}: {plan.stream}."
        yield from _write_class_head(self._integration, "Integration", self._config, doc, plan.name)
        yield f"    base_url = {write_literal(plan.base_url)}"
        yield from _write_setting("auth", plan.auth)
        yield from self._mapping("headers", plan.headers)
        yield from _write_setting("paginator", plan.paginator)
        yield from ("    streams = (" + self._stream + ",)", "")
        yield from self._parser()

    def _mapping(self, setting: str, values: Mapping[str, object]) -> list[str]:
        if not values:
            return []
        return write_enclosed(f"    {setting}{self._class_variable} = {{", write_items(values), "}")

    def _parser(self) -> Iterator[str]:
        stream = self._plan.stream
        records = make_field_name(stream, {"record", "self"}) if len(stream) <= _MAX_PARAMETER_LENGTH else "records"
        key = ", ".join(map(_id_expression, self._key))
        filled = [f"id=self.object_id({key})", *(f"{item.name}={item.expression}" for item in self._columns)]
        inputs = ["self", f"{records}: {self._handle}[{self._stream}]"]
        yield "    @parser"
        yield from write_enclosed(f"    def {self._table}(", inputs, f") -> Iterator[{self._object}]:")
        yield f'        """The records of {self._plan.stream} as domain objects."""'
        yield f"        for record in {records}:"
        yield from write_enclosed(f"            yield {self._object}(", filled, ")")


def _write_class_head(class_: str, base: str, argument: str, doc: str, name: str) -> Iterator[str]:
    """Write how a stream or an integration begins; its name, if the class name does not give it."""
    yield from write_enclosed(f"class {class_}(", [f"{base}[{argument}]"], "):")
    yield from (f'    """{doc}"""', "")
    if snake_case(class_, suffix=base) != name:
        yield f"    name = {write_literal(name)}"


def _write_personal(paths: list[str]) -> list[str]:
    if len(paths) != 1:
        return write_enclosed("    personal = (", paths, ")") if paths else []
    one_line = f"    personal = ({paths[0]},)"
    if text_width(one_line) <= WIDTH:
        return [one_line]
    # The comment keeps formatters with longer lines from joining the tuple.
    return ["    personal = (", "        # Recordings replace it with a pseudonym.", f"        {paths[0]},", "    )"]


def _write_setting(setting: str, value: object) -> list[str]:
    return (
        [] if value is None else write_enclosed(f"    {setting} = {type(value).__name__}(", write_arguments(value), ")")
    )


def _id_expression(path: FieldPath) -> str:
    """The expression that passes a part of the key to `object_id`."""
    is_accepted = set(path.field.type.split(" | ")) <= {"str", "int"}
    return path.expression if is_accepted else f"str({path.expression})"
