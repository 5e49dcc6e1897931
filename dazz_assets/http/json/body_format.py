"""Turns a response's body into JSON in UTF-8: from other charsets, from one JSON value a line, and from CSV."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Mapping
from email.message import Message
from functools import lru_cache
from typing import Literal

from dazz_assets.http.json.body_bytes import is_utf8

Format = Literal["json", "ndjson", "csv"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"))
_FORMATS: Mapping[str, Format] = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/jsonlines": "ndjson",
    "application/x-jsonl": "ndjson",
    "text/x-ndjson": "ndjson",
    "text/ndjson": "ndjson",
    "text/jsonl": "ndjson",
    "application/stream+json": "ndjson",
    "application/json-seq": "ndjson",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
}
# Charsets that servers name by default. Hardly any text of theirs with other than ASCII is UTF-8 by chance.
_NAMED_BY_DEFAULT = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15"})
_DELIMITERS = ",;\t|"
_RECORD_SEPARATOR = "\x1e"


class BodyFormatError(ValueError):
    """A body can't be read in its charset or format. The text says why."""


def to_json(
    body: bytes, content_type: str, format_: Format | None, columns: Collection[str] = ()
) -> tuple[bytes, str | None]:
    """A body as JSON in UTF-8, and what it was converted from; None if it was not.

    format_: what the stream says; None goes by the content type, and reads several lines of JSON as such. columns: that
    CSV without rows names, if it is CSV. Raises BodyFormatError.
    """
    kind, charset = _read_content_type(content_type)
    text, source = _to_utf8(body, charset)
    format_ = format_ or _FORMATS.get(kind)
    if not text.strip():
        return b"", source  # Nothing is no list of records, in any format.
    if format_ == "csv" and not _is_json_value(text):
        return _csv_to_json(text.decode(), columns), f"CSV in {source or 'UTF-8'}"
    if format_ == "ndjson" or (format_ is None and _is_json_a_line(text)):
        return _lines_to_json(text), f"JSON a line in {source or 'UTF-8'}"
    return text, source


@lru_cache(maxsize=256)
def _read_content_type(content_type: str) -> tuple[str, str | None]:
    message = Message()
    message["Content-Type"] = content_type or "application/json"
    charset = message.get_param("charset")
    return message.get_content_type(), charset if isinstance(charset, str) else None


def _to_utf8(body: bytes, charset: str | None) -> tuple[bytes, str | None]:
    """The body in UTF-8 without a byte order mark, and its charset if that is another one."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            charset, body = name, body[len(mark) :]
            break
    else:
        if b"\0" in body[:4]:  # JSON begins with two ASCII characters (RFC 4627, section 3).
            charset = json.detect_encoding(body)
    if (kind := next((kind for begins, kind in _PACKED if body.startswith(begins)), None)) is not None:
        raise BodyFormatError(f"it is a {kind} file, which is not unpacked: code of a stream's `pages` can do that")
    try:
        codec = codecs.lookup(charset or "utf-8").name
        if (codec == "utf-8" or codec in _NAMED_BY_DEFAULT) and is_utf8(body):
            return body, None
        text = body.decode(codec)
    except LookupError:
        raise BodyFormatError(f"its charset is {charset!r}, which is unknown") from None
    except UnicodeDecodeError as error:
        raise BodyFormatError(f"it is not {codec}: {error.reason} at byte {error.start}") from None
    return text.encode(), codec.upper()


def _is_json_a_line(body: bytes) -> bool:
    """Whether a body is several lines that each begin an object of their own."""
    first, _, rest = body.lstrip().partition(b"\n")
    if not (first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")):
        return False
    return all(_is_json(line) for line in (first, rest.strip().partition(b"\n")[0]))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line, parse_int=str)
    except ValueError:
        return False
    return True


def _is_json_value(body: bytes) -> bool:
    """Whether a body is an object or a list, as APIs send errors where CSV was asked for."""
    return body.lstrip()[:1] in (b"{", b"[") and _is_json(body)


def _lines_to_json(body: bytes) -> bytes:
    """The values of the lines as a list; nothing if there is no value, since an empty body is no empty list."""
    lines = [line.strip().lstrip(_RECORD_SEPARATOR.encode()) for line in body.split(b"\n")]
    values = [line for line in lines if line]
    for number, line in enumerate(values, 1):
        if not _is_json(line):
            raise BodyFormatError(f"its line {number} is not JSON: {line[:60].decode(errors='replace')!r}")
    return b"[" + b",".join(values) + b"]" if values else b""


def read_csv(text: str) -> tuple[str, list[list[str]]]:
    """The delimiter of a text of CSV, and its rows, the first of which names the columns. Raises BodyFormatError."""
    if text.lstrip().startswith("<"):
        raise BodyFormatError("it is markup, and CSV is expected")
    header = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise BodyFormatError(f"its CSV can't be read: line {reader.line_num}: {error}") from None
    if rows and len(set(names := rows[0])) < len(names):
        raise BodyFormatError(f"its CSV names a column twice: {', '.join(names)}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise BodyFormatError(f"row {number} of its CSV has {len(row)} values for {len(rows[0])} columns")
    # Exports that are joined from several have a line of names amid the rows.
    is_repeated = len(rows) > 1 and len(rows[0]) > 1
    return delimiter, [rows[0], *(row for row in rows[1:] if row != rows[0])] if is_repeated else rows


def _csv_to_json(text: str, columns: Collection[str]) -> bytes:
    """A list of objects, one a row, whose values are texts."""
    _, rows = read_csv(text)
    # Some say in a sentence that there is nothing, or what went wrong.
    is_sentence = len(rows) == 1 and len(rows[0]) == 1 and " " in rows[0][0].strip()
    missing = [name for name in columns if name not in rows[0]] if len(rows) == 1 else []
    if missing or is_sentence:
        lacks = f"names no column `{missing[0]}`" if missing else "names no columns"
        raise BodyFormatError(
            f"its only line {lacks}. If that line means that there are no records, give its "
            'words in accept = {(200, "..."): "skip"}'
        )
    return json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]], ensure_ascii=False).encode()
