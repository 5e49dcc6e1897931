"""A setting that an error advises is one that loads, and does what the error says (conformance 9, 63)."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.http import Accept
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor

ERRORS = {"errors": [{"message": "one shard timed out"}]}


class ShelfIntegration(CommonIntegration):
    records = "books"
    streams = (ItemsStream,)


def advised(error: SyncError) -> Accept:
    """The last `accept` that an error advises."""
    status, action = re.findall(r'accept = \{(\d+): "(\w+)"\}', str(error))[-1]
    return cast(Accept, {int(status): action})


@pytest.mark.parametrize(
    ("reply", "listed"),
    [
        (Reply(207, {"books": items(1, 2), **ERRORS}), [1, 2]),
        (Reply(206, {"books": items(1), **ERRORS}), [1]),
        (Reply(200, {"books": items(1), **ERRORS}), [1]),
        (Reply(202, {"state": "nothing to do"}), []),
        (Reply(203, {"note": "nothing here"}), []),
        (Reply(206, {"note": "nothing here"}), []),
    ],
    ids=["errors in a 207", "errors in a 206", "errors in a 200", "a 202", "a 203", "a 206"],
)
def test_63_what_is_advised_loads_and_settles_it(
    connect: Connect, api: Vendor, reply: Reply, listed: list[int]
) -> None:
    api.handler = lambda request: reply
    with pytest.raises(SyncError) as caught:
        connect(ShelfIntegration).sync(ItemsStream)
    accept = advised(caught.value)
    assert list(accept) == [reply.status]
    acme = connect(declare("ShelfIntegration", ShelfIntegration, accept=accept))
    assert len(acme.sync(ItemsStream).warnings) > 0
    assert acme.ids(ItemsStream) == listed


def test_63_a_202_that_is_skipped_keeps_what_it_lists(connect: Connect, api: Vendor) -> None:
    api.handler = lambda request: Reply(202, {"books": items(1)})
    settings: dict[str, Any] = {"accept": {202: "skip"}}
    acme = connect(declare("ShelfIntegration", ShelfIntegration, **settings))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_121_a_web_page_is_no_answer_that_a_status_accepts(connect: Connect, api: Vendor) -> None:
    page = b"<!doctype html><html><title>Are you human?</title></html>"
    api.handler = lambda request: Reply(202, page, {"Content-Type": "text/html"})
    acme = connect(declare("ShelfIntegration", ShelfIntegration, accept={202: "skip"}))
    with pytest.raises(SyncError, match=r"the body is not JSON.*Are you human"):
        acme.sync(ItemsStream)
