"""`dazz preview`: fetch one page of a stream, and show how its declaration fits; nothing is stored."""

from contextlib import closing
from typing import Annotated

import typer

from dazz_assets.cli.exit_status import FAILED, UsageError, end_command
from dazz_assets.cli.options import AsJson, TargetArgument

StreamName = Annotated[
    str | None, typer.Argument(metavar="STREAM", help="Name of the stream. Leave it out to see which there are.")
]
ConnectionId = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="The connection to fetch with. Default: the only one."),
]


def preview_stream(
    name_or_path: TargetArgument, stream: StreamName = None, connection: ConnectionId = None, as_json: AsJson = False
) -> None:
    """Fetch one page of a stream, show its records, and check them against what the stream declares.

    It is the first page that a first sync would fetch; for a sub-stream, that of a parent that has records. Nothing
    is stored.
    """
    from dazz_assets.assistant.page_preview import preview
    from dazz_assets.cli.preview_view import print_preview
    from dazz_assets.cli.target import find_single_target
    from dazz_assets.home import lake_url
    from dazz_assets.http.errors import UnreachableError
    from dazz_assets.lake import Lake
    from dazz_assets.names import suggest
    from dazz_assets.session import Session
    from dazz_assets.spec.discovery import find_integration

    if stream is None:
        spec = find_integration(name_or_path)
        raise UsageError(f"which stream? {spec.name} has: {', '.join(spec.streams)}")
    spec, selected = find_single_target(name_or_path, connection)
    if stream not in spec.streams:
        raise UsageError(f"{spec.name} has no stream {stream!r}{suggest(stream, spec.streams)}")
    with closing(Session(spec, selected, Lake(lake_url()))) as session:
        try:
            found = preview(session, spec.streams[stream])
        except UnreachableError:
            from dazz_assets.cli.sandbox_connections import note_stopped_sandbox

            note_stopped_sandbox([selected])
            raise
    print_preview(spec.name, found, as_json=as_json)
    if found.problem is not None:
        end_command(FAILED)
