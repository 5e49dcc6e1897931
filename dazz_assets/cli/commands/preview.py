"""`dazz preview`."""

from typing import Annotated

import typer

from dazz_assets.cli.exit_status import FAILED, Refused, end_command
from dazz_assets.cli.options import AsJson, TargetArgument

StreamName = Annotated[
    str | None, typer.Argument(metavar="STREAM", help="A stream's name; without one you are told which there are.")
]
ConnectionId = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="The connection to ask with; the only one by default."),
]


def preview_stream(
    target: TargetArgument, stream: StreamName = None, connection: ConnectionId = None, as_json: AsJson = False
) -> None:
    """Fetch one page of a stream and show what it holds, and how what the stream declares fits it.

    The page is the first that a first sync would ask for; of a sub-stream, for a parent that has records. Nothing is
    stored.
    """
    from dazz_assets.assistant.page_preview import preview
    from dazz_assets.cli.preview_view import print_preview
    from dazz_assets.cli.target import find_single_target
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake
    from dazz_assets.names import suggest
    from dazz_assets.session import Session
    from dazz_assets.spec.discovery import find_integration

    if stream is None:
        spec = find_integration(target)
        raise Refused(f"name a stream of {spec.name}; there are: {', '.join(spec.streams)}")
    spec, chosen = find_single_target(target, connection)
    if stream not in spec.streams:
        raise Refused(f"{spec.name} has no stream {stream!r}{suggest(stream, spec.streams)}")
    found = preview(Session(spec, chosen, Lake(lake_url())), spec.streams[stream])
    print_preview(spec.name, found, as_json=as_json)
    if found.problem is not None:
        end_command(FAILED)
