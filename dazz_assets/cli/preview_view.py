"""What `dazz preview` prints: one page, and how what the stream declares fits it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from shutil import get_terminal_size
from typing import Any

from dazz_assets.assistant.generate import write_call
from dazz_assets.assistant.infer import CursorField, RecordField, RecordsPath, decode_json
from dazz_assets.assistant.infer.field_shapes import display_rank
from dazz_assets.assistant.infer.json_values import read_texts
from dazz_assets.assistant.page_preview import MaskedRequest, ModelReport, Preview
from dazz_assets.cli.exit_status import mask_secrets
from dazz_assets.cli.output import one_line, print_json, print_note, print_result, print_table
from dazz_assets.http.json_slices import split_path

_MOST_ROWS = 10
_MOST_COLUMNS = 7
_MOST_FIELDS = 80
_CELL = 40


def print_preview(integration: str, found: Preview, *, as_json: bool) -> None:
    """Print a preview, without secrets."""
    if as_json:
        print_json(_without_secrets(_document(integration, found)))
    else:
        _show(integration, found)


def _show(integration: str, found: Preview) -> None:
    of_parent = ", ".join(f"{name} {value}" for name, value in found.parent.items())
    _say(f"{integration}/{found.connection}, stream {found.stream}" + (f", of {of_parent}" if of_parent else ""))
    _say(_request(found.asked))
    for warning in found.warnings:
        _warn(warning)
    if found.problem is not None:
        _show_page(found)
        return
    where = f"at `{found.path}`" if found.path else "in a list that is the page"
    _say(f"{found.status}, {_bytes(found.size)}, {_count(len(found.records), 'record')} {where}")
    if not found.records:
        others = [item for item in found.lists if item.length and item.path != found.path]
        _warn(f"no records here; lists with some: {_lists(others)}" if others else "no records, so nothing to look at")
    else:
        _show_records(found)
        _show_fields(found)
        _show_model(found)
        _show_key(found)
        _show_cursor(found)
        _show_personal(found)
    _show_paging(found)


def _show_page(found: Preview) -> None:
    """A page in which the records are not where the stream says."""
    print_note(f"Error: {one_line(_shown(found.problem or ''))}", "red")
    if found.lists:
        _say(f"lists in the page: {_lists(found.lists)}")
    _say("")
    rows = [(item.path, ", ".join(item.kinds), item.example) for item in found.fields[:_MOST_FIELDS]]
    _table(("in the page", "kinds", "example"), rows)


def _show_records(found: Preview) -> None:
    columns = _columns(found)
    records = [decode_json(bytes(record)) for record in found.records[:_MOST_ROWS]]
    texts = [read_texts(records, split_path(path)) for path in columns]
    _say("")
    _table(columns, [[_cut(text) for text in row] for row in zip(*texts, strict=True)])
    if len(found.records) > _MOST_ROWS:
        _say(f"and {len(found.records) - _MOST_ROWS} more")


def _columns(found: Preview) -> list[str]:
    """The paths that matter first: key, cursor, what the model reads of the telling ones, then the other ones."""
    scalars = [item.path for item in found.fields if _is_scalar(item)]
    own = [*found.key.declared, *([found.cursor.declared] if found.cursor.declared else [])]
    read = found.model.reading.read if found.model else ()
    ranked = sorted(scalars, key=lambda path: (path not in read, display_rank(split_path(path)[-1]), path.count(".")))
    chosen = [path for path in dict.fromkeys([*own, *ranked]) if path in scalars]
    return _fitting(found, chosen[:_MOST_COLUMNS])


def _fitting(found: Preview, paths: Sequence[str]) -> list[str]:
    """As many of the columns as the terminal has room for, at least one."""
    examples = {item.path: len(item.example or "") for item in found.fields}
    room = get_terminal_size((120, 24)).columns
    fitting: list[str] = []
    for path in paths:
        room -= max(len(path), min(examples[path], _CELL)) + 2
        if room < 0 and fitting:
            break
        fitting.append(path)
    return fitting


def _is_scalar(item: RecordField) -> bool:
    return "[]" not in item.path and ".*" not in item.path and not set(item.kinds) <= {"object", "list", "null"}


def _show_fields(found: Preview) -> None:
    """The fields that the model reads or that are personal, and those that it ignores without what lies below them.

    Of a stream without a model, all fields.
    """
    model = found.model
    personal = {item.path for item in found.fields if _is_personal(item.path, found.personal.declared)}
    told = personal.union(*(model.reading.read, model.reading.ignored) if model else ())
    listed = [item for item in found.fields if model is None or item.path in told]
    rows = [
        (
            item.path,
            ", ".join(item.kinds),
            _share(item.missing, item.of),
            _share(item.null, item.of),
            ", ".join([*_reads(model, item.path), *(["personal"] if item.path in personal else [])]),
            _cut(item.example),
        )
        for item in listed[:_MOST_FIELDS]
    ]
    _say("")
    _table(("field", "kinds", "missing", "null", model.name if model else "", "example"), rows)
    if len(listed) > _MOST_FIELDS:
        _say(f"and {len(listed) - _MOST_FIELDS} more: --json has all")


def _reads(model: ModelReport | None, path: str) -> list[str]:
    """Whether a model reads a field, in a word; none where there is no model."""
    return [] if model is None else ["reads" if path in model.reading.read else "ignores"]


def _is_personal(path: str, declared: Sequence[str]) -> bool:
    """Whether a declared path leads to a field, or to what holds it; paths go through lists without saying so."""
    names = split_path(path.replace("[]", ""))
    return any(names[: len(split_path(item))] == split_path(item) for item in declared)


def _show_model(found: Preview) -> None:
    model = found.model
    _say("")
    if model is None:
        _say("model: none, so records are stored and no parser reads them")
        return
    _say(
        f"model: {model.name} accepts {model.accepted} of {_count(len(found.records), 'record')}, and reads "
        f"{len(model.reading.read)} of {_count(len(found.fields), 'field')}"
    )
    for reason, count in model.refused:
        _warn(f"refused, {_count(count, 'record')}: {reason}")
    if model.reading.absent:
        _say(f"  no record here has {', '.join(_absent(path, found.fields) for path in model.reading.absent)}")


def _absent(path: str, fields: Sequence[RecordField]) -> str:
    """A path that the model reads and no record has, with where a field of its name is."""
    name = path.rpartition(".")[2]
    there = [item.path for item in fields if item.path.rpartition(".")[2] == name]
    return f"{path} (there is {there[0]})" if there else path


def _show_key(found: Preview) -> None:
    key = found.key
    candidates = [_key(item.paths) for item in key.candidates if item.paths != key.declared]
    faults = [
        *([f"{_count(key.missing, 'record')} without it"] if key.missing else []),
        *([f"{_count(key.repeated, 'record')} with one that came before"] if key.repeated else []),
    ]
    said = "in every record and different in each"
    _show_declared("key", _key(key.declared) if key.declared else None, faults, said, candidates)


def _show_cursor(found: Preview) -> None:
    cursor = found.cursor
    candidates = [_candidate(item) for item in cursor.candidates if item.path != cursor.declared]
    faults = [
        *([f"{_count(cursor.missing, 'record')} without it"] if cursor.missing else []),
        *([f"no order in time can be made of {cursor.example!r}"] if cursor.unordered else []),
        *([f"declared {cursor.declared_order}, and the page is the other way round"] if _is_disordered(found) else []),
    ]
    order = {"asc": "from old to new in this page", "desc": "from new to old in this page"}
    said = f"in every record, {order.get(cursor.direction or '', 'in no order in this page')}"
    _show_declared("cursor", cursor.declared, faults, said, candidates)


def _show_declared(
    what: str, declared: str | None, faults: Sequence[str], said: str, candidates: Sequence[str]
) -> None:
    others = f"; {'others' if declared else 'candidates'}: {', '.join(candidates)}" if candidates else ""
    if declared is None:
        _say(f"{what}: none is declared{others or '; nothing in the page can be one'}")
    elif faults:
        _warn(f"{what}: {declared}, {', '.join(faults)}{others or '; nothing in the page can be one'}")
    else:
        _say(f"{what}: {declared}, {said}{others}")


def _show_personal(found: Preview) -> None:
    personal = found.personal
    for path, meant in personal.unmatched.items():
        _warn(f"{personal.stream}.personal: no record has anything at `{path}`{meant}")


def _is_disordered(found: Preview) -> bool:
    """Whether the page is plainly in the other order than the stream declares."""
    cursor = found.cursor
    return None not in (cursor.declared_order, cursor.direction) and cursor.declared_order != cursor.direction


def _show_paging(found: Preview) -> None:
    paging = found.paging
    shown = "; ".join(f"{write_call(item.paginator)} ({item.sign})" for item in paging.detected) or "none"
    _say(f"paginator: {paging.declared or 'none'}; the page shows: {shown}")
    if paging.warning:
        _warn(paging.warning)
    if paging.next is not None:
        _say(f"next: {_request(paging.next)}")
    elif paging.last is not None:
        _say(f"next: nothing, this page is the last: {paging.last}")


def _request(asked: MaskedRequest) -> str:
    return f"{asked.method} {asked.url}" + (f" {_cut(asked.body, 400)}" if asked.body else "")


def _key(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"({', '.join(paths)})"


def _candidate(item: CursorField) -> str:
    return item.path if item.is_always else f"{item.path} (not in every record)"


def _lists(lists: Sequence[RecordsPath]) -> str:
    return ", ".join(f"{item.path or 'the page itself'} ({item.length})" for item in lists) or "none"


def _share(count: int, of: int) -> str | None:
    return f"{count} of {of}" if count else None


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _bytes(size: int) -> str:
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1_000:,.0f} kB"


def _cut(text: str | None, longest: int = _CELL) -> str | None:
    return text if text is None or len(text) <= longest else f"{text[: longest - 3]}..."


def _say(text: str) -> None:
    print_result(one_line(_shown(text)))


def _warn(text: str) -> None:
    print_note(one_line(_shown(f"warning: {text}")), "yellow")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    shown = [[None if cell is None else _shown(cell) for cell in row] for row in rows]
    print_table([one_line(_shown(name)) for name in columns], shown)


def _shown(text: str) -> str:
    """A text without secrets, and as it can be written: a lone surrogate by its escape."""
    return mask_secrets(text).encode("utf-8", "backslashreplace").decode()


def _document(integration: str, found: Preview) -> dict[str, Any]:

    document = asdict(replace(found, records=()))
    document["records"] = [decode_json(bytes(record)) for record in found.records]
    if found.model is not None:
        document["model"]["reading"]["read"] = sorted(found.model.reading.read)
    document["paging"]["detected"] = [
        {"paginator": write_call(item.paginator), "sign": item.sign, "has_more": item.has_more}
        for item in found.paging.detected
    ]
    return {"integration": integration, **document}


def _without_secrets(value: Any) -> Any:
    """A document in which no text, and no name, holds a secret. Integers beyond 64 bits become texts."""
    if isinstance(value, dict):
        return {_shown(name): _without_secrets(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return _shown(value) if isinstance(value, str) else value
