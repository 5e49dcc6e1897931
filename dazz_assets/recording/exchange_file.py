"""One request with its response, as a readable JSON file, in the charset that its body came in."""

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
from dazz_assets.http.json_slices import Document
from dazz_assets.privacy.json_tokens import compact_json, indent_json

UTF_8 = "utf-8"
LATIN_1 = "iso8859-1"
"""Any bytes are a text in it."""


def find_charset(body: bytes, headers: Mapping[str, str]) -> str | None:
    """The charset of a body with these headers, by Python's name for it; None where it is no text.

    UTF-8 goes before what is said, as many say ISO-8859-1 of it; a text of which nothing fitting is said is Latin-1.
    """
    content_type = CaseInsensitiveDict(headers).get("Content-Type", "")
    named = get_encoding_from_headers(CaseInsensitiveDict({"content-type": content_type.lower()}))
    # With two bytes a letter most texts are UTF-8 too, with a zero in each.
    likely = (named, UTF_8) if b"\0" in body else (UTF_8, named)
    for charset in filter(None, likely):
        if _text(body, charset) is not None:
            return codecs.lookup(charset).name
    return LATIN_1 if named or "xml" in content_type.lower() else None


def change_text(body: bytes, headers: Mapping[str, str], change: Callable[[str], str]) -> bytes:
    """The body with its text changed, in the charset that it was in; of one that is no text, what of it is UTF-8."""
    charset = find_charset(body, headers)
    if charset is None:
        return change(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")
    return change(body.decode(charset)).encode(charset, "backslashreplace")


def readable_text(body: bytes, headers: Mapping[str, str]) -> str:
    """The body's text; bytes that are none are shown as such."""
    return body.decode(find_charset(body, headers) or UTF_8, "backslashreplace")


def _text(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (LookupError, ValueError):  # There is no such charset, or it doesn't fit.
        return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, redacted; name: of its file, without the ending."""

    name: str
    request: Request
    response: Response


def exchange_text(exchange: Exchange) -> str:
    """The file's text."""
    request, response = exchange.request, exchange.response
    halves = {
        "request": _with_body(
            {"method": request.method, "url": request.url, "headers": dict(request.headers)}, request.body
        ),
        "response": _with_body({"status": response.status, "headers": dict(response.headers)}, response.body),
    }
    return indent_json("{" + ", ".join(f"{json.dumps(name)}: {half}" for name, half in halves.items()) + "}") + "\n"


def read_exchange(path: Path) -> Exchange:
    """The exchange of a file. Raises RecordingError, naming the file, where it is none."""
    text = path.read_text(encoding="utf-8")
    try:
        whole = json.loads(text)
        document = Document(text.encode())
        return Exchange(path.stem, _request(document, whole["request"]), _response(document, whole["response"]))
    except (ValueError, LookupError, TypeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordingError(f"{path} is no recording of a request: {what}; correct it, or record again") from None


def _request(document: Document, half: Mapping[str, Any]) -> Request:
    body = _body(document, "request", half)
    return Request(half["url"], half["method"], headers=half["headers"], body=body)


def _response(document: Document, half: Mapping[str, Any]) -> Response:
    return Response(int(half["status"]), half["headers"], _body(document, "response", half) or b"")


def read_exchanges(folder: Path) -> Iterator[Exchange]:
    """The exchanges of a folder, in the order of their names."""
    yield from (read_exchange(path) for path in sorted(folder.glob("*.json")))


def _with_body(half: Mapping[str, Any], body: bytes | None) -> str:
    """The text of one half of the file."""
    text = json.dumps(half, ensure_ascii=False)[:-1]
    return text + "}" if not body else f"{text}, {_members(body, half['headers'])}}}"


def _members(body: bytes, headers: Mapping[str, str]) -> str:
    charset = find_charset(body, headers)
    if charset is None:
        return f'"base64": {json.dumps(base64.b64encode(body).decode())}'
    in_charset = "" if charset == UTF_8 else f'"charset": {json.dumps(charset)}, '
    text = body.decode(charset)
    try:
        return f'{in_charset}"body": {compact_json(text)}'
    except ValueError:
        return f'{in_charset}"text": {json.dumps(text, ensure_ascii=False)}'


def _body(document: Document, half: str, given: Mapping[str, Any]) -> bytes | None:
    if "base64" in given:
        return base64.b64decode(given["base64"], validate=True)
    raw = document.find(f"{half}.body")
    text = compact_json(bytes(raw).decode()) if raw is not None else given.get("text")
    return None if text is None else str(text).encode(given.get("charset", UTF_8))
