"""docs/domain.md shows a parser that works, and the fields and members that the models and enumerations have."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dazz_assets import Incremental, Stream, domain
from dazz_assets.domain import DomainObject
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.docs.markdown import only_block
from tests.help_desk_vendor import Customer, Desk, DeskApi, desk
from tests.http.loopback import Reply

__all__ = ["desk"]

PAGE = (Path(__file__).parents[2] / "docs" / "domain.md").read_text(encoding="utf-8")
MODELS = ("Finding", "CodeRepository", "CodeProject", "CloudResource", "WorkItem", "Identity")
ENUMERATIONS = ("Status", "TicketStatus", "Severity", "UserType", "FindingClass")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("tasks_of_domain_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(only_block(PAGE, "python", "class TasksIntegration"), module.__dict__)
    return module


def row_of(name: str) -> list[list[str]]:
    """What a table's row for a name has in the cells after the first, as the names in each."""
    (row,) = re.findall(rf"^\| `{name}` \| (`\w+`, .*) \|$|^\| `{name}` \| (?:`\w+` of .*?) \| (.*) \|$", PAGE, re.M)
    return [re.findall(r"`(\w+)`", cell) for cell in (row[0] or row[1]).split(" | ")]


@pytest.mark.parametrize("name", MODELS)
def test_the_fields_of_a_model(name: str) -> None:
    model: type[DomainObject] = getattr(domain, name)
    required = [field for field, info in model.model_fields.items() if info.is_required()]
    assert row_of(name) == [required, [field for field in model.model_fields if field not in required]]


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_the_members_of_an_enumeration(name: str) -> None:
    members: type[IntEnum] = getattr(domain, name)
    assert row_of(name) == [[member.name for member in members]]


def test_each_model_and_enumeration_is_there() -> None:
    public = [getattr(domain, name) for name in domain.__all__ if name != "DomainObject"]
    classes = [item for item in public if isinstance(item, type)]
    assert {item.__name__ for item in classes if issubclass(item, DomainObject)} == set(MODELS)
    assert {item.__name__ for item in classes if issubclass(item, IntEnum)} == set(ENUMERATIONS)


def test_the_parser_that_is_shown(page: ModuleType) -> None:
    read_integration(page.TasksIntegration)
    integration = page.TasksIntegration()
    task = page.Task(id=7, name="mail", state="doing", changed_at=datetime(2026, 1, 5, tzinfo=UTC), person_id=3)
    tasks: Incremental[Any] = Incremental([task])
    (item,) = integration.work_items(tasks)
    assert (item.status, item.vendor_status, item.raw_record.stream, item.raw_record.key) == (
        "In Progress",
        "doing",
        "tasks",
        "7",
    )
    assert item.assignee_id == integration.object_id("person", 3)


def test_the_text_of_a_key_with_several_paths(tmp_path: Path, desk: Desk) -> None:
    assert '`json.dumps([record.repository, record.number], separators=(",", ":"), ensure_ascii=False)`' in PAGE
    stream = declare("AlertsStream", Stream, path="/alerts", primary_key=("repository", "number"))
    records = [{"repository": "acme/shop", "number": 7}, {"repository": 'größe "x"', "number": 12}]
    desk.vendor.handler = lambda asked: Reply(body={"items": records})
    acme = Customer(tmp_path, desk.vendor.url, declare("DeskIntegration", DeskApi, streams=(stream,)))
    acme.sync()
    keys = {row["key"] for row in acme.rows("select key from raw.desk_alerts")}
    made = {
        json.dumps([each["repository"], each["number"]], separators=(",", ":"), ensure_ascii=False) for each in records
    }
    assert keys == made
    assert '["acme/shop",7]' in keys
