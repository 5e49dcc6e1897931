"""Records are stored as sent, quarantined if they are invalid, and kept apart by connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel

from dazz_assets import BearerToken, FullRefresh, Offset, Stream, parser
from dazz_assets.domain import DomainObject
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.http.loopback import Clock, Reply, Vendor


class VendorIntegration(CommonIntegration):
    auth = BearerToken("{config.token}")
    paginator = Offset()
    streams = (ItemsStream,)


STRANGE = [
    '{"id": 1, "n": 123456789012345678901234567890}',
    '{"id": 2, "n": 1.0}',
    '{"id": 3, "n": 1e400}',
    '{"id": 4, "n": 1.10}',
    r'{"id": 5, "s": "\ud800", "n": 1.10,  "e": 1e400}',
    '{"id": 6, "a": 1, "a": 2}',
    '{"id": 7, "s": "a\u2028b"}',
    r'{"id": 8, "s": "\u0041\/"}',
    '{ "id" :9 ,\n "s":  null}',
    '{"z": 1, "id": 10, "a": -0}',
    '{"id": 11, "s": "\U0001f600"}',
    f'{{"id": 12, "n": {"7" * 5000}}}',
    f'{{"id": 13, "l": {"[" * 900}{"]" * 900}}}',
]


@pytest.mark.parametrize("text", STRANGE, ids=range(1, len(STRANGE) + 1))
def test_45_the_raw_text_is_what_was_sent_byte_for_byte(connect: Connect, api: Vendor, text: str) -> None:
    api.script(Reply(body=f'[{{"id": 0}}, {text}]'.encode()), Reply(body=b"[]"))
    acme = connect(VendorIntegration)
    acme.sync(ItemsStream)
    assert acme.texts(ItemsStream) == ['{"id": 0}', text]


class Sensor(BaseModel):
    id: int
    degrees: int


class TolerantSensor(BaseModel):
    id: int
    degrees: int | None


class Reading(DomainObject):
    degrees: int | None


class SensorsStream(Stream[Sensor]):
    path = "/sensors"


class TolerantSensorsStream(Stream[TolerantSensor]):
    name = "sensors"
    path = "/sensors"


class StationIntegration(CommonIntegration):
    name = "station"
    paginator = Offset()
    streams = (SensorsStream,)

    @parser
    def readings(self, sensors: FullRefresh[SensorsStream]) -> Iterator[Reading]:
        for sensor in sensors:
            yield Reading(id=self.object_id(sensor.id), degrees=sensor.degrees)


class FixedIntegration(CommonIntegration):
    name = "station"
    paginator = Offset()
    streams = (TolerantSensorsStream,)

    @parser
    def readings(self, sensors: FullRefresh[TolerantSensorsStream]) -> Iterator[Reading]:
        for sensor in sensors:
            yield Reading(id=self.object_id(sensor.id), degrees=sensor.degrees)


def test_46_one_invalid_record_among_a_thousand_is_quarantined_and_parsed_after_the_fix(
    connect: Connect, api: Vendor
) -> None:
    sensors = [{"id": number, "degrees": None if number == 500 else number} for number in range(1000)]
    api.handler = lambda request: Reply(body=offset_page(sensors, request, 1000))
    acme = connect(StationIntegration)
    acme.sync(SensorsStream)
    report = acme.parse("readings")
    assert (report.objects, report.invalid) == (999, {"sensors": 1})
    assert acme.column("select key from quarantine") == ["500"]
    assert "degrees" in acme.column("select reason from quarantine")[0]

    api.requests.clear()
    fixed = connect(FixedIntegration)
    assert fixed.parse("readings").objects == 1000
    assert fixed.column("select count(*) from readings") == [1000]
    assert fixed.column("select count(*) from quarantine") == [0]
    assert api.requests == []


def test_47_a_hostile_vendor_of_one_connection_does_not_affect_another(
    connect: Connect, api: Vendor, elsewhere: Vendor, clock: Clock
) -> None:
    hostile_clock = Clock(clock.now)
    cookies = {"Set-Cookie": "session=stolen", "X-RateLimit-Remaining": "0", "Retry-After": "500"}
    elsewhere.script(Reply(429, headers=cookies), Reply(body=items(666), headers=cookies), Reply(500))
    api.handler = lambda request: Reply(body=offset_page(items(*range(40)), request, 2))
    good = connect(VendorIntegration, id_="good")
    bad = connect(VendorIntegration, id_="bad", api=elsewhere, clock=hostile_clock)
    with ThreadPoolExecutor(2) as pool:
        synced, failed = pool.submit(good.sync, ItemsStream), pool.submit(bad.sync, ItemsStream)
        report = synced.result()
        with pytest.raises(SyncError, match=r"vendor/bad.*500"):
            failed.result()
    assert (report.records, report.retries, clock.slept) == (40, 0, 0)
    assert good.ids(ItemsStream) == list(range(40))
    assert hostile_clock.slept >= 500
    assert all("Cookie" not in request.headers for request in [*api.requests, *elsewhere.requests])
    assert good.column("select distinct connection from raw.vendor_items") == ["good"]


def test_47_two_connections_with_the_same_record_ids_keep_their_own_records(
    connect: Connect, api: Vendor, elsewhere: Vendor
) -> None:
    def named(name: str) -> list[dict[str, object]]:
        return [{"id": number, "of": name} for number in range(3)]

    api.handler = lambda request: Reply(body=offset_page(named("one"), request, 5))
    elsewhere.handler = lambda request: Reply(body=offset_page(named("two"), request, 5))
    one, two = connect(VendorIntegration, id_="one"), connect(VendorIntegration, id_="two", api=elsewhere)
    one.sync(ItemsStream)
    two.sync(ItemsStream)
    assert one.records(ItemsStream) == named("one")
    assert two.records(ItemsStream) == named("two")
    assert json.loads(one.texts(ItemsStream)[0]) == {"id": 0, "of": "one"}
