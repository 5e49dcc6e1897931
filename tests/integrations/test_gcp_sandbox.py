"""The sandbox of Google Cloud behaves as its APIs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
import time_machine

from dazz_assets.sandbox import Sandbox
from integrations.gcp.integration import GcpIntegration
from integrations.gcp.sandbox import EMAIL, SCOPE, TOKEN_URL, GcpSandbox
from integrations.gcp.sandbox_data import is_open, signing_key, signing_key_pem
from tests.http.token_issuer import PRIVATE_KEY
from tests.integrations.google_discovery import find_operation, operations
from tests.integrations.test_closed_findings import customer, sync
from tests.integrations.vendor_data import needs_vendor_data

NOW = datetime(2025, 6, 1, tzinfo=UTC)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Api:
    """A client with a token, which follows the tokens of pages."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        token = self.grant().json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def grant(self, key: str = "", **changed: Any) -> requests.Response:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": EMAIL, "scope": SCOPE, "aud": TOKEN_URL, "iat": now, "exp": now + 600, **changed}
        assertion = jwt.encode(claims, key or signing_key_pem(), algorithm="RS256")
        form = {"grant_type": GRANT, "assertion": assertion}
        return self.session.post(f"{self.url}/token", data=form, timeout=5)

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(self.url + path, params=params, timeout=5)

    def pages(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        page = self.get(path, **params).json()
        yield page
        while token := page.get("nextPageToken"):
            page = self.get(path, **params, pageToken=token).json()
            yield page

    def records(self, path: str, member: str, **params: str) -> list[dict[str, Any]]:
        return [record for page in self.pages(path, **params) for record in page.get(member, ())]


@pytest.fixture(scope="module")
def vendor() -> GcpSandbox:
    return GcpSandbox(seed=1, now=NOW, projects=6, buckets=60, resources=200)


@pytest.fixture
def api(vendor: GcpSandbox) -> Iterator[Api]:
    vendor.reset()
    vendor.disabled, vendor.denied, vendor.requester_pays = set(), set(), set()
    with Sandbox([vendor]) as sandbox:
        client = Api(sandbox.url("gcp"))
        with client.session:
            yield client


def full_project(vendor: GcpSandbox) -> str:
    """The project with most buckets."""
    numbers = [bucket["projectNumber"] for bucket in vendor.buckets.values()]
    return max(vendor.projects, key=lambda name: numbers.count(vendor.projects[name]["name"].rpartition("/")[2]))


def assets_of(api: Api, project: str, **params: str) -> list[dict[str, Any]]:
    return api.records(f"/v1/projects/{project}/assets", "assets", contentType="RESOURCE", **params)


def test_each_list_comes_whole_and_each_record_once(api: Api, vendor: GcpSandbox) -> None:
    projects = api.records("/v3/projects:search", "projects", pageSize="500")
    active = [item["projectId"] for item in projects if item["state"] == "ACTIVE"]
    assets = [asset["name"] for project in active for asset in assets_of(api, project)]
    buckets = [
        bucket["name"] for project in active for bucket in api.records("/storage/v1/b", "items", project=project)
    ]

    assert sorted(item["projectId"] for item in projects) == sorted(vendor.projects)
    assert sorted(buckets) == sorted(vendor.buckets)
    deleted = {item["name"] for item in projects if item["state"] != "ACTIVE"}
    left_out = {name for name, item in vendor.assets.items() if item["ancestors"][0] in deleted}
    assert sorted(assets) == sorted(vendor.assets.keys() - left_out)


def test_a_page_may_be_empty_and_have_a_token(api: Api, vendor: GcpSandbox) -> None:
    pages = list(api.pages(f"/v1/projects/{full_project(vendor)}/assets", contentType="RESOURCE", pageSize="1000"))

    assert len(pages) > 2
    assert pages[1].keys() == {"readTime", "nextPageToken"}
    assert "nextPageToken" not in pages[-1]


def test_a_project_without_buckets_answers_without_a_list(api: Api, vendor: GcpSandbox) -> None:
    empty = list(vendor.projects)[-2]

    assert api.get("/storage/v1/b", project=empty).json() == {"kind": "storage#buckets"}


@pytest.mark.parametrize("size", ["0", "1001", "many"])
def test_a_page_of_assets_has_a_size_from_one_to_a_thousand(api: Api, vendor: GcpSandbox, size: str) -> None:
    answer = api.get(f"/v1/projects/{full_project(vendor)}/assets", pageSize=size)

    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_of_several_terms_in_a_query_one_suffices(api: Api, vendor: GcpSandbox) -> None:
    one, other = list(vendor.projects)[:2]
    found = api.records("/v3/projects:search", "projects", query=f"id:{one} id:{other}")
    deleted = api.records("/v3/projects:search", "projects", query="state:DELETE_REQUESTED")

    assert sorted(item["projectId"] for item in found) == sorted([one, other])
    assert [item["projectId"] for item in deleted] == [list(vendor.projects)[-1]]


def test_without_content_assets_are_names_alone(api: Api, vendor: GcpSandbox) -> None:
    page = api.get(f"/v1/projects/{full_project(vendor)}/assets").json()

    assert {tuple(asset) for asset in page["assets"]} == {("name", "assetType")}


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"key": PRIVATE_KEY}, "invalid_grant", "Invalid JWT Signature."),
        ({"iss": "someone@else.iam.gserviceaccount.com"}, "invalid_grant", "account not found"),
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant", "Audience doesn't match"),
        ({"exp": 1_000_000_000}, "invalid_grant", "Signature has expired"),
        ({"exp": 9_999_999_999}, "invalid_grant", "short-lived"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope", "scope"),
    ],
)
def test_a_token_is_issued_for_the_right_jwt_only(
    api: Api, changed: dict[str, Any], error: str, description: str
) -> None:
    answer = api.grant(**changed)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert description in answer.json()["error_description"]


