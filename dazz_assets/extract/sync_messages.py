"""What a sync of a stream tells of what it met: warnings of its report, and the texts of its errors."""

import tempfile
from collections.abc import Sequence

from dazz_assets.counts import format_count
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.completeness.nested_lists import CutList
from dazz_assets.extract.marks import Source
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.http import PageNumber
from dazz_assets.lake.versions.outranked_keys import OutrankedKeys
from dazz_assets.reports import without_address
from dazz_assets.spec.specs import StreamSpec


def describe_unwritable(state: SyncState, error: OSError) -> str:
    """Say that what was fetched can't be written."""
    return (
        f"{state.place}: what was fetched can't be written: {error}. Nothing is "
        "stored since the last commit, and the mark stays where that left it. See to the disk or storage of the "
        f"lake, and to {tempfile.gettempdir()}, where rows in no order of time wait (TMPDIR names another), and "
        "sync again"
    )


def describe_strays(stream: StreamSpec, strays: int, received: int) -> str:
    """Say that so many of the records that came lie far outside the range that was asked for."""
    records, they_are = ("1 record lies", "It is") if strays == 1 else (f"{strays:,} records lie", "They are")
    ignored = ""
    if 2 * strays > received:
        bounds = f"`{stream.cursor.since}`" if stream.cursor is not None and stream.cursor.since else "the bounds"
        ignored = f"Of {received:,} that came these are most, so the API may ignore {bounds}: check how it is spelt. "
    return (
        f"{records} more than a day outside the range that was asked for. {they_are} stored. {ignored}If the API "
        f"filters by another field than `{_name_cursor(stream)}`, later syncs miss changes: name that field in "
        f"`cursor` of {stream.stream.__name__}, or leave out the bounds, and each sync lists all records"
    )


def describe_empty_first(stream: StreamSpec, totals: Sequence[int | None]) -> str:
    """Say that nothing came yet, though the vendor gives a total."""
    name = stream.stream.__name__
    begins = ", that counting begins where the API's does (page 0?)" if isinstance(stream.paginator, PageNumber) else ""
    return (
        f"no record came, though the vendor gives a total of {max(filter(None, totals))}. Check `params` of {name}"
        f"{begins}, and the connection's start. If the total counts something else, set `total = None`"
    )


def describe_cut_list(stream: StreamSpec, found: CutList) -> str:
    """Say that lists inside of records are cut short."""
    name = stream.stream.__name__
    return (
        f"lists inside of records are cut short: {found.sign}. What came is stored, and nothing fetches the rest: "
        f"list it by a stream of its own (`parent = {name}`), or ask for longer lists. If no more is needed, set "
        f'data_fields = ("{found.place}",) on {name}'
    )


def describe_set_back(stream: StreamSpec, found: OutrankedKeys) -> str:
    """Say that records came with an earlier cursor than what is stored of them."""
    now = "none" if found.new_at is None else format_moment(found.new_at)
    return (
        f"{format_count(found.keys, 'record')} came with an earlier cursor than a stored version has (for example "
        f"{found.example}: {now} after {format_moment(found.stored_at)}), so parsers read the stored version. "
        f"`--refetch` takes what the API lists now. If `{_name_cursor(stream)}` may go back, name another field in "
        f"`cursor` of {stream.stream.__name__}, or leave it out, and each sync fetches all records"
    )


def describe_nulls(stream: StreamSpec, nulls: int) -> str:
    """Say that so many nulls came in place of records."""
    place = "a record. Nothing is stored of it" if nulls == 1 else "records. Nothing is stored of them"
    return (
        f"{format_count(nulls, 'null')} came in place of {place}: a null holds no data, and "
        f"does not say to which of {stream.parent} it belongs. Check what the credentials may read, and ask the vendor "
        "what a null stands for"
    )


def describe_failures(state: SyncState, sources: Sequence[Source]) -> str:
    """Say which of the parents failed, or that none could be listed, and what becomes of the others' records."""
    where = state.place
    failed = {key: str(error) for key, error in state.failed.items()} or state.passed_over
    # Each problem once, with the first parent that has it.
    problems = {
        key: state.failed[key].problem if state.failed else without_address(text.removeprefix(f"{where}: "))
        for key, text in failed.items()
    }
    firsts = list({problem: key for key, problem in reversed(problems.items())}.values())[::-1]
    examples = "; ".join(f"{key}: {failed[key].removeprefix(f'{where}: ').rstrip('.')}" for key in firsts[:3])
    reasons = set(failed.values())
    if not state.failed and state.has_unusable_parents and len(reasons) == 1:
        return f"{where}: {reasons.pop()}"
    outcome = _describe_outcome(state, len(failed), len(sources))
    return f"{where}: {len(failed)} of {len(sources)} {state.stream.parent} failed ({examples}){outcome}"


def _describe_outcome(state: SyncState, failed: int, sources: int) -> str:
    if not state.failed:
        return ". Check what the credentials may read"
    if state.identity_changed:
        return "; the stored records were not replaced. Sync again"
    if failed + len(state.passed_over) == sources:
        return "; the next sync tries again"
    return "; the records of the others are stored, and the next sync retries those that failed"


def _name_cursor(stream: StreamSpec) -> str:
    return stream.cursor.field if stream.cursor else ""
