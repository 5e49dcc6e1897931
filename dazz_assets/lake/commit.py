"""What a commit says, and the rules that it has to keep: Delta Lake itself checks none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pyarrow as pa

from dazz_assets.lake.errors import CommitRefused
from dazz_assets.lake.files import DataFile, window_folder
from dazz_assets.lake.paths import LakeRoot
from dazz_assets.lake.schema import FINGERPRINT, WINDOW
from dazz_assets.lake.table_version import TableVersion

#: Of the application transactions, the counter of passes grows with each, and the mark never goes back.
PASSES = "passes"
MARK = "mark"


@dataclass(frozen=True)
class Commit:
    """Files to add, what they replace (nothing, everything, or all rows of some windows), and values of application
    transactions to set. Any of them may be empty: windows are emptied by replacing them with no file.
    """

    add: Sequence[DataFile] = ()
    replace: Literal["nothing", "everything"] | AbstractSet[date | None] = "nothing"
    transactions: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it would change nothing."""
        return not self.add and not self.transactions and self.replace in ("nothing", frozenset())


def has_landed(commit: Commit, snapshot: TableVersion) -> bool:
    """Whether a commit whose outcome is unknown is in: names are used once, so its files tell."""
    stored = {file.path for file in snapshot.files}
    return bool(commit.add) and all(file.path in stored for file in commit.add)


def check_commit(
    commit: Commit, snapshot: TableVersion | None, location: LakeRoot, where: str, schema: pa.Schema
) -> None:
    """Raises CommitRefused where the commit, to the table of this schema in the folder `where`, breaks a rule."""
    windowed = WINDOW in schema.names
    if snapshot is not None and snapshot.windowed != windowed:
        was = "by window" if snapshot.windowed else "without windows"
        raise CommitRefused(f"{where} is stored {was}, and the commit is not: remove the folder, or name it otherwise.")
    _check_names(commit, snapshot, where)
    _check_files_exist(commit, location, where)
    _check_windows(commit, where, windowed=windowed)
    for file in commit.add:
        _check_schema(file, schema, where)
    if FINGERPRINT in schema.names:
        _check_one_file_a_window(commit, where)
    if snapshot is not None:
        _check_transactions(commit, snapshot, where)


def _check_names(commit: Commit, snapshot: TableVersion | None, where: str) -> None:
    names = Counter(file.path for file in commit.add)
    stored = {file.path for file in snapshot.files} if snapshot else set()
    for file in commit.add:
        if file.committed or file.path in stored or names[file.path] > 1:
            raise CommitRefused(f"{where}: {file.path} was committed before; a file is committed once.")


def _check_files_exist(commit: Commit, location: LakeRoot, where: str) -> None:
    paths = [location.inside(f"{where}/{file.path}") for file in commit.add]
    for file, info in zip(commit.add, location.filesystem.get_file_info(paths), strict=True):
        if not info.is_file or info.size != file.size:
            raise CommitRefused(
                f"{where}: {file.path} is not there with its {file.size} bytes. Was it removed, or "
                "written for another table?"
            )


def _check_windows(commit: Commit, where: str, *, windowed: bool) -> None:
    if not windowed and not isinstance(commit.replace, str):
        raise CommitRefused(f"{where} has no windows that could be replaced.")
    for file in commit.add:
        folder = window_folder(file.window) if windowed else ""
        if file.path.rpartition("/")[0] != folder.rstrip("/"):
            raise CommitRefused(f"{where}: {file.path} is not in the folder of its window, {file.window}.")
        if not isinstance(commit.replace, str) and file.window not in commit.replace:
            raise CommitRefused(f"{where}: {file.path} lies in {file.window}, which is not among the windows replaced.")


def _check_transactions(commit: Commit, snapshot: TableVersion, where: str) -> None:
    passes, stored = commit.transactions.get(PASSES), snapshot.transaction(PASSES)
    if passes is not None and stored is not None and passes <= stored:
        raise CommitRefused(f"{where}: pass {passes} is already in; the table is at pass {stored}.")
    mark, stored = commit.transactions.get(MARK), snapshot.transaction(MARK)
    if mark is not None and stored is not None and mark < stored and commit.replace != "everything":
        raise CommitRefused(f"{where}: the mark would go back, from {stored} to {mark}.")


def _check_schema(file: DataFile, schema: pa.Schema, where: str) -> None:
    wanted = pa.schema([field for field in schema if field.name != WINDOW])
    if not file.schema.equals(wanted):
        raise CommitRefused(
            f"{where}: {file.path} was written with the columns {_columns(file.schema)}; "
            f"the table has {_columns(wanted)}."
        )


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _check_one_file_a_window(commit: Commit, where: str) -> None:
    windows = Counter(file.window for file in commit.add)
    if doubled := [window for window, files in windows.items() if files > 1]:
        raise CommitRefused(f"{where}: {doubled[0]} has several files; a window of a domain table is one file.")
    if commit.add and commit.replace == "nothing":
        raise CommitRefused(f"{where}: rows of a domain table replace their window's, or they would be there twice.")