def test_a_wrong_token_is_refused_by_each_api(api: Api, vendor: GcpSandbox) -> None:
    vendor.tokens.clear()
    paths = ("/v3/projects:search", f"/v1/projects/{full_project(vendor)}/assets", "/storage/v1/b")

    assert [api.get(path).status_code for path in paths] == [401, 401, 401]


def test_over_the_limit_of_the_inventory_it_refuses_and_says_so_in_the_body_alone() -> None:
    vendor = GcpSandbox(now=NOW, limit=1)
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("gcp"))
        path = f"/v1/projects/{full_project(vendor)}/assets"
        first, second = api.get(path), api.get(path)

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert "retry-after" not in second.headers


def test_refusals_say_why(api: Api, vendor: GcpSandbox) -> None:
    off, secret, *_ = vendor.projects
    deleted = list(vendor.projects)[-1]
    vendor.disabled, vendor.denied = {off}, {secret}
    answers = [api.get(f"/v1/projects/{name}/assets").json()["error"] for name in (off, secret, deleted)]

    assert [error["code"] for error in answers] == [403, 403, 403]
    assert [error.get("details", [{"reason": None}])[0]["reason"] for error in answers] == [
        "SERVICE_DISABLED",
        None,
        "CONSUMER_INVALID",
    ]
    assert api.get("/storage/v1/b", project=secret).json()["error"]["errors"][0]["reason"] == "forbidden"
    assert api.get("/storage/v1/b", project=deleted).status_code == 404


def test_a_bucket_whose_requesters_pay_keeps_its_policy_to_itself(api: Api, vendor: GcpSandbox) -> None:
    name = next(iter(vendor.buckets))
    vendor.requester_pays = {name}

    assert api.get(f"/storage/v1/b/{name}/iam").status_code == 400
    assert api.get(f"/storage/v1/b/{name}/iam", userProject="nimbus").status_code == 200
    assert api.get("/storage/v1/b/nobodys/iam").status_code == 404


def test_some_buckets_are_open_to_everyone(vendor: GcpSandbox) -> None:
    opened = sum(is_open(policy) for policy in vendor.policies.values())

    assert 0 < opened < len(vendor.policies) / 2


