"""What a recording contains, and how it is replaced."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest

from dazz_assets import Request, Response
from dazz_assets.errors import RecordingError
from dazz_assets.recording.record_scenario import PAGES, RecordedScenario, record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply
from tests.recording.shop import INTEGRATION, KEY, TOKEN, Shop, connection_to, write_integration

FinishedRecording = tuple[IntegrationSpec, Shop, Path]


@pytest.fixture
def spec(tmp_path: Path) -> IntegrationSpec:
    return write_integration(tmp_path / "vendor")


def record_shop(spec: IntegrationSpec, shop: Shop, name: str = "default", records: int | None = 3) -> RecordedScenario:
    return record_scenario(
        spec,
        connection_to(shop.url, spec.name),
        name,
        key=KEY,
        records=records,
        pages=PAGES if records else None,
        between=shop.change_orders,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedRecording]:
    """A recording that tests only read."""
    shop = Shop()
    spec = write_integration(tmp_path_factory.mktemp("recorded") / "vendor")
    yield spec, shop, record_shop(spec, shop).folder
    shop.vendor.close()


def read_texts(folder: Path) -> dict[str, str]:
    """Return each file's text by its path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.json"))}


def remove_times(texts: dict[str, str]) -> dict[str, str]:
    return {path: re.sub(r'"(first|second)": "[^"]*"', "", text) for path, text in texts.items()}


def test_each_exchange_is_one_readable_file_beside_the_integration(finished: FinishedRecording) -> None:
    spec, _, folder = finished
    assert folder == Path(inspect.getfile(spec.integration)).parent / "recordings" / "default"
    assert (folder / "first" / "1-accounts.002.json").read_text() == (
        """\
{
  "request": {
    "method": "GET",
    "url": "https://api.shop.example/accounts?after=2",
    "headers": {
      "Accept": "application/json",
      "Authorization": "Bearer redacted-token"
    }
  },
  "response": {
    "status": 200,
    "headers": {
      "Content-Type": "application/json"
    },
    "body": {
      "items": [
        {
          "id": "a3",
          "login": "person-ed5a4203",
          "name": "person-15cb1116",
          "email": "person-38133cdb@example.com",
          "avatar_url": "https://example.com/person-d801fe6d"
        },
        {
          "id": "a4",
          "login": "person-d2c61c49",
          "name": "person-6458c7c7",
          "email": "person-5492346a@example.com",
          "avatar_url": "https://example.com/person-caf308cf"
        }
      ],
      "next": "https://api.shop.example/accounts?after=4",
      "total": 5
    }
  }
}
"""
    )


def test_file_names_sort_by_sync_stream_parent_and_page(finished: FinishedRecording) -> None:
    _, _, folder = finished
    assert [name for name in read_texts(folder) if name.startswith("first/")] == [
        "first/1-accounts.001.json",
        "first/1-accounts.002.json",
        "first/2-orders.person-c0a5269e.001.json",
        "first/2-orders.person-c0a5269e.002.json",
        "first/2-orders.person-d2c61c49.001.json",
        "first/2-orders.person-e5e16baf.001.json",
        "first/2-orders.person-e5e16baf.002.json",
        "first/2-orders.person-ed5a4203.001.json",
    ]


def test_a_parents_original_login_is_restored_in_requests_for_its_children(finished: FinishedRecording) -> None:
    spec, shop, folder = finished
    assert {asked.path for asked in shop.vendor.requests if "orders" in asked.path} == {
        f"/accounts/user-{number}/orders" for number in range(1, 5)
    }
    with replay_scenario(folder, spec) as replay:
        orders, accounts = replay.records("orders"), replay.records("accounts")
    assert {order.login for order in orders} <= {account.login for account in accounts}


def test_the_second_sync_requests_the_increment(finished: FinishedRecording) -> None:
    _, _, folder = finished
    requests = json.loads((folder / "snapshots" / "second" / "requests.json").read_text())
    assert requests["2-orders.person-c0a5269e.001"] == (
        "GET https://api.shop.example/accounts/person-c0a5269e/orders?since=2026-01-17T07%3A59%3A59Z -> 200"
    )
    added = json.loads((folder / "snapshots" / "second" / "raw" / "orders.json").read_text())
    assert [row["key"] for row in added] == ["o10", "o11", "o9"]


def test_with_a_limit_two_pages_of_each_list_are_kept_with_that_many_records(tmp_path: Path) -> None:
    shop = Shop(size=4)
    shop.accounts += [{"id": f"b{number}", "login": f"more-{number}"} for number in range(20)]
    shop.orders |= {f"more-{number}": [] for number in range(20)}
    folder = record_shop(write_integration(tmp_path / "vendor"), shop, records=1).folder
    shop.vendor.close()
    pages = [json.loads(text) for name, text in read_texts(folder).items() if name.startswith("first/1-accounts")]
    assert [len(page["response"]["body"]["items"]) for page in pages] == [1, 1]
    # The total and the next link stay as the vendor sent them.
    assert [page["response"]["body"]["total"] for page in pages] == [25, 25]
    assert all(page["response"]["body"]["next"] for page in pages)
    assert len([name for name in read_texts(folder) if name.startswith("first/2-orders.")]) == 2 + 1


