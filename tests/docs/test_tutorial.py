"""The tutorial does what it says: each command is run as it is written, in order, and prints what is shown.

Four things stand in for what a test can't do as a reader does it: it is always the same day; the sandbox listens on
free ports; what is launched in the UI of `dazz dev` is launched on the same definitions and instance; and a package is
installed without pip, which would ask an index for setuptools.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docs.markdown import Block, Command, blocks, changed, commands
from tests.docs.terminal import Terminal

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
# Where the reader works, as the page writes it.
FOLDER = "/home/you/tutorial"
_VENDOR = re.compile(r"^(\w+): http://(127\.0\.0\.1:\d+)$", re.MULTILINE)

AS_THE_UI = """
import dagster as dg
from dazz_assets.orchestration.definitions import defs
from dazz_assets.orchestration.dagster_instance import open_instance

key = dg.AssetKey(["vigil", "risks"])
with open_instance() as instance:
    partitions = defs().resolve_asset_graph().get(key).partitions_def
    partition = partitions.get_partition_keys(dynamic_partitions_store=instance)[-1]
    job = defs().resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(instance=instance, asset_selection=[key], partition_key=partition)
    print(partition, done.success, len(done.asset_materializations_for_node("vigil__risks")))
"""


class Reader:
    """Follows the page."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._undo: dict[Path, str] = {}

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "console":
            for command in commands(block.text):
                self._run(command)
            for path, text in self._undo.items():
                path.write_text(text, encoding="utf-8")
            self._undo.clear()
        elif block.language == "diff":
            self._change(block)
        elif block.words:
            self._path(block).write_text(self.terminal.here(block.text), encoding="utf-8")

    def _run(self, command: Command) -> None:
        if command.text.endswith("dazz dev"):
            self._materialize(command)
        elif command.text.startswith("pip install"):
            self._install()
        else:
            self.terminal.run(command)

    def _change(self, block: Block) -> None:
        path = self._path(block)
        text = path.read_text(encoding="utf-8")
        if "undo" in block.words:
            self._undo[path] = text
        path.write_text(changed(text, block.text), encoding="utf-8")

    def _path(self, block: Block) -> Path:
        return self.terminal.folder / block.words[0]

    def _materialize(self, command: Command) -> None:
        """What is launched in the UI."""
        name, _, value = command.text.removesuffix(" dazz dev").partition("=")
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", AS_THE_UI],
            cwd=self.terminal.folder,
            env={**self.terminal.environment, name: value, "DAGSTER_HOME": str(self.terminal.folder / ".dazz/dagster")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.terminal.took.append((time.monotonic() - began, command.text))
        assert re.fullmatch(r"main\|[\d-]+ True 1\n", done.stdout), done.stdout + done.stderr

    def _install(self) -> None:
        """What pip leaves of `pip install --editable .`: the folder on the path, and the entry points."""
        folder = self.terminal.folder
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
        )
        lines = []
        for group, entries in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        info.joinpath("entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        self.terminal.add_to_path(folder)


@contextmanager
def _sandbox(terminal: Terminal, command: Command) -> Iterator[None]:
    """The second terminal: the sandbox on free ports, which from now on are what the page's ports stand for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dazz_assets.cli", "sandbox", "--port", "0"],
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Serving"):
                break
        found = dict(_VENDOR.findall("".join(printed)))
        written = dict(_VENDOR.findall("\n".join(command.shown)))
        terminal.stands_for |= {address: found[vendor] for vendor, address in written.items()}
        terminal.compare(command, "".join(printed))
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_the_tutorial_as_written(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    terminal = Terminal(tmp_path, {FOLDER: str(tmp_path)})
    first, *rest = [block for block in blocks(PAGE) if block.language != "sh"]
    (served,) = commands(first.text)
    reader = Reader(terminal)
    with _sandbox(terminal, served):
        for block in rest:
            reader.follow(block)
    (token,) = re.findall(r"^\$ export VIGIL_TOKEN=(\S+)$", PAGE, re.MULTILINE)
    recorded = [path for path in (tmp_path / "vigil").rglob("*.json") if path.is_file()]
    assert recorded
    assert [path for path in recorded if token in path.read_text(encoding="utf-8")] == []
    total = sum(seconds for seconds, _ in terminal.took)
    longest = sorted(terminal.took, reverse=True)[:3]
    shown = ", ".join(f"{text.splitlines()[0]} {seconds:.1f} s" for seconds, text in longest)
    record_property("told", f"The tutorial's {len(terminal.took)} commands took {total:.1f} s; the longest: {shown}")
