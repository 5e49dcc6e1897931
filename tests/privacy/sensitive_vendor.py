"""A vendor whose records hold sensitive values in many shapes and formats, and an integration that declares them."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.http.loopback import ReceivedRequest, Reply, Vendor

# Letters and digits that nothing escapes. One of them is a number.
CORES = {
    "text": "LEAKtext7f31c9d2",
    "number": "918273645546372819",
    "in a list": "LEAKlist5b20aa17",
    "in lists of lists": "LEAKlists90c4e8b1",
    "name of a member": "LEAKname3d77f012",
    "below a member": "LEAKbelow81e6a4c3",
    "whole object": "LEAKobject2f95d0b7",
    "invalid": "LEAKinvalid66b1c3e9",
    "CSV": "LEAKcsv4a81f7d5",
    "NDJSON": "LEAKlines0e39b6a8",
    "GraphQL": "LEAKgraph7c52d1f4",
    "by id": "LEAKbyid19f3e7c6",
}
INTEGRATION = """
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr, field_validator

from dazz_assets import BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject


class WatchConfig(ConnectionConfig):
    token: SecretStr


class Leak(BaseModel):
    id: int
    secret: str
    note: str = ""

    @field_validator("secret")
    @classmethod
    def check(cls, secret: str) -> str:
        if "invalid" in secret:
            raise ValueError(f"{secret} is no secret")
        return secret


class Row(BaseModel):
    id: str
    secret: str


class LeaksStream(Stream[Leak]):
    path = "/leaks"
    records = "data.items"
    record = "node"
    primary_key = "id"
    cursor = Cursor("updated_at", since="since")
    sensitive = ("secret", "owner.pin", "places.text", "tokens.*.value", "names.*", "whole")


class CsvStream(Stream[Row]):
    path = "/csv"
    primary_key = "id"
    sensitive = "secret"


class LinesStream(Stream[Row]):
    path = "/lines"
    primary_key = "id"
    sensitive = "secret"


class GraphStream(Stream[Row]):
    path = "/graph"
    query = "query { leaks { nodes { id secret } } }"
    records = "data.leaks.nodes"
    primary_key = "id"
    accept = {200: "keep"}
    sensitive = "secret"


class ByIdStream(Stream[Row]):
    path = "/by-id"
    shape = "by_id"
    records = "all"
    sensitive = "secret"


class Found(DomainObject):
    length: int


class WatchIntegration(Integration[WatchConfig]):
    base_url = "https://watch.example"
    auth = BearerToken("{config.token}")
    streams = (LeaksStream, CsvStream, LinesStream, GraphStream, ByIdStream)

    @parser
    def found(self, leaks: Incremental[LeaksStream], rows: FullRefresh[CsvStream]) -> Iterator[Found]:
        for leak in leaks:
            if leak.note == "explode":
                raise LookupError(f"nobody knows {leak.secret}")
            yield Found(id=self.object_id(leak.id), length=len(leak.secret))
"""
MARK = "2026-01-20T00:00:00Z"


class Watch:
    """Serves the records. explodes: whether the parser fails on one of them."""

    def __init__(self) -> None:
        self.vendor = Vendor()
        self.vendor.handler = self._answer
        self.explodes = False
        self.replies: dict[str, Reply] = {}

    def _answer(self, request: ReceivedRequest) -> Reply:
        if request.path in self.replies:
            return self.replies[request.path]
        secret = CORES
        rows = [{"id": "1", "secret": secret["NDJSON"]}, {"id": "2", "secret": ""}]
        csv = f'id,note,secret\n1,"a, b","{secret["CSV"]}, quoted"\n2,,\n'
        error = f"{secret['GraphQL']} can't be resolved"
        return {
            "/leaks": lambda: Reply(body={"data": {"items": [{"node": leak} for leak in self._leaks()]}}),
            "/csv": lambda: Reply(body=csv.encode(), headers={"Content-Type": "text/csv"}),
            "/lines": lambda: Reply(
                body="\n".join(map(json.dumps, rows)).encode(), headers={"Content-Type": "application/x-ndjson"}
            ),
            "/graph": lambda: Reply(
                body={
                    "data": {"leaks": {"nodes": [{"id": "1", "secret": secret["GraphQL"]}]}},
                    "errors": [{"message": error}],
                }
            ),
            "/by-id": lambda: Reply(body={"all": {"k1": {"id": "1", "secret": secret["by id"]}}}),
        }[request.path]()

    def _leaks(self) -> list[dict[str, object]]:
        whole = {
            "id": 1,
            "updated_at": MARK,
            "secret": CORES["text"],
            "note": "explode" if self.explodes else "",
            "owner": {"name": "jo", "pin": int(CORES["number"])},
            "places": [{"line": 3, "text": CORES["in a list"]}, [[{"text": CORES["in lists of lists"]}]]],
            "tokens": {"first": {"value": CORES["below a member"], "kind": "shown-kind"}},
            "names": {CORES["name of a member"]: 1},
            "whole": {"parts": [CORES["whole object"], 12]},
        }
        plain = {"id": 2, "updated_at": MARK, "secret": "", "owner": None, "places": [], "whole": None}
        of_wrong_type = {"id": 3, "updated_at": MARK, "secret": {"a": CORES["invalid"]}}
        refused = {"id": 4, "updated_at": MARK, "secret": f"invalid {CORES['invalid']}"}
        others = [{"id": number, "updated_at": MARK, "secret": ""} for number in range(10, 40)]
        return [whole, plain, of_wrong_type, refused, *others]


def write_watch(folder: Path, url: str) -> Path:
    """Write the integration and a connection; the integration's file."""
    target = folder / "vendor" / "watch.py"
    target.parent.mkdir(parents=True)
    target.write_text(INTEGRATION, encoding="utf-8")
    config = {"base_url": url, "token": "t-4711-0815"}
    entry = {"id": "acme", "integration": "watch", "start": "2026-01-05", "config": config}
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [entry]}), encoding="utf-8")
    return target
