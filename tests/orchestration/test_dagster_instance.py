"""The Dagster instance is created once, with the settings that we need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dazz_assets.home import lake_url
from dazz_assets.orchestration import dagster_instance

CREATE = """
import sys
from dazz_assets.orchestration.dagster_instance import open_instance
sys.stdin.readline()
with open_instance() as instance:
    print(len(instance.get_runs()))
"""


def test_two_first_starts_at_once_both_succeed(dazz_home: Path) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-c", CREATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("go\n")
        start.stdin.flush()
    assert [start.communicate()[0].strip() for start in starts] == ["0", "0"]


def test_telemetry_is_off_and_a_connection_has_one_run_at_a_time(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled
    limits = instance.get_concurrency_config().run_queue_config
    assert limits is not None
    assert limits.tag_concurrency_limits == [
        {"key": "dazz/connection", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def test_settings_of_an_existing_instance_are_left_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    with dagster_instance.open_instance():
        pass
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == "telemetry:\n  enabled: false\n"


def test_the_home_may_move(dazz_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dagster_instance.open_instance():
        pass
    moved = dazz_home.rename(tmp_path / "moved")
    monkeypatch.setenv("DAGSTER_HOME", str(moved / "dagster"))
    with dagster_instance.open_instance() as instance:
        assert instance.event_log_storage.path_for_shard("index").startswith(str(moved))  # type: ignore[attr-defined]


def test_two_homes_in_one_process_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("one", "two")
    for name in names:
        monkeypatch.setenv("DAZZ_HOME", str(tmp_path / name))
        with dagster_instance.open_instance() as instance:
            index = instance.event_log_storage.path_for_shard("index")  # type: ignore[attr-defined]
            assert index.startswith(str(tmp_path / name))
            instance.add_dynamic_partitions(name, ["a"])
            assert [each for each in names if instance.get_dynamic_partitions(each)] == [name]
    assert "DAGSTER_HOME" not in os.environ


def test_the_lake_lies_in_the_home_unless_the_environment_names_another(
    dazz_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake_url() == str(dazz_home / "lake")
    monkeypatch.setenv("DAZZ_LAKE", "s3://bucket/lake")
    assert lake_url() == "s3://bucket/lake"
