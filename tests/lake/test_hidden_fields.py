"""Which fields of raw records are never shown is stored beside the tables, and outlives the stream that declared it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dazz_assets.lake import Lake
from dazz_assets.lake.queries.hidden_fields import read_sensitive, store_sensitive
from dazz_assets.lake.sidecar import write_sidecar

DOCUMENT = "sensitive/vendor/connection=acme.json"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def hidden(lake: Lake, stream: str) -> list[str]:
    return read_sensitive(lake, "vendor", "acme", stream)


def test_what_a_stream_declares_replaces_what_it_declared_before(lake: Lake) -> None:
    store_sensitive(lake, "vendor", "acme", {"alerts": ("secret", "token"), "repos": ()})
    assert (hidden(lake, "alerts"), hidden(lake, "repos")) == (["secret", "token"], [])
    store_sensitive(lake, "vendor", "acme", {"alerts": ("secret",), "repos": ("key",)})
    assert (hidden(lake, "alerts"), hidden(lake, "repos")) == (["secret"], ["key"])
    store_sensitive(lake, "vendor", "acme", {"alerts": (), "repos": ()})
    assert (hidden(lake, "alerts"), hidden(lake, "repos")) == ([], [])


def test_the_table_of_a_stream_that_was_renamed_stays_protected(lake: Lake) -> None:
    store_sensitive(lake, "vendor", "acme", {"alerts": ("secret",)})
    store_sensitive(lake, "vendor", "acme", {"secret_alerts": ("secret",)})
    assert (hidden(lake, "alerts"), hidden(lake, "secret_alerts")) == (["secret"], ["secret"])


@pytest.mark.parametrize("damaged", [b"{", b"[]", b'{"alerts": "secret"}', b"\xff"])
def test_a_damaged_document_hides_all_but_what_is_declared_anew(lake: Lake, damaged: bytes) -> None:
    write_sidecar(lake, DOCUMENT, damaged)
    assert hidden(lake, "alerts") == ["*"]
    store_sensitive(lake, "vendor", "acme", {"alerts": ("secret",), "repos": ()})
    assert (hidden(lake, "alerts"), hidden(lake, "repos"), hidden(lake, "old")) == (["secret"], [], ["*"])
