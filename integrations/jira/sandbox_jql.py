"""The part of JQL that the sandbox understands: https://support.atlassian.com/jira-software-cloud/docs/jql-fields/

`updated >= 1767225600000 AND project = SHOP ORDER BY updated ASC`. Anything else is refused.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from dazz_assets.sandbox import Record

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_TIMES = ("created", "updated")
_CLAUSE = re.compile(r"""(\w+)\s*(>=|<=|>|<|=)\s*("[^"]*"|'[^']*'|[\w-]+)""")
_ORDER = re.compile(r"(\w+)(?:\s+(asc|desc))?", re.I)


@dataclass(frozen=True)
class Clause:
    """A field, compared with a value: a time in epoch milliseconds, or the key of a project."""

    field: str
    comparison: str
    value: int | str

    def fits(self, issue: Record) -> bool:
        """Whether an issue fulfils it."""
        if isinstance(self.value, str):
            return bool(issue["fields"]["project"]["key"] == self.value)
        return _COMPARISONS[self.comparison](milliseconds(issue["fields"][self.field]), self.value)


@dataclass(frozen=True)
class Query:
    """A query: all clauses hold. order_by: a field of times. is_descending: newest first, as without an order."""

    clauses: tuple[Clause, ...]
    order_by: str = "created"
    is_descending: bool = True

    def fits(self, issue: Record) -> bool:
        """Whether an issue is found."""
        return all(clause.fits(issue) for clause in self.clauses)

    def place(self, issue: Record) -> tuple[int, int]:
        """Where an issue is in the order."""
        return milliseconds(issue["fields"][self.order_by]), int(issue["id"])


def read_jql(text: str, zone: tzinfo) -> Query:
    """The query that a text says. zone: that of the user who asks, in which times without one are read.

    Raises ValueError with what Jira says.
    """
    restriction, _, order = re.sub(r"\s+", " ", text).partition("ORDER BY ")
    if not restriction.strip():
        raise ValueError("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    clauses = tuple(_read_clause(part, zone) for part in re.split(r"\sAND\s", restriction.strip()))
    return Query(clauses, *_read_order(order)) if order else Query(clauses)


def milliseconds(time: str) -> int:
    """A time as Jira writes it, in epoch milliseconds."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _read_clause(text: str, zone: tzinfo) -> Clause:
    match = _CLAUSE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"Error in the JQL Query: {text!r} is nothing that this sandbox understands.")
    field, comparison, value = match[1].lower(), match[2], match[3].strip("\"'")
    if field == "project" and comparison == "=":
        return Clause(field, comparison, value)
    if field not in _TIMES or comparison == "=":
        raise ValueError(f"Field '{field}' does not exist or you do not have permission to view it.")
    return Clause(field, comparison, int(value) if value.isdecimal() else _read_minute(field, value, zone))


def _read_minute(field: str, text: str, zone: tzinfo) -> int:
    for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=zone).timestamp() * 1000)
        except ValueError:
            continue
    raise ValueError(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _read_order(text: str) -> tuple[str, bool]:
    match = _ORDER.fullmatch(text.strip())
    if match is None or match[1].lower() not in _TIMES:
        raise ValueError(f"Not able to sort using field '{text.strip()}'.")
    return match[1].lower(), (match[2] or "asc").lower() == "desc"
