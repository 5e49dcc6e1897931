"""The recordings of the vendors: made again they are the same, whole ones give what a live sync gives, and a field
that is edited in one shows where it is read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.recording.scenario import CONNECTION, recordings_folder
from dazz_assets.sandbox import Sandbox, VendorSandbox
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from integrations.gcp.sandbox import GcpSandbox
from integrations.github.sandbox import GitHubSandbox
from integrations.jira.sandbox import JiraSandbox
from integrations.monday.sandbox import MondaySandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.integrations.make_recordings import CHANGE, NOW, SANDBOXES, connection_to, copied, monday, recorded
from tests.integrations.sync_results import Found, People, no_network, read
from tests.short_history import short_history

VENDORS = ("gcp", "github", "jira", "monday", "snyk")

WHOLE: dict[str, Callable[[], VendorSandbox]] = {
    "gcp": lambda: GcpSandbox(seed=2, now=NOW, projects=3, buckets=20, resources=200),
    "github": lambda: GitHubSandbox(
        seed=2,
        now=NOW,
        repositories=5,
        alerts=60,
        code_alerts=20,
        secret_alerts=10,
        members=9,
        issues=24,
        pulls=12,
        most_per_page=8,
    ),
    "monday": lambda: monday(seed=2, boards=4, items=150, users=8, updates=90),
}


def files(folder: Path) -> dict[str, str]:
    """Each file's text, by its path; the times of the syncs left out, also where a request asks for what was until then
    (in epoch milliseconds), and when what is gone was closed."""
    now = re.compile(rf"{int(NOW.timestamp() * 1000) // 1_000_000}\d{{6}}")
    texts = {
        path.relative_to(folder).as_posix(): now.sub("now", path.read_text())
        for path in folder.rglob("*")
        if path.is_file()
    }
    texts["scenario.json"] = re.sub(r'"(first|second)": "[^"]*"', r'"\1": ""', texts["scenario.json"])
    closed = re.compile(rf'("closed_time": "){NOW:%Y-%m-%d}T[^"]*"')
    return {path: closed.sub(r'\1"', text) for path, text in texts.items()}


@pytest.mark.parametrize("vendor", VENDORS)
def test_made_again_from_the_sandbox_they_are_the_same_but_for_the_times(vendor: str, tmp_path: Path) -> None:
    again = files(recorded(copied(vendor, tmp_path)))
    committed = files(recordings_folder(find_integration(vendor)) / "default")
    assert [path for path in committed.keys() | again.keys() if committed.get(path) != again.get(path)] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_they_hold_nobody_of_the_sandboxes_people(vendor: str) -> None:
    folder = recordings_folder(find_integration(vendor)) / "default"
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "person-" in everything
    assert {person for person in people_of(SANDBOXES[vendor]()) if person in everything} == set()


def people_of(sandbox: VendorSandbox) -> set[str]:
    """Names and ids of those who imported, own, dismissed or look after something, and what accounts are called."""
    if isinstance(sandbox, GcpSandbox):
        bindings = [binding for policy in sandbox.policies.values() for binding in policy["bindings"]]
        members = [member for binding in bindings for member in binding["members"]]
        addresses = [asset["resource"]["data"].get("email", "") for asset in sandbox.assets.values()]
        return {text.removeprefix("serviceAccount:") for text in (*members, *addresses) if "@" in text}
    if isinstance(sandbox, JiraSandbox):
        named = [user for user in sandbox.users.values() if user["displayName"] != "Former user"]
        return {user[name] for user in named for name in ("accountId", "displayName")}
    if isinstance(sandbox, GitHubSandbox):
        accounts = [alert["dismissed_by"] for alert in sandbox.alerts.values() if alert["dismissed_by"]]
        accounts += [account for alert in sandbox.alerts.values() for account in alert["assignees"]]
        return {str(account[name]) for account in accounts for name in ("login", "id", "node_id")}
    if isinstance(sandbox, MondaySandbox):
        users = sandbox.account.users.values()
        return {user[name] for user in users for name in ("id", "name", "email")}
    assert isinstance(sandbox, SnykSandbox)
    return {project["relationships"]["importer"]["data"]["id"] for project in sandbox.projects.values()}


def live(spec: IntegrationSpec, folder: Path) -> Found:
    """Two syncs from the sandbox, which changes between them."""
    with time_machine.travel(NOW), Sandbox([WHOLE[spec.name]()]) as sandbox, open_temporary_instance() as instance:
        connection = connection_to(sandbox, spec.name).model_copy(update={"id": CONNECTION})
        lake = Lake(folder)

        def once() -> Outcome:
            return sync_connections(
                spec, [connection], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake
            )

        assert once().errors == []
        sandbox.change(CHANGE)
        assert once().errors == []
        return Found.of(Session(spec, connection, lake))


def without_sync_times(objects: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Objects without when what is gone was closed: that is the time of a sync."""
    return {
        parser: {
            id_: {**item, "closed_time": None} if "no longer listed" in (item.get("status_detail") or "") else item
            for id_, item in items.items()
        }
        for parser, items in objects.items()
    }


