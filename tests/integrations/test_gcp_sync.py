"""Syncs of Google Cloud's sandbox through the lake: all of it, each once; and what becomes of refusals and limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.recording.workspace import Clock
from dazz_assets.reports import StreamReport
from dazz_assets.sandbox import Fault, Record, Sandbox
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from integrations.gcp.integration import GcpIntegration
from integrations.gcp.sandbox import GcpSandbox
from integrations.gcp.sandbox_data import is_open
from tests.help_desk_vendor import Customer


class PatientCustomer(Customer):
    """A customer whose waits take no time. slept: the seconds of all."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        settings = sandbox.settings("gcp")
        super().__init__(folder, settings["base_url"], GcpIntegration, start=date(2026, 1, 5))
        self.connection = self.connection.model_copy(update={"config": settings})
        self.clock = Clock(datetime.now(UTC), wait=None)

    @property
    def session(self) -> Session:
        return Session(self.spec, self.connection, self.lake, now=self.clock.now, sleep=self.clock.sleep)

    def sync_and_parse(self) -> dict[str, StreamReport]:
        reports = self.sync()
        for name in self.spec.parsers:
            self.parse(name=name)
        return reports

    def run(self) -> list[str]:
        """Sync all streams and parse what came, as the scheduler does; the errors."""
        with open_temporary_instance() as instance:
            outcome = sync_connections(
                self.spec,
                [self.connection],
                sync_range=SyncRange(from_mark=True),
                instance=instance,
                lake=self.lake,
            )
        return [error.message for error in outcome.errors]

    def column(self, sql: str) -> list[Any]:
        return [next(iter(row.values())) for row in self.rows(sql)]


@pytest.fixture
def vendor() -> GcpSandbox:
    return GcpSandbox(seed=2, projects=5, buckets=24, resources=60)


@pytest.fixture
def acme(vendor: GcpSandbox, tmp_path: Path) -> Iterator[PatientCustomer]:
    with Sandbox([vendor]) as sandbox:
        yield PatientCustomer(tmp_path, sandbox)


def opened(vendor: GcpSandbox) -> set[str]:
    """The buckets that everyone may read."""
    return {
        name
        for name, policy in vendor.policies.items()
        if is_open(policy) and vendor.buckets[name]["iamConfiguration"]["publicAccessPrevention"] != "enforced"
    }


def active(vendor: GcpSandbox) -> list[Record]:
    return [project for project in vendor.projects.values() if project["state"] == "ACTIVE"]


def listed_assets(vendor: GcpSandbox) -> set[str]:
    numbers = {project["name"] for project in active(vendor)}
    return {name for name, asset in vendor.assets.items() if asset["ancestors"][0] in numbers}


