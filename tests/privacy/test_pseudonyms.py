"""People are replaced with pseudonyms, the same for the same person, so that joins and parents still work."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.privacy.pseudonyms import Pseudonyms
from dazz_assets.privacy.redactor import Redactor
from tests.privacy.redactors import make_redactor

WORD = re.compile(r"person-[0-9a-f]{8}")
EMAIL = re.compile(r"person-[0-9a-f]{8}@example\.com")


def email_pseudonym(address: str) -> str:
    """Return the pseudonym of an e-mail address."""
    return make_redactor().redact_text(address)


def first_pseudonym(value: str) -> str:
    """Return the pseudonym of a value with no other pseudonyms in use."""
    return Pseudonyms(b"key").person(value)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("jane@corp.com", EMAIL),
        ("https://corp.com/jane?size=4", re.compile(r"https://example\.com/person-[0-9a-f]{8}")),
        ("Jane Döe", WORD),
        ("jane", WORD),
        ("583231", re.compile(r"[1-9][0-9]{8}")),
    ],
)
def test_a_pseudonym_has_the_form_of_its_original(value: str, form: re.Pattern[str]) -> None:
    pseudonym = Pseudonyms(b"key").person(value)
    assert form.fullmatch(pseudonym)
    assert pseudonym == Pseudonyms(b"key").person(value)
    assert pseudonym != Pseudonyms(b"another").person(value)


@given(st.text() | st.integers().map(str) | st.emails(), st.binary())
def test_a_pseudonym_is_not_replaced_again(value: str, key: bytes) -> None:
    pseudonym = Pseudonyms(key).person(value)
    assert Pseudonyms(b"another").person(pseudonym) == pseudonym


@given(st.integers())
def test_the_pseudonym_of_a_number_is_a_number_and_not_replaced_again(number: int) -> None:
    pseudonym = Pseudonyms(b"key").number(str(number))
    assert len(pseudonym) == (9 if len(str(number)) <= 9 else 15)
    assert pseudonym.isdecimal()
    assert pseudonym[0] != "0"
    assert Pseudonyms(b"another").number(pseudonym) == pseudonym


@pytest.mark.parametrize(
    "text",
    [
        "jane@corp.com",
        "to <jane@corp.com>, and jane@corp.com.",
        "mailto:jane@corp.com?subject=x",
        "https://api.example.com/people/jane@corp.com/x",
        "https://api.example.com/people/jane%40corp.com/x",
        "https://api.example.com/x?to=https%3A%2F%2Fy%2Fjane%2540corp.com%26z",
        "q=user%3Ajane%40corp.com+is%3Aopen",
        "q=to+jane%40corp.com",
        "JANE@Corp.com",
        "<a href='mailto:jane&#64;corp.com'>",
        '"jane@corp.com"',
        r"{\"to\": \"\u003cjane@corp.com\u003e\nx\"}",
    ],
)
def test_an_address_has_the_same_pseudonym_in_every_place(text: str) -> None:
    outcome = make_redactor().redact_text(text)
    assert not re.search("jane|corp", outcome, re.IGNORECASE)
    name = email_pseudonym("jane@corp.com").partition("@")[0]
    assert set(WORD.findall(outcome)) == {name}
    assert re.sub(rf"{name}(@|%40|%2540|&#64;)example\.com", r"jane\1corp.com", outcome).lower() == text.lower()
    assert make_redactor().find_leaks(text) == {"personal"}
    assert make_redactor().find_leaks(outcome) == set()


@pytest.mark.parametrize("address", ["o'brien.x+y_z@corp.co.uk", "jürgen@bücher.de", "a@b.io", "x" * 64 + "@corp.com"])
def test_usual_addresses_are_found_plain_and_percent_encoded(address: str) -> None:
    assert EMAIL.fullmatch(make_redactor().redact_text(address))
    for safe in ("", "'", "@"):
        in_query = f"?a={email_pseudonym(address) if safe == '@' else quote(email_pseudonym(address), safe='')}&b=1"
        assert make_redactor().redact_text(f"?a={quote(address, safe=safe)}&b=1") == in_query


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com, joe@corp.example, jim@mail.example.org",
        "git@github.com:acme/payments.git, org-38940897@github.com:acme/payments.git",
        "lodash@4.17.21 and @types/node@20",
        "pkg:npm/%40angular/core@12.3.1",
        "icon@2x.png",
        "ghcr.io/acme/app@sha256:1f2e3d",
        "a @ b.com",
    ],
)
def test_addresses_of_no_person_stay(text: str) -> None:
    assert make_redactor().redact_text(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "https://avatars.githubusercontent.com/u/583231?v=4",
        "https://secure.gravatar.com/1f2e3d?d=https%3A%2F%2Fx",
        "https://gravatar.com/1f2e3d",
        "https://gitlab.corp.com/uploads/-/system/user/avatar/7/avatar.png",
        "https://corp.atlassian.net/secure/useravatar?ownerId=jane",
    ],
)
def test_avatar_urls_are_replaced(url: str) -> None:
    assert re.fullmatch(
        r'\["https://example\.com/person-[0-9a-f]{8}"\]', make_redactor().redact_json(json.dumps([url]))
    )
    assert make_redactor().redact_json(json.dumps([url]).replace("/", "\\/")) == make_redactor().redact_json(
        json.dumps([url])
    )


def test_a_url_that_only_mentions_avatars_stays() -> None:
    assert make_redactor().redact_text("https://api.corp.com/users?fields=name,avatar") == (
        "https://api.corp.com/users?fields=name,avatar"
    )


PAGE = {
    "data": [
        {
            "id": 1,
            "owner": {"login": "jane-doe", "id": 583231, "admin": True, "name": None, "nick": ""},
            "people": [{"name": "Joe Public"}, {"name": "jane-doe"}],
            "full_name": "jane-doe/payments",
            "url": "https://api.corp.com/people/jane-doe/x?name=Joe%20Public&id=583231",
            "reviewer": 583231,
            "title": "janedoe of Jane-Doe and jane-doey",
        }
    ],
    "owner": {"login": "left-alone"},
}


def test_declared_fields_are_replaced_and_their_values_wherever_they_appear_as_words() -> None:
    redactor = make_redactor()
    page = json.loads(
        redactor.redact_json(json.dumps(PAGE), ("owner.login", "owner.id", "owner.name", "people.name"), "data")
    )
    record = page["data"][0]
    jane, number, joe = record["owner"]["login"], record["owner"]["id"], record["people"][0]["name"]
    assert WORD.fullmatch(jane)
    assert WORD.fullmatch(joe)
    assert record == {
        "id": 1,
        "owner": {"login": jane, "id": number, "admin": True, "name": None, "nick": ""},
        "people": [{"name": joe}, {"name": jane}],
        "full_name": f"{jane}/payments",
        "url": f"https://api.corp.com/people/{jane}/x?name={joe}&id={number}",
        "reviewer": number,
        "title": "janedoe of Jane-Doe and jane-doey",
    }
    assert page["owner"] == {"login": "left-alone"}
    assert redactor.redact_text("mentions @jane-doe, joe_public") == f"mentions @{jane}, joe_public"
    assert redactor.find_leaks("mentions @jane-doe") == {"personal"}


def test_a_declared_address_is_replaced_everywhere_even_at_a_reserved_host() -> None:
    redactor = make_redactor()
    [record] = json.loads(
        redactor.redact_json('[{"mail": "jane@example.com", "text": "of jane@example.com"}]', ["mail"])
    )
    assert EMAIL.fullmatch(record["mail"])
    assert record["text"] == f"of {record['mail']}"
    assert redactor.redact_text("?q=jane%40example.com") == f"?q={quote(record['mail'], safe='')}"


def test_a_path_to_an_object_or_a_list_covers_the_texts_in_it() -> None:
    page = '[{"a": {"b": ["Jane", {"c": "Joe", "n": 7, "is": true}]}, "ab": "Jane"}]'
    [record] = json.loads(make_redactor().redact_json(page, ["a"]))
    jane, more = record["a"]["b"]
    assert WORD.fullmatch(jane)
    assert WORD.fullmatch(more["c"])
    assert (more["n"], more["is"], record["ab"]) == (7, True, "Jane")


def test_paths_reach_fields_with_a_dot_in_their_name_and_through_lists() -> None:
    page = '{"boards": [{"items": [{"user.name": "Jane"}]}]}'
    redacted = make_redactor().redact_json(page, [r"user\.name"], "boards.0.items")
    assert "Jane" not in redacted


def test_short_values_are_replaced_in_their_field_only() -> None:
    redactor = make_redactor()
    page = json.loads(redactor.redact_json('[{"login": "main", "branch": "main"}]', ["login"]))
    assert WORD.fullmatch(page[0]["login"])
    assert page[0]["branch"] == "main"


def test_public_values_of_the_config_are_not_personal() -> None:
    redactor = make_redactor(public=["acme-corp"])
    page = '[{"login": "acme-corp", "url": "/orgs/acme-corp"}, {"login": "jane-doe"}]'
    assert json.loads(redactor.redact_json(page, ["login"]))[0] == {"login": "acme-corp", "url": "/orgs/acme-corp"}


def test_the_same_key_gives_the_same_pseudonyms_in_another_recording() -> None:
    page = json.dumps(PAGE)
    assert make_redactor().redact_json(page, ["owner"], "data") == make_redactor().redact_json(page, ["owner"], "data")
    assert make_redactor().redact_json(page, ["owner"], "data") != make_redactor(b"another").redact_json(
        page, ["owner"], "data"
    )


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12) | st.emails()


@given(st.lists(st.fixed_dictionaries({"name": NAMES | st.integers(), "text": NAMES}), max_size=4))
def test_redacting_a_page_again_changes_nothing(records: list[Any]) -> None:
    redactor = make_redactor()
    once = redactor.redact_json(json.dumps(records), ["name"])
    assert redactor.redact_json(once, ["name"]) == once
    assert Redactor({"token": "redacted-token"}, b"").redact_json(once, ["name"]) == once


@pytest.mark.parametrize("login", ["jane-doe", "Jane Döe/x", "jane@corp.com", "583231", "a%b", "joe", "jo@example.com"])
def test_the_parents_real_login_is_restored_in_a_childs_path(login: str) -> None:
    redactor = make_redactor()
    [parent] = json.loads(redactor.redact_json(json.dumps([{"login": login}]), ["login"]))
    path = f"https://api.corp.com/people/{quote(parent['login'], safe='')}/tickets"
    assert login not in path
    assert redactor.restore(path) == f"https://api.corp.com/people/{quote(login, safe='')}/tickets"
    assert redactor.restore(f"?who={quote(parent['login'])}"[1:]) == f"who={quote(login, safe='')}"
    assert json.loads(redactor.restore(json.dumps({"variables": parent}))) == {"variables": {"login": login}}


@settings(max_examples=10, deadline=None)
@given(st.binary(), st.integers(0, 10**6))
def test_thousands_of_numbers_have_distinct_pseudonyms(key: bytes, first: int) -> None:
    redactor = make_redactor(key)
    numbers = range(first, first + 4_000)  # With 900,000 possible pseudonyms, about a dozen would collide.
    page = json.dumps([{"id": number} for number in numbers])
    pseudonyms = [str(record["id"]) for record in json.loads(redactor.redact_json(page, ["id"]))]
    assert len(set(pseudonyms)) == len(pseudonyms)
    assert [redactor.restore(f"/people/{pseudonym}") for pseudonym in pseudonyms] == [f"/people/{n}" for n in numbers]
    assert make_redactor(key).redact_json(page, ["id"]) == redactor.redact_json(page, ["id"])


COLLIDING = {"a word": ("user-25962", "user-76761"), "an address": ("user-56404@corp.com", "user-107401@corp.com")}
"""Pairs of values whose HMACs share their first 32 bits, with the key of these tests."""


@pytest.mark.parametrize(("one", "other"), COLLIDING.values(), ids=COLLIDING)
def test_two_values_whose_pseudonyms_collide_get_one_each(one: str, other: str) -> None:
    assert first_pseudonym(one) == first_pseudonym(other)
    redactor = make_redactor()
    page = json.loads(redactor.redact_json(json.dumps([{"login": one}, {"login": other}, {"login": one}]), ["login"]))
    first, second, again = (record["login"] for record in page)
    assert first == again != second
    assert (redactor.restore(first), redactor.restore(second)) == (one, other)
    assert redactor.redact_text(f"{other} and {one}") == f"{second} and {first}"


def test_two_secrets_whose_placeholders_collide_get_one_each() -> None:
    redactor = make_redactor()
    page = redactor.redact_json(json.dumps([{"client_secret": value} for value in COLLIDING["a word"]]))
    first, second = (record["client_secret"] for record in json.loads(page))
    assert first != second
    assert (redactor.restore(first), redactor.restore(second)) == COLLIDING["a word"]


def test_an_address_has_the_same_pseudonym_in_either_case() -> None:
    redactor = make_redactor()
    assert (
        redactor.redact_text("jane@corp.com")
        == redactor.redact_text("Jane@Corp.com")
        != redactor.redact_text("joe@corp.com")
    )


def test_a_restored_original_is_not_treated_as_a_pseudonym() -> None:
    redactor = make_redactor()
    of_seven = redactor.redact_json('{"id": 7}', ["id"]).removeprefix('{"id": ').removesuffix("}")
    [record] = json.loads(redactor.redact_json(json.dumps([{"login": f"jane {of_seven} doe"}]), ["login"]))
    assert redactor.restore(f"of {record['login']}") == f"of jane {of_seven} doe"


def test_a_number_in_a_path_is_restored() -> None:
    redactor = make_redactor()
    [parent] = json.loads(redactor.redact_json('[{"id": 7}]', ["id"]))
    assert redactor.restore(f"/people/{parent['id']}/x") == "/people/7/x"
    assert json.loads(redactor.restore(json.dumps({"id": parent["id"]}))) == {"id": 7}
