"""The commands that messages advise to run, so that they run as printed."""

import shlex
from collections.abc import Sequence


def parse_command(target: str, *arguments: str) -> str:
    """The command that parses an integration again. target: its name or path."""
    return shlex.join(["dazz", "parse", target, *arguments])


def describe_other_versions(parser: str, version: str, others: Sequence[str], target: str) -> str:
    """What to do about windows that were parsed by other versions of a parser."""
    versions = f"version {others[0]}" if len(others) == 1 else f"versions {' and '.join(others)}"
    return (
        f"{parser} was last parsed with {versions} of the parser, and is now {version}; run "
        f"`{parse_command(target, parser)}` to parse it again"
    )
