"""Dagster runs the files of all migrations anew for each storage of each instance that is opened."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory


@contextmanager
def migrations_read_once() -> Iterator[None]:
    """Within it, each process runs them once, or not at all if the process that it was forked from has."""
    read, scripts = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def read_once(config: Config) -> ScriptDirectory:
        location = config.get_main_option("script_location")
        if location not in scripts:
            scripts[location] = read(config)
        return scripts[location]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", read_once)
        yield
