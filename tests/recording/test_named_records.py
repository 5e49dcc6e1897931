"""Which records a kept one names: by a key or another value that is theirs alone, in any field and form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dazz_assets.recording.named_records import FoundRecord, find_named
from dazz_assets.spec.specs import IntegrationSpec
from tests.recording.pager import INTEGRATION
from tests.recording.shop import write_integration


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> IntegrationSpec:
    return write_integration(tmp_path_factory.mktemp("vendor"), INTEGRATION, "pager.py")


def named_services(
    spec: IntegrationSpec, incident: Any, services: dict[str, Any], kept: dict[str, Any] | None = None
) -> list[str]:
    """The keys of the services that are added for an incident."""
    found = [
        FoundRecord(key, ("services",), 2, json.dumps(content), content)
        for key, content in (services | (kept or {})).items()
    ]
    stored = {"incidents": {"I1": incident}, "services": kept or {}, "teams": {}}
    return [key for _, key in find_named(spec, stored, {("services",): found})]


SERVICES = {
    "S7": {"id": "S7", "slug": "pay", "kind": "web", "number": 7, "size": 3, "self": "https://x.example/services/S7"},
    "S8": {"id": "S8", "slug": "log", "kind": "web", "number": 8, "size": 4, "self": "https://x.example/services/S8"},
}


@pytest.mark.parametrize(
    "incident",
    [
        {"service_id": "S7"},
        {"service": {"id": "S7"}},
        {"impact": {"services": [{"ref": "S1"}, {"ref": "S7"}]}},
        {"services": ["S1", "S7"]},
        {"by_service": {"S7": 3}},
        {"service": "https://x.example/services/S7"},
        {"service": "/v2/services/S7?include=teams"},
        {"service": "urn:x:service:S7"},
        {"service": "pay"},
        {"service": 7},
        {"filter": "kind=service&service=S7"},
    ],
)
def test_a_record_is_named_in_any_field(spec: IntegrationSpec, incident: Any) -> None:
    assert named_services(spec, incident, SERVICES) == ["S7"]


@pytest.mark.parametrize(
    "incident", [{"a": "S77"}, {"kind": "web"}, {"size": 3}, {"a": 7.0, "b": True}, {"text": "of S7 again"}]
)
def test_a_value_that_many_share_or_that_only_looks_alike_names_nothing(spec: IntegrationSpec, incident: Any) -> None:
    assert named_services(spec, incident, SERVICES) == []


def test_a_composite_key_is_named_by_all_its_terms_in_one_record(spec: IntegrationSpec) -> None:
    services = {f'["{repo}",{number}]': {"repo": repo, "n": number} for repo in "ab" for number in (1, 2)}
    assert named_services(spec, {"repo": "a", "alert": 2}, services) == ['["a",2]']


def test_what_is_kept_already_is_not_added(spec: IntegrationSpec) -> None:
    assert named_services(spec, {"a": "S7", "b": "S8"}, {"S8": SERVICES["S8"]}, kept={"S7": SERVICES["S7"]}) == ["S8"]


def test_a_record_that_is_added_may_name_others_of_its_own_stream(spec: IntegrationSpec) -> None:
    services = {
        "S1": {"id": "S1", "above": "S2"},
        "S2": {"id": "S2", "above": "S3"},
        "S3": {"id": "S3"},
        "S4": {"id": "S4"},
    }
    assert named_services(spec, {"service": "S1"}, services) == ["S1", "S2", "S3"]


def test_small_numbers_that_name_everything_do_not_fill_a_recording(spec: IntegrationSpec) -> None:
    services = {str(number): {"id": number, "count": number + 1} for number in range(500)}
    assert named_services(spec, {"service": 0}, services) == [str(number) for number in range(100)]
