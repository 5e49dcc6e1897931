"""A list whose further pages another query asks for is cut, redacted and replayed as the first page is."""

from __future__ import annotations

import json
from pathlib import Path

from dazz_assets.recording.exchange_file import read_exchanges
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.recording.shop import KEY, connection_to, write_integration

INTEGRATION = '''
"""A reading circle."""

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, GraphQLCursor, Integration, Stream


class CircleConfig(ConnectionConfig):
    token: SecretStr


class Reader(BaseModel):
    id: int
    nick: str


class ReadersStream(Stream[Reader]):
    """Readers."""

    query = "{ circle { cursor readers { id nick } } }"
    records = "data.circle.readers"
    personal = "nick"
    paginator = GraphQLCursor(
        "data.circle.cursor",
        next_query="query ($cursor: String!) { more(cursor: $cursor) { cursor list { id nick } } }",
        next_records="data.more.list",
        next_path="data.more.cursor",
    )


class CircleIntegration(Integration[CircleConfig]):
    """A reading circle."""

    base_url = "https://api.circle.example"
    auth = BearerToken("{config.token}")
    primary_key = "id"
    streams = (ReadersStream,)
'''


def answer(request: ReceivedRequest) -> Reply:
    """Nine readers in pages of three."""
    body = json.loads(request.body)
    start = int(body["variables"].get("cursor", 0))
    readers = [{"id": number, "nick": f"bookworm{number}"} for number in range(start, start + 3)]
    cursor = str(start + 3) if start < 6 else None
    if start:
        return Reply(body={"data": {"more": {"cursor": cursor, "list": readers}}})
    return Reply(body={"data": {"circle": {"cursor": cursor, "readers": readers}}})


def test_the_pages_of_the_next_query_are_recorded_like_the_first(tmp_path: Path) -> None:
    spec = write_integration(tmp_path, INTEGRATION, "circle.py")
    with Vendor() as vendor:
        vendor.handler = answer
        scenario = record_scenario(spec, connection_to(vendor.url, "circle"), "default", key=KEY, records=2)
    recorded = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "bookworm" not in recorded
    pages = [json.loads(item.response.body)["data"] for item in read_exchanges(scenario.folder / "first")]
    assert [len(page["circle"]["readers"]) if "circle" in page else len(page["more"]["list"]) for page in pages] == [
        2,
        2,
    ]
    with replay_scenario(scenario.folder, spec) as replay:
        assert replay.problems == []
        assert len(replay.records("readers")) == 4
