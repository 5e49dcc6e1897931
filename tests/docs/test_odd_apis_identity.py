"""The integration of docs/odd_apis_identity.md keeps each membership with its group, and fails as the page says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.spec.discovery import find_integration
from tests.docs.markdown import only_block
from tests.help_desk_vendor import Customer
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "odd_apis_identity.md").read_text(encoding="utf-8")
GROUPS = {"g1": [1, 2, 3], "g2": [3, 2], "g3": [1, 3]}


def answer(request: ReceivedRequest) -> Reply:
    if request.path == "/groups":
        return Reply(body=[{"id": group, "name": group.upper()} for group in GROUPS])
    return Reply(body=[{"id": user, "login": f"user{user}"} for user in GROUPS[request.path.split("/")[2]]])


@pytest.fixture
def url() -> Iterator[str]:
    with Vendor() as vendor:
        vendor.handler = answer
        yield vendor.url


def connect(url: str, folder: Path, source: str) -> Customer:
    path = folder / "directory.py"
    path.write_text(source, encoding="utf-8")
    customer = Customer(folder, url, find_integration(str(path)).integration)
    customer.connection = customer.connection.model_copy(update={"config": {"base_url": url}})
    return customer


def test_each_membership_is_kept_with_its_group(url: str, tmp_path: Path) -> None:
    customer = connect(url, tmp_path, only_block(PAGE, "python"))
    customer.sync()
    assert customer.parse().objects == 7
    assert customer.rows('select "group", count(*) as n from memberships group by 1 order by 1') == [
        {"group": "G1", "n": 3},
        {"group": "G2", "n": 2},
        {"group": "G3", "n": 2},
    ]
    assert customer.rows("select key, parent from raw.directory_members order by key")[0] == {
        "key": '["g1",1]',
        "parent": "g1",
    }


def test_without_the_parent_in_the_key_the_sync_fails_as_the_page_says(url: str, tmp_path: Path) -> None:
    source = only_block(PAGE, "python").replace('("{parent.id}", "id")', '"id"')
    customer = connect(url, tmp_path, source)
    with pytest.raises(SyncError) as caught:
        customer.sync()
    said = 'share 3 keys (`id`) under different groups; set primary_key = ("{parent.id}", "id")'
    assert f"7 records of members {said}" in str(caught.value)
    assert f"``7 records of members {said}``" in PAGE
