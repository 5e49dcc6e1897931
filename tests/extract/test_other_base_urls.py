"""A stream may be at another address than the rest of the API: a field of the config says at which."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets import BearerToken, Integration, Stream
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.errors import SyncError
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.first_check import check_first
from tests.help_desk_vendor import Customer, DeskConfig, Mondays
from tests.http.loopback import Reply, Vendor


class FilesConfig(DeskConfig):
    files_url: str = "https://files.desk.test/v2/"
    account: str = "acme"


class TicketsStream(Stream):
    path = "/tickets"


class FilesStream(Stream):
    base_url = "{config.files_url}"
    parent = TicketsStream
    path = "/tickets/{parent.id}/files"


class NotesStream(Stream):
    parent = FilesStream
    path = "/notes/{parent.id}"


class FiledDesk(Integration[FilesConfig]):
    name = "desk"
    base_url = "https://desk.test"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"
    facts = {"me": "/me"}
    check = FilesStream
    streams = (TicketsStream, FilesStream, NotesStream)


@pytest.fixture
def desk() -> Iterator[Vendor]:
    with Vendor() as vendor:
        vendor.handler = lambda request: Reply(body={"items": [{"id": 7}]})
        yield vendor


@pytest.fixture
def files() -> Iterator[Vendor]:
    with Vendor() as vendor:
        vendor.handler = lambda request: Reply(body={"items": [{"id": 70}]})
        yield vendor


def customer(folder: Path, desk: Vendor, files_url: str) -> Customer:
    made = Customer(folder, desk.url, FiledDesk)
    config = {**made.connection.config, "files_url": files_url}
    made.connection = made.connection.model_copy(update={"config": config})
    return made


def targets(vendor: Vendor) -> list[str]:
    return [request.target for request in vendor.requests]


def test_its_requests_go_there_signed_and_those_of_the_others_to_the_api(
    tmp_path: Path, desk: Vendor, files: Vendor
) -> None:
    acme = customer(tmp_path, desk, f"{files.url}/v2/")
    for stream in ("tickets", "files", "notes"):
        acme.sync(stream)

    assert [target for target in targets(desk) if target != "/me"] == ["/tickets", "/notes/70"]
    assert targets(files) == ["/v2/tickets/7/files"]
    assert files.requests[0].headers["Authorization"] == desk.requests[0].headers["Authorization"]


def test_a_check_asks_each_address_for_what_is_there(tmp_path: Path, desk: Vendor, files: Vendor) -> None:
    report = check_first(customer(tmp_path, desk, files.url).session)

    assert (report.name, report.records) == ("files", 1)
    assert (targets(desk), targets(files)) == (["/me", "/tickets"], ["/tickets/7/files"])


def test_a_redirect_between_the_addresses_is_followed_and_one_elsewhere_is_not(
    tmp_path: Path, desk: Vendor, files: Vendor
) -> None:
    acme = customer(tmp_path, desk, files.url)
    acme.sync("tickets")
    moved = Reply(307, headers={"Location": f"{desk.url}/moved"})
    files.handler = lambda request: moved
    acme.sync("files")
    assert targets(desk)[-1] == "/moved"

    with Vendor() as elsewhere:
        files.script(Reply(307, headers={"Location": f"{elsewhere.url}/moved"}))
        with pytest.raises(SyncError, match="which is not declared"):
            acme.sync("files")
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("files.desk.test", r"`config\.files_url` must begin with http:// or https://"),
        ("https://files.test/{config.token}", r"`config\.files_url` holds \{config\.token\}, a secret"),
        ("https://files.test/{account}", r"`config\.files_url` holds \{account\}, which is not a placeholder"),
    ],
)
def test_a_wrong_address_is_told_with_its_setting(tmp_path: Path, url: str, problem: str) -> None:
    with pytest.raises(BadConnection, match=f"connection 'acme' of desk: {problem}"):
        session(tmp_path, files_url=url).client("tickets")


def test_an_address_may_hold_other_fields(tmp_path: Path) -> None:
    made = session(tmp_path, files_url="https://files.test/{config.account}/")
    assert made.base_url_of(made.spec.streams["files"]) == "https://files.test/acme"


def test_the_announced_request_has_the_address(desk: Vendor) -> None:
    spec = read_integration(FiledDesk)
    [files] = announce_requests(spec, spec.streams["files"])
    [tickets] = announce_requests(spec, spec.streams["tickets"])

    assert files.url == "https://files.desk.test/v2/tickets/{parent.id}/files"
    assert tickets.url == "https://desk.test/tickets"


def session(folder: Path, **config: str) -> Session:
    connection = Connection(id="acme", integration="desk", start=Mondays.FIRST, config={"token": "canary", **config})
    return Session(read_integration(FiledDesk), connection, Lake(folder))
