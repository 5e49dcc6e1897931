"""What the check against a vendor's OpenAPI description lets pass, and what it finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dazz_assets.sandbox import SandboxRequest, SandboxResponse, json_response
from tests.integrations.openapi import NotAsDescribedError, OpenApi
from tests.integrations.vendor_data import needs_vendor_data

API = OpenApi(
    {
        "openapi": "3.0.3",
        "paths": {
            "/pets": {
                "parameters": [{"$ref": "#/components/parameters/limit"}],
                "get": {
                    "parameters": [
                        {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                        {"name": "owner", "in": "query", "required": True, "schema": {"type": "string"}},
                    ],
                    "responses": {"200": {"$ref": "#/components/responses/pets"}, "204": {"description": "None."}},
                },
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    },
                    "responses": {"201": {"description": "Made."}},
                },
            },
            "/pets/{id}": {
                "get": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                    "responses": {
                        "200": {
                            "content": {"application/vnd.pet+json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
                        }
                    },
                }
            },
        },
        "components": {
            "parameters": {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}},
            "responses": {
                "pet": {"content": {"application/vnd.pet+json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "pets": {
                    "content": {
                        "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}
                    }
                },
            },
            "schemas": {
                "Pet": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "id": {"type": "integer", "readOnly": True},
                        "owner": {"type": "string", "nullable": True},
                        "size": {"type": "string", "nullable": True, "enum": ["small", "large"]},
                        "born": {"type": "string", "format": "date-time"},
                        "parent": {"$ref": "#/components/schemas/Pet"},
                    },
                    "additionalProperties": False,
                }
            },
        },
    }
)


def request(method: str, path: str, *query: tuple[str, str], body: Any = None) -> SandboxRequest:
    return SandboxRequest(method, path, query, body=b"" if body is None else json.dumps(body).encode())


def fault(made: SandboxRequest, answer: SandboxResponse | None = None) -> str:
    with pytest.raises(NotAsDescribedError) as caught:
        API.check_response(made, answer) if answer else API.check_request(made)
    return str(caught.value)


def test_requests_that_are_as_described_pass() -> None:
    API.check_request(request("GET", "/pets", ("owner", "7"), ("limit", "100"), ("tags", "a"), ("tags", "b")))
    API.check_request(request("GET", "/pets/7"))
    API.check_request(request("POST", "/pets", body={"name": "Rex", "owner": None, "parent": {"name": "Ida"}}))


def test_answers_that_are_as_described_pass() -> None:
    listed = request("GET", "/pets", ("owner", "7"))
    API.check(listed, json_response([{"name": "Rex", "id": 1, "born": "2026-01-01T10:00:00.000+0200", "size": None}]))
    API.check(listed, SandboxResponse(204))
    API.check(request("GET", "/pets/7"), json_response({"name": "Rex"}))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (request("GET", "/pet"), "GET /pet is not described"),
        (request("DELETE", "/pets"), "DELETE /pets is not described"),
        (request("GET", "/pets"), "query owner: required, and missing"),
        (request("GET", "/pets", ("owner", "7"), ("page", "2")), "query page: not described"),
        (request("GET", "/pets", ("owner", "7"), ("limit", "101")), "query limit $: 101 is greater"),
        (request("GET", "/pets", ("owner", "7"), ("limit", "many")), "query limit $: 'many' is not of type 'integer'"),
        (request("GET", "/pets", ("owner", "7"), ("owner", "8")), "query owner $: ['7', '8'] is not of type 'string'"),
        (request("GET", "/pets/rex"), "path id $: 'rex' is not of type 'integer'"),
        (request("GET", "/pets/7", body={}), "a body, where none is described"),
        (request("POST", "/pets"), "a body that is no JSON"),
        (request("POST", "/pets", body={"owner": "7"}), "body $: 'name' is a required property"),
        (request("POST", "/pets", body={"name": "Rex", "parent": {"name": 7}}), "body $.parent.name: 7 is not of type"),
        (request("POST", "/pets", body={"name": "Rex", "id": 1}), "body $.id: "),
    ],
)
def test_a_request_that_is_not_as_described_is_told_with_its_place(made: SandboxRequest, told: str) -> None:
    assert told in fault(made)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (json_response([{"name": None}]), "body $[0].name: None is not of type 'string'"),
        (json_response([{"name": "Rex", "size": "huge"}]), "'huge' is not one of"),
        (json_response([{"name": "Rex", "colour": "red"}]), "'colour' was unexpected"),
        (json_response([{"name": "Rex", "born": "2026-01-01T10:00:00"}]), "is not a 'date-time'"),
        (json_response([{"name": "Rex", "born": "yesterday"}]), "is not a 'date-time'"),
        (json_response({}, status=418), "a status that is not described; there are 200, 204"),
        (SandboxResponse(204, b"{}"), "a body, where none is described"),
    ],
)
def test_an_answer_that_is_not_as_described_is_told_with_its_place(answer: SandboxResponse, told: str) -> None:
    assert told in fault(request("GET", "/pets", ("owner", "7")), answer)


def test_nulls_pass_for_absent_where_a_description_never_says_nullable() -> None:
    answer = json_response([{"name": "Rex", "born": None}])
    OpenApi(API.document, null_is_absent=True).check_response(request("GET", "/pets"), answer)
    assert "None is not of type 'string'" in fault(request("GET", "/pets"), answer)


@needs_vendor_data
@pytest.mark.parametrize(
    ("name", "path", "answer"),
    [
        ("jira/openapi.json", "/rest/api/3/myself", {"accountId": "5b10", "accountType": "atlassian"}),
        ("github/openapi.json", "/orgs/nimbus/members", []),
    ],
)
def test_it_reads_the_vendors_descriptions(name: str, path: str, answer: Any) -> None:
    api = OpenApi.load(name)
    api.check(request("GET", path), json_response(answer))
    with pytest.raises(NotAsDescribedError):
        api.check_response(request("GET", path), json_response({"accountId": 7}))


@needs_vendor_data
def test_jiras_own_examples_of_lists_are_as_described_but_for_their_nulls() -> None:
    api = OpenApi.load("jira/openapi.json", null_is_absent=True)
    lists = [path for path, operations in api.document["paths"].items() if "get" in operations]
    for path in lists:
        example = api.document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
        api.check_response(request("GET", path), json_response(json.loads(example)))
    assert len(lists) == 6