def test_everything_comes_and_each_resource_once(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    acme.sync_and_parse()

    found = acme.rows("select uid, type, is_public, raw_record.stream as stream, id from cloud_resources")
    projects = {f"//cloudresourcemanager.googleapis.com/{item['name']}" for item in vendor.projects.values()}
    assert {row["uid"] for row in found} == listed_assets(vendor) | projects
    assert len({row["id"] for row in found}) == len(found)
    by_stream = {stream: sum(row["stream"] == stream for row in found) for stream in ("projects", "buckets", "assets")}
    assert by_stream == {"projects": 5, "buckets": 24, "assets": 60}
    public = {row["uid"] for row in found if row["is_public"]}
    assert public == {f"//storage.googleapis.com/{name}" for name in opened(vendor)}
    assert public


def findings(acme: PatientCustomer) -> dict[str, tuple[str, str]]:
    """The id and the status of each bucket's finding."""
    rows = acme.rows("select resource_name, id, status from findings")
    found = {row["resource_name"]: (row["id"], row["status"]) for row in rows}
    assert len(found) == len(rows)
    return found


def test_each_bucket_has_a_finding_that_follows_what_changes(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    acme.sync_and_parse()
    first, opened_first = findings(acme), opened(vendor)
    assert {name: status for name, (_, status) in first.items()} == {
        name: "New" if name in opened_first else "Resolved" for name in vendor.buckets
    }
    change = vendor.change(1)
    [removed], [added] = change.removed["buckets"], change.added["buckets"]
    at = datetime.now(UTC)
    acme.sync_and_parse()
    second, opened_second = findings(acme), opened(vendor)

    assert second.keys() == first.keys() | {added}
    assert all(second[name][0] == id_ for name, (id_, _) in first.items())
    assert {name for name, (_, status) in second.items() if status == "New"} == opened_second != opened_first
    assert {name for name, (_, status) in second.items() if status == "Archived"} == {removed}
    [closed] = acme.column(f"select closed_time from findings where resource_name = '{removed}'")
    assert at - timedelta(minutes=1) <= closed <= acme.clock.now()
    joined = acme.column("select r.name from findings f join cloud_resources r on r.id = f.resource_id")
    assert sorted(joined) == sorted(vendor.buckets)


def test_findings_of_a_project_that_is_being_deleted_stay_until_its_buckets_are_gone(
    acme: PatientCustomer, vendor: GcpSandbox
) -> None:
    acme.sync_and_parse()
    number = vendor.buckets[min(opened(vendor))]["projectNumber"]
    [project] = [item for item in vendor.projects.values() if item["name"] == f"projects/{number}"]
    inside = {name for name, bucket in vendor.buckets.items() if bucket["projectNumber"] == number}
    before = findings(acme)
    project["state"] = "DELETE_REQUESTED"
    acme.sync_and_parse()
    waiting = findings(acme)
    assert {name: id_ for name, (id_, _) in waiting.items()} == {name: id_ for name, (id_, _) in before.items()}
    assert {name for name, (_, status) in waiting.items() if status == "Unknown"} == inside

    del vendor.projects[project["projectId"]]
    removed = vendor.change(1).removed["buckets"]
    acme.sync_and_parse()
    assert {name for name, (_, status) in findings(acme).items() if status == "Archived"} == {*inside, *removed}


def test_a_removed_bucket_is_gone_although_the_inventory_is_late(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    acme.sync_and_parse()
    change = vendor.change(1)
    acme.sync_and_parse()

    [removed] = change.removed["buckets"]
    assert f"//storage.googleapis.com/{removed}" in vendor.assets
    assert removed not in acme.column("select name from cloud_resources")


def test_a_second_sync_of_what_did_not_change_stores_nothing(acme: PatientCustomer) -> None:
    first, again = acme.sync(), acme.sync()

    assert [report.stored for report in again.values()] == [5, 88, 24, 24]
    assert [report.version for report in again.values()] == [report.version for report in first.values()]


def test_a_project_that_is_being_deleted_is_listed_and_nothing_in_it(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    reports = acme.sync_and_parse()
    deleted = list(vendor.projects.values())[-1]

    states = acme.column("select vendor_status from cloud_resources where type like '%/Project' order by 1")
    assert states == ["ACTIVE"] * 4 + ["DELETE_REQUESTED"]
    assert any("has been deleted" in text for text in reports["assets"].warnings)
    assert any("project was not found" in text for text in reports["buckets"].warnings)
    assert reports["assets"].passed_over == reports["buckets"].passed_over == []
    account = f"account_uid = '{deleted['projectId']}'"
    assert acme.column(f"select type from cloud_resources where {account}") == [
        "cloudresourcemanager.googleapis.com/Project"
    ]


def test_one_project_whose_inventory_is_switched_off_is_told_and_the_others_come(
    acme: PatientCustomer, vendor: GcpSandbox
) -> None:
    off = active(vendor)[0]
    vendor.disabled = {off["projectId"]}
    reports = acme.sync_and_parse()

    [told] = reports["assets"].passed_over
    assert told.startswith(off["name"])
    assert "it is disabled" in told
    assert "It is switched off at the vendor: switch it on there." in told
    inventory = acme.column("select distinct json_extract_string(record, '$.ancestors[0]') from raw.gcp_assets")
    assert set(inventory) == {item["name"] for item in active(vendor)} - {off["name"]}
    # Its buckets come from the other API.
    assert len(acme.column("select name from cloud_resources where type like '%/Bucket'")) == 24


def test_an_inventory_that_is_switched_off_for_all_projects_is_an_error(
    acme: PatientCustomer, vendor: GcpSandbox
) -> None:
    vendor.disabled = set(vendor.projects)
    acme.sync("projects")
    for project in vendor.projects.values():
        project["state"] = "ACTIVE"

    with pytest.raises(SyncError, match=r"5 of 5 projects failed .*it is disabled"):
        acme.sync("assets")


def test_an_inventory_that_is_switched_off_costs_what_only_it_has(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    vendor.disabled = set(vendor.projects)
    for project in vendor.projects.values():
        project["state"] = "ACTIVE"
    failed = acme.run()

    assert {text.partition(":")[0] for text in failed} == {"gcp/acme, stream assets", "gcp/acme, inventory_resources"}
    found = acme.rows("select type, count(*) as n from cloud_resources group by type order by type")
    assert [(row["type"].rpartition("/")[2], row["n"]) for row in found] == [("Project", 5), ("Bucket", 24)]
    joined = acme.column("select r.name from findings f join cloud_resources r on r.id = f.resource_id")
    assert sorted(joined) == sorted(vendor.buckets)


def test_buckets_that_may_not_be_listed_cost_themselves_and_their_findings(
    acme: PatientCustomer, vendor: GcpSandbox
) -> None:
    refusal = storage_error(403, "dazz does not have storage.buckets.list access.", "forbidden")
    vendor.faults.add(Fault(kind="status", path="/storage/v1/b", status=403, body=refusal, times=99))
    acme.run()

    found = acme.rows("select raw_record.stream as stream, count(*) as n from cloud_resources group by 1 order by 1")
    assert [(row["stream"], row["n"]) for row in found] == [("assets", 60), ("projects", 5)]
    assert acme.rows("select * from findings") == []


def test_a_project_that_may_not_be_read_any_more_keeps_what_was_read_before(
    acme: PatientCustomer, vendor: GcpSandbox
) -> None:
    acme.sync_and_parse()
    before = acme.column("select id from cloud_resources order by 1"), findings(acme)
    denied = vendor.buckets[min(opened(vendor))]["projectNumber"]
    vendor.denied = {item["projectId"] for item in active(vendor) if item["name"] == f"projects/{denied}"}
    reports = acme.sync_and_parse()

    assert [len(reports[name].passed_over) for name in ("projects", "assets", "buckets")] == [0, 1, 1]
    assert "does not have storage.buckets.list access" in reports["buckets"].passed_over[0]
    after = acme.column("select id from cloud_resources order by 1"), findings(acme)
    assert after == before


def test_of_a_bucket_whose_requesters_pay_nothing_is_known(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    name = min(opened(vendor))
    vendor.requester_pays = {name}
    reports = acme.sync_and_parse()

    assert any("requester pays" in text for text in reports["bucket_policies"].warnings)
    assert acme.column(f"select is_public from cloud_resources where name = '{name}'") == [None]
    assert findings(acme)[name][1] == "Unknown"


def test_a_policy_that_may_not_be_read_is_told_and_the_others_come(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    name = min(opened(vendor))
    refusal = storage_error(403, f"dazz does not have storage.buckets.getIamPolicy access to {name}.", "forbidden")
    vendor.faults.add(Fault(kind="status", path=f"*/{name}/iam", status=403, body=refusal))
    reports = acme.sync_and_parse()

    [told] = reports["bucket_policies"].passed_over
    assert "storage.buckets.getIamPolicy" in told
    assert acme.column(f"select is_public from cloud_resources where name = '{name}'") == [None]
    assert findings(acme)[name][1] == "Unknown"
    assert {bucket for bucket, (_, status) in findings(acme).items() if status == "New"} == opened(vendor) - {name}


def storage_error(status: int, message: str, reason: str) -> dict[str, object]:
    errors = [{"message": message, "domain": "usageLimits", "reason": reason}]
    return {"error": {"code": status, "message": message, "errors": errors}}


def quota_error(period: str) -> dict[str, object]:
    limit = f"'List Assets Requests' and limit 'List Assets Requests per {period}'"
    message = f"Quota exceeded for quota metric {limit} of service 'cloudasset.googleapis.com'."
    return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}}


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v1/projects/*", 429, quota_error("minute")),
        ("/storage/v1/b", 429, storage_error(429, "The project exceeded the rate limit.", "rateLimitExceeded")),
        ("/storage/v1/b", 403, storage_error(403, "Rate Limit Exceeded", "rateLimitExceeded")),
        ("/storage/v1/b", 403, storage_error(403, "User Rate Limit Exceeded", "userRateLimitExceeded")),
        ("/storage/v1/b", 403, storage_error(403, "Quota exceeded.", "quotaExceeded")),
        ("/storage/v1/b/*/iam", 503, storage_error(503, "Backend Error", "backendError")),
        ("/v3/projects:search", 429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slow down"}}),
    ],
)
def test_a_limit_is_waited_for_and_costs_nothing(
    acme: PatientCustomer, vendor: GcpSandbox, path: str, status: int, body: dict[str, object]
) -> None:
    vendor.faults.add(Fault(kind="status", path=path, status=status, body=body, times=2))
    reports = acme.sync()

    assert sum(report.retries for report in reports.values()) == 2
    assert [report.passed_over for report in reports.values()] == [[], [], [], []]
    assert [report.stored for report in reports.values()] == [5, len(listed_assets(vendor)), 24, 24]
    assert sum(report.waited_seconds for report in reports.values()) > 0


def test_a_quota_of_a_day_is_not_waited_for(acme: PatientCustomer, vendor: GcpSandbox) -> None:
    acme.sync("projects")
    vendor.faults.add(Fault(kind="status", path="/v1/*", status=429, body=quota_error("day"), times=99))

    with pytest.raises(SyncError, match="counts by the day or longer"):
        acme.sync("assets")


def test_the_documented_limit_of_the_inventory_is_kept() -> None:
    [second, minute] = read_integration(GcpIntegration).streams["assets"].rates

    assert (minute.requests, minute.per) == (100, 60)
    assert second.per == 1


def test_each_stream_names_the_permission_that_it_needs() -> None:
    streams = read_integration(GcpIntegration).streams.values()

    assert {name for stream in streams for name in stream.permissions} == {
        "resourcemanager.projects.get",
        "cloudasset.assets.listResource",
        "storage.buckets.list",
        "storage.buckets.getIamPolicy",
    }