def test_a_change_is_what_it_says(vendor: GcpSandbox) -> None:
    vendor.reset()
    before = {name: json.dumps(policy) for name, policy in vendor.policies.items()}
    assets = set(vendor.assets)
    change = vendor.change(3)

    [removed], [added] = change.removed["buckets"], change.added["buckets"]
    assert before.keys() ^ vendor.policies.keys() == {removed, added}
    kept = before.keys() & vendor.policies.keys()
    toggled = [name for name in kept if before[name] != json.dumps(vendor.policies[name])]
    assert sorted(change.changed["bucket_policies"]) == sorted(f"projects/_/buckets/{name}" for name in toggled)
    # The inventory is late: it still has the bucket.
    assert f"//storage.googleapis.com/{removed}" in vendor.assets
    gone = {json.loads(key)[0] for key in change.removed["assets"]}
    new = {json.loads(key)[0] for key in change.added["assets"]}
    assert (assets - vendor.assets.keys(), vendor.assets.keys() - assets) == (gone, new)
    assert f"//storage.googleapis.com/{removed}" in json.dumps(vendor.change(4).removed["assets"])


def test_equal_seeds_and_changes_give_equal_records() -> None:
    one, two, other = (GcpSandbox(seed, now=NOW) for seed in (5, 5, 6))

    assert (one.assets, one.policies) == (two.assets, two.policies)
    assert one.assets != other.assets
    assert [one.change(seed) for seed in (1, 2)] == [two.change(seed) for seed in (1, 2)]
    assert (one.assets, one.policies) == (two.assets, two.policies)


def test_the_key_is_the_same_in_each_process() -> None:
    numbers = signing_key().public_key().public_numbers()

    assert numbers.n.bit_length() == 2048
    assert numbers.n % 1_000_000_007 == 746_224_478


@needs_vendor_data
def test_what_it_answers_fits_googles_discovery_documents(api: Api, vendor: GcpSandbox) -> None:
    for _ in range(2):
        for name in vendor.projects:
            check_answers(api, "/v3/projects:search", pageSize="500")
            check_answers(api, f"/v1/projects/{name}/assets", contentType="RESOURCE", pageSize="1000")
            check_answers(api, "/storage/v1/b", project=name)
        for name in vendor.buckets:
            check_answers(api, f"/storage/v1/b/{name}/iam")
        vendor.change(1)
        vendor.rate.clear()


def check_answers(api: Api, path: str, **params: str) -> None:
    operation = find_operation("GET", path)
    assert operation
    for page in api.pages(path, **params):
        if "error" not in page:
            assert [error.message for error in operation.answer.iter_errors(page)] == []


@needs_vendor_data
def test_what_we_ask_fits_googles_discovery_documents(vendor: GcpSandbox, tmp_path: Path) -> None:
    vendor.reset()
    with Sandbox([vendor]) as sandbox:
        sync(customer(tmp_path, sandbox, GcpIntegration, "gcp"))
        asked = [served.request for served in vendor.traffic.log if served.request.path != "/token"]

    used = set()
    for request in asked:
        operation = find_operation(request.method, request.path)
        assert operation, request.path
        assert list(operation.find_problems(request.path, request.params())) == []
        used.add(operation.name)
    assert used == {
        "cloudresourcemanager.projects.search",
        "cloudasset.assets.list",
        "storage.buckets.list",
        "storage.buckets.getIamPolicy",
    }


@needs_vendor_data
def test_the_documents_refuse_what_is_wrong() -> None:
    [assets] = [operation for operation in operations() if operation.name == "cloudasset.assets.list"]
    wrong = {"contentType": "EVERYTHING", "pageSize": "all", "page": "2"}

    assert len(list(assets.find_problems("/v1/projects/acme/assets", wrong))) == 3
    assert list(assets.answer.iter_errors({"assets": [{"name": 1}]}))
    assert list(assets.answer.iter_errors({"assets": [{"colour": "red"}]}))
    assert list(assets.answer.iter_errors({"readTime": "yesterday"}))
    assert not list(assets.answer.iter_errors({"assets": [{"name": "//a/b"}], "readTime": "2025-06-01T00:00:00Z"}))


def test_tokens_are_checked_by_the_clock_of_the_sandbox() -> None:
    with time_machine.travel(NOW), Sandbox([GcpSandbox(now=NOW)]) as sandbox:
        assert Api(sandbox.url("gcp")).grant().status_code == 200
        later = Api(sandbox.url("gcp")).grant(iat=int((NOW + timedelta(hours=1)).timestamp()))
    assert later.status_code == 400
