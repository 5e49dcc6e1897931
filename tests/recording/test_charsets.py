"""A body in any charset is redacted, readable in its file, and replayed in that charset."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import Request, Response
from dazz_assets.errors import RecordingError
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange, format_exchange, read_exchange
from dazz_assets.recording.normalise import normalise_response, redact_body_text

TEXT = "Größe: c4nary-ü7d01 of jane@corp.com"
EXPECTED = re.compile(r"Größe: redacted-token of person-[0-9a-f]{8}@example\.com")
JSON = '{"größe":"c4nary-ü7d01 of jane@corp.com"}'


def redactor() -> Redactor:
    return Redactor({"token": "c4nary-ü7d01"}, b"key")


def record_exchange(body: bytes, content_type: str | None) -> Exchange:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = normalise_response(
        Response(200, headers, body), redactor(), lambda text: redact_body_text(text, redactor())
    )
    return Exchange("x", Request("https://api.shop.example/x"), response)


def write_and_read(exchange: Exchange, folder: Path) -> Exchange:
    (folder / "x.json").write_text(format_exchange(exchange), encoding="utf-8")
    return read_exchange(folder / "x.json")


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/csv; charset=iso-8859-1", "latin-1"),
        ("text/csv; charset=Windows-1252", "cp1252"),
        ('text/html; charset="UTF-16"', "utf-16"),
        ("text/plain; charset=utf-16-le", "utf-16-le"),
        ("text/plain", "latin-1"),
        ("text/plain; charset=utf-8", "latin-1"),
        ("text/plain; charset=no-such", "latin-1"),
        ("application/xml", "latin-1"),
        ("text/plain; charset=iso-8859-1", "utf-8"),
        (None, "utf-8"),
    ],
)
@pytest.mark.parametrize("text", [TEXT, JSON])
def test_text_in_any_charset_is_redacted_readable_and_replayed_in_that_charset(
    text: str, content_type: str | None, charset: str, tmp_path: Path
) -> None:
    exchange = record_exchange(text.encode(charset), content_type)
    redacted = exchange.response.body.decode(charset)
    plain = redacted.removeprefix('{"größe":"').removesuffix('"}')
    assert EXPECTED.fullmatch(plain if text == TEXT else f"Größe: {plain}")
    file = format_exchange(exchange)
    assert plain in file
    assert "base64" not in file
    assert redactor().find_leaks(file) == set()
    assert write_and_read(exchange, tmp_path).response == exchange.response


@pytest.mark.parametrize("content_type", ["application/octet-stream", "image/png", None])
def test_a_body_that_is_not_text_is_redacted_too(content_type: str | None, tmp_path: Path) -> None:
    body = b"\x89PNG\r\n\x00\xff " + "c4nary-ü7d01 of jane@corp.com, ghp_".encode() + b"a1B2" * 9 + b"\xfe"
    exchange = record_exchange(body, content_type)
    assert exchange.response.body.startswith(b"\x89PNG\r\n\x00\xff redacted-token of person-")
    assert exchange.response.body.endswith(b"\xfe")
    for canary in (b"c4nary", b"jane", b"ghp_"):
        assert canary not in exchange.response.body
    assert '"base64"' in format_exchange(exchange)
    assert write_and_read(exchange, tmp_path).response == exchange.response


def test_a_secret_is_redacted_in_text_that_was_cut_within_a_letter() -> None:
    body = f"{TEXT} ü".encode()[:-1]
    assert b"c4nary" not in record_exchange(body, "text/plain").response.body


CONTENT_TYPES = [
    None,
    "text/plain",
    "text/x; charset=utf-16",
    "text/x; charset=utf-7",
    "image/png",
    "text/x; charset=x",
]


@given(st.binary() | st.text().map(str.encode), st.sampled_from(CONTENT_TYPES))
def test_any_body_is_read_from_its_file_as_the_sync_saw_it(body: bytes, content_type: str | None) -> None:
    exchange = record_exchange(body, content_type)
    with TemporaryDirectory() as folder:
        assert write_and_read(exchange, Path(folder)).response == exchange.response


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ('"charset": "no-such", "text": "x"', "unknown encoding: no-such"),
        ('"charset": "iso8859-1", "text": "Ω"', "codec can't encode"),
        ('"base64": "?"', "is not a recorded request"),
    ],
)
def test_a_file_with_a_wrong_body_is_an_error_that_names_it(member: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    request = '{"method": "GET", "url": "https://api.shop.example/x", "headers": {}}'
    file.write_text(f'{{"request": {request}, "response": {{"status": 200, "headers": {{}}, {member}}}}}')
    with pytest.raises(RecordingError, match=problem) as raised:
        read_exchange(file)
    assert str(file) in str(raised.value)
