"""Write and read exchanges: a request with its response, as one readable JSON file."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from dazz_assets.errors import RecordingError
from dazz_assets.http import Request, Response
from dazz_assets.http.json.json_slices import Document
from dazz_assets.privacy.json_tokens import compact_json, indent_json

UTF_8 = "utf-8"
LATIN_1 = "iso8859-1"
"""Decodes any bytes."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, redacted. name: of its file, without the suffix."""

    name: str
    request: Request
    response: Response

    @property
    def stream(self) -> str:
        """Its stream, by the file name that the tape gave it."""
        return self.name.partition("-")[2].partition(".")[0]


def format_exchange(exchange: Exchange) -> str:
    """The text of an exchange's file."""
    request, response = exchange.request, exchange.response
    halves = {
        "request": _format_half(
            {"method": request.method, "url": request.url, "headers": dict(request.headers)}, request.body
        ),
        "response": _format_half({"status": response.status, "headers": dict(response.headers)}, response.body),
    }
    return indent_json("{" + ", ".join(f"{json.dumps(name)}: {half}" for name, half in halves.items()) + "}") + "\n"


def read_exchange(path: Path) -> Exchange:
    """Read an exchange from its file. Raises RecordingError, naming the file, if it can't be read."""
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
        document = Document(text.encode())
        return Exchange(
            path.stem, _read_request(document, content["request"]), _read_response(document, content["response"])
        )
    except (ValueError, LookupError, TypeError) as error:
        problem = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordingError(f"{path} is not a recorded request: {problem}; correct it, or record again") from None


def _read_request(document: Document, half: Mapping[str, Any]) -> Request:
    body = _read_body(document, "request", half)
    return Request(half["url"], half["method"], headers=half["headers"], body=body)


def _read_response(document: Document, half: Mapping[str, Any]) -> Response:
    return Response(int(half["status"]), half["headers"], _read_body(document, "response", half) or b"")


def read_exchanges(folder: Path) -> Iterator[Exchange]:
    """Read the exchanges of a folder, in the order of their names."""
    yield from (read_exchange(path) for path in sorted(folder.glob("*.json")))


def _format_half(half: Mapping[str, Any], body: bytes | None) -> str:
    """Format the request or the response, with its body last."""
    text = json.dumps(half, ensure_ascii=False)[:-1]
    return text + "}" if not body else f"{text}, {_format_body(body, half['headers'])}}}"


def _format_body(body: bytes, headers: Mapping[str, str]) -> str:
    """Format a body as JSON members: `body` for JSON, `text` for other text, `base64` for bytes."""
    charset = find_charset(body, headers)
    if charset is None:
        return f'"base64": {json.dumps(base64.b64encode(body).decode())}'
    charset_member = "" if charset == UTF_8 else f'"charset": {json.dumps(charset)}, '
    text = body.decode(charset)
    try:
        return f'{charset_member}"body": {compact_json(text)}'
    except ValueError:
        return f'{charset_member}"text": {json.dumps(text, ensure_ascii=False)}'


def _read_body(document: Document, half: str, members: Mapping[str, Any]) -> bytes | None:
    if "base64" in members:
        return base64.b64decode(members["base64"], validate=True)
    raw = document.find(f"{half}.body")
    text = compact_json(bytes(raw).decode()) if raw is not None else members.get("text")
    return None if text is None else str(text).encode(members.get("charset", UTF_8))


def find_charset(body: bytes, headers: Mapping[str, str]) -> str | None:
    """Python's name of the charset of a body with these headers, or None if the body is not text.

    UTF-8 is tried before the declared charset, as many vendors declare ISO-8859-1 and send UTF-8. Text that neither of
    them decodes is Latin-1.
    """
    content_type = CaseInsensitiveDict(headers).get("Content-Type", "")
    declared = get_encoding_from_headers(CaseInsensitiveDict({"content-type": content_type.lower()}))
    # UTF-16 text mostly decodes as UTF-8 too, with a zero byte in each letter.
    candidates = (declared, UTF_8) if b"\0" in body else (UTF_8, declared)
    for charset in filter(None, candidates):
        if _decode_or_none(body, charset) is not None:
            return codecs.lookup(charset).name
    return LATIN_1 if declared or "xml" in content_type.lower() else None


def change_text(body: bytes, headers: Mapping[str, str], change: Callable[[str], str]) -> bytes:
    """The body with its text changed, in the same charset. In a body that is not text, change what is UTF-8."""
    charset = find_charset(body, headers)
    if charset is None:
        return change(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")
    return change(body.decode(charset)).encode(charset, "backslashreplace")


def readable_text(body: bytes, headers: Mapping[str, str]) -> str:
    """The body's text, with bytes that can't be decoded as escapes."""
    return body.decode(find_charset(body, headers) or UTF_8, "backslashreplace")


def _decode_or_none(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (LookupError, ValueError):  # unknown charset, or not the body's
        return None
