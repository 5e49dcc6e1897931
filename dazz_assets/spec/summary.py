"""How the parts of an integration hang together, in words and as a Mermaid diagram."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from dazz_assets.spec.cursor_bounds import BOUNDS, find_bound_places
from dazz_assets.spec.literals import write_call
from dazz_assets.spec.specs import InputSpec, IntegrationSpec, ParserSpec, StreamSpec

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
_ESCAPED = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "[": "#91;", "]": "#93;"}


def sync_mode(stream: StreamSpec) -> str:
    """`snapshot` or `incremental`."""
    return "snapshot" if stream.cursor is None else "incremental"


def describe_partitions(spec: IntegrationSpec, node: StreamSpec | ParserSpec) -> str:
    """What its asset is partitioned by."""
    gridded = node.cursor is not None if isinstance(node, StreamSpec) else bool(node.incremental)
    return f"connection and {spec.window}" if gridded else "connection"


def describe_input(item: InputSpec) -> str:
    """`Incremental[issues]`."""
    return f"{'Incremental' if item.kind == 'incremental' else 'FullRefresh'}[{item.stream}]"


def parsers_reading(spec: IntegrationSpec, stream: StreamSpec) -> list[str]:
    """The parsers that read a stream."""
    return [item.name for item in spec.parsers.values() if stream.name in {each.stream for each in item.inputs}]


def bound_text(stream: StreamSpec, bound: str) -> str | None:
    """Where its requests send a bound, as `updated_after`; None where they don't."""
    return " and ".join(find_bound_places(stream.request, bound)) or None


def describe_cursor(stream: StreamSpec) -> str:
    """Its cursor, and how changes are asked for: `updated_at (since from, until to, asc, look-back 1 day)`.

    Nothing for a snapshot stream.
    """
    cursor = stream.cursor
    if cursor is None:
        return ""
    said = [f"{bound} {places}" for bound in BOUNDS if (places := bound_text(stream, bound))]
    said += filter(None, (cursor.order, cursor.format))
    if cursor.lookback:
        said.append(f"look-back {format_duration(cursor.lookback)}")
    return f"{cursor.field} ({', '.join(said)})" if said else cursor.field


def format_duration(time: timedelta) -> str:
    """In the largest unit in which it is a whole number: `2 days`, `90 minutes`."""
    for unit, name in _UNITS:
        if not time % unit:
            return f"{time // unit} {name}{'' if time == unit else 's'}"
    return f"{time.total_seconds():g} seconds"


def describe_setting(value: object) -> str:
    """A paginator or auth as its author writes it; nothing for None."""
    if value is None:
        return ""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return write_call(value)
    return type(value).__name__


def draw_mermaid(spec: IntegrationSpec) -> str:
    """A flowchart from the vendor over streams and parsers to tables; a stream's parent is a dotted edge."""
    return "\n".join(["flowchart LR", *(f"    {line}" for line in (*_nodes(spec), *_edges(spec)))])


def _nodes(spec: IntegrationSpec) -> Iterator[str]:
    yield f'vendor(["{_escaped(spec.name)}"])'
    for stream in spec.streams.values():
        about = f"by {stream.cursor.field}" if stream.cursor else ""
        yield f'{_stream(stream.name)}["{_lines(stream.name, f"{sync_mode(stream)} {about}".strip())}"]'
    for parser in spec.parsers.values():
        yield f'{_parser(parser)}[["{_escaped(parser.name)}"]]'
    models = {model.table_name(): model for parser in spec.parsers.values() for model in parser.models}
    for table, model in models.items():
        yield f'table_{table}[("{_lines(table, model.__name__)}")]'


def _edges(spec: IntegrationSpec) -> Iterator[str]:
    for stream in spec.streams.values():
        yield f"vendor --> {_stream(stream.name)}"
        if stream.parent:
            yield f"{_stream(stream.parent)} -.->|parent| {_stream(stream.name)}"
    for parser in spec.parsers.values():
        for item in parser.inputs:
            label = describe_input(item).partition("[")[0]
            yield f"{_stream(item.stream)} -->|{label}| {_parser(parser)}"
        for model in parser.models:
            yield f"{_parser(parser)} --> table_{model.table_name()}"


# With what it is before it: no id is a word of Mermaid's own, as `end` is.
def _stream(name: str) -> str:
    return f"stream_{name}"


def _parser(parser: ParserSpec) -> str:
    return f"parser_{parser.name}"


def _lines(*texts: str) -> str:
    return "<br/>".join(map(_escaped, texts))


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in " ".join(text.split()))
