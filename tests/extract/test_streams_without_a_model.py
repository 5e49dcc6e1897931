"""A stream without a model is stored raw, can be a parent, and can be checked, previewed and explained."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from tests.first_check import check_first
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class OrgsStream(Stream):
    path = "/orgs"


class UsersStream(Stream[Any]):
    parent = OrgsStream
    path = "/orgs/{parent.id}/users"
    cursor = Cursor("at", since="since")


class OrgsIntegration(DeskApi):
    name = "orgs"
    streams = (OrgsStream, UsersStream)


class Orgs:
    """A vendor with organisations that have one user each."""

    def __init__(self, vendor: Vendor) -> None:
        self.orgs: list[dict[str, Any]] = [{"id": "a", "name": "Acme"}, {"id": "b", "name": None, "extra": [1]}]
        self.vendor = vendor
        vendor.handler = self.answer

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/orgs":
            return Reply(body={"items": self.orgs})
        org = asked.path.split("/")[2]
        return Reply(body={"items": [{"id": f"user of {org}", "at": "2026-01-05T10:00:00Z"}]})


@pytest.fixture
def orgs() -> Iterator[Orgs]:
    with Vendor() as vendor:
        yield Orgs(vendor)


@pytest.fixture
def customer(orgs: Orgs, tmp_path: Path) -> Customer:
    return Customer(tmp_path, orgs.vendor.url, OrgsIntegration)


def test_its_records_are_stored_as_they_were_sent(customer: Customer) -> None:
    customer.sync("orgs")
    stored = customer.rows("select key, record from raw.orgs_orgs order by key")
    assert stored == [
        {"key": "a", "record": '{"id": "a", "name": "Acme"}'},
        {"key": "b", "record": '{"id": "b", "name": null, "extra": [1]}'},
    ]


def test_sub_streams_are_fetched_for_each_of_its_records(customer: Customer, orgs: Orgs) -> None:
    customer.sync()
    assert [asked.path for asked in orgs.vendor.requests] == ["/orgs", "/orgs/a/users", "/orgs/b/users"]
    assert [row["key"] for row in customer.rows("select key from raw.orgs_users order by key")] == [
        "user of a",
        "user of b",
    ]


def test_its_drift_is_reported(customer: Customer, orgs: Orgs) -> None:
    orgs.orgs = [{"id": str(number), "size": 1} for number in range(30)]
    customer.sync("orgs")
    orgs.orgs = [{"id": str(number), "size": "1"} for number in range(30)]
    assert customer.sync("orgs")["orgs"].drift == ["size: text, was integer"]


def test_its_first_page_proves_a_connection(customer: Customer) -> None:
    found = check_first(customer.session)
    assert (found.name, found.records) == ("orgs", 2)


def test_its_preview_has_everything_but_a_model(customer: Customer) -> None:
    found = preview(customer.session, customer.spec.streams["orgs"])
    assert found.model is None
    assert [field.path for field in found.fields] == ["id", "name", "extra", "extra[]"]
    assert (found.key.declared, found.key.missing) == (("id",), 0)


def test_its_requests_are_explained(customer: Customer) -> None:
    (request,) = announce_requests(customer.spec, customer.spec.streams["orgs"])
    assert request.url == "https://desk.test/orgs"
