"""The points that a query costs at Monday, for the sandbox: more for what is asked for each of many."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

# How many records a list is taken to have that has no limit.
_UNLIMITED = 25
_LISTS = frozenset({"column_values", "columns", "replies", "teams"})


def count_points(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """The points of a query: one for each field, as often as the limits around it allow."""
    fragments = {item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)}
    operations = [item for item in document.definitions if isinstance(item, OperationDefinitionNode)]
    return sum(_points(item.selection_set, fragments, variables) for item in operations)


def _points(
    level: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> int:
    points = 0
    for item in level.selections:
        if isinstance(item, FieldNode):
            below = _points(item.selection_set, fragments, variables) if item.selection_set else 0
            points += 1 + _limit(item, variables) * below
        elif isinstance(item, InlineFragmentNode):
            points += _points(item.selection_set, fragments, variables)
        elif isinstance(item, FragmentSpreadNode):
            points += _points(fragments[item.name.value].selection_set, fragments, variables)
    return points


def _limit(item: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in item.arguments:
        if argument.name.value == "limit" and isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
        if argument.name.value == "limit" and isinstance(argument.value, VariableNode):
            return int(variables.get(argument.value.name.value) or _UNLIMITED)
    return _UNLIMITED if item.name.value in _LISTS else 1


class PointBudget:
    """The points of a minute, which begins with the first query of it."""

    def __init__(self, points: int, *, clock: Callable[[], float] = time.time) -> None:
        self.points = points
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Begin with a full budget."""
        self._left, self._full_at = self.points, 0.0

    def left(self) -> int:
        """What is left now."""
        if self._clock() >= self._full_at:
            self._left, self._full_at = self.points, self._clock() + 60
        return self._left

    def spend(self, points: int) -> bool:
        """Whether the budget paid for a query; if not, nothing is spent."""
        if points > self.left():
            return False
        self._left -= points
        return True

    def seconds_to_reset(self) -> int:
        """Whole seconds until the budget is full again."""
        return max(1, int(self._full_at - self._clock()) + 1)
