"""Private names of Dagster are used in one module only, and exist in the installed version."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from dazz_assets.orchestration import dagster_internals

ROOT = Path(dagster_internals.__file__).parents[2]
FOLDERS = ("dazz_assets", "integrations", "resources", "tests")
PRIVATE = re.compile(r"\bdagster\._")
STORAGE = dagster_internals.SqliteEventLogStorage


def private_names(source: str) -> Iterator[str]:
    """The private names of Dagster in a source: in imports, as attributes of the package, or in strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names if PRIVATE.match(item.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (name for item in node.names if PRIVATE.match(name := f"{node.module}.{item.name}"))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in ("dg", "dagster") and node.attr.startswith("_") and not node.attr.startswith("__"):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PRIVATE.match(node.value):
            yield node.value


@pytest.mark.parametrize(
    "source",
    [
        "import dagster._core",
        "from dagster._core import test_utils",
        "from dagster import _core",
        "module = 'dagster.' '_core.storage'",
        "import dagster as dg\ndg._core.storage",
    ],
)
def test_every_way_to_name_private_parts_is_detected(source: str) -> None:
    assert list(private_names(source))


def test_only_one_module_names_private_parts_of_dagster() -> None:
    own = Path(dagster_internals.__file__)
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py") if file not in (own, Path(__file__))]
    found = {str(file.relative_to(ROOT)): names for file in files if (names := [*private_names(file.read_text())])}
    assert own in (ROOT / "dazz_assets").rglob("*.py")
    assert found == {}


def test_an_instance_is_opened_by_a_reference_that_overrides_its_settings() -> None:
    parameters = inspect.signature(dagster_internals.InstanceRef.from_dir).parameters
    assert list(parameters) == ["base_dir", "config_dir", "config_filename", "overrides"]


def test_a_job_over_assets_is_of_the_type_that_annotations_name() -> None:
    assert type(dg.define_asset_job("job")) is dagster_internals.UnresolvedAssetJobDefinition


def test_the_queues_limits_are_replaced_as_a_named_tuple(instance: dg.DagsterInstance) -> None:
    config = instance.get_concurrency_config().run_queue_config
    assert type(config) is dagster_internals.RunQueueConfig
    assert config._replace(tag_concurrency_limits=[]).tag_concurrency_limits == []


def test_staleness_is_read_by_asset_and_partition() -> None:
    resolver = dagster_internals.CachingStaleStatusResolver
    assert list(inspect.signature(resolver).parameters)[:3] == ["instance", "asset_graph", "loading_context"]
    assert list(inspect.signature(resolver.get_status).parameters) == ["self", "key", "partition_key"]
    assert list(inspect.signature(dagster_internals.LoadingContextForTest).parameters) == ["instance"]


def test_the_runs_that_the_daemon_would_start_can_be_read(instance: dg.DagsterInstance) -> None:
    assert dagster_internals.runs_to_dequeue(instance) == set()
    assert dagster_internals.job_origin("sync").job_name == "sync"


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (STORAGE.__init__, ["self", "base_dir", "inst_data"]),
        (STORAGE.config_type, []),
        (STORAGE.from_config_value, ["inst_data", "config_value"]),
        (STORAGE.store_event_batch, ["self", "events"]),
        (STORAGE.has_table, ["self", "table_name"]),
        (STORAGE.wipe, ["self"]),
        (STORAGE.dispose, ["self"]),
        (STORAGE.index_transaction, ["self"]),
        (STORAGE.run_connection, ["self", "run_id"]),
        (STORAGE._event_to_row, ["self", "event"]),
        (STORAGE.store_asset_check_event, ["self", "event", "event_id"]),
        (STORAGE.path_for_shard, ["self", "run_id"]),
        (STORAGE.conn_string_for_shard, ["self", "shard_name"]),
        (STORAGE._store_asset_event_tags, ["self", "conn", "events", "event_ids"]),
        (STORAGE._store_asset_event, ["self", "conn", "event", "event_id"]),
        (STORAGE._connect, ["self", "shard"]),
        (STORAGE._initdb, ["self", "engine", "for_index_shard"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_event_log_has_the_methods_that_ours_overrides_and_calls(
    method: Callable[..., object], parameters: list[str]
) -> None:
    assert list(inspect.signature(method).parameters) == parameters


def test_the_event_log_has_the_attributes_that_ours_uses(tmp_path: Path) -> None:
    storage = STORAGE(str(tmp_path))
    assert {"_base_dir", "_db_lock", "_initialized_dbs"} <= vars(storage).keys()
    storage.dispose()


def test_an_instance_in_memory_has_the_event_log_that_it_is_given() -> None:
    event_log = dagster_internals.InMemoryEventLogStorage()
    with dagster_internals.instance_in_memory(event_log) as instance:
        assert instance.is_ephemeral
        assert instance.event_log_storage is event_log
        assert not instance.get_settings("telemetry")["enabled"]


def test_events_are_grouped_by_type() -> None:
    kinds = dg.DagsterEventType
    assert kinds.ASSET_MATERIALIZATION in dagster_internals.ASSET_EVENTS
    assert kinds.ASSET_CHECK_EVALUATION in dagster_internals.ASSET_CHECK_EVENTS
    assert dagster_internals.EVENT_TYPE_TO_PIPELINE_RUN_STATUS[kinds.RUN_SUCCESS] == dg.DagsterRunStatus.SUCCESS
    assert dagster_internals.SQLITE_BUSY_TIMEOUT_SECONDS > 0


def test_the_class_that_captures_no_output_is_configured(instance: dg.DagsterInstance) -> None:
    assert type(instance.compute_log_manager) is dagster_internals.NoOpComputeLogManager