def test_without_a_limit_everything_is_kept(spec: IntegrationSpec, shop: Shop) -> None:
    folder = record_shop(spec, shop, records=None).folder
    names = [name for name in read_texts(folder) if name.startswith("first/")]
    assert len([name for name in names if "1-accounts" in name]) == 3
    assert len([name for name in names if "2-orders" in name]) == 3 + 3 + 1 + 1 + 1
    assert json.loads((folder / "scenario.json").read_text())["pages"] is None


def test_every_token_stays_as_it_was_sent(spec: IntegrationSpec, shop: Shop) -> None:
    numbers = rb'"n": 1.00, "n": 1e400, "big": 123456789012345678901, "s": "a\/\u0062"'
    sent = b'{"items": [{"id": "a1", "login": "user-1", ' + numbers + b"}]}"
    answer_as_usual = shop.vendor.handler
    shop.vendor.handler = lambda asked: Reply(200, sent) if asked.path == "/accounts" else answer_as_usual(asked)
    folder = record_shop(spec, shop).folder
    text = (folder / "first" / "1-accounts.001.json").read_text()
    for token in ('"n": 1.00,', '"n": 1e400,', '"big": 123456789012345678901,', r'"s": "a\/\u0062"'):
        assert token in text
    with replay_scenario(folder, spec) as replay:
        (row,) = json.loads(replay.snapshots["first/raw/accounts"], parse_int=str, parse_float=str)
        assert '"n": 1.00,\n      "n": 1e400,' in replay.snapshots["first/raw/accounts"]
        assert row["record"]["big"] == "123456789012345678901"


def test_retries_and_redirects_are_recorded(spec: IntegrationSpec, shop: Shop) -> None:
    answer_as_usual, failures = shop.vendor.handler, [Reply(503, {"message": "busy"})]

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/accounts" and "after" not in asked.query:
            return failures.pop() if failures else Reply(302, b"", {"Location": f"{shop.url}/moved"})
        moved = ReceivedRequest(asked.method, "/accounts", asked.headers, b"")
        return answer_as_usual(moved) if asked.path == "/moved" else answer_as_usual(asked)

    shop.vendor.handler = answer
    folder = record_shop(spec, shop).folder
    statuses = [
        json.loads(text)["response"]["status"] for name, text in read_texts(folder).items() if "first/1-" in name
    ]
    assert statuses == [503, 302, 200, 200]
    with replay_scenario(folder, spec) as replay:
        assert replay.problems == []


def test_a_second_recording_differs_only_in_its_times(spec: IntegrationSpec, shop: Shop) -> None:
    before = read_texts(record_shop(spec, shop).folder)
    other = Shop()
    after = read_texts(record_shop(spec, other).folder)
    other.vendor.close()
    assert remove_times(after) == remove_times(before)


def test_a_change_at_the_vendor_changes_only_the_files_that_hold_it(spec: IntegrationSpec, shop: Shop) -> None:
    before = remove_times(read_texts(record_shop(spec, shop).folder))
    other = Shop()
    other.accounts[0]["name"] = "Somebody Else"
    after = remove_times(read_texts(record_shop(spec, other).folder))
    other.vendor.close()
    assert {name for name in before if before[name] != after[name]} == {
        "first/1-accounts.001.json",
        "second/1-accounts.001.json",
        "snapshots/first/raw/accounts.json",
    }


def test_another_key_gives_other_pseudonyms(spec: IntegrationSpec, shop: Shop) -> None:
    one = record_shop(spec, shop).folder / "first" / "1-accounts.001.json"
    before = one.read_text()
    record_scenario(spec, connection_to(shop.url), "default", key=b"another", records=3)
    assert one.read_text() != before


def test_the_connections_base_url_is_not_recorded(finished: FinishedRecording) -> None:
    _, shop, folder = finished
    for text in read_texts(folder).values():
        assert shop.url not in text
        assert "127.0.0.1" not in text


