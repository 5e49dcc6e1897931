"""Small documents beside the tables, one file each. Correctness never depends on one."""

from __future__ import annotations

import uuid

from dazz_assets.lake.lake import Lake


def read_sidecar(lake: Lake, path: str) -> bytes | None:
    """The document at a path in the lake; None if there is none."""
    root = lake.root
    try:
        with root.filesystem.open_input_stream(root.filesystem_path(path)) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        return None


def write_sidecar(lake: Lake, path: str, text: bytes) -> None:
    """Write or replace the document at a path, atomically: a reader sees either the old or the new one, complete."""
    root = lake.root
    target = root.filesystem_path(path)
    root.filesystem.create_dir(target.rpartition("/")[0], recursive=True)
    # On object storage an object appears only when it is complete; a disk needs a rename.
    written = target if root.local is None else f"{target}.{uuid.uuid4()}"
    with root.filesystem.open_output_stream(written) as stream:
        stream.write(text)
    if written != target:
        root.filesystem.move(written, target)