@pytest.fixture
def _short_history() -> Iterator[None]:
    with short_history():
        yield


@pytest.mark.parametrize("vendor", WHOLE)
@pytest.mark.usefixtures("_short_history")
def test_a_whole_one_replayed_without_a_network_gives_the_rows_and_findings_of_a_live_sync(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SANDBOXES, vendor, WHOLE[vendor])
    # In few windows the six syncs take much less time.
    spec = copied(vendor, tmp_path, window="month")
    folder = recorded(spec, records=None)
    expected = live(spec, tmp_path / "lake")
    with no_network(), replay_scenario(folder, spec) as replay:
        assert replay.problems == []
        found = Found.of(replay.session)

    assert sum(map(len, expected.rows.values())) > 150
    people = People(numbers={path for stream in spec.streams.values() for path in stream.personal})
    for stream, rows in expected.rows.items():
        hides = SensitiveFields(spec.streams[stream].sensitive)
        real = [{**row, "record": read(hides.hide_keeping_kinds(row["record"]))} for row in rows]
        assert people.rows(found.rows[stream], rows) == real
    objects = people.with_real_ids(found.objects, spec.integration(connection=CONNECTION).object_id)
    # The id of an identity is made of the vendor's id of a person, so the same one may have another.
    identities = [result.pop("identities", {}) for result in (objects, expected.objects)]
    assert len(identities[0]) == len(identities[1])
    assert without_sync_times(people.real(objects, expected.objects)) == without_sync_times(expected.objects)
    assert {"findings", "work_items"} & found.objects.keys()
    assert sum(map(len, found.objects.values())) > 100
    assert people.has_one_pseudonym_each
    assert {original for _, original in people.pairs} & people_of(WHOLE[vendor]())


@dataclass(frozen=True)
class Edit:
    """A text of a recording's file that is written anew, and what of the snapshots is then not as expected."""

    vendor: str
    file: str
    old: str
    new: str
    differs: dict[str, list[str]]


