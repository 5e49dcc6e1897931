"""How connections to Google Cloud sign in: with a service account's key, or with application default credentials."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.auth import _exponential_backoff
from google.auth.compute_engine import _metadata

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.recording.workspace import Clock
from dazz_assets.sandbox import Fault, Sandbox
from dazz_assets.session import Session
from integrations.gcp import default_credentials
from integrations.gcp.config import GcpConfig
from integrations.gcp.integration import GcpIntegration
from integrations.gcp.sandbox import EMAIL, GcpSandbox
from integrations.gcp.sandbox_data import signing_key_pem
from tests.help_desk_vendor import Customer, Mondays
from tests.integrations.make_recordings import copied
from tests.integrations.sync_results import no_network
from tests.integrations.test_closed_findings import customer

KEY_FILE = {"type": "service_account", "client_email": EMAIL, "private_key": signing_key_pem(), "project_id": "acme"}
BY_KEY = ("service_account", "client_email", "private_key")


def load(**config: str) -> GcpConfig:
    return Connection(id="acme", integration="gcp", start=Mondays.FIRST, config=config).load(GcpConfig)


def problem(**config: str) -> str:
    with pytest.raises(BadConnection) as caught:
        load(**config)
    assert "PRIVATE KEY" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def vendor() -> GcpSandbox:
    return GcpSandbox(seed=4, projects=3, buckets=4, resources=12)


@pytest.fixture
def sandbox(vendor: GcpSandbox) -> Iterator[Sandbox]:
    with Sandbox([vendor]) as sandbox:
        yield sandbox


@pytest.fixture
def default_file(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of application default credentials, which the environment names."""
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({**KEY_FILE, "token_uri": f"{sandbox.url('gcp')}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    return file


def by_default(folder: Path, sandbox: Sandbox) -> Customer:
    """A customer whose config holds no credentials."""
    acme = customer(folder, sandbox, GcpIntegration, "gcp")
    config = {name: value for name, value in acme.connection.config.items() if name not in BY_KEY}
    acme.connection = acme.connection.model_copy(update={"config": config})
    return acme


# The config


def test_a_key_file_is_read_into_its_parts() -> None:
    config = load(service_account=json.dumps(KEY_FILE))

    assert (config.service_account, config.client_email) == (None, EMAIL)
    assert config.private_key
    assert config.private_key.get_secret_value() == signing_key_pem()
    assert config == load(client_email=EMAIL, private_key=signing_key_pem())


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"service_account": "/etc/key.json"}, "`config.service_account` is not JSON; give the text of the key file"),
        ({"service_account": "[]"}, "`config.service_account` is not JSON"),
        (
            {"service_account": json.dumps({"type": "external_account"})},
            "`config.service_account` is not a service account's key file; leave it out, and name the file in "
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (
            {"service_account": json.dumps({**KEY_FILE, "private_key": None})},
            "`config.service_account` has no `private_key`",
        ),
        ({"service_account": json.dumps(KEY_FILE), "client_email": EMAIL}, "set it or these two"),
        ({"client_email": EMAIL}, "`config.client_email` and `config.private_key` belong together"),
        ({"private_key": signing_key_pem()}, "`config.client_email` and `config.private_key` belong together"),
    ],
)
def test_a_config_that_is_not_right_is_told(config: dict[str, str], told: str) -> None:
    assert problem(**config).startswith("connection 'acme' of gcp: ")
    assert told in problem(**config)


# A service account's key


def test_a_key_signs_in_and_nobody_asks_for_default_credentials(
    sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_credentials, "find_credentials", None)
    customer(tmp_path, sandbox, GcpIntegration, "gcp").sync("projects")

    assert vendor.issued == 1


def test_a_token_that_is_refused_is_fetched_once_more(sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path) -> None:
    vendor.faults.add(Fault(kind="status", status=401, path="/v3/*"))
    reports = customer(tmp_path, sandbox, GcpIntegration, "gcp").sync("projects")

    assert (vendor.issued, reports["projects"].stored) == (2, 3)


def test_a_key_that_google_does_not_know_is_told_without_showing_it(sandbox: Sandbox, tmp_path: Path) -> None:
    acme = customer(tmp_path, sandbox, GcpIntegration, "gcp")
    key_file = json.dumps({**KEY_FILE, "client_email": "gone@acme.iam.gserviceaccount.com"})
    acme.connection = acme.connection.model_copy(
        update={"config": {**acme.connection.config, "service_account": key_file}}
    )
    with pytest.raises(SyncError, match="account not found") as caught:
        acme.sync("projects")
    assert "config.private_key" in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)


# Application default credentials


@pytest.mark.usefixtures("default_file")
def test_without_a_key_default_credentials_sign_in(sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path) -> None:
    reports = by_default(tmp_path, sandbox).sync()

    assert [report.stored for report in reports.values()] == [3, len(vendor.assets) - 1, 4, 4]


@pytest.mark.usefixtures("default_file")
def test_a_default_token_is_fetched_once_for_all_threads_of_a_sync(
    sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path
) -> None:
    acme = by_default(tmp_path, sandbox)
    acme.sync("projects", "buckets")
    before = vendor.issued
    acme.sync("bucket_policies")

    assert vendor.issued == before + 1


