"""The output of a command."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CommandResult:
    """What a command printed."""

    out: str
    err: str
