"""E-mail addresses in requests: the author's own stay, the config's are replaced, and both replay."""

from __future__ import annotations

import json
from pathlib import Path

from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from tests.recording.pytest_runs import read_files
from tests.recording.shop import INTEGRATION, KEY, Shop, connection_to, write_integration

INTEGRATION_WITH_EMAILS = (
    INTEGRATION.replace("    token: SecretStr\n", "    token: SecretStr\n    login: str\n    watchers: list[str]\n")
    .replace(
        'path = "/accounts"\n',
        'path = "/accounts"\n    headers = {"From": "bot@author.test"}\n'
        '    params = {"for": "of:{config.login}", "cc": "bot@author.test"}\n',
    )
    .replace("from pydantic", "import requests\nfrom pydantic", 1)
    .replace(
        "        ids = ",
        "        token = self.config.token.get_secret_value()\n"
        '        requests.post("https://api.shop.example/accounts", data={"cc": self.config.watchers[0]},\n'
        '                      headers={"Authorization": f"Bearer {token}"}, timeout=10)\n'
        "        ids = ",
    )
)


def test_requests_with_addresses_replay(tmp_path: Path) -> None:
    shop = Shop()
    spec = write_integration(tmp_path / "vendor", INTEGRATION_WITH_EMAILS)
    connection = connection_to(shop.url, login="jane1@corp.test", watchers=["wendy@corp.test"])
    result = record_scenario(spec, connection, "default", key=KEY, records=3)
    shop.vendor.close()
    assert shop.vendor.requests[0].query["for"] == ["of:jane1@corp.test"]
    assert {asked.body for asked in shop.vendor.requests if asked.method == "POST"} == {b"cc=wendy%40corp.test"}
    with replay_scenario(result.folder, spec) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
    exchange = json.loads((result.folder / "first/1-accounts.001.json").read_text())
    assert exchange["request"]["headers"]["From"] == "bot@author.test"
    # The account in the config is the same person in the config, in requests and in responses.
    jane = exchange["response"]["body"]["items"][0]["email"]
    assert json.loads((result.folder / "scenario.json").read_text())["config"]["login"] == jane
    assert f"of%3A{jane.replace('@', '%40')}" in exchange["request"]["url"]
    for content in read_files(result.folder).values():
        assert b"jane1" not in content
        assert b"wendy" not in content


def test_an_address_seen_only_in_a_response_counts_as_the_authors_own_in_a_request() -> None:
    """Requests are made from pseudonyms. If it were replaced, a replay, which has no such response, would differ."""
    redactor = Redactor({}, b"key", public=["of jane@corp.com"])
    assert "jim" not in redactor.redact_json('["jim@corp.com"]')
    assert redactor.for_requests.redact_text("?a=jim@corp.com") == Redactor({}, b"").for_requests.redact_text(
        "?a=jim@corp.com"
    )
    assert redactor.for_requests.redact_text("?a=Jane%40corp.com").endswith("%40example.com")
    assert redactor.find_leaks("?a=jim@corp.com") == {"personal"}


def test_the_configs_address_is_replaced_even_in_a_declared_field() -> None:
    redactor = Redactor({}, b"key", public=["jane@corp.com"])
    [record] = json.loads(redactor.redact_json('[{"email": "jane@corp.com"}]', ["email"]))
    assert record["email"] == redactor.redact_text("jane@corp.com") != "jane@corp.com"
