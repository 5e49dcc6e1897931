"""`dazz demo`."""


def run_demo() -> None:
    """A first sync, an incremental one and a restream of the vendors' sandboxes, with what each took."""
