"""A record that is listed late, but within what is asked for again, is stored (conformance 37).

A request from the mark asks for one unit of the bound's resolution more, so that an API that leaves out the bound lists
the records at it. What else lies there is not known to be stored.
"""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

FIRST = {"id": 1, "at": "2026-02-10T10:00:05Z"}


@pytest.mark.parametrize(
    ("settings", "late"),
    [
        ({"since": "since"}, "2026-02-10T10:00:04Z"),
        ({"since": "since", "until": "until"}, "2026-02-10T10:00:04Z"),
        ({"since": "since", "order": "asc"}, "2026-02-10T10:00:04Z"),
        ({"since": "since", "format": "epoch"}, "2026-02-10T10:00:04.500Z"),
        ({"since": "since", "format": "%Y-%m-%dT%H:%M"}, "2026-02-10T09:59:30Z"),
        ({"since": "since", "format": "%Y-%m-%d"}, "2026-02-10T01:00:00Z"),
        ({}, "2026-02-10T10:00:04Z"),
    ],
    ids=str,
)
def test_37_a_late_record_within_what_is_listed_again_is_stored_once(
    connect: Connect, api: Vendor, settings: dict[str, Any], late: str
) -> None:
    listed = [FIRST]
    api.handler = lambda _: Reply(body={"data": sorted(listed, key=lambda item: str(item["at"]))})
    stream = declare("ChangesStream", Stream[Any], path="/changes", records="data", cursor=Cursor("at", **settings))
    acme = connect(declare("LateIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    listed.append({"id": 2, "at": late})
    assert [acme.sync(stream).records for _ in range(3)] == [1, 0, 0]
    assert (acme.ids(stream), acme.versions(stream)) == ([1, 2], 2)


def test_37_a_sync_with_nothing_new_proves_it_by_the_fingerprint_of_all_that_is_listed_again(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies below the mark, but is listed again, is part of the fingerprint: no stored hash is read."""
    listed = [{"id": 0, "at": "2026-02-10T01:00:00Z"}, FIRST]

    def page(request: ReceivedRequest) -> Reply:
        return Reply(body={"data": [item for item in listed if str(item["at"])[:10] >= param(request, "since")]})

    api.handler = page
    stream = declare(
        "ChangesStream",
        Stream[Any],
        path="/changes",
        records="data",
        cursor=Cursor("at", since="since", format="%Y-%m-%d"),
    )
    acme = connect(declare("LateIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    monkeypatch.setattr("dazz_assets.extract.dedupe.hashes_since", _refuse)
    assert acme.sync(stream).records == 0


def _refuse(*_: object) -> None:
    raise AssertionError("stored hashes were read")
