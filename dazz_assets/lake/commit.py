"""Commits, and the rules that each must keep. Delta Lake itself checks none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pyarrow as pa

from dazz_assets.lake.errors import CommitRefusedError
from dazz_assets.lake.files import DataFile, window_folder
from dazz_assets.lake.paths import LakeRoot
from dazz_assets.lake.schema import FINGERPRINT, WINDOW
from dazz_assets.lake.table_version import TableVersion

#: Application transactions. The number of the last pass grows with each; the mark never goes back.
PASSES = "passes"
MARK = "mark"


@dataclass(frozen=True)
class Commit:
    """Files to add, what they replace (nothing, everything, or some windows), and application transactions to set.

    Each may be empty: replacing windows with no files empties them.
    takes_back_mark: the mark may go back, as it was set on the way through a list that is not sorted as declared.
    """

    add: Sequence[DataFile] = ()
    replace: Literal["nothing", "everything"] | AbstractSet[date | None] = "nothing"
    transactions: Mapping[str, int] = field(default_factory=dict)
    takes_back_mark: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the commit changes nothing."""
        return not self.add and not self.transactions and self.replace in ("nothing", frozenset())


def has_landed(commit: Commit, stored: TableVersion) -> bool:
    """Whether a commit with an unknown outcome is in the table. Its files prove it, as no name is used twice."""
    paths = {file.path for file in stored.files}
    return bool(commit.add) and all(file.path in paths for file in commit.add)


def check_commit(commit: Commit, stored: TableVersion | None, root: LakeRoot, folder: str, schema: pa.Schema) -> None:
    """Raise CommitRefusedError if a commit to the table in `folder`, which has this schema, breaks a rule.

    `stored` is the table's newest version, None for a table that doesn't exist yet.
    """
    windowed = WINDOW in schema.names
    if stored is not None and stored.windowed != windowed:
        layout = "by window" if stored.windowed else "without windows"
        raise CommitRefusedError(
            f"{folder} is stored {layout}, but the commit is not: remove the folder, or rename the stream."
        )
    _check_names(commit, stored, folder)
    _check_files_exist(commit, root, folder)
    _check_windows(commit, folder, windowed=windowed)
    for file in commit.add:
        _check_schema(file, schema, folder)
    if FINGERPRINT in schema.names:
        _check_one_file_per_window(commit, folder)
    if stored is not None:
        _check_transactions(commit, stored, folder)


def _check_names(commit: Commit, stored: TableVersion | None, folder: str) -> None:
    names = Counter(file.path for file in commit.add)
    stored_names = {file.path for file in stored.files} if stored else set()
    for file in commit.add:
        if file.committed or file.path in stored_names or names[file.path] > 1:
            raise CommitRefusedError(f"{folder}: {file.path} was committed before; a file is committed only once.")


def _check_files_exist(commit: Commit, root: LakeRoot, folder: str) -> None:
    paths = [root.filesystem_path(f"{folder}/{file.path}") for file in commit.add]
    for file, info in zip(commit.add, root.filesystem.get_file_info(paths), strict=True):
        if not info.is_file or info.size != file.size:
            raise CommitRefusedError(
                f"{folder}: {file.path} does not exist with its {file.size} bytes. Was it removed, or written for "
                "another table?"
            )


def _check_windows(commit: Commit, folder: str, *, windowed: bool) -> None:
    if not windowed and not isinstance(commit.replace, str):
        raise CommitRefusedError(f"{folder} has no windows to replace.")
    for file in commit.add:
        file_folder = window_folder(file.window) if windowed else ""
        if file.path.rpartition("/")[0] != file_folder.rstrip("/"):
            raise CommitRefusedError(f"{folder}: {file.path} is not in the folder of its window, {file.window}.")
        if not isinstance(commit.replace, str) and file.window not in commit.replace:
            raise CommitRefusedError(
                f"{folder}: {file.path} is in window {file.window}, which the commit does not replace."
            )


def _check_schema(file: DataFile, schema: pa.Schema, folder: str) -> None:
    expected = pa.schema([field for field in schema if field.name != WINDOW])
    if not file.schema.equals(expected):
        raise CommitRefusedError(
            f"{folder}: {file.path} was written with the columns {_format_columns(file.schema)}; "
            f"the table has {_format_columns(expected)}."
        )


def _format_columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _check_one_file_per_window(commit: Commit, folder: str) -> None:
    windows = Counter(file.window for file in commit.add)
    if repeated := [window for window, files in windows.items() if files > 1]:
        raise CommitRefusedError(f"{folder}: {repeated[0]} has several files; a window of a domain table is one file.")
    if commit.add and commit.replace == "nothing":
        raise CommitRefusedError(
            f"{folder}: rows of a domain table must replace their window, or it would hold them twice."
        )


def _check_transactions(commit: Commit, stored: TableVersion, folder: str) -> None:
    passes, stored_passes = commit.transactions.get(PASSES), stored.transaction(PASSES)
    if passes is not None and stored_passes is not None and passes <= stored_passes:
        raise CommitRefusedError(f"{folder}: pass {passes} is already stored; the table is at pass {stored_passes}.")
    mark, stored_mark = commit.transactions.get(MARK), stored.transaction(MARK)
    if commit.takes_back_mark:
        return
    if mark is not None and stored_mark is not None and mark < stored_mark and commit.replace != "everything":
        raise CommitRefusedError(f"{folder}: the mark would go back, from {stored_mark} to {mark}.")
