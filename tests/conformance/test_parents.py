"""Records that belong to parents: keys that hold within a parent only, and fields of parents and grandparents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import DefinitionError, SyncError
from dazz_assets.spec.read import read_integration
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, offset_page
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import ReceivedRequest, Reply, Vendor

START = "2026-02-01T00:00:00Z"


class FleetsStream(Stream[Item]):
    path = "/fleets"


class ShipsStream(Stream[Item]):
    parent = FleetsStream
    path = "/fleets/{parent.id}/ships"
    primary_key = "imo"


class InspectionsStream(Stream[Item]):
    parent = ShipsStream
    path = "/ships/{parent.imo}/inspections"
    primary_key = "no"


class NumberedInspectionsStream(Stream[Item]):
    parent = ShipsStream
    path = "/ships/{parent.imo}/inspections"
    primary_key = ("{parent.imo}", "no")


class VisitsStream(Stream[Item]):
    parent = ShipsStream
    path = "/ships/{parent.imo}/visits"
    primary_key = "no"
    cursor = Cursor("at", since="since")


class NumberedVisitsStream(Stream[Item]):
    parent = ShipsStream
    path = "/ships/{parent.imo}/visits"
    cursor = Cursor("at", since="since")
    primary_key = ("{parent.imo}", "no")


class CrewStream(Stream[Item]):
    parent = ShipsStream
    path = "/fleets/{parent.parent.id}/ships/{parent.imo}/crew"
    params = {"flag": "{parent.parent.flag}"}
    headers = {"X-Fleet": "{parent.parent.name}"}
    primary_key = ("{parent.parent.id}", "{parent.imo}", "no")


class BerthsStream(Stream[Item]):
    parent = CrewStream
    path = "/berths/{parent.parent.parent.id}/{parent.no}"
    primary_key = ("{parent.parent.parent.name}", "{parent.no}", "no")


class WatchesStream(CrewStream):
    path = "/fleets/{parent.parent.id}/ships/{parent.imo}/watches"
    cursor = Cursor("at", since="since")


class FleetApi(CommonIntegration):
    paginator = Offset()


class Fleet(FleetApi):
    streams = (
        FleetsStream,
        ShipsStream,
        InspectionsStream,
        NumberedInspectionsStream,
        VisitsStream,
        NumberedVisitsStream,
        CrewStream,
        BerthsStream,
        WatchesStream,
    )


class Sea:
    """Two fleets with three ships, and the lists of each ship, by path; a number is answered as a status."""

    def __init__(self, api: Vendor) -> None:
        self.lists: dict[str, Any] = {
            "/fleets": [{"id": 1, "name": "north", "flag": "NO"}, {"id": 2, "name": "south", "flag": "PT"}],
            "/fleets/1/ships": [{"imo": "a"}, {"imo": "b"}],
            "/fleets/2/ships": [{"imo": "c"}],
        }
        api.handler = self.answer

    def answer(self, request: ReceivedRequest) -> Reply:
        found = self.lists.get(request.path, [])
        return Reply(found) if isinstance(found, int) else Reply(body=offset_page(found, request, 100))

    def put(self, kind: str, **numbers: list[int]) -> None:
        """Give ships records with these numbers, whose texts differ from ship to ship."""
        for ship, of_ship in numbers.items():
            self.lists[f"/ships/{ship}/{kind}"] = [{"no": no, "of": ship, "at": START} for no in of_ship]


@pytest.fixture
def sea(api: Vendor) -> Sea:
    return Sea(api)


@pytest.fixture
def acme(sea: Sea, connect: Connect) -> Connected:
    acme = connect(Fleet)
    acme.sync(FleetsStream)
    acme.sync(ShipsStream)
    return acme


def keys(acme: Connected, stream: str) -> list[str]:
    return acme.column(f"select key from raw.vendor_{stream} order by key")


def parents(acme: Connected, stream: str) -> list[str]:
    return acme.column(f"select parent from raw.vendor_{stream} order by key")


def test_55_a_key_that_repeats_under_different_parents_is_an_error_that_names_the_fix(
    sea: Sea, acme: Connected
) -> None:
    sea.put("inspections", a=[1, 2, 3], b=[2, 3], c=[3, 4])
    with pytest.raises(SyncError) as caught:
        acme.sync(InspectionsStream)
    assert str(caught.value) == (
        "vendor/acme, stream inspections: 5 records of inspections share 2 keys (`no`) under different ships; set "
        'primary_key = ("{parent.imo}", "no") on InspectionsStream, as only one record of each key would be read (for '
        "example of 2, under a and b). None of them was stored"
    )
    assert acme.versions(InspectionsStream) == 0


def test_55_one_child_under_several_parents_is_an_error_though_its_records_are_equal(sea: Sea, acme: Connected) -> None:
    sea.lists["/ships/a/inspections"] = sea.lists["/ships/c/inspections"] = [{"no": 7}]
    with pytest.raises(SyncError, match=r"2 records of inspections share 1 key \(`no`\) under different ships; set"):
        acme.sync(InspectionsStream)


def test_55_the_error_keeps_what_is_stored(sea: Sea, acme: Connected) -> None:
    sea.put("inspections", a=[1], b=[2])
    acme.sync(InspectionsStream)
    sea.put("inspections", a=[1], b=[1])
    with pytest.raises(SyncError, match="2 records of inspections share 1 key"):
        acme.sync(InspectionsStream)
    assert keys(acme, "inspections") == ["1", "2"]
    assert parents(acme, "inspections") == ["a", "b"]


def test_55_with_the_parent_in_the_key_each_record_is_kept_with_its_parent(sea: Sea, acme: Connected) -> None:
    sea.put("inspections", a=[1, 2], b=[2], c=[2])
    for _ in range(2):
        report = acme.sync(NumberedInspectionsStream)
        assert keys(acme, "numbered_inspections") == ['["a",1]', '["a",2]', '["b",2]', '["c",2]']
        assert parents(acme, "numbered_inspections") == ["a", "a", "b", "c"]
        assert report.problems == report.repeated == 0
    assert acme.versions(NumberedInspectionsStream) == 4


def test_55_an_incremental_stream_is_compared_with_what_earlier_syncs_stored(sea: Sea, acme: Connected) -> None:
    sea.put("visits", a=[1, 2])
    acme.sync(VisitsStream)
    sea.put("visits", b=[2])
    with pytest.raises(SyncError) as caught:
        acme.sync(VisitsStream)
    assert str(caught.value) == (
        "vendor/acme, stream visits: 2 records of visits share 1 key (`no`) under different ships; set "
        'primary_key = ("{parent.imo}", "no") on VisitsStream, as only one record of each key would be read (for '
        "example of 2, under a and b). None of them was stored. If records move from one to another, fetch them all "
        "again with --refetch"
    )
    assert keys(acme, "visits") == ["1", "2"]
    assert parents(acme, "visits") == ["a", "a"]


def test_55_a_record_that_moved_is_taken_by_a_refetch(sea: Sea, acme: Connected) -> None:
    sea.put("visits", a=[1, 2])
    acme.sync(VisitsStream)
    sea.put("visits", a=[1], b=[2])
    with pytest.raises(SyncError, match="--refetch"):
        acme.sync(VisitsStream)
    acme.sync_range(VisitsStream, replace=True)
    assert parents(acme, "visits") == ["a", "b"]
    assert acme.sync(VisitsStream).records == 0


def test_55_a_record_that_came_from_a_parent_that_is_gone_moved(sea: Sea, acme: Connected) -> None:
    sea.put("visits", a=[1, 2])
    acme.sync(VisitsStream)
    sea.lists["/fleets/1/ships"] = [{"imo": "b"}]
    sea.lists["/ships/b/visits"] = [{"no": 2, "at": "2026-02-02T00:00:00Z"}]
    acme.sync(ShipsStream)
    acme.sync(VisitsStream)
    assert parents(acme, "visits") == ["a", "b"]


def test_55_an_incremental_stream_fails_at_the_first_sync_and_not_when_its_key_names_the_parent(
    sea: Sea, acme: Connected
) -> None:
    sea.put("visits", a=[1, 2], c=[2])
    with pytest.raises(SyncError, match=r"2 records of visits share 1 key .*None of them was stored$"):
        acme.sync(VisitsStream)
    assert acme.versions(VisitsStream) == 0
    acme.sync(NumberedVisitsStream)
    assert acme.sync(NumberedVisitsStream).records == 0
    assert keys(acme, "numbered_visits") == ['["a",1]', '["a",2]', '["c",2]']


def test_55_a_key_that_names_another_field_of_the_parent_is_compared_too(
    sea: Sea, acme: Connected, connect: Connect
) -> None:
    class ByTypeStream(Stream[Item]):
        name = "inspections"
        parent = ShipsStream
        path = "/ships/{parent.imo}/inspections"
        primary_key = ("{parent.type}", "no")

    class ByType(FleetApi):
        streams = (FleetsStream, ShipsStream, ByTypeStream)

    sea.lists["/fleets/1/ships"] = [{"imo": "a", "type": "tug"}, {"imo": "b", "type": "tug"}]
    sea.put("inspections", a=[1], b=[1])
    again = connect(ByType)
    again.sync(ShipsStream)
    with pytest.raises(
        SyncError, match=r'share 1 key .* set primary_key = \("\{parent.imo\}", "\{parent.type\}", "no"\)'
    ):
        again.sync(ByTypeStream)


def test_55_a_record_whose_parent_lacks_the_field_has_no_key(sea: Sea, acme: Connected, connect: Connect) -> None:
    class ByCallSignStream(Stream[Item]):
        name = "inspections"
        parent = ShipsStream
        path = "/ships/{parent.imo}/inspections"
        primary_key = ("{parent.sign}", "no")

    class ByCallSign(FleetApi):
        streams = (FleetsStream, ShipsStream, ByCallSignStream)

    sea.lists["/fleets/1/ships"] = [{"imo": "a", "sign": "LA1"}, {"imo": "b", "sign": None}]
    sea.put("inspections", a=[1], b=[1])
    again = connect(ByCallSign)
    again.sync(ShipsStream)
    report = again.sync(ByCallSignStream)
    assert report.problems == 1
    assert [key.partition(":")[0] for key in keys(again, "inspections")] == ['["LA1",1]', "content"]

    sea.lists["/fleets/1/ships"] = [{"imo": "a"}, {"imo": "b"}]
    again.sync(ShipsStream)
    with pytest.raises(SyncError) as caught:
        again.sync(ByCallSignStream)
    assert str(caught.value) == (
        "vendor/acme, stream inspections: none of the 2 records received has a key: {parent.sign} has no value in the "
        "parent's record. Correct `primary_key` of ByCallSignStream"
    )


def test_55_a_grandparents_fields_are_in_path_params_headers_and_key(sea: Sea, acme: Connected, api: Vendor) -> None:
    sea.lists["/fleets/1/ships/a/crew"] = sea.lists["/fleets/2/ships/c/crew"] = [{"no": 5}]
    api.requests.clear()
    acme.sync(CrewStream)
    asked = {request.path: (request.query["flag"], request.headers["X-Fleet"]) for request in api.requests}
    assert asked == {
        "/fleets/1/ships/a/crew": (["NO"], "north"),
        "/fleets/1/ships/b/crew": (["NO"], "north"),
        "/fleets/2/ships/c/crew": (["PT"], "south"),
    }
    assert keys(acme, "crew") == ['["1","a",5]', '["2","c",5]']
    sea.lists["/berths/1/5"] = sea.lists["/berths/2/5"] = [{"no": 0}]
    acme.sync(BerthsStream)
    assert keys(acme, "berths") == ['["north","5",0]', '["south","5",0]']
    assert parents(acme, "berths") == ['["1","a",5]', '["2","c",5]']


def test_55_a_grandparent_that_changed_is_read_again_and_the_marks_stay(sea: Sea, acme: Connected, api: Vendor) -> None:
    sea.lists["/fleets/1/ships/a/watches"] = [{"no": 5, "at": START}]
    acme.sync(WatchesStream)
    acme.sync(WatchesStream)
    sea.lists["/fleets"][0]["name"] = "east"
    acme.sync(FleetsStream)
    api.requests.clear()
    acme.sync(WatchesStream)
    asked = next(request for request in api.requests if "/ships/a/" in request.path)
    assert asked.headers["X-Fleet"] == "east"
    assert asked.query["since"] == ["2026-01-31T23:59:59Z"]


def test_55_a_field_that_a_changed_declaration_needs_is_read_though_the_parents_are_unchanged(
    sea: Sea, acme: Connected, connect: Connect
) -> None:
    class NamedVisitsStream(Stream[Item]):
        name = "visits"
        parent = ShipsStream
        path = "/ships/{parent.imo}/visits"
        cursor = Cursor("at", since="since")
        primary_key = ("{parent.parent.name}", "{parent.imo}", "no")

    class Renamed(FleetApi):
        streams = (FleetsStream, ShipsStream, NamedVisitsStream)

    sea.put("visits", a=[1])
    acme.sync(VisitsStream)
    connect(Renamed).sync(NamedVisitsStream)
    assert keys(acme, "visits") == ['["north","a",1]']


def test_55_a_key_that_repeats_in_one_list_is_a_warning_with_the_setting(sea: Sea, acme: Connected) -> None:
    sea.lists["/fleets"] = [{"id": 1, "name": "x"}, {"id": 1, "name": "y"}, {"id": 2, "name": "z"}]
    report = acme.sync(FleetsStream)
    assert report.warnings == [
        "1 record has the key (`id`) of an earlier one, so only one of each is read; set `primary_key` of "
        "FleetsStream to paths that together are different in each record"
    ]
    assert report.repeated == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"path": "/x", "primary_key": ("{parent.id}", "no")},
            "`primary_key` uses {parent.id}, but the stream has no parent; set `parent`",
        ),
        (
            {"parent": FleetsStream, "path": "/x/{parent.id}", "primary_key": "{parent.id}"},
            "`primary_key` names only the parent, so all records of one parent would have the same key; add a path of "
            'the record: `primary_key = ("{parent.id}", "id")`',
        ),
        (
            {"parent": FleetsStream, "path": "/x/{parent.id}", "primary_key": ("{config.token}", "no")},
            "`primary_key` has the term '{config.token}'; give paths of the record, and whole terms such as "
            '"{parent.id}" for fields of its parent\'s',
        ),
        (
            {"parent": FleetsStream, "path": "/x/{parent.id}", "primary_key": ("x-{parent.id}", "no")},
            "`primary_key` has the term 'x-{parent.id}'; give paths of the record, and whole terms such as "
            '"{parent.id}" for fields of its parent\'s',
        ),
        (
            {"parent": FleetsStream, "path": "/x/{parent.id}/{parent.parent.id}"},
            "`path` uses {parent.parent.id}, but FleetsStream has no parent; {parent.x} is a field of the record of "
            "FleetsStream, and each further `parent` is one generation up: leave one out, or set `parent` there",
        ),
        (
            {"parent": FleetsStream, "path": "/x/{parent.id}", "primary_key": ("{parent.parent.id}", "no")},
            "`primary_key` uses {parent.parent.id}, but FleetsStream has no parent; {parent.x} is a field of the "
            "record of FleetsStream, and each further `parent` is one generation up: leave one out, or set `parent` "
            "there",
        ),
        (
            {"parent": ShipsStream, "path": "/x/{parent.parent.id}"},
            "it is fetched once for each record of ships, but its requests use only {parent.parent.id}, so they are "
            "the same for all that share a parent; use {parent.id}, or another field of the parent's own record, in "
            "`path` or `params`",
        ),
    ],
)
def test_55_a_term_of_an_ancestor_that_there_is_not_is_refused_at_load(settings: dict[str, Any], message: str) -> None:
    wrong = type("WrongStream", (Stream,), settings)
    integration = type("Wrong", (CommonIntegration,), {"streams": (FleetsStream, ShipsStream, wrong)})
    with pytest.raises(DefinitionError) as caught:
        read_integration(integration)
    assert str(caught.value) == f"Wrong: WrongStream: {message}"


def test_55_raw_views_show_the_parent(sea: Sea, acme: Connected) -> None:
    sea.put("inspections", a=[1])
    acme.sync(InspectionsStream)
    assert parents(acme, "inspections") == ["a"]
    assert parents(acme, "fleets") == [None, None]
    assert json.loads(acme.texts(InspectionsStream)[0]) == {"no": 1, "of": "a", "at": START}
