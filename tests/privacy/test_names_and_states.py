"""Redaction changes people and secrets, and leaves what parsers depend on: names of members, states, kinds, labels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.privacy.redactor import PERSONAL
from tests.privacy.redactors import make_redactor

NAMES = [
    "platform",
    "Platform",
    "production",
    "in_progress",
    "ops",
    "jane-doe",
    "Jane Doe",
    "ünder",
    "k8s",
    "9000001",
]
WORD = st.sampled_from(NAMES) | st.text(min_size=1, max_size=12)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=4),
    max_leaves=12,
)


def redact(page: Any, *personal: str) -> Any:
    return json.loads(make_redactor().redact_json(json.dumps(page), personal))


def names_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in names_in(item))]
    return [name for item in value for name in names_in(item)] if isinstance(value, list) else []


@given(st.lists(st.fixed_dictionaries({"team": st.fixed_dictionaries({"name": WORD}), "more": VALUE}), max_size=4))
def test_no_persons_name_changes_the_name_of_a_member(page: list[Any]) -> None:
    pairs = zip(names_in(page), names_in(redact(page, "team.name")), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


@pytest.mark.parametrize("name", ["platform", "Production", "in_progress", "größe"])
def test_a_word_that_is_a_name_is_replaced_in_its_field_and_in_running_text_only(name: str) -> None:
    page = {
        "team": name,
        "status": name,
        "label": f"env:{name}",
        "labels": [name],
        name: {"n": 1},
        "text": f"moved to {name}.",
        "url": f"https://x.example/teams/{name}/edit",
        "path": f"{name}/payments",
        "mention": f"@{name}",
    }
    redacted = redact(page, "team")
    stand_in = redacted["team"]
    assert stand_in.startswith("person-")
    assert redacted == {
        "team": stand_in,
        "status": name,
        "label": f"env:{name}",
        "labels": [name],
        name: {"n": 1},
        "text": f"moved to {stand_in}.",
        "url": f"https://x.example/teams/{stand_in}/edit",
        "path": f"{stand_in}/payments",
        "mention": f"@{stand_in}",
    }


@pytest.mark.parametrize("name", ["Jane Doe", "jane-doe", "jane.doe", "jdoe42", "4711123"])
def test_a_name_that_is_no_ordinary_word_is_replaced_wherever_it_is_a_value(name: str) -> None:
    redacted = redact({"owner": name, "by": name, "note": f"{name}: done"}, "owner")
    assert redacted["by"] == redacted["owner"] != name
    assert name not in redacted["note"]


def test_members_that_are_named_by_an_address_or_a_token_are_renamed_the_same_everywhere() -> None:
    page = {"users": {"ann@corp.com": {"mail": "ann@corp.com"}}, "tokens": {"ghp_" + "a1B2" * 10: "ci"}}
    redacted = redact(page)
    ((address, user),) = redacted["users"].items()
    assert address == user["mail"] != "ann@corp.com"
    assert next(iter(redacted["tokens"])).startswith("redacted-github-token-")


def test_a_secret_that_was_found_elsewhere_is_replaced_in_the_name_of_a_member() -> None:
    secret = "zq81mmvLpQ7r22xx"
    text = make_redactor().redact_json(json.dumps({"uses": {secret: 3}, "access_token": secret}))
    assert secret not in text


@pytest.mark.parametrize("name", ["Jane Doe", "4711123", "platform", "al"])
def test_the_names_of_members_are_replaced_where_they_are_declared(name: str) -> None:
    page = [{"owner": name, "votes": {name: 3, "x": {name: 1}}, "by": [{"team": {name: {"id": 7, "said": "no"}}}]}]
    redacted = redact(page, "owner", "votes.*", "by.team.*")[0]
    owner = redacted["owner"]
    assert owner != name
    assert list(redacted["votes"].values()) == [3, {name: 1}]
    assert next(iter(redacted["votes"])) == owner
    assert redacted["by"] == [{"team": {owner: {"id": 7, "said": "no"}}}]


def test_a_field_below_any_member_of_an_object_can_be_declared() -> None:
    page = {"votes": {"a": {"by": "Jane Doe", "id": 12, "why": "x"}, "7": {"by": "Jim Beam", "id": 13, "why": "y"}}}
    redacted = redact(page, "votes.*.by", "votes.*.id")
    assert [vote["by"].startswith("person-") for vote in redacted["votes"].values()] == [True, True]
    assert {vote["id"] for vote in redacted["votes"].values()} & {12, 13} == set()
    assert [(name, vote["why"]) for name, vote in redacted["votes"].items()] == [("a", "x"), ("7", "y")]


def test_the_ids_of_an_object_by_id_are_data() -> None:
    page = json.dumps({"people": {"platform": {"login": "platform", "platform": "web"}}})
    redacted = json.loads(make_redactor().redact_json(page, ["login"], "people", keyed_by_id=True))
    ((id_, person),) = redacted["people"].items()
    assert id_ == person["login"] != "platform"
    assert person["platform"] == "web"


def test_a_word_that_was_left_is_no_leak() -> None:
    redactor = make_redactor()
    text = redactor.redact_json('[{"team": "platform", "status": "platform", "platform": 1}]', ["team"])
    assert redactor.find_leaks(text) == set()
    assert redactor.find_leaks('{"text": "moved to platform"}') == {PERSONAL}


def test_redacting_again_changes_nothing_where_somebody_is_called_person() -> None:
    redactor = make_redactor()
    once = redactor.redact_json('[{"team": "person", "text": "of person and jane@corp.com"}]', ["team"])
    assert redactor.redact_json(once, ["team"]) == once
