"""`dazz compact`."""

from dazz_assets.cli.output import print_note, print_result, print_table


def compact_lake() -> None:
    """Join small files, and remove files that no version of the last days needs. Readers are not disturbed."""
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake, compact

    rows = [
        (item.table, item.files_before, item.files_after, item.removed)
        for item in compact(Lake(lake_url()), lambda whom: print_note(f"Waiting: {whom}"))
    ]
    changed = [row for row in rows if row[1] != row[2] or row[3]]
    if changed:
        print_table(("table", "files before", "files after", "old files removed"), changed)
    print_result(f"{len(changed)} of {len(rows)} tables had something to compact or remove.")