EDITS = {
    "a field that no model reads": Edit(
        "github",
        "first/4-dependabot_alerts.001.json",
        '"description": "Lunar delta infra 4586."',
        '"description": "Lunar delta infra."',
        {
            "first/raw/dependabot_alerts": [
                'record [636934586,3]: record.repository.description: "Lunar delta infra 4586." -> "Lunar delta infra."'
            ]
        },
    ),
    "a field that the parser reads": Edit(
        "github",
        "first/4-dependabot_alerts.001.json",
        '"summary": "amber-beacon: SQL Injection"',
        '"summary": "amber-beacon: SQLi"',
        {
            "first/raw/dependabot_alerts": [
                "record [636934586,3]: record.security_advisory.summary: "
                '"amber-beacon: SQL Injection" -> "amber-beacon: SQLi"'
            ],
            "first/objects/findings.findings": [
                'object ee28319937b6740bffa17c526489cb37: title: "amber-beacon: SQL Injection" -> "amber-beacon: SQLi"'
            ],
        },
    ),
    "a digit that changes no number": Edit(
        "snyk",
        "first/3-issues.7e0c9208-a85a-44c1-9fa3-a1666bf18d2b.002.json",
        '"score": 9.4,\n                "source": "NVD"',
        '"score": 9.40,\n                "source": "NVD"',
        {
            "first/raw/issues": [
                "record 032e9959-6d2c-48a1-b20e-c0252787e7a4: record.attributes.severities.1.score: 9.4 -> 9.40"
            ]
        },
    ),
    "a project's field that no model reads": Edit(
        "snyk",
        "first/2-projects.7e0c9208-a85a-44c1-9fa3-a1666bf18d2b.001.json",
        '"id": "724a6c49-55e8-4381-89d8-87b06609cec8"',
        '"id": "724a6c49-55e8-4381-89d8-000000000000"',
        {
            "first/raw/projects": [
                "record 056b6ce9-665b-4a6a-80a5-a31b125fb216: record.relationships.target.data.id: "
                '"724a6c49-55e8-4381-89d8-87b06609cec8" -> "724a6c49-55e8-4381-89d8-000000000000"'
            ]
        },
    ),
    "a project's field that its findings show": Edit(
        "snyk",
        "first/2-projects.7e0c9208-a85a-44c1-9fa3-a1666bf18d2b.001.json",
        '"name": "nimbus/keen-glacier-41:service/pom.xml"',
        '"name": "nimbus/keen-glacier-42:service/pom.xml"',
        {
            "first/raw/projects": [
                "record 056b6ce9-665b-4a6a-80a5-a31b125fb216: record.attributes.name: "
                '"nimbus/keen-glacier-41:service/pom.xml" -> "nimbus/keen-glacier-42:service/pom.xml"'
            ],
            "first/objects/findings.findings": [
                "object 6f395913ed2be4e3420cf44d0de29627: resource_name: "
                '"nimbus/keen-glacier-41:service/pom.xml" -> "nimbus/keen-glacier-42:service/pom.xml"'
            ],
            "first/objects/code_projects.code_projects": [
                "object 797eaba6c0a517160ab32e421b9fa03e: name: "
                '"nimbus/keen-glacier-41:service/pom.xml" -> "nimbus/keen-glacier-42:service/pom.xml"'
            ],
            # The second sync lists the project as it was, so its findings change back.
            "second/objects/findings.findings": ["object 6f395913ed2be4e3420cf44d0de29627: not expected"],
            "second/objects/code_projects.code_projects": ["object 797eaba6c0a517160ab32e421b9fa03e: not expected"],
        },
    ),
    "a project's owner": Edit(
        "snyk",
        "first/2-projects.da207cb4-3fe1-4ca8-8032-8c7d56c414bd.001.json",
        '"owner": {\n              "data": {\n                "id": "person-b4b16074"',
        '"owner": {\n              "data": {\n                "id": "person-00000000"',
        {
            "first/raw/projects": [
                "record 02350de5-c1a0-42ef-a667-3c7035397eda: record.relationships.owner.data.id: "
                '"person-b4b16074" -> "person-00000000"'
            ],
            "first/objects/findings.findings": [
                'object 0b273263e1ab422c4d27ef3f36f684ca: owner: "person-b4b16074" -> "person-00000000"'
            ],
            "first/objects/code_projects.code_projects": [
                'object d88db5720727a4abd6612e0daf8b07e0: owner: "person-b4b16074" -> "person-00000000"',
                "object d88db5720727a4abd6612e0daf8b07e0: owner_id: "
                '"6e7fd534215c8a56afce017eb52e5180" -> "72bae19baf805b8091cdc37108e34c1a"',
            ],
            "first/objects/identities.identities": [
                "object 72bae19baf805b8091cdc37108e34c1a: not expected",
                "object 6e7fd534215c8a56afce017eb52e5180: missing",
            ],
            "second/objects/findings.findings": ["object 0b273263e1ab422c4d27ef3f36f684ca: not expected"],
            "second/objects/code_projects.code_projects": ["object d88db5720727a4abd6612e0daf8b07e0: not expected"],
            "second/objects/identities.identities": [
                "object 6e7fd534215c8a56afce017eb52e5180: not expected",
                "object 72bae19baf805b8091cdc37108e34c1a: not expected",
            ],
        },
    ),
}


@pytest.mark.parametrize("vendor", sorted({edit.vendor for edit in EDITS.values()}))
def test_an_edited_field_shows_in_just_the_snapshots_that_hold_it(vendor: str, tmp_path: Path) -> None:
    """All edits of a vendor at once, as each names its own records and objects: so one replay does for all of them."""
    spec = find_integration(vendor)
    folder = tmp_path / "default"
    shutil.copytree(recordings_folder(spec) / "default", folder)
    differs: dict[str, list[str]] = {}
    for edit in (edit for edit in EDITS.values() if edit.vendor == vendor):
        file = folder / edit.file
        assert file.read_text().count(edit.old) == 1
        file.write_text(file.read_text().replace(edit.old, edit.new))
        for path, lines in edit.differs.items():
            differs.setdefault(path, []).extend(lines)
    with replay_scenario(folder, spec) as replay:
        assert replay.problems == []
        found = {item.path: sorted(item.lines) for item in replay.stale_snapshots()}
        assert found == {path: sorted(lines) for path, lines in differs.items()}
