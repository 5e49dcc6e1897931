"""Which fields a query hides follows the declaration of the last sync or parse, whatever was stored before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Integration, parser
from dazz_assets.domain import DomainObject
from dazz_assets.lake import Lake
from dazz_assets.sensitive import HIDDEN
from tests.conformance.conftest import Connect
from tests.conformance.integrations import ItemsStream, Token
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class Thing(DomainObject):
    pass


def items(**settings: Any) -> type[ItemsStream]:
    return declare("ItemsStream", ItemsStream, **settings)


def integration(stream: type[ItemsStream]) -> type[Integration[Any]]:
    def things(self: Any, items: Any) -> Iterator[Thing]:
        yield from ()

    things.__annotations__ |= {"items": FullRefresh[stream], "return": Iterator[Thing]}  # type: ignore[valid-type]
    settings = {"name": "vendor", "base_url": "https://api.vendor.example", "primary_key": "id", "streams": (stream,)}
    return declare("VendorIntegration", Integration[Token], **settings, things=parser(things))


OPEN, SENSITIVE = items(), items(sensitive="secret")


@pytest.fixture(autouse=True)
def secrets(api: Vendor) -> None:
    api.handler = lambda asked: Reply(body=[{"id": 1, "secret": "s3cret"}])


def secret_of(lake: Lake, connection: str = "acme") -> Any:
    table = lake.table("raw.vendor_items", connection=connection).to_duckdb()
    return table.project("json_extract_string(record, '$.secret')").fetchall()


def test_a_field_that_is_declared_later_is_hidden_from_the_next_sync_on(connect: Connect, lake: Lake) -> None:
    connect(integration(OPEN)).sync(OPEN)
    assert secret_of(lake) == [("s3cret",)]
    connect(integration(SENSITIVE)).sync(SENSITIVE)
    assert secret_of(lake) == [(HIDDEN,)]
    connect(integration(OPEN)).sync(OPEN)
    assert secret_of(lake) == [("s3cret",)]


def test_a_parse_alone_hides_it_as_well(connect: Connect, lake: Lake) -> None:
    connect(integration(OPEN)).sync(OPEN)
    connect(integration(SENSITIVE)).parse("things")
    assert secret_of(lake) == [(HIDDEN,)]


def test_it_is_hidden_before_the_first_record_is_stored(connect: Connect, lake: Lake, api: Vendor) -> None:
    api.handler = lambda asked: Reply(403, {"message": "no"})
    customer = connect(integration(SENSITIVE))
    with pytest.raises(Exception, match="403"):
        customer.sync(SENSITIVE)
    assert list((Path(str(lake)) / "sensitive").rglob("*.json")) != []


def test_what_one_connection_declares_holds_for_a_query_of_all(connect: Connect, lake: Lake) -> None:
    connect(integration(OPEN), id_="beta").sync(OPEN)
    connect(integration(SENSITIVE)).sync(SENSITIVE)
    assert secret_of(lake, "beta") == [(HIDDEN,)]


def test_a_damaged_document_hides_all_of_each_record(connect: Connect, lake: Lake) -> None:
    connect(integration(SENSITIVE)).sync(SENSITIVE)
    (document,) = (Path(str(lake)) / "sensitive").rglob("*.json")
    document.write_text('{"items": "sec', encoding="utf-8")
    table = lake.table("raw.vendor_items", columns=["record"]).to_arrow()
    assert table.to_pylist() == [{"record": f'"{HIDDEN}"'}]


def test_without_sensitive_fields_nothing_is_written(connect: Connect, lake: Lake) -> None:
    connect(integration(OPEN)).sync(OPEN)
    assert not (Path(str(lake)) / "sensitive").exists()


def test_a_record_that_is_no_json_is_hidden_whole(connect: Connect, lake: Lake, api: Vendor) -> None:
    api.handler = lambda asked: Reply(body=b'[{"id": 1, "secret": NaN}, {"id": 2, "secret": "s3cret", "n": NaN}]')
    with pytest.raises(Exception, match="NaN"):
        connect(integration(SENSITIVE)).sync(SENSITIVE)
    api.handler = lambda asked: Reply(body=b'[{"id": 1}, {"id": 2, "secret": "s3cret", "n": NaN}]')
    connect(integration(SENSITIVE)).sync(SENSITIVE)
    assert "s3cret" not in str(lake.table("raw.vendor_items").to_arrow().to_pylist())


def test_drift_names_nothing_below_a_sensitive_field(connect: Connect, lake: Lake, api: Vendor) -> None:
    def serve(**more: Any) -> None:
        api.handler = lambda asked: Reply(body=[{"id": number, **more} for number in range(25)])

    serve(tokens={"LEAK1": {"value": 1}})
    connect(integration(OPEN)).sync(OPEN)
    sensitive = items(sensitive="tokens.*")
    serve(tokens={"LEAK2": {"value": 1}})
    customer = connect(integration(sensitive))
    assert customer.sync(sensitive).drift == []
    serve(tokens="LEAK3", added=1)
    assert customer.sync(sensitive).drift == ["added: new, integer", "tokens: text, was object"]
    shapes = "".join(path.read_text() for path in (Path(str(lake)) / "shapes").rglob("*.json"))
    assert "LEAK" not in shapes
