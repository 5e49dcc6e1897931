"""All streams of a connection are tried, each with few requests, and what one lacks is told in the vendor's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, FullRefresh, Integration, Rate, Stream, parser
from dazz_assets.assistant.stream_checks import ConnectionRefused, StreamCheck, check_streams
from dazz_assets.connections import Connection
from dazz_assets.domain import DomainObject
from dazz_assets.lake import Lake
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

TOKEN = "canary-77e0"
Answer = Callable[[ReceivedRequest], Reply]


class Config(ConnectionConfig):
    token: SecretStr


class TeamsStream(Stream):
    path = "/teams"
    permissions = ("Teams: read",)


class MembersStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/members"
    permissions = ("Members: read", "Profiles: read")


class BadgesStream(Stream):
    parent = MembersStream
    path = "/badges/{parent.parent.id}/{parent.id}"


class GuestsStream(Stream):
    parent = TeamsStream
    path = "/teams/{parent.id}/guests"


class AlertsStream(Stream):
    path = "/alerts"
    cursor = Cursor("at", since="since")
    permissions = ("Alerts: read",)


def integration(*streams: type[Stream[Any]], **settings: Any) -> type[Integration[Any]]:
    given = {
        "base_url": "https://teams.example",
        "auth": BearerToken("{config.token}"),
        "primary_key": "id",
        "streams": streams,
        **settings,
    }
    return declare("TeamsIntegration", Integration[Config], **given)


@pytest.fixture
def api() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


Check = Callable[..., list[StreamCheck]]


@pytest.fixture
def check(api: Vendor, tmp_path: Path) -> Check:
    """Checks an integration against the API, which answers with these replies by path, or with an empty list."""

    def run(
        integration: type[Integration[Any]],
        replies: dict[str, Reply] | None = None,
        names: list[str] | None = None,
        url: str = "",
    ) -> list[StreamCheck]:
        given = replies or {}
        api.handler = lambda asked: given.get(asked.path, given.get("*", Reply(body=[])))
        spec = read_integration(integration)
        config = {"token": TOKEN, "base_url": url or api.url}
        connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
        session = Session(spec, connection, Lake(tmp_path / "lake"), sleep=lambda _: None)
        found = check_streams(session, names)
        assert not (tmp_path / "lake").exists()
        return found

    return run


def outcomes(checks: list[StreamCheck]) -> dict[str, str]:
    return {each.name: each.outcome for each in checks}


def paths(api: Vendor) -> list[str]:
    return [request.path for request in api.requests]


def test_parents_are_fetched_once_for_all_streams_below_them(api: Vendor, check: Check) -> None:
    streams = (TeamsStream, MembersStream, GuestsStream, BadgesStream)
    found = check(
        integration(*streams),
        {
            "/teams": Reply(body=[{"id": "t1"}, {"id": "t2"}, {"id": "t3"}]),
            "/teams/t1/members": Reply(body=[]),
            "/teams/t2/members": Reply(body=[{"id": "m1"}, {"id": "m2"}]),
            "/badges/t2/m1": Reply(body=[{"id": "b1"}]),
        },
    )
    assert {each.name: (each.outcome, each.records, each.requests) for each in found} == {
        "teams": ("works", 3, 1),
        "members": ("works", 2, 2),
        "guests": ("works", 0, 3),
        "badges": ("works", 1, 1),
    }
    assert paths(api).count("/teams") == 1


def test_a_refusal_keeps_no_other_stream_from_being_tried(api: Vendor, check: Check) -> None:
    refused = Reply(403, {"message": "Resource not accessible by this token"})
    found = check(integration(TeamsStream, MembersStream, AlertsStream), {"/teams": refused})
    assert outcomes(found) == {"teams": "refused", "members": "untried", "alerts": "works"}
    teams, members, _ = found
    assert teams.needs == ("Teams: read",)
    assert "Resource not accessible by this token" in teams.reason
    assert members.reason == "there is no record of teams to ask for it with"
    assert paths(api) == ["/teams", "/alerts"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"error": {"code": "missing_scope"}}),
        Reply(200, {"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}], "data": None}),
        Reply(200, {"errors": [{"message": "User unauthorized to perform action"}]}),
        Reply(200, {"error_code": "UserUnauthorizedException", "error_message": "no"}),
    ],
)
def test_what_is_a_refusal(check: Check, reply: Reply) -> None:
    alerts = declare("AlertsStream", AlertsStream, cursor=None)
    teams, alerts_check = check(integration(TeamsStream, alerts), {"/teams": Reply(body=[]), "/alerts": reply})
    assert (teams.outcome, alerts_check.outcome, alerts_check.needs) == ("works", "refused", ("Alerts: read",))
    assert "The stream needs `Alerts: read`." in alerts_check.reason


@pytest.mark.parametrize("reply", [Reply(400, {"message": "limit is too large"}), Reply(200, {"error": "bad filter"})])
def test_what_is_another_failure(check: Check, reply: Reply) -> None:
    (found,) = check(integration(AlertsStream), {"/alerts": reply})
    assert (found.outcome, found.needs) == ("failed", ())
    assert "Alerts: read" not in found.reason


def test_a_header_names_the_permission_that_is_missing(check: Check) -> None:
    said = {"X-Needed-Permissions": f"alerts=read; {TOKEN}"}
    noted = integration(
        AlertsStream, permissions_header="x-needed-permissions", permissions_url="https://teams.example/permissions"
    )
    (found,) = check(noted, {"/alerts": Reply(403, {}, headers=said)})
    assert found.needs == ("alerts=read; ***",)
    assert found.reason.endswith(
        "The stream needs `Alerts: read`. The header x-needed-permissions names `alerts=read; ***`. "
        "See https://teams.example/permissions."
    )


def test_what_accept_skips_is_told_with_its_reason(check: Check) -> None:
    skipping = declare("AlertsStream", AlertsStream, accept={(403, "disabled"): "skip"})
    reply = Reply(403, {"message": "Alerts are disabled here"})
    (found,) = check(integration(skipping), {"/alerts": reply})
    assert (found.outcome, found.is_problem, found.needs) == ("skipped", False, ("Alerts: read",))
    assert "Alerts are disabled here" in found.reason


def test_parents_that_may_not_be_read_neither_hide_one_that_may_nor_are_hidden(check: Check) -> None:
    replies = {
        "/teams": Reply(body=[{"id": "t1"}, {"id": "t2"}]),
        "/teams/t1/members": Reply(403, {"message": "not yours"}),
        "/teams/t2/members": Reply(body=[{"id": "m1"}]),
    }
    _, members = check(integration(TeamsStream, MembersStream), replies)
    assert (members.outcome, members.is_problem, members.records, members.requests) == ("partly", False, 1, 2)
    assert members.needs == ("Members: read", "Profiles: read")
    assert members.reason.startswith("refused for 1 record of teams: teams/acme, stream members: GET ")
    assert "/teams/t1/members: 403 Forbidden. The vendor says: not yours." in members.reason


def test_the_check_stream_is_tried_for_all_parents_since_each_may_be_an_account_of_its_own(check: Check) -> None:
    replies = {
        "/teams": Reply(body=[{"id": f"t{number}"} for number in range(8)]),
        "/teams/t0/members": Reply(body=[{"id": "m1"}]),
        "/teams/t7/members": Reply(403, {"message": "not yours"}),
    }
    declared = integration(TeamsStream, MembersStream, GuestsStream, BadgesStream, check=MembersStream)
    _, members, guests, _ = check(declared, replies)
    assert (members.outcome, members.records, members.requests) == ("partly", 1, 8)
    assert "/teams/t7/members: 403 Forbidden" in members.reason
    assert (guests.outcome, guests.requests) == ("works", 5)
    assert outcomes(check(declared, replies, ["guests"])) == {"guests": "works"}
    assert outcomes(check(declared, replies, ["badges"])) == {"members": "partly", "badges": "works"}


def test_a_wrong_token_is_told_once(api: Vendor, check: Check) -> None:
    several = [declare(f"S{number}Stream", Stream, path=f"/s{number}") for number in range(6)]
    with pytest.raises(ConnectionRefused, match="Check the connection's credentials"):
        check(integration(*several), {"*": Reply(401, {"message": "Bad credentials"})})
    assert len(api.requests) == 2


def test_a_401_of_one_stream_is_its_own(check: Check) -> None:
    refused = Reply(401, {"message": "Requires another login"})
    found = check(integration(TeamsStream, AlertsStream), {"/teams": Reply(body=[]), "/alerts": refused})
    assert outcomes(found) == {"teams": "works", "alerts": "refused"}


def test_an_address_that_can_not_be_reached_is_told_once(check: Check) -> None:
    with pytest.raises(ConnectionRefused, match=r"127\.0\.0\.1:1"):
        check(integration(TeamsStream, AlertsStream), url="http://127.0.0.1:1")


def test_a_client_that_can_not_be_made_is_told_once(check: Check) -> None:
    def connect(self: Integration[Any]) -> None:
        raise LookupError("no profile of that name")

    def pages(cls: type, client: object, params: object) -> Iterator[object]:
        yield []

    streams = [declare(f"S{number}Stream", Stream, pages=classmethod(pages)) for number in range(3)]
    with pytest.raises(ConnectionRefused, match="no profile of that name"):
        check(integration(*streams, base_url="", auth=None, connect=connect))


def test_a_fact_that_fails_keeps_all_streams_from_being_tried_as_a_sync_of_each_fetches_it(
    api: Vendor, check: Check
) -> None:
    of_me = declare("MineStream", Stream, path="/of/{facts.me.id}")
    noted = integration(of_me, AlertsStream, facts={"me": "/myself"})
    found = check(noted, {"/myself": Reply(403, {"message": "no profile scope"})})
    assert outcomes(found) == {"fact me": "refused", "mine": "untried", "alerts": "untried"}
    assert {each.reason for each in found[1:]} == {"the fact me comes first, and could not be fetched"}
    assert paths(api) == ["/myself"]
    found = check(noted, {"/myself": Reply(body={"id": 7}), "/of/7": Reply(body=[{"id": 1}])})
    assert outcomes(found) == {"fact me": "works", "mine": "works", "alerts": "works"}


def test_a_wrong_token_that_only_a_fact_tells_of_is_told_once(api: Vendor, check: Check) -> None:
    noted = integration(TeamsStream, AlertsStream, facts={"me": "/myself"})
    with pytest.raises(ConnectionRefused, match=r"/myself: 401 Unauthorized"):
        check(noted, {"/myself": Reply(401, {"message": "Client must be authenticated"})})
    assert paths(api) == ["/myself"]


class OfTeamConfig(Config):
    team: str = "reds"


class PlansStream(Stream):
    path = "/of/{config.team}/plans"
    permissions = ("Plans: read",)


class GoalsStream(Stream):
    path = "/of/{config.team}/goals"


def test_what_was_not_found_is_told_with_the_config_that_its_address_is_made_of(check: Check) -> None:
    settings = {"base_url": "https://teams.example", "auth": BearerToken("{config.token}"), "primary_key": "id"}
    streams = (PlansStream, GoalsStream, TeamsStream, MembersStream)
    declared = declare("TeamsIntegration", Integration[OfTeamConfig], streams=streams, **settings)
    nowhere = Reply(404, {"message": "Not Found"})
    replies = {"/of/reds/plans": nowhere, "/of/reds/goals": nowhere, "/teams": Reply(body=[{"id": "t1"}])}
    plans, goals, _, members = check(declared, {**replies, "/teams/t1/members": nowhere})
    assert (plans.outcome, plans.is_problem, plans.needs) == ("not found", True, ("Plans: read",))
    assert (
        "404 Not Found. The vendor says: Not Found. What the address names was not found: check `config.base_url` and "
        "`config.team`, and that the credentials may see it (many vendors answer 404 if not). The stream needs "
        "`Plans: read`."
    ) in plans.reason
    assert (goals.outcome, goals.cause) == ("not found", plans.cause)
    assert members.outcome == "not found"
    assert "`config." not in members.reason  # Its team was found there.
    assert members.cause != plans.cause


class Waiting(Progress):
    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        self.told.append((seconds, reason))


def test_what_fails_for_now_is_tried_again_for_half_a_minute_in_all_and_each_wait_is_shown(
    api: Vendor, tmp_path: Path
) -> None:
    api.handler = lambda asked: Reply(body=[]) if asked.path == "/teams" else Reply(500, {"message": "broken"})
    spec = read_integration(integration(TeamsStream, *(declare(f"S{n}Stream", Stream, path=f"/s{n}") for n in "123")))
    connection = Connection(
        id="acme", integration=spec.name, start=date(2026, 1, 5), config={"token": TOKEN, "base_url": api.url}
    )
    clock, progress = Clock(), Waiting()
    session = Session(
        spec,
        connection,
        Lake(tmp_path / "lake"),
        progress=progress,
        now=lambda: datetime.fromtimestamp(clock.now, UTC),
        sleep=clock.sleep,
    )
    found = check_streams(session)
    assert outcomes(found) == {"teams": "works", "s1": "failed", "s2": "failed", "s3": "failed"}
    assert len({each.cause for each in found[1:]}) == 1
    assert 10 < sum(seconds for seconds, _ in progress.told) <= 30
    assert {reason for _, reason in progress.told} == {"500 Internal Server Error. The vendor says: broken."}


@pytest.mark.parametrize("pause", [10, 60])
def test_a_check_of_a_limit_that_stays_closed_ends_within_half_a_minute(
    api: Vendor, tmp_path: Path, pause: float
) -> None:
    answers = {"/teams": Reply(body=[{"id": "t1"}, {"id": "t2"}])}
    api.handler = lambda asked: answers.get(asked.path, Reply(429, {"message": "slow down"}))
    streams = (TeamsStream, MembersStream, GuestsStream, AlertsStream)
    spec = read_integration(integration(*streams, rate=Rate(100, per=60, pause=pause)))
    connection = Connection(
        id="acme", integration=spec.name, start=date(2026, 1, 5), config={"token": TOKEN, "base_url": api.url}
    )
    clock = Clock()
    began = clock.now
    session = Session(
        spec,
        connection,
        Lake(tmp_path / "lake"),
        now=lambda: datetime.fromtimestamp(clock.now, UTC),
        sleep=clock.sleep,
    )
    found = check_streams(session)
    assert clock.now - began < 35
    assert outcomes(found) == {"teams": "works", "members": "failed", "guests": "failed", "alerts": "failed"}
    for each in found[1:]:
        assert "429 Too Many Requests. The vendor says: slow down" in each.reason
        assert "nothing should be sent for the `pause` of the rate, which is longer than is waited here" in each.reason


def test_some_streams_with_what_they_depend_on(api: Vendor, check: Check) -> None:
    streams = (TeamsStream, MembersStream, AlertsStream)
    found = check(integration(*streams), {"/teams": Reply(body=[{"id": "t1"}])}, ["members"])
    assert outcomes(found) == {"members": "works"}
    assert paths(api) == ["/teams", "/teams/t1/members"]
    found = check(integration(*streams), {"/teams": Reply(403, {})}, ["members"])
    assert outcomes(found) == {"teams": "refused", "members": "untried"}


class ProfilesStream(Stream):
    path = "/profiles"
    accept = {200: "keep"}
    permissions = ("Profiles: read", "Photos: read")


@pytest.mark.parametrize(
    ("error", "outcome", "needs"),
    [
        ("photo: Access Denied", "partly", ("Profiles: read", "Photos: read")),
        ("photo: AccessDeniedException", "partly", ("Profiles: read", "Photos: read")),
        ("photo: missing scope photos", "partly", ("Profiles: read", "Photos: read")),
        ("photo: could not be resized", "works", ()),
    ],
)
def test_records_of_which_a_part_is_refused_are_told_with_the_permissions(
    check: Check, error: str, outcome: str, needs: tuple[str, ...]
) -> None:
    page = Reply(body={"items": [{"id": "p1"}], "errors": [{"message": error}]})
    [found] = check(integration(ProfilesStream, records="items"), {"/profiles": page})
    assert (found.outcome, found.needs, found.records, found.is_problem) == (outcome, needs, 1, False)
    assert (error in found.reason) == (outcome == "partly")
    assert any(error in text for text in found.warnings)


class Member(BaseModel):
    id: str
    name: str


class SeenOnlyStream(Stream[Member]):
    path = "/seen"


class ReadStream(Stream[Member]):
    path = "/read"


class Person(DomainObject):
    name: str


def people(self: Any, read: FullRefresh[ReadStream]) -> Iterator[Person]:
    yield from ()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"primary_key": "uid"}, "none of the 2 records received has a key at `uid`: they have id, at; did you mean"),
        (
            {"cursor": Cursor("updated", since="since")},
            "none of the 2 records received has a cursor at `updated`: they have id, at. Correct `cursor` of",
        ),
        ({"cursor": Cursor("id", since="since")}, "the cursor at id is not a time"),
    ],
)
def test_a_page_without_keys_or_cursors_fails_as_a_sync_does(check: Check, settings: dict[str, Any], told: str) -> None:
    stream = declare("AlertsStream", Stream, path="/alerts", **settings)
    records = [{"id": "x1", "at": "2026-01-05T00:00:00Z"}, {"id": "x2", "at": "2026-01-06T00:00:00Z"}]
    (found,) = check(integration(stream), {"/alerts": Reply(body=records)})
    assert found.outcome == "failed"
    assert found.is_problem
    assert told in found.reason
    assert found.reason.startswith("teams/acme, stream alerts: ")


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ([{"id": "1"}, {"id": "2"}], "failed"),
        ([{"id": "1"}, {"id": "2"}, {"id": "3", "name": "Ann"}], "failed"),
        ([{"id": "1"}, {"id": "2", "name": "Ann"}], "works"),
        ([{"id": "1"}], "works"),
    ],
)
def test_a_model_that_takes_too_few_records_fails_if_a_parser_reads_it(
    check: Check, records: list[dict[str, str]], outcome: str
) -> None:
    declared = integration(ReadStream, SeenOnlyStream, people=parser(people))
    read, seen = check(declared, {"*": Reply(body=records)})
    assert (read.outcome, seen.outcome) == (outcome, "works")
    told = f"Member does not take {sum('name' not in each for each in records)} of {len(records)} record"
    assert told in (read.reason if outcome == "failed" else read.warnings[0])
    assert "name: Field required" in seen.warnings[0]


def test_misspelt_sensitive_paths_are_one_warning(check: Check) -> None:
    stream = declare("AlertsStream", Stream, path="/alerts", sensitive=("noet", "Id_", "secret"))
    (found,) = check(integration(stream), {"/alerts": Reply(body=[{"id": "1", "note": "canary"}])})
    assert found.outcome == "works"
    told = "AlertsStream.sensitive: no record has `noet` (did you mean `note`?), `Id_` (did you mean `id`?)"
    assert found.warnings == (told,)


class SlugsStream(Stream):
    parent = TeamsStream
    path = "/slugs/{parent.slug}"


def test_a_parent_without_a_field_of_the_request_is_passed_over_as_in_a_sync(api: Vendor, check: Check) -> None:
    declared = integration(TeamsStream, SlugsStream)
    teams = [{"id": "t1"}, {"id": "t2", "slug": "two"}]
    found = check(declared, {"/teams": Reply(body=teams), "/slugs/two": Reply(body=[{"id": "s"}])})
    assert outcomes(found) == {"teams": "works", "slugs": "works"}
    found = check(declared, {"/teams": Reply(body=teams[:1])})
    assert outcomes(found) == {"teams": "works", "slugs": "failed"}
    assert found[1].reason.startswith("teams/acme, stream slugs: {parent.slug} has no value in a record of teams")


def test_the_check_stream_is_tried_first_so_that_a_wrong_token_is_told_by_it(api: Vendor, check: Check) -> None:
    declared = integration(AlertsStream, TeamsStream, GuestsStream, check=GuestsStream)
    check(declared, {"/teams": Reply(body=[{"id": "t1"}])})
    assert paths(api) == ["/teams", "/teams/t1/guests", "/alerts"]
    with pytest.raises(ConnectionRefused, match=r"/teams: 401 Unauthorized"):
        check(declared, {"*": Reply(401)})
