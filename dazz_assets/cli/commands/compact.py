"""`dazz compact`: join the small files of raw tables, and remove the files that no recent version needs."""

from dazz_assets.cli.output import print_note, print_result, print_table


def compact_lake() -> None:
    """Merge small files in the lake, and delete old files that no recent version needs. Safe while others read."""
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake, compact

    rows = [
        (item.table, item.files_before, item.files_after, item.removed)
        for item in compact(Lake(lake_url()), lambda reason: print_note(f"Waiting: {reason}"))
    ]
    changed = [row for row in rows if row[1] != row[2] or row[3]]
    if changed:
        print_table(("table", "files before", "files after", "old files removed"), changed)
    print_result(f"{len(changed)} of {len(rows)} tables had something to compact or remove.")
