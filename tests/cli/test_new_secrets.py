"""`dazz new` rejects secrets in its flags, so that none gets into code, and says where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dazz_assets.cli import app

# In two parts, so that secret scanners don't report this file.
STRIPE = "sk_live_" + "a1B2c3D4e5F6"


def run_rejected(folder: Path, *args: str) -> str:
    """The error for flags that are wrong usage. Checks that nothing was written."""
    env = {"COLUMNS": "200", "DAZZ_HOME": str(folder / "home")}
    result = CliRunner().invoke(app, ["new", "acme", *args], env=env, prog_name="dazz")
    assert result.exit_code == 2
    assert list(folder.iterdir()) == []
    return result.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/things?api_key=hunter2", "--auth param:api_key"),
        ("/v1/things?limit=1&X-Vault-Token=hunter2", "--auth param:X-Vault-Token"),
        (f"/v1/things?of={STRIPE}", "--auth param:of"),
        (f"/v1/things?of={STRIPE.replace('_', '%5F')}", "--auth param:of"),
        (f"/v1/hooks/{STRIPE}/things", "--path contains what looks like a secret (stripe-key)"),
        (f"https://api.acme.example/v1/things?key={STRIPE}", "--auth param:key"),
        ("/v1/things?password={config.org}", "--auth param:password"),
    ],
)
def test_a_secret_in_the_path_is_rejected(
    path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run_rejected(tmp_path, "--base-url", "https://api.acme.example", "--path", path)
    assert message in error
    assert STRIPE not in error
    assert "hunter2" not in error


@pytest.mark.parametrize("url", [f"https://api.acme.example/{STRIPE}", "https://me:hunter2@api.acme.example"])
def test_a_secret_in_the_base_url_is_rejected(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = run_rejected(tmp_path, "--base-url", url, "--path", "/things")
    assert "--base-url" in error
    assert STRIPE not in error
    assert "hunter2" not in error


def test_paging_parameters_are_not_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ("--base-url", "https://api.acme.example", "--path", "/things?page_token=first-page&sort_key=a")
    assert "secret" not in run_rejected(tmp_path, *flags, "--key", "a,")
