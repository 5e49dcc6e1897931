"""The recordings of GitHub and Snyk: made again they are the same, whole ones give what a live sync gives, and a field
that is edited in one shows where it is read."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import time_machine

from dazz_assets.authoring.discovery import find
from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.orchestration.execute import sync
from dazz_assets.orchestration.home import passing_instance
from dazz_assets.orchestration.workplace import Outcome
from dazz_assets.sandbox import Sandbox, VendorSandbox
from dazz_assets.sync.extent import Extent
from dazz_assets.sync.objects.published import Published
from dazz_assets.sync.session import Session
from dazz_assets.testing.json_text import compact
from dazz_assets.testing.replay import replayed
from dazz_assets.testing.scenario import CONNECTION, recordings_of
from dazz_assets.testing.taken import objects_of
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.sandbox import SnykSandbox
from resources.lake import Lake
from tests.integrations.recording import CHANGE, NOW, SANDBOXES, connection_to, recorded

ROOT = Path(__file__).parents[2]
VENDORS = ("github", "snyk")
ROW = ("parent", "key", "window_start", "sequence", "page", "position", "problem", "record")

WHOLE: dict[str, Callable[[], VendorSandbox]] = {
    "github": lambda: GitHubSandbox(seed=2, now=NOW, repositories=101, alerts=120),
    "snyk": lambda: SnykSandbox(seed=2, now=NOW, orgs=2, projects=104, issues=130),
}
# What a recording replaces beyond the fields that the streams declare: addresses of avatars are known by their form.
AVATARS = {"repositories": ("owner.avatar_url",), "dependabot_alerts": ("repository.owner.avatar_url",)}


def copied(vendor: str, folder: Path) -> IntegrationSpec:
    """An integration in a folder of its own, without its recordings."""
    shutil.copytree(ROOT / "integrations" / vendor, folder / vendor, ignore=shutil.ignore_patterns("recordings"))
    return find(str(folder / vendor / "integration.py"))


def files(folder: Path) -> dict[str, str]:
    """Each file's text, by its path; the times of the syncs left out."""
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    texts["scenario.json"] = re.sub(r'"(first|second)": "[^"]*"', r'"\1": ""', texts["scenario.json"])
    return texts


@pytest.mark.parametrize("vendor", VENDORS)
def test_made_again_from_the_sandbox_they_are_the_same_but_for_the_times(vendor: str, tmp_path: Path) -> None:
    again = files(recorded(copied(vendor, tmp_path)))
    committed = files(recordings_of(find(vendor)) / "default")
    assert [path for path in committed.keys() | again.keys() if committed.get(path) != again.get(path)] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_they_hold_nobody_of_the_sandboxes_people(vendor: str) -> None:
    folder = recordings_of(find(vendor)) / "default"
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "person-" in everything
    assert {person for person in people_of(SANDBOXES[vendor]()) if person in everything} == set()


def people_of(sandbox: VendorSandbox) -> set[str]:
    """Names and ids of those who imported, own, dismissed or look after something."""
    if isinstance(sandbox, GitHubSandbox):
        accounts = [alert["dismissed_by"] for alert in sandbox.alerts.values() if alert["dismissed_by"]]
        accounts += [account for alert in sandbox.alerts.values() for account in alert["assignees"]]
        return {str(account[name]) for account in accounts for name in ("login", "id", "node_id")}
    assert isinstance(sandbox, SnykSandbox)
    return {project["relationships"]["importer"]["data"]["id"] for project in sandbox.projects.values()}


@dataclass
class Found:
    """What two syncs stored and published: raw rows by stream, objects by parser and id."""

    rows: dict[str, list[dict[str, Any]]]
    objects: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, session: Session) -> Found:
        return cls(
            {stream.name: list(_rows(session, stream.name)) for stream in session.spec.streams.values()},
            {
                name: {
                    id_: item
                    for model in parser.models
                    for id_, item in objects_of(Published(session, parser), model).items()
                }
                for name, parser in session.spec.parsers.items()
            },
        )


def _rows(session: Session, stream: str) -> Iterator[dict[str, Any]]:
    stored = session.raw(session.spec.streams[stream]).open()
    assert stored is not None
    columns = [name for name in ROW if name in stored.schema.names]
    rows = [row for batch in stored.read(columns) for row in batch.to_pylist()]
    # A sequence is the time of a sync's write: which sync it was counts.
    sequences = sorted({row["sequence"] for row in rows})
    for row in rows:
        row |= {"sequence": sequences.index(row["sequence"]), "record": compact(row["record"])}
    yield from sorted(rows, key=lambda row: (row["sequence"], row["parent"] or "", row["page"], row["position"]))


