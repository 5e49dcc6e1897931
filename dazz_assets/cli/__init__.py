"""The `dazz` command line."""

from dazz_assets.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command and end the process with its exit status."""
    app(prog_name="dazz")
