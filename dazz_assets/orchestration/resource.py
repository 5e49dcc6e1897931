"""The resource of all our assets, sensors and jobs: where the lake is, and who the connections are."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from dazz_assets.connections import Connections, connections_path, read_connections
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.orchestration.workplace import Workplace


class DazzResource(dg.ConfigurableResource[Workplace]):
    """What runs work with. Whatever is left out is read from the environment when a run starts.

    It gives each run its own `Workplace`: ask for one as `dg.ResourceParam[Workplace]`, under the key `dazz`.
    """

    lake_url: str | None = Field(
        default=None, description="Path or URL of the lake; by default `DAZZ_LAKE`, or the folder `lake` of the home."
    )
    connections_file: str | None = Field(
        default=None, description="Path of the connections; by default `DAZZ_CONNECTIONS`, or `connections.yaml`."
    )

    def create_resource(self, context: dg.InitResourceContext) -> Workplace:
        """Dagster calls this at the start of a run, a sensor's tick or an op outside of assets."""
        return Workplace(Lake(self.lake_url or lake_url()), self.read_connections)

    def read_connections(self) -> Connections:
        """The connections as they stand now. Raises BadConnection for a file that can't be read."""
        return read_connections(Path(self.connections_file) if self.connections_file else connections_path())
