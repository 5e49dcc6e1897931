"""Run a command at a terminal, a real one for the command."""

import os
import pty
import re
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def run_at_terminal(command: Sequence[str], variables: Mapping[str, str | None], *, width: int) -> str:
    """What a command that succeeds prints to a terminal of this width, without bold letters and the like."""
    env = {name: value for name, value in (os.environ | variables).items() if value is not None}
    env = {name: value for name, value in env.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, width))
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=theirs) as process:
        os.close(theirs)
        printed = b"".join(_read_blocks(ours))
    os.close(ours)
    assert process.returncode == 0
    return _STYLE.sub("", printed.decode()).replace("\r\n", "\n")


def _read_blocks(terminal: int) -> Iterator[bytes]:
    # When the command has ended, Linux says so with an error, and macOS with an empty block.
    with suppress(OSError):
        while block := os.read(terminal, 65_536):
            yield block
