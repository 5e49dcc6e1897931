"""Run a command whose output nobody reads, as after `| head` has ended."""

import os
import subprocess
from collections.abc import Mapping, Sequence


def run_without_reader(command: Sequence[str], variables: Mapping[str, str | None]) -> tuple[str, int]:
    """What a command says on standard error, and its exit status."""
    reading, writing = os.pipe()
    os.close(reading)
    # Some environments have Python write at once, where a user's writes what it has at the end.
    env = {name: value for name, value in (os.environ | variables | {"PYTHONUNBUFFERED": None}).items() if value}
    result = subprocess.run(command, env=env, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    return result.stderr, result.returncode
