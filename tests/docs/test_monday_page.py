"""What docs/vendors/monday.md says of streams, scopes and the connection is what is declared."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dazz_assets.connections import Connection
from dazz_assets.spec.read import read_integration
from integrations.monday.integration import MondayConfig, MondayIntegration
from tests.docs.markdown import only_block

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "monday.md").read_text(encoding="utf-8")
SPEC = read_integration(MondayIntegration)


def rows(heading: str) -> dict[str, str]:
    """The rows of the first table below a heading: the name in backticks, and what follows it."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE))


def test_the_table_of_streams_has_each_and_how_it_syncs() -> None:
    shown = rows("What is fetched")
    assert shown.keys() == SPEC.streams.keys()
    for name, stream in SPEC.streams.items():
        kind = "snapshot" if stream.cursor is None else f"incremental, by `{stream.cursor.field}`"
        assert shown[name].startswith(kind)
        assert shown[name].endswith(f"`{stream.primary_key[0]}`")


def test_the_scopes_are_those_that_the_streams_declare() -> None:
    declared = {scope for stream in SPEC.streams.values() for scope in stream.stream.permissions}
    assert rows("Permissions").keys() == declared


def test_what_becomes_of_it_are_the_parsers() -> None:
    for name in SPEC.parsers:
        assert f"- `{name}`: " in PAGE


def test_the_entry_of_a_connection_is_valid() -> None:
    [entry] = yaml.safe_load(only_block(PAGE, "yaml"))["connections"]
    connection = Connection.model_validate(entry)
    assert connection.integration == SPEC.name
    assert MondayConfig.model_validate(connection.config).token.get_secret_value() == "${MONDAY_TOKEN}"
