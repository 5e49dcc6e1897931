"""An integration whose pages are requested ahead, with several tokens, is recorded one request after another."""

from __future__ import annotations

from pathlib import Path

from dazz_assets.connections import Connection
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from tests.conformance.connected import items, param
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.recording.shop import KEY, connection_to, write_integration

INTEGRATION = '''
"""A depot."""

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Integration, PageNumber, Stream


class DepotConfig(ConnectionConfig):
    tokens: tuple[SecretStr, ...]


class Crate(BaseModel):
    id: int


class CratesStream(Stream[Crate]):
    """Crates."""

    path = "/crates"


class DepotIntegration(Integration[DepotConfig]):
    """Crates of a depot."""

    base_url = "https://api.depot.example"
    auth = BearerToken("{config.tokens}")
    primary_key = "id"
    records = "data"
    paginator = PageNumber()
    concurrency = 8
    streams = (CratesStream,)
'''
TOKENS = ("canary-8a1f22c0de", "canary-33b7e9d1aa")


def depot_connection(url: str) -> Connection:
    config = connection_to(url, "depot", tokens=list(TOKENS)).config
    del config["token"]
    return connection_to(url, "depot").model_copy(update={"config": config})


def test_each_page_is_recorded_once_and_no_token_is_left(tmp_path: Path) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        return Reply(body={"data": items(number * 2, number * 2 + 1) if number <= 12 else []})

    with Vendor() as vendor:
        vendor.handler = answer
        spec = write_integration(tmp_path / "depot", INTEGRATION, "depot.py")
        recorded = record_scenario(spec, depot_connection(vendor.url), "default", key=KEY, records=None, pages=None)
    numbers = [int(param(request, "page")) for request in vendor.requests]
    assert numbers == [*range(1, 14), *range(1, 14)]
    assert {request.headers["Authorization"] for request in vendor.requests} == {f"Bearer {TOKENS[0]}"}
    texts = [path.read_text() for path in recorded.folder.rglob("*") if path.is_file()]
    assert not any(token in text for token in TOKENS for text in texts)
    assert '"redacted-tokens-1"' in (recorded.folder / "scenario.json").read_text().replace(" ", "")
    with replay_scenario(recorded.folder, spec) as replay:
        assert replay.problems == []
        assert len(replay.records("crates")) == 24
