"""The connections with which ours takes part: to the benchmarks' vendor, with a lake of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import yaml

from dazz_assets.connections import Connection
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from tests.benchmarks.issue_pages import first_day

_DECLARED = Path(__file__).parent / "declared"
CONNECTION = "benchmark"


def integration_file(name: str) -> Path:
    """The file of one of the benchmarks' integrations."""
    return _DECLARED / f"{name}.py"


def open_session(integration: str, url: str, folder: str | Path) -> Session:
    """A session of an integration, with the lake in a folder."""
    spec = find_integration(str(integration_file(integration)))
    connection = Connection(
        id=CONNECTION, integration=spec.name, start=first_day().date(), config={"base_url": url, "token": "any"}
    )
    return Session(spec, connection, Lake(Path(folder) / "lake"))


def write_connections(
    integration: str, url: str, folder: Path, ids: Sequence[str] = (CONNECTION,), start: date | None = None
) -> dict[str, str]:
    """Write a connections file into a folder; the environment in which the command uses it, and has its home there."""
    common = {"integration": integration, "start": (start or first_day().date()).isoformat()}
    entries = [{"id": id_, **common, "config": {"base_url": url, "token": "any"}} for id_ in ids]
    file = folder / "connections.yaml"
    file.write_text(yaml.safe_dump({"connections": entries}), encoding="utf-8")
    others = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "DAZZ_LAKE")}
    return {**others, "DAZZ_HOME": str(folder), "DAZZ_CONNECTIONS": str(file)}


def count_stored(integration: str, folder: Path) -> int:
    """How many records a lake holds of the one stream of an integration."""
    session = open_session(integration, "http://127.0.0.1:1", folder)
    (stream,) = session.spec.streams.values()
    version = session.raw(stream).open()
    return 0 if version is None else version.rows


def count_published(integration: str, folder: Path, parser: str | None = None) -> int:
    """How many objects a lake holds of a parser of an integration, by default its first."""
    session = open_session(integration, "http://127.0.0.1:1", folder)
    name = parser or next(iter(session.spec.parsers))
    tables = session.lake.tables_of_parser(session.spec.name, name, CONNECTION)
    return sum(version.rows for table in tables if (version := table.open()) is not None)
