"""`dazz new` writes no secret into code: one that stands in what it is told is refused, with where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dazz_assets.cli import app

# In two parts, so that no scanner takes this file for a leak.
STRIPE = "sk_live_" + "a1B2c3D4e5F6"


def refused(folder: Path, *args: str) -> str:
    """What is said of flags that make no integration; nothing is written."""
    env = {"COLUMNS": "200", "DAZZ_HOME": str(folder / "home")}
    result = CliRunner().invoke(app, ["new", "acme", *args], env=env, prog_name="dazz")
    assert result.exit_code == 2
    assert list(folder.iterdir()) == []
    return result.stderr


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/things?api_key=hunter2", "--auth param:api_key"),
        ("/v1/things?limit=1&X-Vault-Token=hunter2", "--auth param:X-Vault-Token"),
        (f"/v1/things?of={STRIPE}", "--auth param:of"),
        (f"/v1/things?of={STRIPE.replace('_', '%5F')}", "--auth param:of"),
        (f"/v1/hooks/{STRIPE}/things", "--path holds a secret by its looks (stripe-key)"),
        (f"https://api.acme.example/v1/things?key={STRIPE}", "--auth param:key"),
        ("/v1/things?password={config.org}", "--auth param:password"),
    ],
)
def test_a_secret_in_the_path(path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = refused(tmp_path, "--base-url", "https://api.acme.example", "--path", path)
    assert said in told
    assert STRIPE not in told
    assert "hunter2" not in told


@pytest.mark.parametrize("url", [f"https://api.acme.example/{STRIPE}", "https://me:hunter2@api.acme.example"])
def test_a_secret_in_the_address(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = refused(tmp_path, "--base-url", url, "--path", "/things")
    assert "--base-url" in told
    assert STRIPE not in told
    assert "hunter2" not in told


def test_what_pages_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ("--base-url", "https://api.acme.example", "--path", "/things?page_token=first-page&sort_key=a")
    assert "secret" not in refused(tmp_path, *flags, "--key", "a,")
