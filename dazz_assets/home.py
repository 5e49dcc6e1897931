"""The project's folder, and the folders of the Dagster instance and the lake, from the environment.

A relative path in a variable is relative to the project, so that it means the same from each folder of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOME_VARIABLE = "DAZZ_HOME"
LAKE_VARIABLE = "DAZZ_LAKE"
DAGSTER_VARIABLE = "DAGSTER_HOME"
CONNECTIONS_FILE = "connections.yaml"
_HOME = ".dazz"


class FolderError(Exception):
    """A folder that the environment names can't be used. The text names the variable, the folder and the reason."""


def project() -> Path:
    """The project's folder: of the searched ones the nearest that holds one of its signs, else the current one.

    The signs are a home (`.dazz`), a `connections.yaml`, and a folder `integrations` beside a `pyproject.toml`.
    """
    return next(filter(_is_project, searched_folders()), Path.cwd())


def _is_project(folder: Path) -> bool:
    return (
        (folder / _HOME).is_dir()
        or (folder / CONNECTIONS_FILE).is_file()
        or ((folder / "integrations").is_dir() and (folder / "pyproject.toml").is_file())
    )


def searched_folders() -> list[Path]:
    """The folders in which a project is looked for: the current one, and those above it, the nearest first.

    The user's home folder and what lies above it belong to no project, and neither does what belongs to someone else,
    whose files must not decide where our secrets go.
    """
    here, users_home = Path.cwd(), None
    with suppress(RuntimeError):
        users_home = Path.home().resolve()
    folders, owner = [here], here.stat().st_uid
    for folder in here.parents:
        if folder == users_home or folder.stat().st_uid != owner:
            break
        folders.append(folder)
    return folders


def describe_search() -> str:
    """Where the project is, or where it was looked for: to follow the name of a file in a message."""
    folders, found = searched_folders(), project()
    if _is_project(found):
        return f"in the project {found}"
    above = f", and no project in the folders above it up to {folders[-1]}" if len(folders) > 1 else ""
    return f"in {found}{above}"


def in_project(path: str | Path) -> Path:
    """A path that is relative to the project, as seen from the current folder; an absolute one as it is."""
    path = Path(path).expanduser()
    return path if path.is_absolute() else Path(os.path.relpath(project() / path))


def home() -> Path:
    """`DAZZ_HOME`, or `.dazz` in the project. It holds the Dagster instance and the lake by default."""
    return _absolute(os.environ.get(HOME_VARIABLE) or _HOME)


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(in_project(path)))


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
            _refuse_file(LAKE_VARIABLE, _absolute(url))
            return str(_absolute(url))
        return url
    folder = home() / "lake"
    _refuse_file(HOME_VARIABLE, home())
    _refuse_file(HOME_VARIABLE, folder)
    return str(folder)


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or the folder `dagster` in the home."""
    return _absolute(os.environ.get(DAGSTER_VARIABLE) or str(home() / "dagster"))


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
    if value and _absolute(value) == folder:
        return f"{variable} is {folder}"
    return f"the folder {folder} is needed (set {variable} for another)"
