"""`dazz query`: query the lake with SQL, and print the rows or write them to a file."""

from pathlib import Path
from typing import Annotated

import typer

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import print_json, print_note, print_result, print_table

_MAX_ROWS = 1_000

Sql = Annotated[
    str,
    typer.Argument(
        metavar="SQL", help="A SELECT on raw.<integration>_<stream>, quarantine, or the tables of domain models."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the rows to this file. Its extension is the format: csv, parquet, json or duckdb."
    ),
]


def query_lake(sql: Sql, as_json: AsJson = False, output: Output = None) -> None:
    """Query the lake with SQL. Works while syncs are running."""
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake, export, json_rows, query

    lake = Lake(lake_url())
    if output is not None:
        export(lake, sql, output)
        if not as_json:
            print_result(f"Written to {output}.")
            return
    table = query(lake, sql)
    if as_json:
        print_json(list(json_rows(table)))
        return
    shown = table.slice(0, _MAX_ROWS).to_pylist()
    print_table(table.column_names, [list(row.values()) for row in shown], exact=True)
    if table.num_rows > _MAX_ROWS:
        print_note(f"Showing the first {_MAX_ROWS:,} of {table.num_rows:,} rows: get all with --json or --output.")