@pytest.mark.usefixtures("default_file")
def test_a_default_token_that_is_refused_is_fetched_once_more(
    sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path
) -> None:
    vendor.faults.add(Fault(kind="status", status=401, path="/v3/*"))
    reports = by_default(tmp_path, sandbox).sync("projects")
    assert (vendor.issued, reports["projects"].stored) == (2, 3)

    vendor.faults.add(Fault(kind="status", status=401, path="/v3/*", times=9))
    with pytest.raises(SyncError, match="401"):
        by_default(tmp_path, sandbox).sync("projects")
    assert vendor.issued == 4


@pytest.mark.usefixtures("default_file")
def test_a_default_token_is_masked(sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path) -> None:
    acme = by_default(tmp_path, sandbox)
    echo: dict[str, object] = {"error": {"code": 400, "message": "bad token ya29.sandbox-000000000001"}}
    vendor.faults.add(Fault(kind="status", status=400, path="/v3/*", body=echo))
    with pytest.raises(SyncError, match=r"bad token \*\*\*"):
        acme.sync("projects")


@pytest.mark.usefixtures("default_file")
def test_the_project_of_the_quota_is_sent(
    sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "acme-quota")
    by_default(tmp_path, sandbox).sync("projects")

    asked = [served.request.headers for served in vendor.traffic.log if served.request.path != "/token"]
    assert {headers.get("x-goog-user-project") for headers in asked} == {"acme-quota"}


def test_a_refusal_of_default_credentials_is_told(sandbox: Sandbox, default_file: Path, tmp_path: Path) -> None:
    content = json.loads(default_file.read_text())
    default_file.write_text(json.dumps({**content, "client_email": "gone@acme.iam.gserviceaccount.com"}))
    with pytest.raises(SyncError, match="application default credentials: invalid_grant") as caught:
        by_default(tmp_path, sandbox).sync("projects")
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.usefixtures("default_file")
def test_a_failure_that_may_pass_is_tried_again(
    sandbox: Sandbox, vendor: GcpSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exponential_backoff, "time", SimpleNamespace(sleep=lambda seconds: None))
    vendor.faults.add(Fault(kind="status", status=503, path="/token", times=4))  # google-auth tries three times
    acme = by_default(tmp_path, sandbox)
    clock = Clock(datetime.now(UTC), wait=None)
    session = Session(acme.spec, acme.connection, acme.lake, now=clock.now, sleep=clock.sleep)
    report = sync_stream(session, acme.spec.streams["projects"], SyncRange(from_mark=True))

    assert (report.stored, report.retries, vendor.issued) == (3, 1, 1)


def test_that_there_are_no_default_credentials_is_told(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr(_metadata, "is_on_gce", lambda request: False)
    with pytest.raises(SyncError, match="Your default credentials were not found") as caught:
        by_default(tmp_path, sandbox).sync("projects")
    assert str(caught.value).endswith(
        "Give this process credentials that Google takes, or set `config.service_account`."
    )


def test_that_google_auth_is_missing_is_told_with_what_to_install(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(SyncError, match=r"pip install 'dazz-assets\[gcp\]'"):
        by_default(tmp_path, sandbox).sync("projects")


def test_the_integration_loads_without_google_auth() -> None:
    code = (
        "import sys\n"
        "sys.modules['google'] = None\n"
        "from dazz_assets.spec.discovery import find_integration\n"
        "print(list(find_integration('gcp').streams), 'google.auth' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "['projects', 'assets', 'buckets', 'bucket_policies'] False\n", done.stderr


# Recordings


def test_a_recording_with_default_credentials_holds_no_token_and_is_replayed_without_them(
    sandbox: Sandbox, default_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = copied("gcp", tmp_path / "copy")
    connection = by_default(tmp_path, sandbox).connection
    recorded = record_scenario(spec, connection, "default", key=b"key", records=3)
    default_file.unlink()
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    texts = [file.read_text() for file in recorded.folder.rglob("*.json")]

    assert not any("ya29" in text or EMAIL in text or "127.0.0.1" in text for text in texts)
    assert not list(recorded.folder.rglob("*other*"))
    with no_network(), replay_scenario(recorded.folder, spec) as replay:
        assert replay.problems == []
        assert len(replay.records("buckets")) == 4


def test_a_recording_with_a_key_holds_no_secret_and_names_googles_own_hosts(sandbox: Sandbox, tmp_path: Path) -> None:
    spec = copied("gcp", tmp_path / "copy")
    connection = customer(tmp_path, sandbox, GcpIntegration, "gcp").connection
    recorded = record_scenario(spec, connection, "default", key=b"key", records=3)
    texts = {file.name: file.read_text() for file in recorded.folder.rglob("*.json")}
    everything = "".join(texts.values())

    assert not any(secret in everything for secret in ("ya29", "PRIVATE KEY", EMAIL, "127.0.0.1", sandbox.url("gcp")))
    hosts = ("cloudresourcemanager", "cloudasset", "storage", "oauth2")
    assert [f"https://{host}.googleapis.com/" in everything for host in hosts] == [True] * 4
    with no_network(), replay_scenario(recorded.folder, spec) as replay:
        assert replay.problems == []
