"""Warnings about a recording that may not be what its author meant."""

from __future__ import annotations

import json
from pathlib import Path

from dazz_assets.recording.record_scenario import record_scenario
from tests.http.loopback import ReceivedRequest, Reply
from tests.recording.shop import INTEGRATION, KEY, Shop, connection_to, write_integration


def record_warnings(folder: Path, shop: Shop, text: str = INTEGRATION, key: bytes = KEY) -> tuple[str, ...]:
    return record_scenario(
        write_integration(folder / "vendor", text), connection_to(shop.url), "default", key=key, records=3
    ).warnings


def test_a_sound_recording_gives_no_warning_but_another_key_does(tmp_path: Path, shop: Shop) -> None:
    assert record_warnings(tmp_path, shop) == ()
    (warning,) = record_warnings(tmp_path, shop, key=b"another")
    assert warning.startswith("the earlier recording was made with another pseudonym key")


def test_a_personal_path_that_matches_no_record_gives_a_warning(tmp_path: Path, shop: Shop) -> None:
    text = INTEGRATION.replace('personal = ("login", "name")', 'personal = ("login", "naem")')
    assert record_warnings(tmp_path, shop, text) == (
        "AccountsStream.personal: no record has `naem` (did you mean `name`?)",
    )


def test_a_second_page_that_repeats_the_first_gives_a_warning(tmp_path: Path, shop: Shop) -> None:
    answer_as_usual = shop.vendor.handler

    def answer(asked: ReceivedRequest) -> Reply:
        first = ReceivedRequest(asked.method, asked.path, asked.headers, b"")
        return answer_as_usual(first if asked.path == "/accounts" else asked)

    shop.vendor.handler = answer
    text = INTEGRATION.replace('paginator = NextLink("next")', "paginator = PageNumber()")
    text = text.replace("NextLink, Stream", "PageNumber, Stream")
    warnings = record_warnings(tmp_path, shop, text)
    assert warnings[0] == (
        "stream accounts: 1-accounts.002 repeats the records of 1-accounts.001, so the paginator does not fit the API"
    )


def test_quarantined_records_and_objects_give_a_warning(tmp_path: Path, shop: Shop) -> None:
    answer_as_usual = shop.vendor.handler

    def answer(asked: ReceivedRequest) -> Reply:
        page = json.loads(answer_as_usual(asked).content)
        for item in page["items"]:
            item.update({"total": "much"} if item["id"] == "o3" else {})
        return Reply(200, page)

    shop.vendor.handler = answer
    text = INTEGRATION.replace("id=self.object_id(order.id)", 'id="the same"')
    (warning,) = record_warnings(tmp_path, shop, text)
    assert warning == (
        "parser invoices quarantined records or objects (8 duplicate, 1 invalid); "
        "snapshots/second/quarantine/invoices.json says why"
    )


def test_what_redaction_changed_or_left_outside_declared_fields_gives_a_warning(tmp_path: Path, shop: Shop) -> None:
    """Each field that is named is either a person's, and not declared, or must not have been changed."""
    shop.accounts[0] |= {"name": "Production", "prefs": {"ann@corp.test": 1}}
    for order in shop.orders["user-1"]:
        order |= {"state": "Production", "Production": 1, "seller": {"said": "Jane Doe 2"}}
    assert record_warnings(tmp_path, shop) == (
        "stream accounts: names of members were replaced at `prefs.*`, as they hold a secret or a person; check that "
        "no parser reads such a member by its name",
        "stream orders: values of `seller.said` were replaced, as they are personal in another field; if they name "
        "people, add the field to `personal`, and else take the other field out of it",
        "`state` of orders holds values that are replaced as `name` of accounts, and were left, so that the two no "
        "longer agree; if they name people, add it to `personal` of OrdersStream",
    )
    texts = "".join(path.read_text() for path in (tmp_path / "vendor" / "recordings").rglob("*.json"))
    assert '"Production": 1' in texts
    assert '"state": "Production"' in texts
    assert "ann@corp.test" not in texts
