"""Parsers read the parent of each record beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import Cursor, FullRefresh, Incremental, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class Group(BaseModel):
    id: str
    title: str


class Member(BaseModel):
    id: int
    role: str


class GroupsStream(Stream[Group]):
    path = "/groups"


class OthersStream(Stream[Group]):
    path = "/others"


class MembersStream(Stream[Member]):
    parent = GroupsStream
    path = "/groups/{parent.id}/members"
    primary_key = ("{parent.id}", "id")
    max_invalid = 1.0


class PostsStream(Stream[Member]):
    parent = GroupsStream
    path = "/groups/{parent.id}/posts"
    primary_key = ("{parent.id}", "id")
    cursor = Cursor("at", since="since")
    max_invalid = 1.0


class Membership(DomainObject):
    group: str | None
    role: str


class Post(Membership):
    pass


class ClubApi(DeskApi):
    name = "club"

    def membership(self, member: Member, group: Group | None) -> Membership:
        title = group.title if group else None
        return Membership(id=self.object_id(str(title), member.id), group=title, role=member.role)


class Club(ClubApi):
    streams = (GroupsStream, MembersStream, PostsStream)

    @parser
    def memberships(
        self, members: FullRefresh[MembersStream], groups: FullRefresh[GroupsStream]
    ) -> Iterator[Membership]:
        for member, group in members.with_parents(groups):
            yield self.membership(member, group)

    @parser
    def posts(self, posts: Incremental[PostsStream], groups: FullRefresh[GroupsStream]) -> Iterator[Post]:
        for post, group in posts.with_parents(groups):
            yield Post(**self.membership(post, group).model_dump())


class Lists:
    """The vendor's lists, by path."""

    def __init__(self, vendor: Vendor) -> None:
        self.by_path: dict[str, list[dict[str, Any]]] = {
            "/groups": [{"id": "a", "title": "Art"}, {"id": "b", "title": "Ball"}]
        }
        vendor.handler = self.answer

    def answer(self, asked: ReceivedRequest) -> Reply:
        return Reply(body={"items": self.by_path.get(asked.path, [])})


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def lists(vendor: Vendor) -> Lists:
    return Lists(vendor)


@pytest.fixture
def club(lists: Lists, vendor: Vendor, tmp_path: Path) -> Customer:
    lists.by_path |= {
        "/groups/a/members": [{"id": 1, "role": "lead"}, {"id": 2, "role": "guest"}],
        "/groups/b/members": [{"id": 1, "role": "guest"}],
        "/groups/a/posts": [{"id": 1, "role": "x", "at": "2026-01-06T00:00:00Z"}],
        "/groups/b/posts": [{"id": 1, "role": "y", "at": "2026-01-13T00:00:00Z"}],
    }
    return Customer(tmp_path, vendor.url, Club)


def published(customer: Customer, table: str = "memberships") -> list[tuple[str | None, str]]:
    found = customer.rows(f'select "group", role from {table} order by 1 nulls last, 2')
    return [(row["group"], row["role"]) for row in found]


def test_each_record_comes_with_its_parent(club: Customer) -> None:
    club.sync()
    assert club.parse(name="memberships").read == {"members": 3, "groups": 2}
    assert published(club) == [("Art", "guest"), ("Art", "lead"), ("Ball", "guest")]


def test_each_window_reads_the_parents_of_its_records(club: Customer) -> None:
    club.sync()
    report = club.parse(name="posts")
    assert len(report.windows) == 2
    assert report.read == {"posts": 2, "groups": 2}
    assert published(club, "posts") == [("Art", "x"), ("Ball", "y")]


def test_a_changed_parent_is_read_beside_old_records_and_in_a_restream(lists: Lists, club: Customer) -> None:
    club.sync()
    club.parse(name="posts")
    lists.by_path["/groups"][1]["title"] = "Basketball"
    club.sync()
    club.parse(name="posts")
    assert published(club, "posts") == [("Art", "x"), ("Basketball", "y")]
    club.parse(name="posts", every=True)
    assert published(club, "posts") == [("Art", "x"), ("Basketball", "y")]


