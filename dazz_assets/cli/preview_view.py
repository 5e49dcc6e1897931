"""Print what `dazz preview` finds: one page of a stream, and how well the stream's declarations fit it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from shutil import get_terminal_size
from typing import Any

from dazz_assets.assistant.generate import write_call
from dazz_assets.assistant.infer import CursorField, RecordField, RecordsPath, decode_json
from dazz_assets.assistant.infer.field_shapes import display_rank
from dazz_assets.assistant.infer.json_values import read_texts
from dazz_assets.assistant.misspelt_fields import PrivateSetting, describe_misspelt
from dazz_assets.assistant.page_preview import DeclaredFields, MaskedRequest, ModelReport, Preview
from dazz_assets.cli.exit_status import mask_secrets
from dazz_assets.cli.output import one_line, print_json, print_note, print_result, print_table
from dazz_assets.counts import format_count
from dazz_assets.field_paths import split_path
from dazz_assets.http.quotes import shorten
from dazz_assets.names import list_names

_MAX_ROWS = 10
_MAX_COLUMNS = 7
_MAX_FIELDS = 80
# In characters.
_CELL_WIDTH = 40
_BODY_WIDTH = 400


def print_preview(integration: str, preview: Preview, *, as_json: bool) -> None:
    """Print a preview, without secrets."""
    if as_json:
        print_json(_clean_document(_document(integration, preview)))
    else:
        _print_page(integration, preview)


def _print_page(integration: str, preview: Preview) -> None:
    of_parent = ", ".join(f"{name} {value}" for name, value in preview.parent.items())
    _print_line(
        f"{integration}/{preview.connection}, stream {preview.stream}" + (f", of {of_parent}" if of_parent else "")
    )
    _print_line(_format_request(preview.request))
    for warning in preview.warnings:
        _print_warning(warning)
    if preview.problem is not None:
        _print_page_without_records(preview)
        return
    where = f"at `{preview.path}`" if preview.path else "in the page itself"
    _print_line(
        f"{preview.status}, {_format_size(preview.size)}, {format_count(len(preview.records), 'record')} {where}"
    )
    if not preview.records:
        others = [item for item in preview.lists if item.length and item.path != preview.path]
        _print_warning(
            f"no records here; non-empty lists: {_format_lists(others)}"
            if others
            else "no records, so there is nothing to show"
        )
    else:
        _print_declared_fields("sensitive", preview.sensitive)
        if preview.sensitive.misspelt:
            _print_warning("all values are hidden until `sensitive` is corrected")
        _print_records(preview)
        _print_fields(preview)
        _print_model(preview)
        _print_key(preview)
        _print_cursor(preview)
        _print_declared_fields("personal", preview.personal)
    _print_paging(preview)


def _print_page_without_records(preview: Preview) -> None:
    """Print a page whose records are not where the stream says."""
    print_note(f"Error: {one_line(_clean_text(preview.problem or ''))}", "red")
    if preview.lists:
        _print_line(f"lists in the page: {_format_lists(preview.lists)}")
    _print_line("")
    rows = [(item.path, ", ".join(item.kinds), item.example) for item in preview.fields[:_MAX_FIELDS]]
    _print_clean_table(("in the page", "kinds", "example"), rows)


def _print_records(preview: Preview) -> None:
    columns = _choose_columns(preview)
    records = [decode_json(bytes(record)) for record in preview.records[:_MAX_ROWS]]
    texts = [read_texts(records, split_path(path)) for path in columns]
    _print_line("")
    _print_clean_table(columns, [[_shorten(text) for text in row] for row in zip(*texts, strict=True)])
    if len(preview.records) > _MAX_ROWS:
        _print_line(f"and {len(preview.records) - _MAX_ROWS} more")


def _choose_columns(preview: Preview) -> list[str]:
    """The most useful columns: key and cursor, then fields that the model reads, then telling names."""
    scalars = [item.path for item in preview.fields if _is_scalar(item)]
    declared = [*preview.key.declared, *([preview.cursor.declared] if preview.cursor.declared else [])]
    read = preview.model.reading.read if preview.model else ()
    ranked = sorted(scalars, key=lambda path: (path not in read, display_rank(split_path(path)[-1]), path.count(".")))
    columns = [path for path in dict.fromkeys([*declared, *ranked]) if path in scalars]
    return _fit_columns(preview, columns[:_MAX_COLUMNS])


def _fit_columns(preview: Preview, paths: Sequence[str]) -> list[str]:
    """As many of the columns as fit the terminal, at least one."""
    examples = {item.path: len(item.example or "") for item in preview.fields}
    room = get_terminal_size((120, 24)).columns
    fitting: list[str] = []
    for path in paths:
        room -= max(len(path), min(examples[path], _CELL_WIDTH)) + 2
        if room < 0 and fitting:
            break
        fitting.append(path)
    return fitting


def _is_scalar(item: RecordField) -> bool:
    return "[]" not in item.path and ".*" not in item.path and not set(item.kinds) <= {"object", "list", "null"}


def _print_fields(preview: Preview) -> None:
    """Print the fields that the model reads or ignores, personal and sensitive ones; without a model, all fields.

    Fields below one that the model ignores are left out.
    """
    model = preview.model
    personal = {item.path for item in preview.fields if _is_below(item.path, preview.personal.declared)}
    sensitive = {item.path for item in preview.fields if _is_below(item.path, preview.sensitive.declared)}
    relevant = (personal | sensitive).union(*(model.reading.read, model.reading.ignored) if model else ())
    listed = [item for item in preview.fields if model is None or item.path in relevant]
    rows = [
        (
            item.path,
            ", ".join(item.kinds),
            _format_share(item.missing, item.of),
            _format_share(item.null, item.of),
            ", ".join(
                [
                    *_model_use(model, item.path),
                    *(["personal"] if item.path in personal else []),
                    *(["sensitive"] if item.path in sensitive else []),
                ]
            ),
            _shorten(item.example),
        )
        for item in listed[:_MAX_FIELDS]
    ]
    _print_line("")
    _print_clean_table(("field", "kinds", "missing", "null", model.name if model else "", "example"), rows)
    if len(listed) > _MAX_FIELDS:
        _print_line(f"and {len(listed) - _MAX_FIELDS} more: --json has all")


def _model_use(model: ModelReport | None, path: str) -> list[str]:
    """`reads` or `ignores` for a field of a model, as a list; empty without a model."""
    return [] if model is None else ["reads" if path in model.reading.read else "ignores"]


def _is_below(path: str, declared: Sequence[str]) -> bool:
    """Whether one of the declared paths is this field or contains it. Declared paths pass through lists implicitly."""
    names = split_path(path.replace("[]", ""))
    return any(names[: len(split_path(item))] == split_path(item) for item in declared)


def _print_model(preview: Preview) -> None:
    model = preview.model
    _print_line("")
    if model is None:
        _print_line("model: none, so records are stored but no parser can read them")
        return
    _print_line(
        f"model: {model.name} accepts {model.accepted} of {format_count(len(preview.records), 'record')}, and reads "
        f"{len(model.reading.read)} of {format_count(len(preview.fields), 'field')}"
    )
    for reason, count in model.refused:
        _print_warning(f"invalid, {format_count(count, 'record')}: {reason}")
    if model.reading.absent:
        absent = ", ".join(_format_absent(path, preview.fields) for path in model.reading.absent)
        _print_line(f"  no record in this page has {absent}")


def _format_absent(path: str, fields: Sequence[RecordField]) -> str:
    """A path that the model reads and no record has, with the path of a field of that name elsewhere."""
    name = path.rpartition(".")[2]
    similar = [item.path for item in fields if item.path.rpartition(".")[2] == name]
    return f"{path} (there is {similar[0]})" if similar else path


def _print_key(preview: Preview) -> None:
    key = preview.key
    candidates = [_format_key(item.paths) for item in key.candidates if item.paths != key.declared]
    faults = [
        *([f"{format_count(key.missing, 'record')} without it"] if key.missing else []),
        *([f"{format_count(key.repeated, 'record')} with a repeated key"] if key.repeated else []),
    ]
    summary = "in every record, and unique"
    if key.of_one_parent:
        summary += ' under this parent; if other parents have the same ones, begin it with "{parent.id}" or the like'
    _print_declared("key", _format_key(key.declared) if key.declared else None, faults, summary, candidates)


def _print_cursor(preview: Preview) -> None:
    cursor = preview.cursor
    candidates = [_format_candidate(item) for item in cursor.candidates if item.path != cursor.declared]
    faults = [
        *([f"{format_count(cursor.missing, 'record')} without it"] if cursor.missing else []),
        *([f"{cursor.example!r} is not a time"] if cursor.unordered else []),
        *(
            [f"declared {cursor.declared_order}, but this page has the opposite order"]
            if _is_disordered(preview)
            else []
        ),
    ]
    order = {"asc": "oldest first in this page", "desc": "newest first in this page"}
    summary = f"in every record, {order.get(cursor.direction or '', 'in no order in this page')}"
    _print_declared("cursor", cursor.declared, faults, summary, candidates)


def _print_declared(
    what: str, declared: str | None, faults: Sequence[str], summary: str, candidates: Sequence[str]
) -> None:
    others = f"; {'others' if declared else 'candidates'}: {', '.join(candidates)}" if candidates else ""
    if declared is None:
        _print_line(f"{what}: none declared{others or '; no field of this page can be one'}")
    elif faults:
        _print_warning(f"{what}: {declared}, {', '.join(faults)}{others or '; no field of this page can be one'}")
    else:
        _print_line(f"{what}: {declared}, {summary}{others}")


def _print_declared_fields(setting: PrivateSetting, fields: DeclaredFields) -> None:
    if (warning := describe_misspelt(fields.stream, setting, fields.misspelt)) is not None:
        _print_warning(warning)
    if absent := [path for path in fields.absent if path not in fields.misspelt]:
        _print_line(f"{setting}: no record of this page has {list_names(absent)}")


def _is_disordered(preview: Preview) -> bool:
    """Whether the page has the opposite order of what the stream declares."""
    cursor = preview.cursor
    return None not in (cursor.declared_order, cursor.direction) and cursor.declared_order != cursor.direction


def _print_paging(preview: Preview) -> None:
    paging = preview.paging
    detected = "; ".join(f"{write_call(item.paginator)} ({item.sign})" for item in paging.detected) or "none"
    _print_line(f"paginator: {paging.declared or 'none'}; detected in this page: {detected}")
    if paging.warning:
        _print_warning(paging.warning)
    if paging.next is not None:
        _print_line(f"next: {_format_request(paging.next)}")
    elif paging.last is not None:
        _print_line(f"next: none, this is the last page: {paging.last}")


def _format_request(request: MaskedRequest) -> str:
    return f"{request.method} {request.url}" + (f" {_shorten(request.body, _BODY_WIDTH)}" if request.body else "")


def _format_key(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"({', '.join(paths)})"


def _format_candidate(item: CursorField) -> str:
    return item.path if item.is_always else f"{item.path} (not in every record)"


def _format_lists(lists: Sequence[RecordsPath]) -> str:
    return ", ".join(f"{item.path or 'the page itself'} ({item.length})" for item in lists) or "none"


def _format_share(count: int, of: int) -> str | None:
    return f"{count} of {of}" if count else None


def _format_size(size: int) -> str:
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1_000:,.0f} kB"


def _shorten(text: str | None, width: int = _CELL_WIDTH) -> str | None:
    return None if text is None else shorten(text, width)


def _print_line(text: str) -> None:
    print_result(one_line(_clean_text(text)))


def _print_warning(text: str) -> None:
    print_note(one_line(_clean_text(f"warning: {text}")), "yellow")


def _print_clean_table(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    cleaned = [[None if cell is None else _clean_text(cell) for cell in row] for row in rows]
    print_table([one_line(_clean_text(name)) for name in columns], cleaned)


def _clean_text(text: str) -> str:
    """A text without secrets, and with lone surrogates escaped so that it can be encoded."""
    return mask_secrets(text).encode("utf-8", "backslashreplace").decode()


def _document(integration: str, preview: Preview) -> dict[str, Any]:
    document = asdict(replace(preview, records=()))
    document["records"] = [decode_json(bytes(record)) for record in preview.records]
    if preview.model is not None:
        document["model"]["reading"]["read"] = sorted(preview.model.reading.read)
    document["paging"]["detected"] = [
        {"paginator": write_call(item.paginator), "sign": item.sign, "has_more": item.has_more}
        for item in preview.paging.detected
    ]
    return {"integration": integration, **document}


def _clean_document(value: Any) -> Any:
    """A document without secrets in its texts and names. Integers beyond 64 bits become texts."""
    if isinstance(value, dict):
        return {_clean_text(name): _clean_document(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_document(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return _clean_text(value) if isinstance(value, str) else value
