"""The Dagster resources of this deployment. Environment variables configure them: see the README."""

from dazz_assets.orchestration.resource import DazzResource


def dazz() -> DazzResource:
    """The lake and the connections that `DAZZ_LAKE` and `DAZZ_CONNECTIONS` name when a run starts."""
    return DazzResource()
