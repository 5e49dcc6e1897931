"""A vendor's own OpenAPI 3.0 description, which requests and answers are held against."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from dazz_assets.sandbox import SandboxRequest, SandboxResponse

_URI = "urn:vendor:openapi"
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\b")


class NotAsDescribedError(AssertionError):
    """A request or an answer is not as the vendor describes it; the message has each fault with its place."""


@dataclass(frozen=True)
class _Operation:
    """What the description says of one method of one path; pointer: where it says so."""

    method: str
    path: str
    pointer: tuple[str, ...]
    parameters: dict[tuple[str, str], dict[str, Any]]
    description: dict[str, Any]


class OpenApi:
    """An OpenAPI 3.0 description. Stricter than the standard: what it doesn't name (a path, a query parameter, a status
    of an answer) is a fault.

    null_is_absent: for a description that says `nullable` nowhere although its own examples have nulls.
    """

    def __init__(self, document: dict[str, Any], *, null_is_absent: bool = False) -> None:
        self.document = _with_null_in_enums(document)
        self._null_is_absent = null_is_absent
        resource = DRAFT4.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        # Literal paths first: `/users/search` is no `/users/{id}`.
        self._operations = sorted(self._read_operations(), key=lambda operation: operation.path.count("{"))

    @classmethod
    def load(cls, name: str, *, null_is_absent: bool = False) -> OpenApi:
        """The description in a file of the folder `VENDOR_DATA`."""
        text = (Path(os.environ["VENDOR_DATA"]) / name).read_text(encoding="utf-8")
        return cls(json.loads(text), null_is_absent=null_is_absent)

    def check(self, request: SandboxRequest, response: SandboxResponse) -> None:
        """Raise `NotAsDescribedError` unless both are as described."""
        self.check_request(request)
        self.check_response(request, response)

    def check_request(self, request: SandboxRequest) -> None:
        """Raise `NotAsDescribedError` unless path, query parameters and body are as described."""
        operation, in_path = self._operation(request)
        faults = [*self._path_faults(operation, in_path), *self._query_faults(operation, request.query)]
        body = self._resolve(operation.description.get("requestBody") or {})
        if body and (request.body or body.get("required")):
            pointer = self._pointer_of(operation, "requestBody")
            faults += self._body_faults(OAS30WriteValidator, body, pointer, request.body)
        elif request.body:
            faults.append("a body, where none is described")
        _raise(f"{request.method} {request.path}", faults)

    def check_response(self, request: SandboxRequest, response: SandboxResponse) -> None:
        """Raise `NotAsDescribedError` unless status and body are as described for this request."""
        operation, _ = self._operation(request)
        responses = operation.description["responses"]
        status = next((name for name in (str(response.status), "default") if name in responses), None)
        where = f"{response.status} of {request.method} {request.path}"
        if status is None:
            raise NotAsDescribedError(f"{where}: a status that is not described; there are {', '.join(responses)}")
        described = self._resolve(responses[status])
        pointer = self._pointer_of(operation, "responses", status)
        _raise(where, self._body_faults(OAS30ReadValidator, described, pointer, response.body))

    # Operations

    def _read_operations(self) -> Iterator[_Operation]:
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in item.keys() & {"get", "put", "post", "delete", "patch"}:
                described = [self._resolve(p) for p in (*shared, *item[method].get("parameters", []))]
                parameters = {(p["in"], p["name"]): p for p in described}
                yield _Operation(method, path, ("paths", path, method), parameters, item[method])

    def _operation(self, request: SandboxRequest) -> tuple[_Operation, dict[str, str]]:
        for operation in self._operations:
            parts = re.split(r"\{([\w-]+)\}", operation.path)
            pattern = "".join("([^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
            match = re.fullmatch(pattern, request.path)
            if match and operation.method == request.method.lower():
                return operation, dict(zip(parts[1::2], map(unquote, match.groups()), strict=True))
        raise NotAsDescribedError(f"{request.method} {request.path} is not described")

    def _resolve(self, described: dict[str, Any]) -> dict[str, Any]:
        """A parameter, body or answer, behind references."""
        while "$ref" in described:
            described = self._registry.resolver(_URI).lookup(described["$ref"]).contents
        return described

    def _pointer_of(self, operation: _Operation, *names: str) -> str:
        """The reference by which a part of an operation is reached, behind references."""
        pointer = _pointer(*operation.pointer, *names)
        found: dict[str, Any] = self._registry.resolver(_URI).lookup(pointer).contents
        while "$ref" in found:
            pointer = found["$ref"]
            found = self._registry.resolver(_URI).lookup(pointer).contents
        return pointer

    # Faults

    def _path_faults(self, operation: _Operation, values: dict[str, str]) -> Iterator[str]:
        for name, text in values.items():
            schema = operation.parameters["path", name].get("schema", {})
            yield from self._faults(OAS30WriteValidator, schema, _typed(self._resolve(schema), text), f"path {name}")

    def _query_faults(self, operation: _Operation, query: Iterable[tuple[str, str]]) -> Iterator[str]:
        sent: dict[str, list[str]] = {}
        for name, text in query:
            sent.setdefault(name, []).append(text)
        for place, name in operation.parameters:
            if place == "query" and operation.parameters[place, name].get("required") and name not in sent:
                yield f"query {name}: required, and missing"
        for name, texts in sent.items():
            parameter = operation.parameters.get(("query", name))
            if parameter is None:
                yield f"query {name}: not described"
                continue
            schema = self._resolve(parameter["schema"])
            yield from self._faults(OAS30WriteValidator, schema, self._value(parameter, schema, texts), f"query {name}")

    def _value(self, parameter: dict[str, Any], schema: dict[str, Any], texts: list[str]) -> Any:
        """A query parameter's value; style `form`, which repeats the name for each item unless `explode` is false."""
        if schema.get("type") == "array":
            items = texts if parameter.get("explode", True) else texts[-1].split(",")
            return [_typed(self._resolve(schema["items"]), text) for text in items]
        return _typed(schema, texts[-1]) if len(texts) == 1 else texts

    def _body_faults(self, validator: Any, described: dict[str, Any], pointer: str, body: bytes) -> Iterator[str]:
        media = next((name for name in described.get("content", {}) if _JSON.match(name)), None)
        if media is None:
            if body and "content" not in described:
                yield "a body, where none is described"
            return
        try:
            value = json.loads(body)
        except ValueError:
            yield f"a body that is no JSON: {body[:80]!r}"
            return
        schema = {"$ref": f"{_URI}{pointer}{_pointer('content', media, 'schema').removeprefix('#')}"}
        yield from self._faults(validator, schema, value, "body")

    def _faults(self, validator: Any, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        if "$ref" in schema and not schema["$ref"].startswith(_URI):
            schema = {"$ref": _URI + schema["$ref"]}
        value = _without_nulls(value) if self._null_is_absent else value
        checks = validator(schema, registry=self._registry, format_checker=_FORMATS)
        for error in checks.iter_errors(value):
            yield f"{where} {error.json_path}: {error.message[:300]}"


def _pointer(*names: str) -> str:
    """A JSON pointer (RFC 6901) as the fragment of a URI."""
    return "#" + "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _typed(schema: dict[str, Any], text: str) -> Any:
    """A parameter's text as its schema's type; the text where it is none."""
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(text, text)
    try:
        return {"integer": int, "number": float}.get(schema.get("type", ""), str)(text)
    except ValueError:
        return text


def _with_null_in_enums(value: Any) -> Any:
    """A description in which `nullable` holds for an `enum` too: it ought to list null (OpenAPI 3.0.3), and GitHub's
    doesn't, for fields that are null in its own examples."""
    if isinstance(value, list):
        return [_with_null_in_enums(item) for item in value]
    if not isinstance(value, dict):
        return value
    described = {name: _with_null_in_enums(item) for name, item in value.items()}
    if described.get("nullable") is True and isinstance(described.get("enum"), list):
        described["enum"] = [*described["enum"], None]
    return described


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checkers = dict(oas30_format_checker.checkers)

    @checker.checks("date-time", raises=ValueError)
    def is_time(value: object) -> bool:
        # RFC 3339 wants a colon in the offset; vendors' own examples (Jira's) have none.
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None

    return checker


_FORMATS = _format_checker()


def _raise(where: str, faults: Iterable[str]) -> None:
    if told := list(faults):
        raise NotAsDescribedError("\n  ".join((f"{where}:", *told)))
