"""What a recording holds, and how it is made again."""

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
from tests.http.loopback import Asked, Reply
from tests.recording.shop import INTEGRATION, KEY, TOKEN, Shop, connection_to, written

Made = tuple[IntegrationSpec, Shop, Path]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.vendor.close()


@pytest.fixture
def spec(tmp_path: Path) -> IntegrationSpec:
    return written(tmp_path / "vendor")


def recorded(spec: IntegrationSpec, shop: Shop, name: str = "default", records: int | None = 3) -> RecordedScenario:
    def change() -> None:
        shop.order("o9", "user-2", "2026-01-21T08:00:00Z")
        shop.order("o11", "user-1", "2026-01-22T08:00:00Z")

    return record_scenario(
        spec,
        connection_to(shop.url, spec.name),
        name,
        key=KEY,
        records=records,
        pages=PAGES if records else None,
        between=change,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A recording that tests only read."""
    shop = Shop()
    spec = written(tmp_path_factory.mktemp("made") / "vendor")
    yield spec, shop, recorded(spec, shop).folder
    shop.vendor.close()


def files(folder: Path) -> dict[str, str]:
    """Each file's text, by its path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.json"))}


def without_times(texts: dict[str, str]) -> dict[str, str]:
    return {path: re.sub(r'"(first|second)": "[^"]*"', "", text) for path, text in texts.items()}


def test_each_response_is_one_readable_file_beside_the_integration(made: Made) -> None:
    spec, _, folder = made
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


def test_names_sort_by_sync_stream_parent_and_page(made: Made) -> None:
    _, _, folder = made
    assert [name for name in files(folder) if name.startswith("first/")] == [
        "first/1-accounts.001.json",
        "first/1-accounts.002.json",
        "first/2-orders.person-c0a5269e.001.json",
        "first/2-orders.person-c0a5269e.002.json",
        "first/2-orders.person-d2c61c49.001.json",
        "first/2-orders.person-e5e16baf.001.json",
        "first/2-orders.person-e5e16baf.002.json",
        "first/2-orders.person-ed5a4203.001.json",
    ]


def test_a_parents_pseudonym_is_put_back_in_what_is_asked_for_its_children(made: Made) -> None:
    spec, shop, folder = made
    assert {asked.path for asked in shop.vendor.asked if "orders" in asked.path} == {
        f"/accounts/user-{number}/orders" for number in range(1, 5)
    }
    with replay_scenario(folder, spec) as replay:
        orders, accounts = replay.records("orders"), replay.records("accounts")
    assert {order.login for order in orders} <= {account.login for account in accounts}


def test_the_second_sync_asks_for_the_increment(made: Made) -> None:
    _, _, folder = made
    requests = json.loads((folder / "snapshots" / "second" / "requests.json").read_text())
    assert requests["2-orders.person-c0a5269e.001"] == (
        "GET https://api.shop.example/accounts/person-c0a5269e/orders?since=2026-01-17T07%3A59%3A59Z -> 200"
    )
    added = json.loads((folder / "snapshots" / "second" / "raw" / "orders.json").read_text())
    assert [row["key"] for row in added] == ["o10", "o11", "o9"]


def test_with_a_limit_two_pages_of_each_list_are_kept_with_so_many_records(tmp_path: Path) -> None:
    shop = Shop(size=4)
    shop.accounts += [{"id": f"b{number}", "login": f"more-{number}"} for number in range(20)]
    shop.orders |= {f"more-{number}": [] for number in range(20)}
    folder = recorded(written(tmp_path / "vendor"), shop, records=1).folder
    shop.vendor.close()
    pages = [json.loads(text) for name, text in files(folder).items() if name.startswith("first/1-accounts")]
    assert [len(page["response"]["body"]["items"]) for page in pages] == [1, 1]
    # What says that there is more stays as the vendor sent it.
    assert [page["response"]["body"]["total"] for page in pages] == [25, 25]
    assert all(page["response"]["body"]["next"] for page in pages)
    assert len([name for name in files(folder) if name.startswith("first/2-orders.")]) == 2 + 1


def test_without_a_limit_all_is_kept(spec: IntegrationSpec, shop: Shop) -> None:
    folder = recorded(spec, shop, records=None).folder
    names = [name for name in files(folder) if name.startswith("first/")]
    assert len([name for name in names if "1-accounts" in name]) == 3
    assert len([name for name in names if "2-orders" in name]) == 3 + 3 + 1 + 1 + 1
    assert json.loads((folder / "scenario.json").read_text())["pages"] is None


def test_every_token_stays_as_it_was_sent(spec: IntegrationSpec, shop: Shop) -> None:
    numbers = rb'"n": 1.00, "n": 1e400, "big": 123456789012345678901, "s": "a\/\u0062"'
    sent = b'{"items": [{"id": "a1", "login": "user-1", ' + numbers + b"}]}"
    usual = shop.vendor.handler
    shop.vendor.handler = lambda asked: Reply(200, sent) if asked.path == "/accounts" else usual(asked)
    folder = recorded(spec, shop).folder
    text = (folder / "first" / "1-accounts.001.json").read_text()
    for token in ('"n": 1.00,', '"n": 1e400,', '"big": 123456789012345678901,', r'"s": "a\/\u0062"'):
        assert token in text
    with replay_scenario(folder, spec) as replay:
        (row,) = json.loads(replay.texts["first/raw/accounts"], parse_int=str, parse_float=str)
        assert '"n": 1.00,\n      "n": 1e400,' in replay.texts["first/raw/accounts"]
        assert row["record"]["big"] == "123456789012345678901"


def test_what_was_tried_again_and_what_redirects_is_part_of_it(spec: IntegrationSpec, shop: Shop) -> None:
    usual, failures = shop.vendor.handler, [Reply(503, {"message": "busy"})]

    def answer(asked: Asked) -> Reply:
        if asked.path == "/accounts" and "after" not in asked.query:
            return failures.pop() if failures else Reply(302, b"", {"Location": f"{shop.url}/moved"})
        moved = Asked(asked.method, "/accounts", asked.headers, b"")
        return usual(moved) if asked.path == "/moved" else usual(asked)

    shop.vendor.handler = answer
    folder = recorded(spec, shop).folder
    statuses = [json.loads(text)["response"]["status"] for name, text in files(folder).items() if "first/1-" in name]
    assert statuses == [503, 302, 200, 200]
    with replay_scenario(folder, spec) as replay:
        assert replay.problems == []


def test_recorded_again_it_differs_in_when_that_was(spec: IntegrationSpec, shop: Shop) -> None:
    before = files(recorded(spec, shop).folder)
    other = Shop()
    after = files(recorded(spec, other).folder)
    other.vendor.close()
    assert without_times(after) == without_times(before)


def test_what_changed_at_the_vendor_changes_the_files_that_hold_it(spec: IntegrationSpec, shop: Shop) -> None:
    before = without_times(files(recorded(spec, shop).folder))
    other = Shop()
    other.accounts[0]["name"] = "Somebody Else"
    after = without_times(files(recorded(spec, other).folder))
    other.vendor.close()
    assert {name for name in before if before[name] != after[name]} == {
        "first/1-accounts.001.json",
        "second/1-accounts.001.json",
        "snapshots/first/raw/accounts.json",
    }


def test_another_key_makes_other_pseudonyms(spec: IntegrationSpec, shop: Shop) -> None:
    one = recorded(spec, shop).folder / "first" / "1-accounts.001.json"
    before = one.read_text()
    record_scenario(spec, connection_to(shop.url), "default", key=b"another", records=3)
    assert one.read_text() != before


def test_the_address_of_the_connection_stays_out_of_it(made: Made) -> None:
    _, shop, folder = made
    for text in files(folder).values():
        assert shop.url not in text
        assert "127.0.0.1" not in text


def test_a_sync_that_fails_leaves_the_earlier_recording_as_it_was(spec: IntegrationSpec, shop: Shop) -> None:
    folder = recorded(spec, shop).folder
    before = files(folder)
    shop.vendor.handler = lambda asked: Reply(403, {"message": f"{asked.headers['Authorization']} may not read this"})
    with pytest.raises(RecordingError) as raised:
        recorded(spec, shop)
    assert str(raised.value).startswith("the first sync failed, so nothing is recorded: shop/test, stream accounts:")
    assert TOKEN not in str(raised.value)
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["default"]


def test_a_recording_of_another_integration_is_not_replaced(spec: IntegrationSpec, shop: Shop, tmp_path: Path) -> None:
    recorded(spec, shop)
    other = written(tmp_path / "vendor", INTEGRATION.replace("ShopIntegration", "StoreIntegration"), "store.py")
    with pytest.raises(RecordingError, match="is a recording of shop; give this one another name with --scenario"):
        recorded(other, shop)
    assert recorded(other, shop, "store").folder.name == "store"


def test_what_personal_values_are_left_is_told(tmp_path: Path, shop: Shop) -> None:
    """The name of an account stands in its orders too, which don't declare it, before it is known as a name."""
    text = INTEGRATION.replace('personal = ("login", "name")', 'personal = "login"').replace(
        'personal = "login"\n\n\nclass ShopIntegration', 'personal = ("login", "note")\n\n\nclass ShopIntegration'
    )
    for orders in shop.orders.values():
        for order in orders:
            order["note"] = "Jane Doe 1"
    result = recorded(written(tmp_path / "vendor", text), shop)
    assert "first/1-accounts.001.json" in result.personal
    assert "first/2-orders.person-e5e16baf.001.json" not in result.personal


class Signed:
    """An auth that yields a request which it made anew, without what ours lists."""

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        yield Request(request.url, headers={"Authorization": f"Bearer {config['token']}"})


def test_an_auth_may_yield_another_request(tmp_path: Path, shop: Shop) -> None:
    text = INTEGRATION.replace('auth = BearerToken("{config.token}")', "auth = Signed()").replace(
        "from pydantic import", "from tests.recording.test_recording import Signed\nfrom pydantic import"
    )
    folder = recorded(written(tmp_path / "vendor", text), shop).folder
    assert "first/1-accounts.001.json" in files(folder)
    assert not any("Jane Doe" in text for text in files(folder).values())


class Ticketed:
    """An auth by a ticket, which no name or shape gives away where the vendor hands it out."""

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        response = yield Request(urljoin(request.url, "/ticket"), "POST")
        yield request.with_header("Authorization", f"Ticket {response.value('ticket')}")


def test_what_an_auth_is_given_and_signs_with_is_not_recorded(tmp_path: Path, shop: Shop) -> None:
    usual, ticket = shop.vendor.handler, "zq81mmvLpQ7r22xx"

    def answer(asked: Asked) -> Reply:
        if asked.path == "/ticket":
            return Reply(body={"ticket": ticket})
        assert asked.headers["Authorization"] == f"Ticket {ticket}"
        return usual(replace(asked, headers={**asked.headers, "Authorization": f"Bearer {TOKEN}"}))

    shop.vendor.handler = answer
    text = INTEGRATION.replace('auth = BearerToken("{config.token}")', "auth = Ticketed()").replace(
        "from pydantic import", "from tests.recording.test_recording import Ticketed\nfrom pydantic import"
    )
    with pytest.raises(RecordingError, match=r"would still hold a secret \(authorization\), so nothing is recorded"):
        recorded(written(tmp_path / "vendor", text), shop)


def test_a_secret_that_shows_as_one_only_later_is_not_recorded(tmp_path: Path, shop: Shop) -> None:
    """It stands in the first sync's files already, under a name that says nothing."""
    usual, seen = shop.vendor.handler, "zq81mmvLpQ7r22xx"

    def answer(asked: Asked) -> Reply:
        if asked.path != "/accounts":
            return usual(asked)
        name = "hint" if sum(item.path == "/accounts" for item in shop.vendor.asked) <= 2 else "access_token"
        page = json.loads(usual(asked).content)
        return Reply(200, json.dumps({name: seen, **page}).encode())

    shop.vendor.handler = answer
    with pytest.raises(RecordingError, match=r"would still hold a secret \(access-token\), so nothing is recorded"):
        recorded(written(tmp_path / "vendor"), shop)
    assert list((tmp_path / "vendor" / "recordings").iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_recording_that_can_not_take_its_place_leaves_the_one_there_was(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    spec, shop, folder = made
    before, rename = files(folder), Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.endswith(".unfinished"):
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(error):
        recorded(spec, shop)
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["default"]


def test_a_recording_that_was_being_replaced_when_its_process_was_killed_is_put_back(
    tmp_path: Path, shop: Shop
) -> None:
    spec = written(tmp_path / "vendor")
    folder = recorded(spec, shop).folder
    before = files(folder)
    folder.rename(folder.with_name(".default.old"))
    shop.vendor.handler = lambda asked: Reply(401, {"message": "no"})
    with pytest.raises(RecordingError):
        recorded(spec, shop)
    assert files(folder) == before