def test_a_record_whose_parent_is_gone_comes_with_none(lists: Lists, club: Customer) -> None:
    club.sync()
    lists.by_path["/groups"].pop()
    club.sync("groups")
    club.parse(name="memberships")
    club.parse(name="posts")
    assert published(club) == [("Art", "guest"), ("Art", "lead"), (None, "guest")]
    assert published(club, "posts") == [("Art", "x"), (None, "y")]


def test_an_invalid_record_is_replaced_and_counted_once(lists: Lists, club: Customer) -> None:
    club.sync()
    lists.by_path["/groups/b/posts"] = [{"id": 1, "at": "2026-01-14T00:00:00Z"}]
    lists.by_path["/groups/a/posts"].append({"id": 9, "at": "2026-01-14T00:00:00Z"})
    club.sync()
    report = club.parse(name="posts", every=True)
    assert (report.invalid, report.replaced, report.quarantined) == ({"posts": 2, "groups": 0}, 1, 2)
    assert published(club, "posts") == [("Art", "x"), ("Ball", "y")]


def test_reading_the_parents_twice_counts_an_invalid_one_once(
    lists: Lists, club: Customer, vendor: Vendor, tmp_path: Path
) -> None:
    class Twice(ClubApi):
        streams = (GroupsStream, MembersStream)

        @parser
        def memberships(
            self, members: FullRefresh[MembersStream], groups: FullRefresh[GroupsStream]
        ) -> Iterator[Membership]:
            titles = [group.title for group in groups]
            assert titles == ["Ball"]
            for _ in range(2):
                for member, group in members.with_parents(groups):
                    yield self.membership(member, group)

    del lists.by_path["/groups"][0]["title"]
    customer = Customer(tmp_path, vendor.url, Twice)
    customer.sync()
    report = customer.parse()
    assert (report.read, report.invalid) == ({"groups": 2, "members": 3}, {"groups": 1, "members": 0})
    assert customer.rows("select reason from quarantine where kind = 'invalid'") == [
        {"reason": "title: Field required"}
    ]


def test_records_of_another_stream_are_refused(lists: Lists, club: Customer, vendor: Vendor, tmp_path: Path) -> None:
    class Mixed(ClubApi):
        streams = (GroupsStream, OthersStream, MembersStream)

        @parser
        def wrong(self, members: FullRefresh[MembersStream], others: FullRefresh[OthersStream]) -> Iterator[Membership]:
            yield from (self.membership(*pair) for pair in members.with_parents(others))

        @parser
        def top(self, groups: FullRefresh[GroupsStream]) -> Iterator[Membership]:
            for _ in groups.with_parents(groups):
                yield from ()

        @parser
        def listed(self, members: FullRefresh[MembersStream]) -> Iterator[Membership]:
            yield from (self.membership(*pair) for pair in members.with_parents([]))  # type: ignore[arg-type]

    customer = Customer(tmp_path, vendor.url, Mixed)
    customer.sync()
    messages = {
        "wrong": "with_parents() of members: it was given the records of others, but the parent is groups; give it the "
        "parser's FullRefresh input of groups",
        "top": "with_parents() of groups: the stream has no parent; iterate over it alone",
        "listed": "with_parents() of members: give it the parser's FullRefresh input of groups",
    }
    for name, message in messages.items():
        with pytest.raises(ParseError) as caught:
            customer.parse(name=name)
        assert message in str(caught.value)


def test_by_hand_each_record_is_given_with_its_parent() -> None:
    lead, guest, art = Member(id=1, role="lead"), Member(id=2, role="guest"), Group(id="a", title="Art")
    members = FullRefresh[MembersStream]([lead, guest], parents=[art, None])
    found = list(Club().memberships(members, FullRefresh([art])))
    assert [(item.group, item.role) for item in found] == [("Art", "lead"), (None, "guest")]
    assert list(members) == [lead, guest]
    posts = Club().posts(Incremental([lead], parents=[art]), FullRefresh([]))
    assert [item.group for item in posts] == ["Art"]


def test_by_hand_without_the_parents_says_how_to_give_them() -> None:
    with pytest.raises(TypeError) as caught:
        list(Club().memberships(FullRefresh([Member(id=1, role="x")]), FullRefresh([])))
    assert str(caught.value) == (
        "with_parents() needs the parent of each record; in a test, give them: FullRefresh([member], parents=[group])"
    )
