"""Descriptions of an integration for people: partitions, inputs, cursors and settings in words, and a flowchart."""

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import timedelta

from dazz_assets.counts import format_count
from dazz_assets.http import GraphQLCursor
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.quotes import shorten
from dazz_assets.spec.cursor_bounds import BOUNDS, find_bound_places
from dazz_assets.spec.literals import write_call
from dazz_assets.spec.specs import InputSpec, IntegrationSpec, ParserSpec, StreamSpec

_DURATION_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)
_MAX_QUERY_LENGTH = 40
_MERMAID_ESCAPES = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "[": "#91;", "]": "#93;"}


def sync_mode(stream: StreamSpec) -> str:
    """How a stream is synced: `snapshot` or `incremental`."""
    return "snapshot" if stream.cursor is None else "incremental"


def describe_partitions(spec: IntegrationSpec, node: StreamSpec | ParserSpec) -> str:
    """What the asset of a stream or parser is partitioned by."""
    return f"connection and {spec.window}" if node.windowed else "connection"


def describe_input(item: InputSpec) -> str:
    """An input as its author writes it, with the stream's name: `Incremental[issues]`."""
    return f"{'Incremental' if item.kind == 'incremental' else 'FullRefresh'}[{item.stream}]"


def find_readers(spec: IntegrationSpec, stream: StreamSpec) -> list[str]:
    """The names of the parsers that read a stream."""
    return [item.name for item in spec.parsers.values() if stream.name in {each.stream for each in item.inputs}]


def describe_bound(stream: StreamSpec, bound: str) -> str | None:
    """Where a stream's requests send a bound, for example `updated_after`; None if they don't."""
    return " and ".join(find_bound_places(stream.request, bound)) or None


def describe_cursor(stream: StreamSpec) -> str:
    """A stream's cursor and how it asks for changes: `updated_at (since from, until to, asc, look-back 1 day)`.

    Empty for a snapshot stream.
    """
    cursor = stream.cursor
    if cursor is None:
        return ""
    details = [f"{bound} {places}" for bound in BOUNDS if (places := describe_bound(stream, bound))]
    details += filter(None, (cursor.order, cursor.format))
    if cursor.lookback:
        details.append(f"look-back {format_duration(cursor.lookback)}")
    return f"{cursor.field} ({', '.join(details)})" if details else cursor.field


def format_duration(time: timedelta) -> str:
    """A duration in the largest unit in which it is a whole number: `2 days`, `90 minutes`."""
    for unit, name in _DURATION_UNITS:
        if not time % unit:
            return format_count(time // unit, name)
    return f"{time.total_seconds():g} seconds"


def describe_setting(value: object) -> str:
    """A paginator or auths as their author writes them, without the rest of a long query; empty for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " or ".join(map(describe_setting, value))
    if isinstance(value, GraphQLCursor) and value.next_query is not None:
        value = dataclasses.replace(value, next_query=shorten(" ".join(value.next_query.split()), _MAX_QUERY_LENGTH))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return write_call(value)
    return type(value).__name__


def describe_paging(stream: StreamSpec) -> str:
    """What finds a stream's pages: its paginator as its author writes it, or the code that makes them."""
    return describe_setting(stream.paginator) if stream.pages is None else stream.code_name


def write_catalogue(specs: Iterable[IntegrationSpec]) -> str:
    """A table in Markdown: how each integration signs in, what it fetches in which mode, and what becomes of it."""
    rows = (
        (
            f"`{spec.name}`",
            _name_auths(spec),
            _name_streams(spec, "snapshot"),
            _name_streams(spec, "incremental"),
            ", ".join(f"`{item.name}`" for item in spec.parsers.values()),
        )
        for spec in specs
    )
    heading = ("integration", "signs in with", "snapshots", "incremental streams", "parsers")
    return "\n".join(f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *rows))


def _name_auths(spec: IntegrationSpec) -> str:
    auths = [f"`{type(auth).__name__}`" for auth in list_auths(spec.integration.auth)]
    return ", ".join(dict.fromkeys(auths)) or ("an SDK" if not spec.sends_requests else "nothing")


def _name_streams(spec: IntegrationSpec, mode: str) -> str:
    return ", ".join(f"`{item.name}`" for item in spec.streams.values() if sync_mode(item) == mode)


def draw_mermaid(spec: IntegrationSpec) -> str:
    """A Mermaid flowchart from the vendor through streams and parsers to tables; dotted edges lead from parents."""
    return "\n".join(["flowchart LR", *(f"    {line}" for line in (*_draw_nodes(spec), *_draw_edges(spec)))])


def _draw_nodes(spec: IntegrationSpec) -> Iterator[str]:
    yield f'vendor(["{_escape(spec.name)}"])'
    for stream in spec.streams.values():
        about = f"by {stream.cursor.field}" if stream.cursor else ""
        yield f'{_stream_id(stream.name)}["{_label(stream.name, f"{sync_mode(stream)} {about}".strip())}"]'
    for parser in spec.parsers.values():
        yield f'{_parser_id(parser)}[["{_escape(parser.name)}"]]'
    models = {model.table_name(): model for parser in spec.parsers.values() for model in parser.models}
    for table, model in models.items():
        yield f'table_{table}[("{_label(table, model.__name__)}")]'


def _draw_edges(spec: IntegrationSpec) -> Iterator[str]:
    for stream in spec.streams.values():
        yield f"vendor --> {_stream_id(stream.name)}"
        if stream.parent:
            yield f"{_stream_id(stream.parent)} -.->|parent| {_stream_id(stream.name)}"
    for parser in spec.parsers.values():
        for item in parser.inputs:
            label = describe_input(item).partition("[")[0]
            yield f"{_stream_id(item.stream)} -->|{label}| {_parser_id(parser)}"
        for model in parser.models:
            yield f"{_parser_id(parser)} --> table_{model.table_name()}"


# Prefix ids to avoid Mermaid keywords, such as `end`.
def _stream_id(name: str) -> str:
    return f"stream_{name}"


def _parser_id(parser: ParserSpec) -> str:
    return f"parser_{parser.name}"


def _label(*texts: str) -> str:
    return "<br/>".join(map(_escape, texts))


def _escape(text: str) -> str:
    return "".join(_MERMAID_ESCAPES.get(character, character) for character in " ".join(text.split()))
