"""The source code of an integration: what a developer goes on from."""

import re
from collections.abc import Iterator, Sequence

from dazz_assets.assistant.generate.object_fields import FieldPlace, find_place, pick_object_fields
from dazz_assets.assistant.generate.proposal import SECRETS, IntegrationPlan
from dazz_assets.assistant.generate.python_names import make_class_name, make_field_name, singular, table_name
from dazz_assets.assistant.generate.record_models import make_models
from dazz_assets.http.json_slices import split_path
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

_LONGEST = 60
_LONGEST_PARAMETER = 24


def write_source(plan: IntegrationPlan) -> dict[str, str]:
    """The files of an integration's folder by name. ValueError: a part of the key is not in every record."""
    source = _Source(plan)
    return {
        "__init__.py": f'"""{plan.prefix}: {plan.stream}."""\n',
        "models.py": "\n".join(source.models()) + "\n",
        "integration.py": "\n".join(source.integration()) + "\n",
    }


class _Source:
    """The files of one integration, line by line."""

    def __init__(self, plan: IntegrationPlan) -> None:
        noun = singular(plan.stream)
        self._plan = plan
        self._config = f"{plan.prefix}Config"
        self._integration = f"{plan.prefix}Integration"
        self._stream = f"{make_class_name(plan.stream, longest=_LONGEST)}Stream"
        others = {self._config, self._integration, self._stream}
        self._models = make_models(plan.shape, noun, f"A record of the stream {plan.stream}.", others)
        self._record = self._models[-1]
        named = others | {model.name for model in self._models}
        self._object = make_class_name(f"{plan.prefix} {noun}", taken=named, longest=_LONGEST)
        self._table = table_name(self._object)
        self._key = [self._key_place(path) for path in plan.primary_key]
        self._columns = pick_object_fields(self._record, self._key)

    def _key_place(self, path: str) -> FieldPlace:
        place = find_place(self._record, split_path(path))
        if place is None or not place.is_sure:
            raise ValueError(f"the key `{path}` is not in every record, or is no value of its own")
        return place

    def models(self) -> Iterator[str]:
        """models.py: what records are read with, and the domain object."""
        attributes = [attribute for model in self._models for attribute in model.attributes]
        annotations = [*(item.annotation for item in attributes), *(item.annotation for item in self._columns)]
        types = {word for text in annotations for word in re.findall(r"\w+", text)}
        needs_field = any(item.name != item.key for item in attributes)
        pydantic = [*sorted(types & {"AwareDatetime"}), "BaseModel", *(["Field"] if needs_field else [])]
        yield f'"""What the parsers need of {self._plan.prefix}\'s records, and what they make of them."""'
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
        yield f'    """What we keep of a record of {self._plan.stream}."""'
        if self._table != f"{snake_case(self._object)}s":
            yield from ("", f"    table = {write_literal(self._table)}")
        yield from ("", *(column.declaration for column in self._columns))

    def integration(self) -> Iterator[str]:
        """integration.py: config, stream, integration and parser."""
        plan = self._plan
        used = [type(item).__name__ for item in (plan.auth, plan.cursor, plan.paginator) if item]
        framework = sorted(["ConnectionConfig", self._handle, "Integration", "Stream", *used])
        yield f'"""{plan.prefix}, through its HTTP API."""'
        yield from self._imports(
            [
                *write_import("collections.abc", ["Iterator"]),
                *write_import("typing", ["ClassVar"] if plan.params and self._class_variable else []),
            ],
            write_import("pydantic", ["SecretStr"] if set(plan.settings) & set(SECRETS) else []),
            write_import("dazz_assets", [*framework, "parser"]),
        )
        yield from ("", *write_import(".models", sorted([self._object, self._record.name], key=str.lower)))
        yield from ("", "", *self._config_class())
        yield from ("", "", *self._stream_class())
        yield from ("", "", *self._integration_class())

    def _imports(self, standard: Sequence[str], pydantic: Sequence[str], framework: Sequence[str]) -> Iterator[str]:
        """In order: beside itself the framework is first-party, anywhere else it is a package as others are."""
        blocks = [standard, pydantic, framework] if self._plan.is_ours else [standard, [*framework, *pydantic]]
        yield from ("", "from __future__ import annotations")
        for block in filter(None, blocks):
            yield from ("", *block)

    @property
    def _handle(self) -> str:
        return "Incremental" if self._plan.cursor else "FullRefresh"

    @property
    def _class_variable(self) -> str:
        # Ruff's own settings ask for it where a class holds a mapping; this project's don't.
        return "" if self._plan.is_ours else ": ClassVar"

    def _config_class(self) -> Iterator[str]:
        fields = [f"    {name}: {'SecretStr' if name in SECRETS else 'str'}" for name in self._plan.settings]
        says = "What a connection has to say" if fields else "Nothing that a connection has to say"
        yield f"class {self._config}(ConnectionConfig):"
        yield f'    """{says}; `base_url` is there already, to point it elsewhere."""'
        yield from ["", *fields] if fields else []

    def _stream_class(self) -> Iterator[str]:
        plan = self._plan
        key = [write_literal(path) for path in plan.primary_key]
        yield from write_enclosed(f"class {self._stream}(", [f"Stream[{self._record.name}]"], "):")
        yield f'    """The records of {plan.path}."""'
        yield ""
        if snake_case(self._stream, suffix="Stream") != plan.stream:
            yield f"    name = {write_literal(plan.stream)}"
        yield f"    path = {write_literal(plan.path)}"
        if plan.params:
            yield from write_enclosed(f"    params{self._class_variable} = {{", write_items(plan.params), "}")
        if plan.records:
            yield f"    records = {write_literal(plan.records)}"
        yield from [f"    primary_key = {key[0]}"] if len(key) == 1 else write_enclosed("    primary_key = (", key, ")")
        if plan.cursor is not None:
            if plan.cursor.since is None:
                yield "    # Without `since=`, a parameter for changes since a time, each sync reads the whole list."
            yield from _assigned("cursor", plan.cursor)
        yield from _personal([write_literal(path) for path in plan.personal])

    def _integration_class(self) -> Iterator[str]:
        plan = self._plan
        yield from write_enclosed(f"class {self._integration}(", [f"Integration[{self._config}]"], "):")
        yield f'    """{plan.prefix}: {plan.stream}."""'
        yield ""
        if snake_case(self._integration, suffix="Integration") != plan.name:
            yield f"    name = {write_literal(plan.name)}"
        yield f"    base_url = {write_literal(plan.base_url)}"
        yield from _assigned("auth", plan.auth)
        yield from _assigned("paginator", plan.paginator)
        yield from ("    streams = (" + self._stream + ",)", "")
        yield from self._parser()

    def _parser(self) -> Iterator[str]:
        stream = self._plan.stream
        records = make_field_name(stream, {"record", "self"}) if len(stream) <= _LONGEST_PARAMETER else "records"
        key = ", ".join(map(_as_id, self._key))
        filled = [f"id=self.object_id({key})", *(f"{item.name}={item.expression}" for item in self._columns)]
        inputs = ["self", f"{records}: {self._handle}[{self._stream}]"]
        yield "    @parser"
        yield from write_enclosed(f"    def {self._table}(", inputs, f") -> Iterator[{self._object}]:")
        yield f'        """The records of {self._plan.stream} as our own objects."""'
        yield f"        for record in {records}:"
        yield from write_enclosed(f"            yield {self._object}(", filled, ")")


def _personal(paths: list[str]) -> list[str]:
    if len(paths) != 1:
        return write_enclosed("    personal = (", paths, ")") if paths else []
    one_line = f"    personal = ({paths[0]},)"
    if text_width(one_line) <= WIDTH:
        return [one_line]
    # A formatter with longer lines would join a tuple of one, if no comment stood in it.
    return ["    personal = (", "        # Recordings hold pseudonyms there.", f"        {paths[0]},", "    )"]


def _assigned(setting: str, value: object) -> list[str]:
    return (
        [] if value is None else write_enclosed(f"    {setting} = {type(value).__name__}(", write_arguments(value), ")")
    )


def _as_id(place: FieldPlace) -> str:
    """A part of a key as `object_id` takes it."""
    is_taken = set(place.last.type.split(" | ")) <= {"str", "int"}
    return place.expression if is_taken else f"str({place.expression})"
