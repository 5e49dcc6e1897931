"""What a recording tells of itself that may not be as it was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.recording.record_scenario import record_scenario
from tests.http.loopback import Asked, Reply
from tests.recording.shop import INTEGRATION, KEY, Shop, connection_to, written


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.vendor.close()


def doubts(folder: Path, shop: Shop, text: str = INTEGRATION, key: bytes = KEY) -> tuple[str, ...]:
    return record_scenario(
        written(folder / "vendor", text), connection_to(shop.url), "default", key=key, records=3
    ).doubts


def test_of_a_sound_recording_there_are_none_and_another_key_is_told(tmp_path: Path, shop: Shop) -> None:
    assert doubts(tmp_path, shop) == ()
    (other,) = doubts(tmp_path, shop, key=b"another")
    assert other.startswith("the pseudonyms are made with another key than those of the recording before")


def test_a_personal_path_that_matches_nothing(tmp_path: Path, shop: Shop) -> None:
    text = INTEGRATION.replace('personal = ("login", "name")', 'personal = ("login", "naem")')
    assert doubts(tmp_path, shop, text) == (
        "`personal` of AccountsStream: no record has anything at `naem`; did you mean 'name'?",
    )


def test_a_second_page_that_is_the_first_again(tmp_path: Path, shop: Shop) -> None:
    usual = shop.vendor.handler

    def answer(asked: Asked) -> Reply:
        first = Asked(asked.method, asked.path, asked.headers, b"")
        return usual(first if asked.path == "/accounts" else asked)

    shop.vendor.handler = answer
    text = INTEGRATION.replace('paginator = NextLink("next")', "paginator = PageNumber()")
    text = text.replace("NextLink, Stream", "PageNumber, Stream")
    found = doubts(tmp_path, shop, text)
    assert found[0] == (
        "accounts: 1-accounts.002 holds the records of 1-accounts.001 again, so the paginator does not fit what the "
        "API expects"
    )


def test_what_was_put_aside(tmp_path: Path, shop: Shop) -> None:
    usual = shop.vendor.handler

    def answer(asked: Asked) -> Reply:
        page = json.loads(usual(asked).content)
        for item in page["items"]:
            item.update({"total": "much"} if item["id"] == "o3" else {})
        return Reply(200, page)

    shop.vendor.handler = answer
    text = INTEGRATION.replace("id=self.object_id(order.id)", 'id="the same"')
    (found,) = doubts(tmp_path, shop, text)
    assert found == (
        "invoices put records or objects aside (8 duplicate, 1 invalid); snapshots/second/quarantine/invoices.json "
        "says why"
    )
