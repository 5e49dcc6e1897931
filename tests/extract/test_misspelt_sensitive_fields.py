"""A sensitive path that no record has may be of records of another type: a sync does not speak of it each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dazz_assets import Offset, Stream
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, DeskApi


def test_a_sync_does_not_warn_of_sensitive_paths_that_no_record_has(tmp_path: Path, desk: Desk) -> None:
    stream: Any = declare("AgentsStream", Stream[Any], path="/agents", sensitive=("secret_note", "nmae"))
    settings = {"streams": (stream,), "paginator": Offset(size_param="limit", size=3)}
    acme = Customer(tmp_path, desk.vendor.url, declare("DeskIntegration", DeskApi, **settings))
    report = acme.sync()["agents"]
    assert (report.records, report.warnings) == (len(desk.agents), [])
