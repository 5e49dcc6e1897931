"""The `dazz` command line and its commands.

Each command imports what it needs when it runs, so that `dazz query` starts without Dagster.
"""

from typing import Any

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
from dazz_assets.cli.output import print_note


class _Commands(TyperGroup):
    """Turns whatever a command raises into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print_note("Interrupted. Stored data is safe, and the next sync continues from there.")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if type(error).__module__.startswith("typer"):
                raise
            raise typer.Exit(report_error(error)) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Pull data out of SaaS and cloud APIs as Dagster assets.",
    epilog="Exit status: 0 done, 1 failed in part or whole, 2 wrong usage or config, 130 interrupted.",
)
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
