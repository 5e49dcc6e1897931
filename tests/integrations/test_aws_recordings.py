"""Recordings of AWS hold no credentials, whatever signs in, and are replayed without any, with the network blocked."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.endpoint import Endpoint
from pytest_socket import SocketBlockedError, disable_socket, enable_socket

from dazz_assets import Request, Response
from dazz_assets.connections import Connection
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.recording.scenario import recordings_folder
from dazz_assets.sandbox import Sandbox
from dazz_assets.spec.specs import IntegrationSpec
from integrations.aws.sandbox import AwsSandbox
from integrations.aws.seam import BotocoreSeam
from tests.integrations import aws_hosts
from tests.integrations.aws_customer import SPEC
from tests.integrations.make_recordings import KEY, NOW, copied, recorded
from tests.integrations.test_recordings import files


@pytest.fixture
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    try:
        with pytest.raises(SocketBlockedError):
            socket.socket()
        yield
    finally:
        enable_socket()


@pytest.fixture
def _a_machine_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_made_again_from_the_sandbox_it_is_the_same_but_for_the_times(tmp_path: Path) -> None:
    again = files(recorded(copied("aws", tmp_path)))
    committed = files(recordings_folder(SPEC) / "default")
    assert [path for path in committed.keys() | again.keys() if committed.get(path) != again.get(path)] == []


def test_it_holds_requests_to_each_service_and_region_and_nothing_that_signs_them() -> None:
    folder = recordings_folder(SPEC) / "default"
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    for host in ("sts.us-east-1.", "iam.", ".s3-control.us-east-1.", ".s3.eu-west-1.", "s3."):
        assert f"{host}amazonaws.com" in everything
    assert "<SecretAccessKey>redacted</SecretAccessKey>" in everything
    for secret in ("AKIA", "ASIA", "Signature", "X-Amz-Security-Token", "webfile"):
        assert secret not in everything


@pytest.mark.usefixtures("_a_machine_without_credentials", "_no_network")
def test_it_is_replayed_on_a_machine_without_credentials_and_network() -> None:
    with replay_scenario(recordings_folder(SPEC) / "default") as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        assert len(replay.records("bucket_settings")) == len(replay.records("buckets"))


NAMES = [
    ("<Arn>arn:aws:iam::111122223333:user/staff/{}</Arn>", "<UserId>AIDAEXAMPLE</UserId>"),
    (
        "<Arn>arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Read_ab12/{}</Arn>",
        "<UserId>AROAEXAMPLE:{}</UserId>",
    ),
    ("<Arn>arn:aws:sts::111122223333:federated-user/{}</Arn>", "<UserId>111122223333:{}</UserId>"),
    ("<AssumedRoleId>AROAEXAMPLE:{}</AssumedRoleId>", "<FederatedUserId>111122223333:{}</FederatedUserId>"),
    ("<Message>User: arn:aws:sts::111122223333:assumed-role/sso/{} is not authorized to", " perform: s3:x</Message>"),
    ("<Message>User: arn:aws:iam::111122223333:user/{} is not authorized to", " perform: s3:x</Message>"),
    ("<DisplayName>{}</DisplayName>", "<EmailAddress>{}</EmailAddress>"),
]


def _recorded_body(body: str) -> str:
    """What is recorded of an answer with this body."""
    kept: list[bytes] = []

    def tape(request: Request, send: Callable[[Request], Response]) -> Response:
        answer = send(request)
        kept.append(answer.body)
        return answer

    sent = AWSResponse("https://sts.us-east-1.amazonaws.com/", 200, {}, mock.Mock(stream=lambda: [body.encode()]))
    asked = AWSPreparedRequest("POST", sent.url, {}, "Action=GetCallerIdentity", stream_output=False)
    with mock.patch.object(Endpoint, "_send", return_value=sent), BotocoreSeam().recording(tape):
        Endpoint._send(mock.Mock(), asked)
    return kept[0].decode()


@pytest.mark.parametrize("parts", NAMES)
@pytest.mark.parametrize("name", ["alice", "alice.jones@acme.com"])
def test_the_names_of_users_and_of_their_sessions_are_replaced(parts: tuple[str, str], name: str) -> None:
    body = "".join(parts)
    assert _recorded_body(body.format(name, name)) == body.format("redacted", "redacted").replace("staff/", "")


def test_the_name_of_our_own_sessions_is_kept() -> None:
    body = (
        "<UserId>AROAEXAMPLE:dazz-assets</UserId>"
        "<Arn>arn:aws:sts::111122223333:assumed-role/security-audit/dazz-assets</Arn>"
    )
    assert _recorded_body(body) == body


def test_who_we_are_is_personal() -> None:
    assert set(SPEC.streams["accounts"].personal) == {"Identity.Arn", "Identity.UserId"}


def _recorded_with_a_profile(spec: IntegrationSpec, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A recording of a profile that assumes a role by itself, and then roles, one of which is refused."""
    (folder / "config").write_text(
        "[profile audit]\nrole_arn = arn:aws:iam::{}:role/security-audit\nsource_profile = base\nexternal_id = {}\n"
        "[profile base]\naws_access_key_id = {}\naws_secret_access_key = key-of-a-profile\n"
    )
    aws = AwsSandbox(seed=9, accounts=2, buckets=4)
    first, second = aws.accounts.values()
    aws.refused_roles = {second.id}
    with Sandbox([aws]) as sandbox, aws_hosts.answered_by(sandbox.url("aws")):
        settings = sandbox.settings("aws")
        config = folder / "config"
        config.write_text(config.read_text().format(first.id, settings["external_id"], settings["access_key_id"]))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        chosen = {"profile": "audit", "role_arns": settings["role_arns"], "external_id": settings["external_id"]}
        connection = Connection(id="acme", integration="aws", start=NOW.date(), config=chosen)
        return record_scenario(spec, connection, "profile", key=KEY, records=None).folder, second.id


def test_what_a_profile_does_to_sign_in_is_no_part_of_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, refused = _recorded_with_a_profile(copied("aws", tmp_path), tmp_path, monkeypatch)
    (tmp_path / "config").unlink()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "key-of-a-profile" not in everything
    disable_socket(allow_unix_socket=True)
    try:
        with replay_scenario(folder) as replay:
            assert (replay.problems, replay.stale_snapshots()) == ([], [])
            accounts = {account.account for account in replay.records("accounts")}
    finally:
        enable_socket()
    assert accounts
    assert refused not in accounts
    shutil.rmtree(folder)
