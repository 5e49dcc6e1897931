"""Environments of the peers and ours: each has its own under `.bench/`, made when a benchmark first needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from tests.benchmarks.processes import ROOT

FOLDER = ROOT / ".bench"
PACKAGES: dict[str, tuple[str, ...]] = {
    "limit": ("zstandard==0.25.0",),
    "dlt": ("dlt[duckdb,parquet]==1.31.0",),
    "airbyte": ("airbyte-cdk==7.39.1",),
    "singer": ("singer-sdk==0.54.9", "msgspec==0.22.0"),
}
"""What is installed for whom: the newest versions when these benchmarks were written."""
_PINNED = ROOT / "requirements.lock"


def python_of(name: str) -> str:
    """The Python of a peer's environment, which is made and filled if need be."""
    return _find_python(name, PACKAGES[name], "\n".join(PACKAGES[name]))


def our_python() -> str:
    """The Python of an environment with what an installation of ours has, and nothing for its development.

    The library itself is that of the checkout, which comes first on the path.
    """
    wanted = (ROOT / "pyproject.toml").read_text(encoding="utf-8") + _PINNED.read_text(encoding="utf-8")
    return _find_python("ours", ("--constraint", str(_PINNED), str(ROOT)), wanted)


def _find_python(name: str, packages: Sequence[str], wanted: str) -> str:
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"installing what {name} needs into {folder.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages], check=True
        )
        stamp.write_text(wanted, encoding="utf-8")
    return str(python)


def installed_versions(name: str) -> dict[str, str]:
    """The versions of a peer's own packages, as they are installed."""
    return _read_versions(python_of(name), [pin.partition("==")[0].partition("[")[0] for pin in PACKAGES[name]])


def own_versions() -> dict[str, str]:
    """The versions of what ours stands on."""
    return _read_versions(our_python(), ["dagster", "pyarrow", "pydantic", "msgspec", "deltalake", "requests"])


def _read_versions(python: str, names: Sequence[str]) -> dict[str, str]:
    code = "import json, sys; from importlib.metadata import version; print(json.dumps([*map(version, sys.argv[1:])]))"
    done = subprocess.run([python, "-c", code, *names], check=True, capture_output=True, text=True)
    return dict(zip(names, json.loads(done.stdout), strict=True))
