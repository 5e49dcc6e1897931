"""`dazz dev`."""


def open_ui() -> None:
    """Open the Dagster UI."""
