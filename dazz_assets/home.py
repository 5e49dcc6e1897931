"""The folders of the Dagster instance and the lake, from the environment."""

import os
from pathlib import Path

HOME_VARIABLE = "DAZZ_HOME"
LAKE_VARIABLE = "DAZZ_LAKE"
DAGSTER_VARIABLE = "DAGSTER_HOME"


def home() -> Path:
    """`DAZZ_HOME`, or `.dazz` in the current folder. It holds the Dagster instance and the lake by default."""
    return Path(os.environ.get(HOME_VARIABLE) or ".dazz").absolute()


def make_home() -> Path:
    """Create the home if it doesn't exist, and return it. Git ignores it, as it holds customers' data."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    gitignore = folder / ".gitignore"
    if not gitignore.exists():
        gitignore.write_text("*\n", encoding="utf-8")
    return folder


def lake_url() -> str:
    """`DAZZ_LAKE`, a URL or path, or the folder `lake` in the home."""
    return os.environ.get(LAKE_VARIABLE) or str(home() / "lake")


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or the folder `dagster` in the home."""
    return Path(os.environ.get(DAGSTER_VARIABLE) or home() / "dagster").absolute()
