"""The platform's code location: the integrations, with the library's assets, given this deployment's resources."""

import dagster as dg

import resources
from dazz_assets.orchestration.definitions import load_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """What `workspace.yaml` loads."""
    return load_definitions(resources.dazz())
