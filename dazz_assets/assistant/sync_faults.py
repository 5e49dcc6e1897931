"""Why a sync of a stream would fail although its first page came: what the declarations find in no record of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Raw

from dazz_assets.assistant.first_records import FirstRecords
from dazz_assets.assistant.misspelt_fields import describe_misspelt, find_misspelt
from dazz_assets.counts import format_count
from dazz_assets.declare.stream import RecordModel
from dazz_assets.extract.batch import RowBatch, RowReader
from dazz_assets.extract.cursor_signs import CursorSigns
from dazz_assets.extract.drift import RecordShape
from dazz_assets.extract.usable_records import UsableRecordCheck
from dazz_assets.http.json.json_fields import FieldReader
from dazz_assets.http.json.json_slices import is_null
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.transform.quarantine import invalid_reason
from dazz_assets.transform.record_readers import InvalidRecordError, make_reader
from dazz_assets.transform.records import exceeds_max_invalid


@dataclass(frozen=True, slots=True)
class PageFindings:
    """What the records of a page say of a sync. fault: why it would fail; None if nothing shows that it would."""

    fault: str | None = None
    warnings: tuple[str, ...] = ()


def examine_page(session: Session, stream: StreamSpec, first: FirstRecords) -> PageFindings:
    """Look at the records of a first page as a sync and its parsers would."""
    if first.page is None or not first.records:
        return PageFindings()
    name = stream.stream.__name__
    told_misspelt = describe_misspelt(name, "sensitive", find_misspelt(stream, "sensitive", first.records))
    warnings = [] if told_misspelt is None else [told_misspelt]
    rows = RowReader(stream, session.windows, session.cursor_of(stream)).read_rows(
        [first.page], stream.parent, first.fields
    )
    signs = CursorSigns(stream)
    signs.add(rows)
    warnings += signs.describe()
    asked = first.fields.get(stream.asked_parent_field) if stream.parent_key is not None else None
    fault = _find_unusable(stream, rows) or describe_strangers(stream, asked, first.records)
    if fault is not None or stream.model is None:
        return PageFindings(fault, tuple(warnings))
    refused, received = count_refused(stream, stream.model, first.records), len(first.records)
    if not refused:
        return PageFindings(None, tuple(warnings))
    reason, total = refused.most_common(1)[0][0], refused.total()
    told = f"{stream.model.__name__} does not take {total} of {format_count(received, 'record')} ({reason})"
    is_most = 2 * total > received  # A few may be all that there are.
    if is_most and _is_parsed(session, stream) and exceeds_max_invalid(stream, total, received):
        most = f"its parsers refuse more than {stream.max_invalid:g} of all records (`max_invalid`)"
        return PageFindings(f"{told}, and {most}. Correct the model", tuple(warnings))
    return PageFindings(None, (*warnings, told))


def _find_unusable(stream: StreamSpec, rows: RowBatch) -> str | None:
    """Why no record has a key and a cursor, as a sync tells it."""
    shape, check = RecordShape(stream.sensitive), UsableRecordCheck(stream)
    shape.add(rows)
    check.add(rows)
    return check.find_fault(shape)


def _is_parsed(session: Session, stream: StreamSpec) -> bool:
    return any(item.stream == stream.name for parser in session.spec.parsers.values() for item in parser.inputs)


def describe_strangers(stream: StreamSpec, asked: str | None, records: Sequence[Raw]) -> str | None:
    """Say how many records don't say that they belong to the parent that was asked for, which a sync refuses."""
    if stream.parent_key is None:
        return None
    values = zip(records, FieldReader([stream.parent_key]).read(records), strict=True)
    others = sum(value != asked and not is_null(record) for record, (value,) in values)
    if not others:  # Their values may be what must not be shown.
        return None
    have = "doesn't have" if others == 1 else "don't have"
    return (
        f"{others} of {format_count(len(records), 'record')} {have} at `{stream.parent_key}` (`parent_key`) what "
        f"was asked for as {{parents.{stream.asked_parent_field}}}: a sync refuses them"
    )


def count_refused(stream: StreamSpec, model: type[RecordModel], records: Sequence[Raw]) -> Counter[str]:
    """The reasons for which a model refuses records, each with its number of records."""
    refused: Counter[str] = Counter()
    reader = make_reader(model)
    for record in records:
        try:
            reader.read(bytes(record))
        except InvalidRecordError as error:
            refused[invalid_reason(error.problems, stream.sensitive)] += 1
    return refused
