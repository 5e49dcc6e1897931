"""What the commands print: results to standard output, all else to standard error."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What a vendor sends is shown in a terminal: nothing of it may steer the terminal.
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# In a file or pipe a line is as long as it needs to be.
_ENDLESS = 100_000


def console(stream: TextIO) -> Console:
    """A console on a stream that takes texts as they are."""
    width = None if stream.isatty() else _ENDLESS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_result(text: str) -> None:
    """A line of the result."""
    _line(sys.stdout, text)


def print_note(text: str, style: str = "") -> None:
    """A line for people, beside the result."""
    _line(sys.stderr, text, style)


def print_json(document: object) -> None:
    """The result as one JSON document."""
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table; columns whose values are all numbers are aligned right, None is left empty."""
    listed = [list(row) for row in rows]
    if title:
        print_result(title)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, name in enumerate(columns):
        values = [row[index] for row in listed if row[index] is not None]
        numeric = bool(values) and all(isinstance(value, int | float) for value in values)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(_cell(value)) for value in row))
    console(sys.stdout).print(table)


def one_line(value: object) -> str:
    """A value as one line without control characters."""
    return _STEERING.sub(" ", str(value))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else one_line(value)


def _line(stream: TextIO, text: str, style: str = "") -> None:
    console(stream).print(Text(text, style=style), soft_wrap=True)
