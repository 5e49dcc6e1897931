"""A class is read into a spec: names, merged settings, parents first."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dazz_assets import (
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    LinkHeader,
    NextLink,
    Stream,
    parser,
)
from dazz_assets.domain import DomainObject
from dazz_assets.names import snake_case
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Thing


class APIKeysStream(Stream[Thing]):
    """Keys."""

    path = "/keys"


class EventLogStream(Stream[Thing]):
    path = "/keys/{parent.id}/log"
    parent = APIKeysStream
    primary_key = ("repository.id", "number")
    cursor = Cursor("at")
    params = {"limit": 10, "own": "yes"}
    headers = {"X-Own": "1"}
    records = "items"
    paginator = LinkHeader()


class Unpaged(Stream[Thing]):
    path = "/one"
    paginator = None
    name = "one"


class Left(DomainObject):
    pass


class Right(DomainObject):
    table = "right_hands"


class SomeVendorIntegration(Integration[ConnectionConfig]):
    """Some vendor."""

    base_url = "https://api.test"
    records = "data"
    params = {"limit": 100, "version": "1"}
    headers = {"Accept": "application/json"}
    paginator = NextLink("links.next")
    streams = (EventLogStream, APIKeysStream, Unpaged)

    @parser(version="2")
    def hands(self, keys: FullRefresh[APIKeysStream], log: Incremental[EventLogStream]) -> Iterator[Left | Right]:
        """Both hands."""
        yield from ()


SPEC = read_integration(SomeVendorIntegration)


@pytest.mark.parametrize(
    ("name", "without", "expected"),
    [
        ("SnykIntegration", "Integration", "snyk"),
        ("DependabotAlertsStream", "Stream", "dependabot_alerts"),
        ("APIKeysStream", "Stream", "api_keys"),
        ("Stream", "Stream", "stream"),
        ("S3BucketsStream", "Stream", "s3_buckets"),
    ],
)
def test_names_come_from_class_names(name: str, without: str, expected: str) -> None:
    assert snake_case(name, without) == expected


def test_streams_are_named_after_their_classes_and_parents_come_first() -> None:
    assert SPEC.name == "some_vendor"
    assert list(SPEC.streams) == ["api_keys", "event_log", "one"]
    assert SPEC.check == "event_log"


def test_params_and_headers_are_merged_and_the_streams_win() -> None:
    log = SPEC.streams["event_log"]
    assert log.params == {"limit": 10, "own": "yes", "version": "1"}
    assert log.headers == {"Accept": "application/json", "X-Own": "1"}


def test_other_settings_of_a_stream_replace_the_integrations() -> None:
    assert SPEC.streams["api_keys"].paginator == NextLink("links.next")
    assert SPEC.streams["event_log"].paginator == LinkHeader()
    assert SPEC.streams["one"].paginator is None
    assert (SPEC.streams["api_keys"].records, SPEC.streams["event_log"].records) == ("data", "items")


def test_a_parsers_inputs_and_models_are_read_from_its_signature() -> None:
    hands = SPEC.parsers["hands"]
    assert [(item.parameter, item.kind, item.stream) for item in hands.inputs] == [
        ("keys", "full_refresh", "api_keys"),
        ("log", "incremental", "event_log"),
    ]
    assert hands.models == (Left, Right)
    assert [model.table_name() for model in hands.models] == ["lefts", "right_hands"]
    assert (hands.version, hands.doc) == ("2", "Both hands.")


def test_a_parser_can_be_called_without_any_set_up() -> None:
    assert list(SomeVendorIntegration().hands(FullRefresh([]), Incremental([]))) == []


def test_an_object_id_depends_on_connection_and_vendor_id_and_keeps_its_parts_apart() -> None:
    acme, other = SomeVendorIntegration(connection="acme"), SomeVendorIntegration(connection="other")
    assert acme.object_id("1") == SomeVendorIntegration(connection="acme").object_id(1)
    assert len({acme.object_id("1"), other.object_id("1"), acme.object_id("1", "2"), acme.object_id("12")}) == 4
    assert len(acme.object_id("1")) == 32


def test_an_object_id_is_the_same_in_every_version() -> None:
    acme = SomeVendorIntegration(connection="acme")
    identity = json.dumps(["some_vendor", "acme", 'a"\\b', "é\ud800", "3"], ensure_ascii=False)
    expected = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    assert acme.object_id('a"\\b', "é\ud800", 3) == expected[:32]


def test_reading_the_config_of_an_integration_made_without_one_says_so() -> None:
    integration: Integration[Any] = SomeVendorIntegration()
    with pytest.raises(RuntimeError, match="SomeVendorIntegration was made without a config"):
        _ = integration.config
