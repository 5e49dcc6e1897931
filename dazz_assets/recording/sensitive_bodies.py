"""Hides a stream's sensitive fields in the bodies of recorded responses, whatever their format."""

from __future__ import annotations

import csv
import io

import msgspec

from dazz_assets.errors import RecordingError
from dazz_assets.http.json.body_format import BodyFormatError, read_csv, to_json
from dazz_assets.http.responses.concealed import fields_anywhere, record_path
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.sensitive import HIDDEN, SensitiveFields
from dazz_assets.spec.specs import StreamSpec


def hide_sensitive(text: str, stream: StreamSpec, content_type: str, redactor: Redactor, *, is_success: bool) -> str:
    """The text of a body with sensitive values hidden: each keeps its kind, so that models fit.

    The redactor gets to know the values, and replaces them elsewhere too. A success that can't be read is hidden whole.
    Raises RecordingError for one whose fields can't be found, as the code of the stream reads it in its own way.
    """
    if not stream.sensitive or text.strip() in ("", HIDDEN):
        return text
    if stream.pages is not None or not is_success:
        # Where the record is in such an answer is not known.
        fields = fields_anywhere(stream.rules)
    else:
        fields = SensitiveFields(stream.sensitive, above=record_path(stream.rules))
    redactor.hide_everywhere(fields.find_texts(_as_json(text, content_type, stream), with_names=False))
    if _is_json(text):
        return fields.hide_keeping_kinds(text)
    if not is_success:
        return text
    if stream.pages is not None:
        raise RecordingError(
            f"stream {stream.name} has sensitive fields, and an answer that its code asked for is not JSON, so that "
            "they can't be found in it; nothing was recorded"
        )
    return _hide_in_lines(text, fields) or _hide_in_csv(text, content_type, stream) or HIDDEN


def _hide_in_lines(text: str, fields: SensitiveFields) -> str | None:
    """A text of one JSON value a line; None for another."""
    lines = text.split("\n")
    if not all(_is_json(line) for line in lines if line.strip()):
        return None
    return "\n".join(fields.hide_keeping_kinds(line) if line.strip() else line for line in lines)


def _hide_in_csv(text: str, content_type: str, stream: StreamSpec) -> str | None:
    """A text of CSV, with the columns hidden that are sensitive or hold what is; None for another."""
    try:
        _, source = to_json(text.encode(), content_type, stream.format)
        if source is None or not source.startswith("CSV"):
            return None
        delimiter, rows = read_csv(text)
    except (BodyFormatError, UnicodeEncodeError):
        return None
    fields = SensitiveFields(stream.sensitive)
    hidden = [fields.touch((name,)) for name in rows[0]] if rows else []
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows(rows[:1])
    for row in rows[1:]:
        writer.writerow([HIDDEN if is_hidden and cell else cell for cell, is_hidden in zip(row, hidden, strict=True)])
    return out.getvalue()


def _as_json(text: str, content_type: str, stream: StreamSpec) -> bytes:
    try:
        return to_json(text.encode(), content_type, stream.format)[0]
    except (BodyFormatError, UnicodeEncodeError):
        return b""


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True
