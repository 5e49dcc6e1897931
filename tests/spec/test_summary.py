"""Integrations are described in words, and drawn as a flowchart that Mermaid renders."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import (
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    JwtGrant,
    SignedJwt,
    Stream,
    parser,
)
from dazz_assets.domain import DomainObject
from dazz_assets.spec import summary
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Thing, with_stream


class Note(DomainObject):
    """The table of two parsers."""


class EndStream(Stream[Thing]):
    """Named like a Mermaid keyword."""

    path = "/ends"


class SubgraphStream(Stream[Thing]):
    parent = EndStream
    path = "/ends/{parent.id}/graphs"
    cursor = Cursor('odd."field"[<b>]', since="from", order="asc", lookback=timedelta(hours=36))


class AloneStream(Stream[Thing]):
    path = "/alone"


class WordsIntegration(Integration[ConnectionConfig]):
    name = "words"
    base_url = "https://words.test"
    primary_key = "id"
    window = "month"
    streams = (EndStream, SubgraphStream, AloneStream)

    @parser
    def click(self, ends: FullRefresh[EndStream], graphs: Incremental[SubgraphStream]) -> Iterator[Note]:
        yield from ()

    @parser
    def style(self, ends: FullRefresh[EndStream]) -> Iterator[Note]:
        yield from ()


NODE = re.compile(r'    (\w+)(\(\["|\["|\[\["|\[\(")([^"\[\]{}|]*)("\]\)|"\]|"\]\]|"\)\])')
EDGE = re.compile(r"    (\w+) (-->|-\.->)(?:\|(\w+)\|)? (\w+)")
CLOSES = {'(["': '"])', '["': '"]', '[["': '"]]', '[("': '")]'}
RESERVED = {"end", "click", "style", "subgraph", "graph", "flowchart", "class", "default", "linkStyle", "classDef"}


def read_flowchart(text: str) -> tuple[dict[str, str], list[tuple[str, str, str | None, str]]]:
    """The nodes with their labels and the edges of a flowchart; fails for what is not in Mermaid's grammar."""
    first, *lines = text.split("\n")
    assert first == "flowchart LR"
    nodes: dict[str, str] = {}
    edges = []
    for line in lines:
        if node := NODE.fullmatch(line):
            assert CLOSES[node[2]] == node[4], line
            assert node[1] not in RESERVED | nodes.keys()
            nodes[node[1]] = node[3]
        else:
            edge = EDGE.fullmatch(line)
            assert edge, line
            assert {edge[1], edge[4]} <= nodes.keys(), line
            edges.append((edge[1], edge[2], edge[3], edge[4]))
    return nodes, edges


def test_the_flowchart_leads_from_the_vendor_through_streams_and_parsers_to_tables() -> None:
    nodes, edges = read_flowchart(summary.draw_mermaid(read_integration(WordsIntegration)))
    assert list(nodes) == [
        "vendor",
        "stream_end",
        "stream_subgraph",
        "stream_alone",
        "parser_click",
        "parser_style",
        "table_notes",
    ]
    assert edges == [
        ("vendor", "-->", None, "stream_end"),
        ("vendor", "-->", None, "stream_subgraph"),
        ("stream_end", "-.->", "parent", "stream_subgraph"),
        ("vendor", "-->", None, "stream_alone"),
        ("stream_end", "-->", "FullRefresh", "parser_click"),
        ("stream_subgraph", "-->", "Incremental", "parser_click"),
        ("parser_click", "-->", None, "table_notes"),
        ("stream_end", "-->", "FullRefresh", "parser_style"),
        ("parser_style", "-->", None, "table_notes"),
    ]


def test_labels_are_escaped() -> None:
    nodes, _ = read_flowchart(summary.draw_mermaid(read_integration(WordsIntegration)))
    assert nodes["stream_end"] == "end<br/>snapshot"
    assert nodes["stream_subgraph"] == "subgraph<br/>incremental by odd.#quot;field#quot;#91;#lt;b#gt;#93;"
    assert nodes["table_notes"] == "notes<br/>Note"


@pytest.mark.parametrize("name", ["github", "monday", "snyk"])
def test_our_own_integrations_have_a_flowchart(name: str) -> None:
    spec = find_integration(name)
    nodes, edges = read_flowchart(summary.draw_mermaid(spec))
    assert {f"stream_{stream}" for stream in spec.streams} < nodes.keys()
    assert len(edges) > len(spec.streams)


def test_sync_mode_partitions_and_readers_of_streams() -> None:
    spec = read_integration(WordsIntegration)
    ends, graphs, alone = spec.streams.values()
    assert [summary.sync_mode(item) for item in (ends, graphs, alone)] == ["snapshot", "incremental", "snapshot"]
    assert [summary.describe_partitions(spec, item) for item in (ends, graphs)] == [
        "connection",
        "connection and month",
    ]
    assert [summary.describe_partitions(spec, item) for item in spec.parsers.values()] == [
        "connection and month",
        "connection",
    ]
    assert [summary.find_readers(spec, item) for item in (ends, graphs, alone)] == [
        ["click", "style"],
        ["click"],
        [],
    ]


def test_a_cursor_is_described_with_how_it_asks_for_changes() -> None:
    def text(cursor: Cursor | None, **settings: Any) -> str:
        declared = with_stream(primary_key="id", cursor=cursor, **settings)
        return summary.describe_cursor(read_integration(declared).streams["bad"])

    short = Cursor("at", since="from", until="to", order="asc", lookback=timedelta(hours=36), format="epoch")
    assert text(short) == "at (since from, until to, asc, epoch, look-back 36 hours)"
    assert text(Cursor("at")) == "at"
    assert text(None) == ""
    assert text(Cursor("at"), params={"jql": "at >= {cursor.since} and at < {cursor.until}"}) == (
        "at (since jql, until jql)"
    )
    assert text(Cursor("at"), body={"where": [{"at": {"gte": "{cursor.since}"}}]}) == "at (since where.0.at.gte)"
    assert text(Cursor("at"), path="/since/{cursor.since}") == "at (since path)"


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=14), "14 days"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=90, milliseconds=500), "90.5 seconds"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(time: timedelta, text: str) -> None:
    assert summary.format_duration(time) == text


def test_an_auth_is_shown_with_the_jwt_in_it_as_its_author_writes_them() -> None:
    auth = JwtGrant(SignedJwt("{config.key}", claims={"iss": "x"}), token_url="/token", scope="read")
    assert summary.describe_setting(auth) == (
        'JwtGrant(SignedJwt("{config.key}", claims={\'iss\': \'x\'}), token_url="/token", scope="read")'
    )
