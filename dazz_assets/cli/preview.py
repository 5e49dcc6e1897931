"""`dazz preview`."""

from typing import Annotated

import typer

from dazz_assets.cli.failures import FAILED, Refused, end
from dazz_assets.cli.options import AsJson, Target

StreamName = Annotated[
    str | None, typer.Argument(metavar="STREAM", help="A stream's name; without one you are told which there are.")
]
ConnectionId = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="The connection to ask with; the only one by default."),
]


def preview_stream(
    target: Target, stream: StreamName = None, connection: ConnectionId = None, as_json: AsJson = False
) -> None:
    """Fetch one page of a stream and show what it holds, and how what the stream declares fits it.

    The page is the first that a first sync would ask for; of a sub-stream, for a parent that has records. Nothing is
    stored.
    """
    from dazz_assets.authoring.discovery import find
    from dazz_assets.authoring.naming import suggestion
    from dazz_assets.cli.chosen import choose_one
    from dazz_assets.cli.previewed import put_preview
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake
    from dazz_assets.sync.preview import preview
    from dazz_assets.sync.session import Session

    if stream is None:
        spec = find(target)
        raise Refused(f"name a stream of {spec.name}; there are: {', '.join(spec.streams)}")
    spec, chosen = choose_one(target, connection)
    if stream not in spec.streams:
        raise Refused(f"{spec.name} has no stream {stream!r}{suggestion(stream, spec.streams)}")
    found = preview(Session(spec, chosen, Lake(lake_url())), spec.streams[stream])
    put_preview(spec.name, found, as_json=as_json)
    if found.problem is not None:
        end(FAILED)
