"""Holds answers and requests against Google's discovery documents: https://developers.google.com/discovery/v1/reference"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from tests.integrations.vendor_data import load

APIS = ("cloudresourcemanager.v3", "cloudasset.v1", "storage.v1")
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"
_FORMATS = {"int64": r"^-?\d+$", "uint64": r"^\d+$", "date-time": _TIME, "google-datetime": _TIME}


@dataclass(frozen=True)
class Operation:
    """A method of an API. path: a pattern of what follows the host. answer: validates what it returns."""

    name: str
    http_method: str
    path: re.Pattern[str]
    params: Mapping[str, Any]
    answer: Draft202012Validator

    def find_problems(self, path: str, query: Mapping[str, str]) -> Iterator[str]:
        """What the document has against a request: unknown parameters, missing ones, and values of a wrong type."""
        match = self.path.fullmatch(path)
        given = {**query, **(match.groupdict() if match else {})}
        for name, param in self.params.items():
            if param.get("required") and name not in given:
                yield f"{name} is missing"
        for name, text in given.items():
            if name not in self.params:
                yield f"{name} is unknown"
            elif problem := _find_problem(self.params[name], unquote(text)):
                yield f"{name}={text}: {problem}"


def operations() -> list[Operation]:
    """The methods of the documents that are there."""
    return [operation for api in APIS for operation in _operations(api)]


def find_operation(http_method: str, path: str) -> Operation | None:
    """The method that a request is for."""
    fits = (item for item in operations() if item.http_method == http_method and item.path.fullmatch(path))
    return next(fits, None)


@cache
def _operations(api: str) -> tuple[Operation, ...]:
    document = load(f"gcp/{api}.discovery.json")
    definitions = {name: _to_json_schema(schema) for name, schema in document["schemas"].items()}
    return tuple(_read_methods(document, document, definitions))


def _read_methods(document: Any, resource: Any, definitions: Any) -> Iterator[Operation]:
    for method in resource.get("methods", {}).values():
        answer = {"$ref": f"#/$defs/{method['response']['$ref']}", "$defs": definitions}
        yield Operation(
            method["id"],
            method["httpMethod"],
            _path_pattern(f"/{document['servicePath']}{method['path']}", method["parameters"]),
            {**document["parameters"], **method["parameters"]},
            Draft202012Validator(answer),
        )
    for inner in resource.get("resources", {}).values():
        yield from _read_methods(document, inner, definitions)


def _path_pattern(template: str, params: Mapping[str, Any]) -> re.Pattern[str]:
    """A pattern for paths: `{+parent}` takes what its parameter's pattern does, `{bucket}` one segment."""

    def segment(match: re.Match[str]) -> str:
        inner = params[match[2]].get("pattern", "^[^/]+$").strip("^$") if match[1] else "[^/]+"
        return f"(?P<{match[2]}>{inner})"

    return re.compile(re.sub(r"\{(\+?)(\w+)\}", segment, template))


def _to_json_schema(schema: Any) -> dict[str, Any]:
    """A schema of a discovery document as a JSON schema, in which no other members are allowed."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    made: dict[str, Any] = {} if schema["type"] == "any" else {"type": schema["type"]}
    if "enum" in schema:
        made["enum"] = schema["enum"]
    if pattern := _FORMATS.get(schema.get("format", "")):
        made["pattern"] = pattern
    if "items" in schema:
        made["items"] = _to_json_schema(schema["items"])
    if schema["type"] == "object":
        made["properties"] = {name: _to_json_schema(item) for name, item in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        made["additionalProperties"] = _to_json_schema(more) if more else False
    return made


def _find_problem(param: Mapping[str, Any], text: str) -> str | None:
    if param["type"] == "integer" and not text.isdecimal():
        return "not a number"
    if "enum" in param and text not in param["enum"]:
        return f"none of {param['enum']}"
    if "pattern" in param and not re.search(param["pattern"], text):
        return f"does not match {param['pattern']}"
    return None