def live(spec: IntegrationSpec, folder: Path) -> Found:
    """Two syncs from the sandbox, which changes between them."""
    with time_machine.travel(NOW), Sandbox([WHOLE[spec.name]()]) as sandbox, passing_instance() as instance:
        connection = connection_to(sandbox, spec.name).model_copy(update={"id": CONNECTION})
        lake = Lake(folder)

        def once() -> Outcome:
            return sync(spec, [connection], extent=Extent(from_mark=True), instance=instance, lake=lake)

        assert once().errors == []
        sandbox.change(CHANGE)
        assert once().errors == []
        return Found.of(Session(spec, connection, lake))


@contextmanager
def no_network() -> Iterator[None]:
    """Whoever opens a connection, or looks for a host, fails."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a replay needs no network")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_whole_one_replayed_without_a_network_gives_the_rows_and_findings_of_a_live_sync(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SANDBOXES, vendor, WHOLE[vendor])
    spec = copied(vendor, tmp_path)
    folder = recorded(spec, records=None)
    expected = live(spec, tmp_path / "lake")
    with no_network(), replayed(folder, spec) as replay:
        assert replay.problems == []
        found = Found.of(replay.session)

    assert sum(map(len, expected.rows.values())) > 220
    people = Pairs()
    for name, stream in spec.streams.items():
        paths = {*stream.personal, *AVATARS.get(name, ())}
        assert [_without(row, paths, people.real) for row in expected.rows[name]] == [
            _without(row, paths, people.shown) for row in found.rows[name]
        ]
    people.demand_one_pseudonym_each()
    assert people.real

    owners = people.owners() if vendor == "snyk" else {}
    assert {
        id_: {**item, "owner": owners[item["owner"]]} if item.get("owner") in owners else item
        for id_, item in expected.objects["findings"].items()
    } == found.objects["findings"]
    assert len(found.objects["findings"]) > 100


class Pairs:
    """What personal fields hold in a live sync and in a recording of it, in the same order."""

    def __init__(self) -> None:
        self.real: list[Any] = []
        self.shown: list[Any] = []

    def demand_one_pseudonym_each(self) -> None:
        assert len(self.real) == len(self.shown)
        pairs = set(zip(self.real, self.shown, strict=True))
        assert len({real for real, _ in pairs}) == len({shown for _, shown in pairs}) == len(pairs)
        assert [pair for pair in pairs if pair[0] == pair[1] and pair[0] not in ("", "null")] == []

    def owners(self) -> dict[str, str]:
        return dict(zip(self.real, self.shown, strict=True))


def _without(row: dict[str, Any], paths: set[str], taken: list[Any]) -> dict[str, Any]:
    """A row with the values at these paths of its record moved to a list; all else stays, digits as they are."""

    def emptied(value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {name: emptied(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [emptied(item, path) for item in value]
        if ".".join(path) in paths and value is not None:
            taken.append(value)
            return "someone"
        return value

    record = json.loads(row["record"], parse_int=str, parse_float=str)
    return {**row, "record": json.dumps(emptied(record, ()))}


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
        "first/2-dependabot_alerts.001.json",
        '"description": "Golden harbor ledger 9994."',
        '"description": "Golden harbor ledger."',
        {
            "first/raw/dependabot_alerts": [
                "record [905209994,6]: record.repository.description: "
                '"Golden harbor ledger 9994." -> "Golden harbor ledger."'
            ]
        },
    ),
    "a field that the parser reads": Edit(
        "github",
        "first/2-dependabot_alerts.001.json",
        '"summary": "jolly-garnet: Server-Side Request Forgery (SSRF)"',
        '"summary": "jolly-garnet: SSRF"',
        {
            "first/raw/dependabot_alerts": [
                "record [905209994,6]: record.security_advisory.summary: "
                '"jolly-garnet: Server-Side Request Forgery (SSRF)" -> "jolly-garnet: SSRF"'
            ],
            "first/objects/findings.findings": [
                "object 5d4055e3fbf2644116ec4047c56b426a: title: "
                '"jolly-garnet: Server-Side Request Forgery (SSRF)" -> "jolly-garnet: SSRF"'
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
        '"created": "2026-05-28T13:40:32.082Z"',
        '"created": "2026-05-29T13:40:32.082Z"',
        {
            "first/raw/projects": [
                "record 056b6ce9-665b-4a6a-80a5-a31b125fb216: record.attributes.created: "
                '"2026-05-28T13:40:32.082Z" -> "2026-05-29T13:40:32.082Z"'
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
        },
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_field_shows_in_just_the_snapshots_that_hold_it(what: str, tmp_path: Path) -> None:
    edit = EDITS[what]
    spec = find(edit.vendor)
    folder = tmp_path / "default"
    shutil.copytree(recordings_of(spec) / "default", folder)
    file = folder / edit.file
    assert file.read_text().count(edit.old) == 1
    file.write_text(file.read_text().replace(edit.old, edit.new))
    with replayed(folder, spec) as replay:
        assert replay.problems == []
        assert {item.path: list(item.lines) for item in replay.stale()} == edit.differs
