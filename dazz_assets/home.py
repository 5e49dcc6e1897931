"""The folders of the Dagster instance and the lake, from the environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME_VARIABLE = "DAZZ_HOME"
LAKE_VARIABLE = "DAZZ_LAKE"
DAGSTER_VARIABLE = "DAGSTER_HOME"


class FolderError(Exception):
    """A folder that the environment names can't be used. The text names the variable, the folder and the reason."""


def home() -> Path:
    """`DAZZ_HOME`, or `.dazz` in the current folder. It holds the Dagster instance and the lake by default."""
    return Path(os.environ.get(HOME_VARIABLE) or ".dazz").absolute()


def make_home() -> Path:
    """Create the home if it doesn't exist, and return it. Git ignores it, as it holds customers' data.

    Raises FolderError if it can't be created or written.
    """
    folder = make_folder(HOME_VARIABLE, home())
    gitignore = folder / ".gitignore"
    if not gitignore.exists():
        with _explain_failure(HOME_VARIABLE, folder, "written"):
            gitignore.write_text("*\n", encoding="utf-8")
    return folder


def make_folder(variable: str, folder: Path) -> Path:
    """Create the folder that a variable names, with its parents, unless it exists. Raises FolderError."""
    with _explain_failure(variable, folder, "created"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def lake_url() -> str:
    """`DAZZ_LAKE`, a URL or path, or the folder `lake` in the home. Raises FolderError if it is a file."""
    if url := os.environ.get(LAKE_VARIABLE):
        if "://" not in url:
            _refuse_file(LAKE_VARIABLE, Path(url).expanduser().absolute())
        return url
    folder = home() / "lake"
    _refuse_file(HOME_VARIABLE, home())
    _refuse_file(HOME_VARIABLE, folder)
    return str(folder)


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or the folder `dagster` in the home."""
    return Path(os.environ.get(DAGSTER_VARIABLE) or home() / "dagster").absolute()


def _refuse_file(variable: str, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{_name_folder(variable, folder)}; it must be a folder, and is a file")


@contextmanager
def _explain_failure(variable: str, folder: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderError(f"{_name_folder(variable, folder)}; it can't be {action}: {error.strerror}") from None


def _name_folder(variable: str, folder: Path) -> str:
    """The start of a message: the variable, if it is set and names this folder, and the folder."""
    value = os.environ.get(variable)
    if value and Path(value).expanduser().absolute() == folder:
        return f"{variable} is {folder}"
    return f"the folder {folder} is needed (set {variable} for another)"