def test_a_failed_sync_leaves_the_earlier_recording_unchanged(spec: IntegrationSpec, shop: Shop) -> None:
    folder = record_shop(spec, shop).folder
    before = read_texts(folder)
    shop.vendor.handler = lambda asked: Reply(403, {"message": f"{asked.headers['Authorization']} may not read this"})
    with pytest.raises(RecordingError) as raised:
        record_shop(spec, shop)
    assert str(raised.value).startswith("the first sync failed, so nothing was recorded: shop/test, stream accounts:")
    assert TOKEN not in str(raised.value)
    assert read_texts(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["default"]


def test_a_recording_of_another_integration_is_not_replaced(spec: IntegrationSpec, shop: Shop, tmp_path: Path) -> None:
    record_shop(spec, shop)
    other = write_integration(
        tmp_path / "vendor", INTEGRATION.replace("ShopIntegration", "StoreIntegration"), "store.py"
    )
    with pytest.raises(RecordingError, match="is a recording of shop; give this one another name with --scenario"):
        record_shop(other, shop)
    assert record_shop(other, shop, "store").folder.name == "store"


def test_files_with_remaining_personal_values_are_reported(tmp_path: Path, shop: Shop) -> None:
    """An account has a member that is named by a person: names stay unless they are declared."""
    shop.accounts[0]["visits"] = {"Jane Doe 1": 3}
    result = record_shop(write_integration(tmp_path / "vendor"), shop)
    assert {path for path in result.personal if "snapshots" not in path} == {
        f"{sync}/1-accounts.001.json" for sync in ("first", "second")
    }


def test_a_value_that_a_later_list_shows_to_be_personal_is_replaced_in_an_earlier_one(
    tmp_path: Path, shop: Shop
) -> None:
    """Accounts hold a name in a field that they don't declare, before orders, which declare it, are fetched."""
    text = INTEGRATION.replace('personal = ("login", "name")', 'personal = "login"').replace(
        'personal = "login"\n\n\nclass ShopIntegration', 'personal = ("login", "note")\n\n\nclass ShopIntegration'
    )
    for orders in shop.orders.values():
        for order in orders:
            order["note"] = "Jane Doe 1"
    result = record_shop(write_integration(tmp_path / "vendor", text), shop)
    assert result.personal == ()
    assert not any("Jane Doe 1" in text for text in read_texts(result.folder).values())


class Signed:
    """An auth that yields a new request instead of changing the given one."""

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        yield Request(request.url, headers={"Authorization": f"Bearer {config['token']}"})


def test_an_auth_may_yield_a_new_request(tmp_path: Path, shop: Shop) -> None:
    text = INTEGRATION.replace('auth = BearerToken("{config.token}")', "auth = Signed()").replace(
        "from pydantic import", "from tests.recording.test_recording import Signed\nfrom pydantic import"
    )
    folder = record_shop(write_integration(tmp_path / "vendor", text), shop).folder
    assert "first/1-accounts.001.json" in read_texts(folder)
    assert not any("Jane Doe" in text for text in read_texts(folder).values())


class Ticketed:
    """An auth by a ticket, whose name and shape don't identify it as a secret in the response."""

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        response = yield Request(urljoin(request.url, "/ticket"), "POST")
        yield request.with_header("Authorization", f"Ticket {response.value('ticket')}")


def test_a_secret_that_an_auth_gets_from_a_response_is_not_recorded(tmp_path: Path, shop: Shop) -> None:
    answer_as_usual, ticket = shop.vendor.handler, "zq81mmvLpQ7r22xx"

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/ticket":
            return Reply(body={"ticket": ticket})
        assert asked.headers["Authorization"] == f"Ticket {ticket}"
        return answer_as_usual(replace(asked, headers={**asked.headers, "Authorization": f"Bearer {TOKEN}"}))

    shop.vendor.handler = answer
    text = INTEGRATION.replace('auth = BearerToken("{config.token}")', "auth = Ticketed()").replace(
        "from pydantic import", "from tests.recording.test_recording import Ticketed\nfrom pydantic import"
    )
    folder = record_shop(write_integration(tmp_path / "vendor", text), shop).folder
    assert not any(ticket in text for text in read_texts(folder).values())


def test_a_secret_that_is_recognised_only_later_is_not_recorded(tmp_path: Path, shop: Shop) -> None:
    """The first sync met it under a name that does not identify it."""
    answer_as_usual, secret = shop.vendor.handler, "zq81mmvLpQ7r22xx"

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path != "/accounts":
            return answer_as_usual(asked)
        is_second_sync = any(order["id"] == "o11" for order in shop.orders["user-1"])
        name = "access_token" if is_second_sync else "hint"
        page = json.loads(answer_as_usual(asked).content)
        return Reply(200, json.dumps({name: secret, **page}).encode())

    shop.vendor.handler = answer
    folder = record_shop(write_integration(tmp_path / "vendor"), shop).folder
    assert not any(secret in text for text in read_texts(folder).values())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_if_replacing_fails_the_earlier_recording_stays(
    finished: FinishedRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    spec, shop, folder = finished
    before, rename = read_texts(folder), Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.endswith(".unfinished"):
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(error):
        record_shop(spec, shop)
    assert read_texts(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["default"]


def test_the_earlier_recording_is_restored_if_the_process_was_killed_while_replacing_it(
    tmp_path: Path, shop: Shop
) -> None:
    spec = write_integration(tmp_path / "vendor")
    folder = record_shop(spec, shop).folder
    before = read_texts(folder)
    folder.rename(folder.with_name(".default.old"))
    shop.vendor.handler = lambda asked: Reply(401, {"message": "no"})
    with pytest.raises(RecordingError):
        record_shop(spec, shop)
    assert read_texts(folder) == before
