"""What is shown and checked before a sync of a stream that asks for several parents in one request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from tests.boards_vendor import Boards, BoardsIntegration, asking_for, boards_vendor
from tests.help_desk_vendor import Customer


@pytest.fixture
def boards() -> Iterator[Boards]:
    with boards_vendor() as boards:
        boards.put("1a", 1)
        boards.put("2a", 2)
        yield boards


def test_announced_requests_name_the_parents(boards: Boards, tmp_path: Path) -> None:
    spec = Customer(tmp_path, boards.vendor.url, BoardsIntegration).spec
    first, later = announce_requests(spec, spec.streams["items"])
    assert first.url == "https://desk.test/items?boards={parents.id}&since=<start>"
    assert later.url == "https://desk.test/items?boards={parents.id}&since=<mark>"
    (request,) = announce_requests(spec, spec.streams["labels"])
    assert request.body == '{"filter": {"boards": ["{parents.id}"]}}'


def test_a_preview_is_of_one_parent(boards: Boards, tmp_path: Path) -> None:
    customer = Customer(tmp_path, boards.vendor.url, BoardsIntegration)
    seen = preview(customer.session, customer.spec.streams["items"])
    assert (seen.parent, len(seen.records), seen.warnings) == ({"id": "1"}, 1, ())


@pytest.mark.parametrize("path", ["label", "board"])
def test_a_preview_warns_of_records_that_a_sync_would_refuse(boards: Boards, tmp_path: Path, path: str) -> None:
    customer = Customer(tmp_path, boards.vendor.url, asking_for(3, parent_key=path))
    (warning,) = preview(customer.session, customer.spec.streams["items"]).warnings
    assert warning == (
        f"1 of 1 record doesn't have at `{path}` (`parent_key`) what was asked for as {{parents.id}}: a sync refuses "
        "them"
    )
