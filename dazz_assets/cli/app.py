"""The `dazz` command line and its commands.

Each command imports what it needs when it runs, so that `dazz query` starts without Dagster.
"""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dazz_assets.cli.commands import (
    check,
    compact,
    demo,
    dev,
    explain,
    export,
    list,
    new,
    parse,
    preview,
    query,
    record,
    sandbox,
    status,
    sync,
)
from dazz_assets.cli.exit_status import INTERRUPTED, report_error
from dazz_assets.cli.output import print_note, print_result


class _Commands(TyperGroup):
    """Turns whatever a command raises into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except KeyboardInterrupt:
            print_note("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise  # The reader, such as `head`, has enough: typer then ends the process in silence.
        except Exception as error:
            if type(error).__module__.startswith("typer"):
                raise
            raise typer.Exit(report_error(error)) from None


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print_result(f"dazz {version('dazz-assets')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
]

app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Pull data out of SaaS and cloud APIs as Dagster assets.",
    epilog="Exit status: 0 done, 1 failed in part or whole, 2 wrong usage or config, 130 interrupted.",
)


@app.callback()
def _main(version: Version = False) -> None:
    """Holds the options of the command itself."""


app.command("list")(list.list_integrations)
app.command("new")(new.new_integration)
app.command("check")(check.check_connections)
app.command("sync")(sync.sync_streams)
app.command("parse")(parse.parse_again)
app.command("record")(record.record_sync)
app.command("explain")(explain.explain_integration)
app.command("preview")(preview.preview_stream)
app.command("query")(query.query_lake)
app.add_typer(export.export, name="export")
app.command("status")(status.show_status)
app.command("compact")(compact.compact_lake)
app.command("sandbox")(sandbox.serve_sandbox)
app.command("demo")(demo.run_demo)
app.command("dev")(dev.open_ui)
