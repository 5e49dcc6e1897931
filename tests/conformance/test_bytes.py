"""Charsets, byte order marks, JSON a line, and CSV (conformance 60)."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dazz_assets.errors import SyncError
from dazz_assets.http.json.body_format import BodyFormatError, to_json
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor


class BytesIntegration(CommonIntegration):
    streams = (ItemsStream,)


NAME = '{"id": 1, "name": "Zo\u00eb \u0141"}'
LATIN = '{"id": 1, "name": "Zo\u00eb"}'


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (codecs.BOM_UTF8 + f"[{NAME}]".encode(), "application/json", NAME),
        (codecs.BOM_UTF16_LE + f"[{NAME}]".encode("utf-16-le"), "application/json", NAME),
        (codecs.BOM_UTF16_BE + f"[{NAME}]".encode("utf-16-be"), "application/json; charset=utf-8", NAME),
        (codecs.BOM_UTF32_LE + f"[{NAME}]".encode("utf-32-le"), "", NAME),
        (f"[{NAME}]".encode("utf-16-le"), "application/json; charset=utf-16", NAME),
        (f"[{NAME}]".encode("utf-16-be"), "application/json", NAME),
        (f"[{LATIN}]".encode("iso-8859-1"), 'application/json; charset="ISO-8859-1"', LATIN),
        (f"[{LATIN}]".encode("cp1252"), "text/json;Charset=Windows-1252", LATIN),
        (f"[{NAME}]".encode(), "text/plain", NAME),
        # Servers name these by default, whatever they send.
        (f"[{NAME}]".encode(), "application/json; charset=ISO-8859-1", NAME),
        (f"[{NAME}]".encode(), "application/json; charset=windows-1252", NAME),
        (f"[{NAME}]".encode(), "text/plain; charset=us-ascii", NAME),
        (f"[{NAME}]".encode(), "text/html; charset=UTF8", NAME),
    ],
)
def test_60_a_page_is_read_in_its_charset_and_stored_in_utf_8(
    connect: Connect, api: Vendor, body: bytes, kind: str, text: str
) -> None:
    api.script(Reply(body=body, headers={"Content-Type": kind}))
    acme = connect(BytesIntegration)
    acme.sync(ItemsStream)
    assert acme.texts(ItemsStream) == [text]


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'[{"id": 1, "n": "\xe9"}]', "application/json", "it is not utf-8: .* at byte 17"),
        (b'[{"id": 1}]', "application/json; charset=klingon", "its charset is 'klingon', which is unknown"),
        (b'{"id": 1}\n{"id": 2', "application/x-ndjson", "its line 2 is not JSON: '{\"id\": 2'"),
        (b"id,name\n1,a\n2\n", "text/csv", "row 3 of its CSV has 1 values for 2 columns"),
        (b"id,id\n1,a\n", "text/csv", "its CSV names a column twice: id, id"),
        (b'id,name\n1,"a\n', "text/csv", "its CSV can't be read: line 2"),
        (b"<html>Sign in</html>", "text/csv", "it is markup, and CSV is expected"),
        (
            gzip.compress(b'[{"id": 1}]', mtime=0),
            "application/octet-stream",
            "it is a gzip file, which is not unpacked",
        ),
        (b"PK\x03\x04" + bytes(60), "text/csv", "it is a zip file, which is not unpacked"),
    ],
)
def test_60_what_cannot_be_read_is_an_error_that_says_where_and_names_the_setting(
    connect: Connect, api: Vendor, body: bytes, kind: str, message: str
) -> None:
    api.script(Reply(body=body, headers={"Content-Type": kind}))
    with pytest.raises(SyncError, match=f"/items: 200, but the body is not JSON: {message}") as caught:
        connect(BytesIntegration).sync(ItemsStream)
    assert "Set `format` on the stream" in str(caught.value)


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl; charset=utf-8", "text/plain", ""])
def test_60_json_a_line_is_a_list(connect: Connect, api: Vendor, kind: str) -> None:
    lines = [b'{"id": 1, "n": 1.0}', b'{"id":2,  "s": "a\\nb\xe2\x80\xa8c"}', b"", b'{"id": 3}']
    api.script(Reply(body=b"\r\n".join(lines) + b"\n", headers={"Content-Type": kind} if kind else {}))
    acme = connect(BytesIntegration)
    acme.sync(ItemsStream)
    assert [text.encode() for text in acme.texts(ItemsStream)] == [line for line in lines if line]


def test_60_one_line_is_read_as_json_a_line_where_that_is_declared(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("LinesIntegration", BytesIntegration, format="ndjson"))
    api.script(Reply(body=b'{"id": 1}', headers={"Content-Type": "text/plain"}))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('id,name\n1,Ann\n2,"B, b"\n', [{"id": "1", "name": "Ann"}, {"id": "2", "name": "B, b"}]),
        ("\ufeffid;name\r\n1;a,b\r\n\r\n", [{"id": "1", "name": "a,b"}]),
        ('id\tname\n1\t"two\nlines"\n', [{"id": "1", "name": "two\nlines"}]),
        ('id;"last, first, middle"\n1;x\n', [{"id": "1", "last, first, middle": "x"}]),
    ],
)
def test_60_csv_rows_are_records_of_texts(
    connect: Connect, api: Vendor, text: str, records: list[dict[str, Any]]
) -> None:
    api.script(Reply(body=text.encode(), headers={"Content-Type": "text/csv"}))
    acme = connect(BytesIntegration)
    acme.sync(ItemsStream)
    assert acme.records(ItemsStream) == records


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_60_an_error_in_json_where_csv_is_expected_is_an_error(connect: Connect, api: Vendor, kind: str) -> None:
    acme = connect(declare("ExportIntegration", BytesIntegration, format="csv"))
    api.script(
        Reply(body=b"id\n1\n"),
        Reply(body=b'{"error": "the export has expired"}', headers={"Content-Type": kind}),
    )
    acme.sync(ItemsStream)
    with pytest.raises(SyncError, match="The vendor says: the export has expired"):
        acme.sync(ItemsStream)
    assert len(acme.records(ItemsStream)) == 1


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4), min_size=2, max_size=6)
CHARSETS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "cp1251"])


@given(records=RECORDS, charset=CHARSETS, ascii_=st.booleans(), says=st.booleans())
def test_60_a_body_says_the_same_in_any_charset(records: list[Any], charset: str, *, ascii_: bool, says: bool) -> None:
    text = json.dumps(records, ensure_ascii=ascii_)
    try:
        body = text.encode(charset)
    except UnicodeEncodeError:
        assume(False)
    needs_saying = charset in ("iso-8859-1", "cp1251") and not ascii_
    kind = f"application/json; charset={charset}" if says or needs_saying else "application/json"
    found, _ = to_json(body, kind, None)
    assert found.decode() == text


@given(records=RECORDS, separator=st.sampled_from(["\n", "\r\n", "\n\n", "\n\x1e"]), says=st.booleans())
def test_60_lines_are_read_as_they_were_written(records: list[Any], separator: str, *, says: bool) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    assume(says or separator != "\n\x1e")
    body = separator.join(lines).encode()
    found, source = to_json(body, "application/x-ndjson" if says else "text/plain", None)
    assert json.loads(found) == records
    assert source == "JSON a line in UTF-8"


@given(
    rows=st.lists(st.lists(TEXT, min_size=2, max_size=2).filter(any), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    names=st.lists(st.sampled_from(["id", "name", "note", "a b"]), min_size=2, max_size=2, unique=True),
)
def test_60_csv_is_read_as_it_was_written(rows: list[list[str]], delimiter: str, names: list[str]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows([names, *rows])
    found, _ = to_json(written.getvalue().encode(), "text/csv", None)
    assert json.loads(found) == [dict(zip(names, row, strict=True)) for row in rows]


@example(body=b"\x1e", kind="application/x-ndjson")
@example(body=b"\n \x1e\n", kind="application/x-ndjson")
@given(body=st.binary(max_size=40), kind=st.sampled_from(["application/json", "text/csv", "application/x-ndjson"]))
def test_60_any_bytes_are_read_or_refused_and_never_taken_for_an_empty_list(body: bytes, kind: str) -> None:
    try:
        found, _ = to_json(body, kind, None)
    except BodyFormatError:
        return
    if kind != "application/json" and json.loads(found or b"0") == []:
        # The one line of a CSV is its header.
        assert kind == "text/csv" or body.strip() == b""


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/x-ndjson", b'{"id": 1}\n'),
        ("application/jsonlines", b'{"id": 1}\n'),
        ("application/x-jsonl", b'{"id": 1}'),
        ("text/tab-separated-values", b"id\tname\n1\tZo\xc3\xab\n"),
    ],
)
def test_60_further_names_of_the_formats_are_known(connect: Connect, api: Vendor, kind: str, body: bytes) -> None:
    api.script(Reply(body=body, headers={"Content-Type": kind}))
    acme = connect(declare("LinesIntegration", CommonIntegration, streams=(ItemsStream,)))
    acme.sync(ItemsStream)
    assert [str(record["id"]) for record in acme.records(ItemsStream)] == ["1"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/octet-stream"])
def test_60_a_single_line_of_json_names_the_format(connect: Connect, api: Vendor, kind: str) -> None:
    api.script(Reply(body=b'{"id": 1}\n', headers={"Content-Type": kind}))
    with pytest.raises(SyncError, match='For one JSON value a line, set format = "ndjson"'):
        connect(declare("LineIntegration", CommonIntegration, streams=(ItemsStream,))).sync(ItemsStream)


def compress_in_parts(parts: list[bytes], window_bits: int) -> list[bytes]:
    """What a server sends after each part that it compresses, and at the end."""
    compressor = zlib.compressobj(wbits=window_bits)
    sent = [compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH) for part in parts]
    return [*sent, compressor.flush()]


@pytest.mark.parametrize(("encoding", "window_bits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("application/x-ndjson", [b'{"id": 1}\n', b'{"id": 2}\n', b'{"id": 3}\n']),
        ("text/csv", [b"id\n1\n", b"2\n", b"3\n"]),
    ],
)
def test_60_a_list_whose_compression_breaks_off_between_two_records_is_not_whole(
    connect: Connect, api: Vendor, encoding: str, window_bits: int, kind: str, lines: list[bytes]
) -> None:
    sent = compress_in_parts(lines, window_bits)
    headers = {"Content-Type": kind, "Content-Encoding": encoding}
    acme = connect(BytesIntegration)
    api.script(Reply(body=b"".join(sent[:2]), headers=headers), Reply(body=b"".join(sent), headers=headers))
    acme.sync(ItemsStream)
    assert [int(record["id"]) for record in acme.records(ItemsStream)] == [1, 2, 3]
    api.script(Reply(body=b"".join(sent[:2]), headers=headers))
    with pytest.raises(SyncError, match=r"the body was cut short after \d+ bytes: its compression has no end"):
        acme.sync(ItemsStream)


def test_60_a_whole_json_body_is_believed_without_the_end_of_its_compression(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=gzip.compress(b'[{"id": 1}]')[:-8], headers={"Content-Encoding": "gzip"}))
    acme = connect(BytesIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


SENTENCES = [
    b"No results found",
    b"Sorry, there is no data",
    b"Error,message\n",
    b"\xef\xbb\xbfYou have reached your limit\r\n",
]


@pytest.mark.parametrize("body", SENTENCES)
@pytest.mark.parametrize("settings", [{}, {"format": "csv"}])
def test_108_a_sentence_in_place_of_csv_is_no_empty_list(
    connect: Connect, api: Vendor, body: bytes, settings: dict[str, Any]
) -> None:
    stream = declare("ItemsStream", ItemsStream, **settings)
    acme = connect(declare("BytesIntegration", BytesIntegration, streams=(stream,)))
    headers = {} if settings else {"Content-Type": "text/csv"}
    api.script(Reply(body=b"id,name\n7,x\n", headers=headers), Reply(body=body, headers=headers))
    acme.sync(stream)
    with pytest.raises(SyncError, match=r"its only line names no column `id`\. If that line means that there are no"):
        acme.sync(stream)
    assert acme.column("select key from raw.vendor_items") == ["7"]


@pytest.mark.parametrize("body", [SENTENCES[0], SENTENCES[3]])
def test_108_neither_is_it_one_for_a_stream_without_a_key(connect: Connect, api: Vendor, body: bytes) -> None:
    stream = declare("ItemsStream", ItemsStream, primary_key=None)
    acme = connect(declare("BytesIntegration", BytesIntegration, streams=(stream,)))
    api.script(Reply(body=body, headers={"Content-Type": "text/csv"}))
    with pytest.raises(SyncError, match=r"its only line names no columns\. If that line means"):
        acme.sync(stream)


def test_108_it_is_one_where_the_stream_says_so(connect: Connect, api: Vendor) -> None:
    stream = declare("ItemsStream", ItemsStream, accept={(200, "no results"): "skip"})
    acme = connect(declare("BytesIntegration", BytesIntegration, streams=(stream,)))
    api.script(Reply(body=SENTENCES[0], headers={"Content-Type": "text/csv"}))
    assert acme.sync(stream).records == 0


@pytest.mark.parametrize("body", [b"id\n", b'name,"id"\n', b"name;id;at\r\n"])
def test_108_and_so_is_the_line_of_names_alone(connect: Connect, api: Vendor, body: bytes) -> None:
    api.script(Reply(body=body, headers={"Content-Type": "text/csv"}))
    report = connect(BytesIntegration).sync(ItemsStream)
    assert (report.records, report.warnings) == (0, [])
