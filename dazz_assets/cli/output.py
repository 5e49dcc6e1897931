"""Print results to standard output, and everything else to standard error."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Literal, TextIO

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dazz_assets.cli.column_widths import choose_widths

# Control characters in a vendor's data must not reach the terminal.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# Columns of a file or a pipe, so that lines are never wrapped.
_UNLIMITED_WIDTH = 100_000


def console(stream: TextIO) -> Console:
    """A console that writes texts to a stream as they are, without markup."""
    width = None if stream.isatty() else _UNLIMITED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_result(text: str) -> None:
    """Print a line of the result."""
    _print_line(sys.stdout, text)


def print_note(text: str, style: str = "") -> None:
    """Print a line for people to standard error."""
    _print_line(sys.stderr, text, style)


def print_json(document: object) -> None:
    """Print the result as one JSON document."""
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", exact: bool = False
) -> None:
    """Print a table. Columns of numbers are aligned right; None is shown as an empty cell.

    On a terminal that its columns don't fit readably, each row is printed as lines of `column: value` instead.
    exact: the rows are data, whose numbers are shown as they are, and not counts to be read.
    """
    listed = [list(row) for row in rows]
    names = [one_line(name) for name in columns]
    cells = [[_format_cell(value, exact) for value in row] for row in listed]
    if title:
        print_result(title)
    width, padding = console(sys.stdout).width, 1
    widths = choose_widths(names, cells, width, gap=3)
    if widths is None:
        padding, widths = 0, choose_widths(names, cells, width, gap=1)
    if widths is None:
        _print_records(names, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding))
    for index, name in enumerate(names):
        values = [row[index] for row in listed if row[index] is not None]
        numeric = bool(values) and all(isinstance(value, int | float) for value in values)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(Text(name), justify=justify, overflow="fold", width=widths[index])
    for row in cells:
        table.add_row(*map(Text, row))
    console(sys.stdout).print(table)


def _print_records(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, 1):
        print_result(f"row {number:,} of {len(rows):,}")
        for name, text in zip(names, row, strict=True):
            print_result(f"  {name}: {text}".rstrip())
        print_result("")
    if not rows:
        print_result(f"No rows. The columns are {', '.join(names)}.")


def one_line(value: object) -> str:
    """A value as one line, without control characters."""
    return _CONTROL_CHARACTERS.sub(" ", str(value))


def _format_cell(value: object, exact: bool) -> str:
    if value is None:
        return ""
    if exact:
        return one_line(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else one_line(value)


def _print_line(stream: TextIO, text: str, style: str = "") -> None:
    console(stream).print(Text(text, style=style), soft_wrap=True)
