"""Parsers that join by what a person is called: a recording keeps such values alike, or says which field to declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.errors import RecordingError
from dazz_assets.recording.record_scenario import RecordedScenario, record_scenario
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.recording.shop import KEY, connection_to, write_integration

INTEGRATION = """
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, FullRefresh, Integration, Stream, parser
from dazz_assets.domain import DomainObject


class ClubConfig(ConnectionConfig):
    token: SecretStr


class Member(BaseModel):
    id: str
    handle: str


class Author(BaseModel):
    handle: str


class Review(BaseModel):
    id: str
    author: Author
    likes: dict[str, int] = {}


class Note(BaseModel):
    id: str
    text: str


class Rating(DomainObject):
    member: str
    likes: int


class ReviewsStream(Stream[Review]):
    path = "/reviews"


class NotesStream(Stream[Note]):
    parent = ReviewsStream
    path = "/authors/{parent.author.handle}/notes"


class MembersStream(Stream[Member]):
    path = "/members"
    personal = "handle"


class ClubIntegration(Integration[ClubConfig]):
    base_url = "https://api.club.example"
    records = "items"
    primary_key = "id"
    streams = (ReviewsStream, NotesStream, MembersStream)

    @parser
    def ratings(self, reviews: FullRefresh[ReviewsStream], members: FullRefresh[MembersStream]) -> Iterator[Rating]:
        ids = {member.handle: member.id for member in members}
        for review in reviews:
            handle = review.author.handle
            yield Rating(id=self.object_id(review.id), member=ids[handle], likes=review.likes.get(handle, 0))
"""
WITHOUT_NOTES = INTEGRATION.replace("ReviewsStream, NotesStream, MembersStream", "ReviewsStream, MembersStream")


class Club:
    """`/reviews`, `/members`, and `/authors/<handle>/notes`, which exists for members' handles alone."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {"reviews": [], "members": []}
        self.vendor = Vendor()
        self.vendor.handler = self.answer

    def add(self, handle: str, **review: Any) -> None:
        """Add a member who wrote a review."""
        number = len(self.lists["members"]) + 1
        self.lists["members"].append({"id": f"m{number}", "handle": handle})
        self.lists["reviews"].append({"id": f"r{number}", "author": {"handle": handle}, **review})

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path.startswith("/authors/"):
            handle = asked.path.split("/")[2]
            if handle not in [item["author"]["handle"] for item in self.lists["reviews"]]:
                return Reply(404, {"message": "nobody is called so"})
            return Reply(200, {"items": [{"id": "n-" + handle[-1], "text": "fine"}]})
        return Reply(200, {"items": self.lists[asked.path.strip("/")]})


@pytest.fixture
def club() -> Iterator[Club]:
    club = Club()
    with club.vendor:
        yield club


def record(
    folder: Path, club: Club, text: str, between: Callable[[], object] = lambda: None, records: int | None = 3
) -> RecordedScenario:
    return record_scenario(
        write_integration(folder / "vendor", text, "club.py"),
        connection_to(club.vendor.url, "club"),
        "default",
        key=KEY,
        records=records,
        pages=2 if records else None,
        between=between,
    )


def read_all(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*.json"))


@pytest.mark.parametrize(("handles", "records"), [(("annabel", "bobby"), 3), (("ann", "x1"), None), (("7", "19"), 3)])
def test_a_failed_parser_is_told_which_field_is_no_longer_like_a_declared_one(
    tmp_path: Path, club: Club, handles: tuple[str, ...], records: int | None
) -> None:
    """Words and short values are replaced in their own field only."""
    for handle in handles:
        club.add(handle)
    with pytest.raises(RecordingError) as raised:
        record(tmp_path, club, WITHOUT_NOTES, records=records)
    message = str(raised.value)
    assert message.startswith("the first sync failed, so nothing was recorded: club/test, parser ratings")
    assert message.endswith(
        ". Redaction may be why: `author.handle` of reviews holds values that are replaced as `handle` of members, and "
        "were left, so that the two no longer agree; if they name people, add it to `personal` of ReviewsStream"
    )
    assert "--limit 0" not in message


def test_a_declared_field_joins_again(tmp_path: Path, club: Club) -> None:
    club.add("annabel")
    text = WITHOUT_NOTES.replace('path = "/reviews"', 'path = "/reviews"\n    personal = "author.handle"')
    recorded = record(tmp_path, club, text)
    assert (recorded.objects, recorded.warnings) == ({"ratings": 1}, ())


def test_members_that_are_named_by_a_person_give_a_warning_unless_their_names_are_declared(
    tmp_path: Path, club: Club
) -> None:
    club.add("lee-ann7", likes={"lee-ann7": 3, "guest": 1})
    text = WITHOUT_NOTES.replace('path = "/reviews"', 'path = "/reviews"\n    personal = ("author.handle",)')
    (warning,) = record(tmp_path, club, text).warnings
    assert warning == (
        "`likes.*` of reviews holds values that are replaced as `handle` of members, and were left, so that the two no "
        "longer agree; if they name people, add it to `personal` of ReviewsStream"
    )
    recorded = record(tmp_path / "declared", club, text.replace('("author.handle",)', '("author.handle", "likes.*")'))
    assert recorded.warnings == ()
    files = read_all(recorded.folder)
    assert "lee-ann7" not in files
    assert '"likes": 3' in files


def test_a_recording_does_not_depend_on_which_list_is_read_first(tmp_path: Path, club: Club) -> None:
    """What only a later list calls personal is replaced in earlier ones too, in paths, and in the sync before."""
    club.add("j.doe42")
    club.add("kit-9x")
    kit = club.lists["members"].pop()
    text = INTEGRATION.replace("ids[handle]", 'ids.get(handle, "unknown")')
    recorded = record(tmp_path, club, text, between=lambda: club.lists["members"].append(kit))
    files = read_all(recorded.folder)
    assert "j.doe42" not in files
    assert "kit-9x" not in files
    assert {path.name for path in (recorded.folder / "first").iterdir()} == {
        path.name for path in (recorded.folder / "second").iterdir()
    }
    assert recorded.records == {"reviews": 2, "notes": 2, "members": 2}
    assert recorded.personal == ()
