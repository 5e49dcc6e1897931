"""What `dazz new` declares personal by itself: what names a person, and not what names a team or a service."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets.assistant.generate.personal_fields import personal_fields


def personal_of(*records: dict[str, Any], noun: str = "issue") -> tuple[str, ...]:
    return personal_fields([{"id": at, **record} for at, record in enumerate(records)], noun)


@pytest.mark.parametrize(
    ("record", "personal"),
    [
        ({"lead": {"name": "Ann", "email": "a@b.example"}}, ("lead.name",)),
        ({"name": "Ann", "nickname": "A", "e-mail": "a@b.example"}, ("name", "nickname")),
        ({"who": {"fullName": "Ann", "mail": "a@b.example", "title": "Dr"}}, ("who.fullName",)),
        ({"login": "a@b.example", "name": "Ann"}, ("name",)),
        ({"author": {"login": "ann", "avatar_url": "https://x.example/a"}}, ("author.login",)),
        ({"code_owner": {"name": "Ann", "avatarUrl": None}}, ("code_owner.name",)),
        ({"assignees": [{"login": "ann", "avatar_url": None}]}, ("assignees.login",)),
        ({"a.b": {"name": "Ann", "email": "a@b.example"}}, ("a\\.b.name",)),
        ({"a": {"b": [[{"name": "Ann", "email": "a@b.example"}]]}}, ("a.b.name",)),
        ({"owner": {"name": 7, "email": "a@b.example"}}, ()),
        ({"name": "x", "owner": {"email": "a@b.example"}}, ()),
    ],
)
def test_names_next_to_an_email_or_avatar_are_personal(record: dict[str, Any], personal: tuple[str, ...]) -> None:
    assert personal_of(record) == personal


@pytest.mark.parametrize(
    ("record", "personal"),
    [
        ({"assignee": {"id": "P1", "type": "user_reference", "summary": "Ann Lee"}}, ("assignee.summary",)),
        ({"assignments": [{"assignee": {"display_name": "Ann"}}]}, ("assignments.assignee.display_name",)),
        ({"resolved_by": {"name": "Ann", "mobilePhone": "+1 555"}}, ("resolved_by.name", "resolved_by.mobilePhone")),
        ({"profile": {"firstName": "Ann", "lastName": "Lee"}}, ("profile.firstName", "profile.lastName")),
        ({"name": {"givenName": "Ann", "formatted": "Dr Ann"}}, ("name.givenName", "name.formatted")),
        ({"assigned_to": {"display_value": "Ann", "value": "5137"}}, ("assigned_to.display_value",)),
        ({"caller_id": {"display_value": "Ann"}}, ("caller_id.display_value",)),
        ({"targets": [{"type": "user_reference", "summary": "Ann"}]}, ("targets.summary",)),
        ({"pull": {"requester": {"username": "ann"}}}, ("pull.requester.username",)),
    ],
)
def test_the_fields_of_an_object_for_a_person_are_personal(record: dict[str, Any], personal: tuple[str, ...]) -> None:
    assert personal_of(record) == personal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("assignee", "Ann Lee"),
        ("created_by", "ann"),
        ("sys_updated_by", "ann"),
        ("closedBy", "ann"),
        ("reporter_name", "Ann"),
        ("authorLogin", "ann"),
        ("userName", "ann"),
        ("username", "ann"),
        ("requester_phone", "+1 555"),
        ("reviewers", ["ann", "bob"]),
        ("last_name", "Lee"),
    ],
)
def test_a_text_whose_own_name_says_so_is_personal(name: str, value: object) -> None:
    assert personal_of({name: value}) == (name,)


@pytest.mark.parametrize(
    "record",
    [
        {"team": {"name": "platform", "email": "platform@acme.example"}},
        {"teams": [{"id": "T1", "type": "team_reference", "summary": "platform"}]},
        {"service": {"name": "Checkout", "login": "checkout", "phone": "+1 555", "email": "c@acme.example"}},
        {"repository": {"name": "x", "avatar_url": "https://x.example/a"}},
        {"project": {"name": "x", "key": "X", "avatarUrls": {"48x48": "https://x.example/a"}}},
        {"owner": {"name": "x"}},
        {"owner": {"login": "acme", "type": "Organization", "avatar_url": "https://x.example/a"}},
        {"assigned_to": {"type": "team", "name": "platform"}},
        {"last_status_change_by": {"type": "service_reference", "summary": "Checkout"}},
        {"name": "Checkout", "support_email": "help@acme.example"},
        {"owner_team": {"name": "platform", "email": "p@acme.example"}},
        {"packageManager": "npm", "user_agent": "curl/8", "fixed_by": "1.2.3", "group_by": "day", "sort_by": "name"},
        {"assignee": "", "author": None, "creator": "8d8c3a04-6e0c-4b7e-9d0e-0f6f6d3d0a10", "user": 17},
        {"user": "0123456789abcdef", "reporter": "https://x.example/users/7", "assignee_email": "a@b.example"},
        {"status": "open", "title": "Login fails", "name": "login", "displayName": "Login"},
    ],
)
def test_what_names_a_thing_is_not_personal(record: dict[str, Any]) -> None:
    assert personal_of(record) == ()


def test_the_record_itself_is_what_the_stream_lists() -> None:
    record = {"name": "x", "login": "y", "email": "x@acme.example", "phone": "+1 555"}
    assert personal_of(record, noun="user") == ("name", "login", "phone")
    assert personal_of(record, noun="team_member") == ("name", "login", "phone")
    assert personal_of(record, noun="team") == ()
    assert personal_of(record, noun="business_service") == ()
    assert personal_of({"attributes": record}, noun="group") == ()
    assert personal_of({"attributes": {"name": "Ann"}}, noun="employee") == ("attributes.name",)


def test_people_in_a_team_are_people() -> None:
    record = {"name": "platform", "members": [{"user": {"name": "Ann"}, "role": "lead"}], "manager": {"name": "Bo"}}
    assert personal_of(record, noun="team") == ("members.user.name", "manager.name")


def test_an_object_that_is_a_person_in_one_record_is_one_in_all() -> None:
    team, person = {"type": "team", "name": "platform"}, {"type": "user", "name": "Ann"}
    assert personal_of({"assignedTo": team}, {"assignedTo": person}) == ("assignedTo.name",)


def test_a_field_with_a_long_name_hides_no_name_beside_it() -> None:
    person = {"name": "Ann", "email": "ann@acme.example"}
    assert personal_of({"id": 1, **person, "x" * 61: 1, "author": person}) == ("name", "author.name")


def test_an_email_in_one_record_makes_the_name_personal_in_all() -> None:
    assert personal_of({"lead": {"name": "Ann", "email": None}}, {"lead": None}) == ()
    assert personal_of({"lead": {"name": "Ann", "email": None}}, {"lead": {"email": "a@b.example"}}) == ("lead.name",)


def test_records_that_are_nested_without_end_are_read_to_some_depth() -> None:
    deep: Any = {"author": {"name": "Ann"}}
    for _ in range(200):
        deep = {"below": deep}
    assert personal_of({"author": {"name": "Ann"}, "deep": deep}) == ("author.name",)
