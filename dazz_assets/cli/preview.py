"""`dazz preview`."""

from typing import Annotated

import typer

from dazz_assets.cli.failures import FAILED, Refused, end
from dazz_assets.cli.options import AsJson, Target

StreamName = Annotated[str, typer.Argument(metavar="STREAM", help="A stream's name.")]
ConnectionId = Annotated[str, typer.Option("--connection", metavar="ID", help="The connection to ask with.")]


def preview_stream(target: Target, stream: StreamName, connection: ConnectionId, as_json: AsJson = False) -> None:
    """Fetch one page of a stream and show what it holds, and how what the stream declares fits it.

    The page is the first that a first sync would ask for; of a sub-stream, for a parent that has records. Nothing is
    stored.
    """
    from dazz_assets.authoring.naming import suggestion
    from dazz_assets.cli.chosen import choose
    from dazz_assets.cli.previewed import put_preview
    from dazz_assets.sync.preview import preview
    from dazz_assets.sync.session import Session
    from resources.home import lake_url
    from resources.lake import Lake

    chosen = choose(target, [connection])
    streams = chosen.spec.streams
    if stream not in streams:
        raise Refused(f"{chosen.spec.name} has no stream {stream!r}{suggestion(stream, streams)}")
    found = preview(Session(chosen.spec, chosen.connections[0], Lake(lake_url())), streams[stream])
    put_preview(chosen.spec.name, found, as_json=as_json)
    if found.problem is not None:
        end(FAILED)
