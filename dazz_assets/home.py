"""Where the instance and the lake are. Plain paths: who only queries needs nothing more."""

import os
from pathlib import Path

HOME_VARIABLE = "DAZZ_HOME"
LAKE_VARIABLE = "DAZZ_LAKE"
DAGSTER_VARIABLE = "DAGSTER_HOME"


def home() -> Path:
    """`DAZZ_HOME`, or `.dazz` in the current folder: holds the instance and the lake."""
    return Path(os.environ.get(HOME_VARIABLE) or ".dazz").absolute()


def make_home() -> Path:
    """The home, made where there is none, and kept out of git: it holds what customers' accounts hold."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    return folder


def lake_url() -> str:
    """`DAZZ_LAKE`, a URL or path, or the folder `lake` of the home."""
    return os.environ.get(LAKE_VARIABLE) or str(home() / "lake")


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or the folder `dagster` of the home."""
    return Path(os.environ.get(DAGSTER_VARIABLE) or home() / "dagster").absolute()
