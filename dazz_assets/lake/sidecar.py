"""Small documents beside the tables, one file each, replaced whole. Nothing that decides what is right lies in one."""

from __future__ import annotations

import uuid

from dazz_assets.lake.lake import Lake


def read_sidecar(lake: Lake, path: str) -> bytes | None:
    """A document by its path in the lake; None where there is none."""
    location = lake.location
    try:
        with location.filesystem.open_input_stream(location.inside(path)) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        return None


def write_sidecar(lake: Lake, path: str, text: bytes) -> None:
    """Put a document in the place of the one at a path; a reader sees the one or the other, whole."""
    location = lake.location
    target = location.inside(path)
    location.filesystem.create_dir(target.rpartition("/")[0], recursive=True)
    # Object storage makes an object appear whole; on a disk it takes a rename.
    written = target if location.local is None else f"{target}.{uuid.uuid4()}"
    with location.filesystem.open_output_stream(written) as stream:
        stream.write(text)
    if written != target:
        location.filesystem.move(written, target)
