"""The platform's code location: the assets of all integrations, with this deployment's resources."""

import dagster as dg

import resources
from dazz_assets.orchestration.definitions import load_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions that `workspace.yaml` loads."""
    return load_definitions(resources.dazz())
