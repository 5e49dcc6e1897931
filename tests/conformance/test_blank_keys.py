"""A key that is blank names no record: those that have one replace no other (conformance 87)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class LabelsStream(Stream[Any]):
    path = "/labels"


class LabelsIntegration(CommonIntegration):
    streams = (LabelsStream,)


def labels(*names: Any, **beside: Any) -> Reply:
    return Reply(
        body=[{"name": name, "n": n, "at": f"2026-02-0{n + 1}T00:00:00Z", **beside} for n, name in enumerate(names)]
    )


@pytest.mark.parametrize("blank", ["", " ", "\t", " \n "])
@pytest.mark.parametrize("cursor", [None, Cursor("at")])
def test_87_records_with_a_blank_key_are_kept_apart_and_quarantined(
    connect: Connect, api: Vendor, blank: str, cursor: Cursor | None
) -> None:
    stream = declare("LabelsStream", LabelsStream, primary_key="name", cursor=cursor)
    acme = connect(declare("LabelsIntegration", LabelsIntegration, streams=(stream,)))
    api.script(labels("red", blank, "blue", blank))
    assert acme.sync(stream).problems == 2
    problems = acme.problems(stream)
    assert sorted(key for key, problem in problems.items() if problem is None) == ["blue", "red"]
    assert [problem for problem in problems.values() if problem] == ["no key at name"] * 2
    assert sorted(record["n"] for record in acme.records(stream)) == [0, 1, 2, 3]


def test_87_a_key_of_several_is_blank_only_if_all_are(connect: Connect, api: Vendor) -> None:
    stream = declare("LabelsStream", LabelsStream, primary_key=("scope", "name"))
    acme = connect(declare("LabelsIntegration", LabelsIntegration, streams=(stream,)))
    api.script(labels("red", "", scope=""))
    acme.sync(stream)
    assert sorted(acme.problems(stream).values(), key=str) == [None, "no key at scope and name"]


def test_87_if_all_are_blank_the_key_is_wrong(connect: Connect, api: Vendor) -> None:
    stream = declare("LabelsStream", LabelsStream, primary_key="name")
    acme = connect(declare("LabelsIntegration", LabelsIntegration, streams=(stream,)))
    api.script(labels("", " "))
    with pytest.raises(SyncError, match="none of the 2 records received has a key at name: it is empty"):
        acme.sync(stream)


@pytest.mark.parametrize("keys", [[0, 1], ["0", "-"], [False, True], ["a ", "a"], ["null", "NULL"]], ids=str)
def test_87_what_is_no_blank_is_a_key(connect: Connect, api: Vendor, keys: list[Any]) -> None:
    stream = declare("LabelsStream", LabelsStream, primary_key="name")
    acme = connect(declare("LabelsIntegration", LabelsIntegration, streams=(stream,)))
    api.script(labels(*keys))
    assert acme.sync(stream).problems == 0
    assert [record["name"] for record in acme.records(stream)] in (keys, keys[::-1])
