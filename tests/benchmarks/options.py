"""What a run of the benchmarks was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.line_up import Contender


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run.

    wanted_records: in place of a scenario's own number. only: names of contenders; empty for all.
    full: the sizes that the targets are about, rather than those that are done in minutes.
    """

    wanted_records: int | None = None
    repeat: int = 1
    only: Sequence[str] = ()
    full: bool = False

    def records(self, quick: int, full: int) -> int:
        """How many issues a scenario takes, of its two sizes."""
        return self.wanted_records or (full if self.full else quick)

    def chosen(self, contenders: Sequence[Contender]) -> list[Contender]:
        """Those of a scenario's contenders that take part."""
        return [item for item in contenders if not self.only or item.name in self.only]
